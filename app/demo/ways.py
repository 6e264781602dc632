"""Ways: what brings a packet to where a scene begins, from the first booking on."""

from datetime import timedelta

from app.demo.stage import Stage, at
from app.domain import calendar
from app.domain.packets import Packet

HOME = ("2.000635", "1.001612", "2.000908", "1.011607", "1.001731")  # the result may come by post
CIVIL = ("1.004859", "1.004873", "1.001193", "1.004837")  # called for at the ward


def collected(s: Stage, hood: str, courier: str, nth: int, ago: int, procedure: str, home: bool = True) -> Packet:
    """Collected `ago` working days before today and handed in at the post office that evening."""
    day = s.days.before(ago)
    packet = s.book(hood, day, nth % 4, at(s.days.before(ago + 1), "09:00"), procedure, home)
    clock = ("08:20", "10:15", "13:20", "15:10")[nth % 4]
    s.collect(packet, courier, at(day, clock) + timedelta(minutes=7 * (nth % 8)))
    s.hand_in(packet, at(day, "17:00") + timedelta(minutes=nth % 20))
    return packet


def submitted(s: Stage, hood: str, courier: str, nth: int, ago: int, procedure: str, home: bool = True) -> Packet:
    """Received by the ward `ago` working days before today; 0 is the newest morning."""
    packet = collected(s, hood, courier, nth, max(ago, 1) + 1, procedure, home)
    day = s.days.before(ago) if ago else s.days.last
    s.take(packet, courier, at(day, "07:35"))
    s.receive(packet, at(day, "07:45") + timedelta(minutes=4 * (nth % 20)), missing_sheet=nth % 7 == 6)
    return packet


def ready(s: Stage, hood: str, courier: str, nth: int, ago: int, procedure: str, home: bool = True) -> Packet:
    """The result lies ready since `ago` working days before today."""
    packet = submitted(s, hood, courier, nth, ago + 2, procedure, home)
    s.accept(packet.dossier, at(s.days.before(ago + 2), "10:10"), s.days.before(ago))
    s.ready(packet.dossier, at(s.days.before(ago), "09:00") + timedelta(minutes=nth % 30))
    return packet


def sent(s: Stage, hood: str, courier: str, nth: int, ago: int, procedure: str, home: bool = True) -> Packet:
    """The sealed result, waiting at the desk for the citizen, or for the courier of the next morning."""
    dossier = ready(s, hood, courier, nth, ago, procedure, home).dossier
    return s.send_result(dossier, at(s.days.before(ago), "14:20") + timedelta(minutes=nth % 30))


def on_the_road(s: Stage, hood: str, courier: str, nth: int, ago: int) -> Packet:
    """The result on its round: fetched at the desk, kept at the post office overnight, taken along in the morning."""
    result = sent(s, hood, courier, nth, ago, HOME[nth % len(HOME)])
    s.assign(result, courier, at(s.days.before(ago), "16:40"))
    s.take(result, courier, at(s.days.before(ago), "15:30"))
    s.hand_in(result, at(s.days.before(ago), "17:15"))
    morning = calendar.working_days_after(s.days.before(ago), 1)[0]
    s.take(result, courier, at(morning, "07:40"))
    return result
