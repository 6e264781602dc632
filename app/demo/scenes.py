"""The scenes: one dossier each, brought by its people to where it stands today. SCENES says how many of what."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.db import db
from app.demo import till, ways
from app.demo.stage import Stage, at
from app.demo.ways import CIVIL, HOME
from app.domain import booking, calendar, corrections, decisions, reception, results
from app.domain.bodies import Extra
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier
from app.domain.manifests import Word
from app.domain.packets import State


@dataclass(frozen=True)
class Scene:
    """`play` is called once for each khu phố of `hoods`, or once for none; `nth` counts the calls."""

    name: str
    play: Callable[[Stage, str, str, int], None]
    hoods: tuple[str, ...] = ("",)


# Which courier of the demonstration serves a khu phố; those of Bưu cục Dĩ An share theirs.
COURIERS = {
    "Bình Minh 1": "courier4", "Bình Minh 2": "courier4", "Tây A": "courier4", "Tân Lập": "courier4",
    "Bình Đường 1": "courier5", "Bình Đường 3": "courier5", "Thống Nhất 2": "courier5",
    "Chiêu Liêu": "courier6", "Tân Long": "courier6", "Đông Thành": "courier6",
    "Tân Phú 1": "courier7", "Tân Phước": "courier7", "Ba Đình": "courier7",
    "Nội Hóa 1": "courier8", "Ngãi Thắng": "courier8", "Châu Thới": "courier8", "Đông B": "courier8",
}  # fmt: skip


def courier_for(hood: str, nth: int) -> str:
    return COURIERS.get(hood, f"courier{2 + nth % 2}")


# ---- before the courier -----------------------------------------------------------------------------------------


def booked_today(s: Stage, hood: str, courier: str, nth: int) -> None:
    packet = s.book(
        hood, s.days.today, min(nth, 3), at(s.days.before(1), "09:30"), (HOME + CIVIL)[nth % 9], nth % 2 == 0
    )
    s.assign(packet, courier, at(s.days.before(1), "16:30"))


def booked_today_first(s: Stage, hood: str, courier: str, nth: int) -> None:
    booked_today(s, hood, "courier1", nth)


def booked_tomorrow(s: Stage, hood: str, courier: str, nth: int) -> None:
    """One in nine is for another ward's desk than that of the address."""
    s.book(
        hood,
        s.days.tomorrow,
        nth % 4,
        at(s.days.before(1), "10:30"),
        (CIVIL + HOME)[nth % 9],
        nth % 3 > 0,
        elsewhere=nth % 9 == 1,
    )


def booked_later(s: Stage, hood: str, courier: str, nth: int) -> None:
    packet = s.book(hood, s.days.tomorrow, nth % 4, at(s.days.before(1), "11:00"), HOME[nth % 5])
    key = f"{s.days.after_tomorrow:%Y%m%d}-0800"
    booking.rebook(packet.dossier, key, s.act(None, at(s.days.before(1), "20:15")))


def cancelled(s: Stage, hood: str, courier: str, nth: int) -> None:
    packet = s.book(hood, s.days.tomorrow, nth % 4, at(s.days.before(2), "10:00"), CIVIL[nth % 4])
    booking.cancel(packet.dossier, s.act(None, at(s.days.before(1), "19:40")))


def missed(s: Stage, hood: str, courier: str, nth: int) -> None:
    packet = s.book(hood, s.days.last, 0, at(s.days.before(3), "14:00"), HOME[nth % 5])
    s.assign(packet, courier, at(s.days.before(2), "16:30"))
    s.set_out(courier, s.days.last, at(s.days.last, "07:45"))
    reason = ("nobody_home", "papers_not_ready")[nth % 2]
    s.must(s.scan(packet, courier, "miss", at(s.days.last, "09:05"), reason=reason, next="another_day", seal=None))


# ---- on the way to the ward -------------------------------------------------------------------------------------


def at_post(s: Stage, hood: str, courier: str, nth: int) -> None:
    ways.collected(s, hood, courier, nth, 1, (CIVIL + HOME)[nth % 9])


def carried(s: Stage, hood: str, courier: str, nth: int) -> None:
    packet = ways.collected(s, hood, courier, nth, 2, (HOME + CIVIL)[nth % 9])
    s.take(packet, courier, at(s.days.last, "07:40"))


def carried_by_first(s: Stage, hood: str, courier: str, nth: int) -> None:
    carried(s, hood, "courier1", nth)


def unproven(s: Stage, hood: str, courier: str, nth: int) -> None:
    packet = s.book(hood, s.days.last, 0, at(s.days.before(3), "15:00"), CIVIL[nth % 4])
    s.collect(packet, courier, at(s.days.last, "08:40"), proven=False)


def disputed(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Two couriers say they have it: one of them scanned without a network, and it arrives later."""
    packet = s.book(hood, s.days.last, 0, at(s.days.before(3), "16:00"), HOME[nth % 5])
    giver = packet.holder_id
    s.collect(packet, courier, at(s.days.last, "08:25"))
    other = "courier3" if courier == "courier2" else "courier2"
    verdict = s.scan(
        packet, other, "collect", at(s.days.last, "08:50"),
        giver=giver, parent=packet.genesis.hex(), seal=f"NP{45100 + packet.id:07d}", sheets=2,
    )  # fmt: skip
    if verdict != "disputed":
        raise AssertionError(verdict)


# ---- what needs a person ----------------------------------------------------------------------------------------


def other_seal(s: Stage, hood: str, courier: str, nth: int) -> None:
    """The clerk reads a number from the bag that nobody has written down."""
    packet = s.book(hood, s.days.before(1), 3, at(s.days.before(2), "09:40"), CIVIL[nth % 4])
    s.collect(packet, courier, at(s.days.before(1), "15:20"))
    s.hand_in(packet, at(s.days.before(1), "17:05"), seal=f"NP{91800 + packet.id:07d}")


def fast_clock(s: Stage, hood: str, courier: str, nth: int) -> None:
    """The courier's phone is an hour and four minutes ahead."""
    packet = ways.collected(s, hood, courier, nth, 2, HOME[nth % 5])
    s.must(s.scan(packet, courier, "take", at(s.days.last, "07:42"), fast=timedelta(minutes=64)))


def collected_after_cancel(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Cancelled in the evening; the courier, without a network in the morning, calls and gets the papers."""
    packet = s.book(hood, s.days.last, 0, at(s.days.before(3), "10:20"), HOME[nth % 5])
    booking.cancel(packet.dossier, s.act(None, at(s.days.before(1), "20:10")))
    seal = s.seal(packet)
    s.must(s.scan(packet, courier, "collect", at(s.days.last, "08:35"), seal=seal, sheets=3))


def not_sent(s: Stage, hood: str, courier: str, nth: int) -> None:
    """A dead spot: one scan of the morning is still on the phone, the next ones came through."""
    first = ways.collected(s, hood, "courier3", nth, 2, HOME[nth % 5])
    second = ways.collected(s, hood, "courier3", nth + 1, 2, CIVIL[nth % 4])
    s.forget(first, "courier3", "take", at(s.days.before(1), "07:41"))
    s.must(s.scan(second, "courier3", "take", at(s.days.before(1), "07:44")))


def taken_from_nobody(s: Stage, hood: str, courier: str, nth: int) -> None:
    """A colleague's phone died after it had signed: what came of it names a scan that never arrived."""
    packet = ways.collected(s, hood, courier, nth, 2, CIVIL[nth % 4])
    unseen = hashlib.sha256(packet.code).hexdigest()
    s.scan(packet, "courier3", "take", at(s.days.before(1), "15:30"), parent=unseen)


def not_found(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Taken along in the afternoon and not in the bag in the evening: two people say so, the courier answers for it."""
    packet = ways.collected(s, hood, "courier3", nth, 2, HOME[nth % 5])
    s.must(s.scan(packet, "courier3", "take", at(s.days.before(1), "14:10")))
    when = at(s.days.before(1), "17:40")
    dispatcher = s.act(s.of_office("dispatcher", packet.dossier.post_office), when)
    second = s.staff[s.of_office("clerk", packet.dossier.post_office)]
    corrections.lose(packet, dispatcher, head=packet.head, reason="not_found", second=second)


def written_off(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Never found: a supervisor and a second person give it up, and the post pays for new papers."""
    packet = ways.collected(s, hood, "courier2", nth, 5, HOME[nth % 5])
    s.must(s.scan(packet, "courier2", "take", at(s.days.before(4), "14:05")))
    dispatcher = s.act(s.of_office("dispatcher", packet.dossier.post_office), at(s.days.before(4), "17:30"))
    clerk = s.staff[s.of_office("clerk", packet.dossier.post_office)]
    corrections.lose(packet, dispatcher, head=packet.head, reason="stolen", second=clerk)
    corrections.settle(
        packet, s.act("supervisor1", at(s.days.before(2), "09:30")), head=packet.head, state=State.WRITTEN_OFF,
        holder=packet.holder_id, sighting="Công an đã lập biên bản, không tìm thấy", reason="gone", second=clerk,
    )  # fmt: skip


# ---- at the ward ------------------------------------------------------------------------------------------------


def submitted(s: Stage, hood: str, courier: str, nth: int) -> None:
    ways.submitted(s, hood, courier, nth, 0, (CIVIL + HOME)[nth % 9], nth % 2 == 0)


def accepted(s: Stage, hood: str, courier: str, nth: int) -> None:
    packet = ways.submitted(s, hood, courier, nth, 1, ("1.011607", "1.004859", "1.001612", "1.004873")[nth % 4])
    s.accept(packet.dossier, at(s.days.before(1), "10:30"))


def overdue(s: Stage, hood: str, courier: str, nth: int) -> None:
    packet = ways.submitted(s, hood, courier, nth, 6, ("1.004873", "1.004859", "1.001612")[nth % 3])
    s.accept(packet.dossier, at(s.days.before(6), "10:30"))


def result_ready(s: Stage, hood: str, courier: str, nth: int) -> None:
    ways.ready(s, hood, courier, nth, 1, (HOME + CIVIL)[nth % 9], nth % 3 != 2)


# ---- what the ward decides --------------------------------------------------------------------------------------

MORE = [{"name": "Bản sao căn cước của người ủy quyền", "form": "certified", "copies": 1}]


def _accepted(s: Stage, hood: str, courier: str, nth: int, ago: int = 1) -> Dossier:
    packet = ways.submitted(s, hood, courier, nth, ago, ("1.001612", "1.004859", "1.004873", "1.011607")[nth % 4])
    s.accept(packet.dossier, at(s.days.before(ago), "10:30"))
    return packet.dossier


def in_work(s: Stage, hood: str, courier: str, nth: int) -> None:
    dossier = _accepted(s, hood, courier, nth)
    decisions.begin(dossier, s.officer_at(dossier, 1, "13:30"))


def asked_for_more(s: Stage, hood: str, courier: str, nth: int) -> None:
    dossier = _accepted(s, hood, courier, nth)
    words = "Xin gửi bản sao căn cước có dấu sao y"
    decisions.ask_more(dossier, s.officer_at(dossier, 1, "14:00"), MORE, "incomplete", words)


def more_on_the_way(s: Stage, hood: str, courier: str, nth: int) -> None:
    """The citizen lets a courier come for the paper that is missing."""
    dossier = _accepted(s, hood, courier, nth)
    decisions.ask_more(dossier, s.officer_at(dossier, 1, "14:00"), MORE, "not_certified", "")
    booking.bring_more(dossier, f"{s.days.tomorrow:%Y%m%d}-1500", s.act(None, at(s.days.before(1), "19:30")))


def fee_asked(s: Stage, hood: str, courier: str, nth: int) -> None:
    dossier = _accepted(s, hood, courier, nth)
    decisions.ask_fee(dossier, s.officer_at(dossier, 1, "14:10"), 15_000, "Lệ phí hộ tịch")


def put_off(s: Stage, hood: str, courier: str, nth: int) -> None:
    dossier = _accepted(s, hood, courier, nth)
    when, old = at(s.days.before(1), "15:00"), dossier.due_on
    assert old
    new = calendar.working_days_after(old, 3)[-1]
    done = "Đã thẩm tra, đã gửi văn bản xác minh"
    decisions.extend(
        dossier, s.act("lead1", when), new, "verification", "Chờ nơi cư trú cũ trả lời", "other_agency", done
    )


def refused(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Not accepted; the second one's papers are sealed and wait for the courier."""
    dossier = ways.submitted(s, hood, courier, nth, 1, HOME[nth % 5]).dossier
    decisions.refuse(dossier, s.officer_at(dossier, 1, "10:20"), "not_competent", "Nộp tại văn phòng đăng ký đất đai")
    if nth % 2:
        decisions.return_papers(dossier, s.officer_at(dossier, 1, "14:40"), f"NP{78100 + dossier.id:07d}")


def stop_asked(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Asked on the tracking page; the second one has been answered."""
    dossier = _accepted(s, hood, courier, nth)
    decisions.ask_stop(dossier, s.act(None, at(s.days.before(1), "12:10")))
    if nth % 2:
        decisions.stop(dossier, s.officer_at(dossier, 1, "15:30"))


def passed_on(s: Stage, hood: str, courier: str, nth: int) -> None:
    """The address belongs to another ward today: sealed, for a courier to take it there."""
    dossier = ways.submitted(s, hood, courier, nth, 1, CIVIL[nth % 4]).dossier
    officer = s.officer_at(dossier, 1, "10:40")
    to = decisions.other_desks(dossier)[0]
    decisions.transfer(dossier, officer, to.id, "old_address", f"NP{78100 + dossier.id:07d}")


# ---- on the way home --------------------------------------------------------------------------------------------


def result_waiting(s: Stage, hood: str, courier: str, nth: int) -> None:
    s.assign(ways.sent(s, hood, courier, nth, 1, HOME[nth % 5]), courier, at(s.days.before(1), "16:40"))


def result_waiting_for_caller(s: Stage, hood: str, courier: str, nth: int) -> None:
    ways.sent(s, hood, courier, nth, 1, CIVIL[nth % 4], home=False)


def result_at_post(s: Stage, hood: str, courier: str, nth: int) -> None:
    result = ways.sent(s, hood, courier, nth, 1, HOME[nth % 5])
    s.take(result, courier, at(s.days.before(1), "15:30"))
    s.hand_in(result, at(s.days.before(1), "17:15"))


def result_carried(s: Stage, hood: str, courier: str, nth: int) -> None:
    """With the courier for today's round; before the first working morning it is still fetched from the desk."""
    result = ways.sent(s, hood, courier, nth, 1, HOME[nth % 5])
    s.assign(result, courier, at(s.days.before(1), "16:40"))
    s.take(result, courier, at(s.days.before(1), "15:30"))
    if s.days.last == s.days.today:
        s.hand_in(result, at(s.days.before(1), "17:15"))
        s.take(result, courier, at(s.days.today, "07:40"))


def result_carried_by_first(s: Stage, hood: str, courier: str, nth: int) -> None:
    result_carried(s, hood, "courier1", nth)


def result_back(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Somebody else opened the door, without authorisation: the result goes back to the desk."""
    result = ways.on_the_road(s, hood, courier, nth, 4)
    day = s.days.before(3)
    s.must(s.scan(result, courier, "decline", at(day, "08:50"), reason="no_authorisation", next="back_to_desk"))
    officer = s.act(s.officer(result.dossier), at(day, "16:20"))
    reception.take_back(result, officer, head=None, seal=result.seal or "", giver_by=Word.SIGNED_PRINT)


def delivered_unverified(s: Stage, hood: str, courier: str, nth: int) -> None:
    """The recipient's phone was off: signed on paper, no code."""
    result, when = ways.on_the_road(s, hood, courier, nth, 2), at(s.days.before(1), "09:10")
    s.set_out(courier, s.days.before(1), at(s.days.before(1), "07:45"))
    mine, extra = s.staff[courier].party_id, Extra(money=s.paid(result, by_bank=True))
    s.must(s.scan(result, courier, "deliver", when, extra, giver=mine, taker=mine, proof=[("WET_CLAIMED", "")]))


def closed_at_home(s: Stage, hood: str, courier: str, nth: int) -> None:
    ago = 5 + nth % 2
    result, day = ways.on_the_road(s, hood, courier, nth, ago), s.days.before(ago - 1)
    s.set_out(courier, day, at(day, "07:45"))
    code, taker = s.code(result, Purpose.DELIVER), result.dossier.citizen.party_id
    extra = Extra(money=s.paid(result, by_bank=True))
    s.must(s.scan(result, courier, "deliver", at(day, "09:15"), extra, taker=taker, proof=[("CODE", code)]))


def closed_at_desk(s: Stage, hood: str, courier: str, nth: int) -> None:
    result = ways.sent(s, hood, courier, nth, 4, CIVIL[nth % 4], home=False)
    officer = s.act(s.officer(result.dossier), at(s.days.before(3), "14:10"))
    results.hand_over(result, officer, code=s.code(result, Purpose.DELIVER))


# fmt: off
FIRST = (  # what courier1 finds today
    Scene("to bring home, courier1",       result_carried_by_first,   ("Thắng Lợi 2", "Nhị Đồng 1")),
    Scene("today, courier1",               booked_today_first,        ("Nhị Đồng 1", "Thắng Lợi 1", "Đông Tân", "Nhị Đồng 2")),
)
NEXT_DAY = Scene("tomorrow, nobody's yet", booked_tomorrow,           (
    "Nhị Đồng 1", "Đông Tân", "Thắng Lợi 1", "Đông Tác", "Nhị Đồng 2", "Thống Nhất 1", "Thắng Lợi 2", "Đông Chiêu",
    "Đông Chiêu A", "Nhị Đồng 1", "Đông Tân", "Thống Nhất 1", "Bình Minh 1", "Chiêu Liêu", "Nội Hóa 1",
))
SCENES = (  # by the day of the door: what couriers took is counted in the evening, before the next day's comes to it
    Scene("fees of the wards",             till.decree),
    *FIRST,
    Scene("today, other couriers",         booked_today,              ("Thống Nhất 1", "Đông Tác", "Đông Chiêu A", "Bình Minh 2", "Bình Đường 3", "Tân Long", "Tân Phước")),
    NEXT_DAY,
    Scene("put off by a day",              booked_later,              ("Thắng Lợi 2",)),
    Scene("cancelled",                     cancelled,                 ("Nhị Đồng 2",)),
    Scene("delivered and closed",          closed_at_home,            ("Nhị Đồng 1", "Thắng Lợi 2", "Tân Phú 1")),
    Scene("money counted",                 till.evening),
    Scene("overdue",                       overdue,                   ("Đông Chiêu", "Thống Nhất 1")),
    Scene("result back at the desk",       result_back,               ("Đông Chiêu",)),
    Scene("called for and closed",         closed_at_desk,            ("Đông Tác", "Thống Nhất 1")),
    Scene("money counted",                 till.evening),
    Scene("fees passed on",                till.passed_on),
    Scene("lost for good",                 written_off,               ("Đông Tác",)),
    Scene("delivered, to be proven",       delivered_unverified,      ("Thắng Lợi 1", "Nhị Đồng 2")),
    Scene("money counted",                 till.evening),
    Scene("result ready",                  result_ready,              ("Nhị Đồng 1", "Đông Tân", "Thắng Lợi 2")),
    Scene("result waits for the courier",  result_waiting,            ("Nhị Đồng 2", "Đông Tác")),
    Scene("result waits to be called for", result_waiting_for_caller, ("Thắng Lợi 1",)),
    Scene("result at the post office",     result_at_post,            ("Đông Chiêu A", "Đông Tân")),
    Scene("result on the road",            result_carried,            ("Thống Nhất 1", "Châu Thới")),
    Scene("money counted",                 till.evening),
    Scene("on the way to the ward",        carried,                   ("Thắng Lợi 1", "Đông Tân", "Đông Chiêu", "Nội Hóa 1")),
    Scene("on the way, courier1",          carried_by_first,          ("Nhị Đồng 2", "Thống Nhất 1")),
    Scene("a clock an hour ahead",         fast_clock,                ("Đông Chiêu",)),
    Scene("a scan still on the phone",     not_sent,                  ("Đông Tác",)),
    Scene("its parent has not come",       taken_from_nobody,         ("Nhị Đồng 2",)),
    Scene("not found",                     not_found,                 ("Đông Tân",)),
    Scene("submitted",                     submitted,                 ("Thắng Lợi 2", "Đông Tân", "Nhị Đồng 1", "Đông Thành")),
    Scene("accepted",                      accepted,                  ("Nhị Đồng 2", "Thắng Lợi 1", "Đông Tác", "Tân Phước")),
    Scene("in work",                       in_work,                   ("Bình Minh 1", "Tân Phú 1")),
    Scene("more papers asked for",         asked_for_more,            ("Chiêu Liêu",)),
    Scene("more papers to be collected",   more_on_the_way,           ("Bình Minh 2",)),
    Scene("a fee asked for",               fee_asked,                 ("Bình Đường 1",)),
    Scene("put off, with an apology",      put_off,                   ("Tân Long",)),
    Scene("not accepted",                  refused,                   ("Thống Nhất 2", "Bình Đường 3")),
    Scene("asked to stop",                 stop_asked,                ("Chiêu Liêu", "Bình Minh 1")),
    Scene("passed on to another ward",     passed_on,                 ("Tân Long",)),
    Scene("money counted",                 till.evening),
    Scene("fees on their way",             till.handed_over),
    Scene("at the post office",            at_post,                   ("Đông Tác", "Nhị Đồng 1")),
    Scene("another seal",                  other_seal,                ("Thắng Lợi 2",)),
    Scene("money counted, some short",     till.short_evening),
    Scene("courier found nobody",          missed,                    ("Thống Nhất 1", "Đông Tân")),
    Scene("collected without a code",      unproven,                  ("Đông Chiêu A",)),
    Scene("two couriers claim it",         disputed,                  ("Nhị Đồng 1",)),
    Scene("collected after cancelling",    collected_after_cancel,    ("Thống Nhất 1",)),
)
# fmt: on


def play(scenes: tuple[Scene, ...], s: Stage) -> Iterator[str]:
    """Play each scene in each of its khu phố, and name it when it is done."""
    for scene in scenes:
        for nth, hood in enumerate(scene.hoods):
            scene.play(s, hood, courier_for(hood, nth), nth)
            db.session.flush()
            yield scene.name
