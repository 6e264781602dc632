"""The stage: the demonstration's people, their phones and keys, and the working days around today.

Each step is what a person would do, at a moment of the past, through the verb that person's page or phone calls.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, Literal

import sqlalchemy as sa

from app.db import db
from app.demo import cast
from app.demo.phone import Phone
from app.domain import (
    booking,
    calendar,
    counter,
    custody,
    desk,
    devices,
    dispatch,
    packets,
    phones,
    procedures,
    reception,
    results,
    takings,
    tasks,
    visits,
)
from app.domain.bodies import CountedPaper, Extra, MoneyTaken
from app.domain.booking import Request
from app.domain.calendar import HERE
from app.domain.codes import Purpose
from app.domain.devices import Why
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.exemptions import Proof
from app.domain.manifests import Word
from app.domain.outbox import Message
from app.domain.packets import Packet
from app.domain.people import Act, User
from app.domain.places import Neighbourhood, Office
from app.domain.postage import Stream
from app.domain.sittings import Seen
from app.domain.tasks import Task, TaskKind
from app.domain.tokens import Keys
from app.domain.visits import WINDOWS
from app.errors import Refused

MORNING_OVER = time(9, 30)
FREE = 20  # one in so many is carried for nothing


class Days:
    """Working days around now: `today` is where today's visits lie, `last` the newest with a morning behind it."""

    def __init__(self, now: datetime) -> None:
        here = calendar.local(now)
        works = calendar.is_working(here.date())
        self.is_today = works
        self.today = here.date() if works else calendar.working_days_after(here.date(), 1)[0]
        self.tomorrow, self.after_tomorrow = calendar.working_days_after(self.today, 2)
        self._before = self._back(here.date())
        self.last = here.date() if works and here.time() >= MORNING_OVER else self._before[0]

    @staticmethod
    def _back(day: date) -> list[date]:
        found: list[date] = []
        while len(found) < 14:
            day -= timedelta(days=1)
            if calendar.is_working(day):
                found.append(day)
        return found

    def before(self, count: int) -> date:
        """The working day `count` before the calendar's today: 1 is the newest that is over."""
        return self._before[count - 1]


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), HERE)


@dataclass
class Stage:
    now: datetime
    keys: Keys
    days: Days
    staff: dict[str, User]
    phones: dict[str, Phone] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)
    citizens: Iterator[cast.Citizen] = field(default_factory=cast.citizens)

    def act(self, login: str | None, when: datetime) -> Act:
        return Act(self.staff[login] if login else None, min(when, self.now), self.keys)

    def phone(self, login: str) -> Phone:
        """The courier's phone, registered on first use, long before the first scan."""
        if login not in self.phones:
            user, when = self.staff[login], at(self.days.before(12), "07:00")
            phone = Phone(user.id, user.party_id)
            device, phone.token = devices.register(user, phone.der, "máy thử", self.act(login, when))
            db.session.flush()
            phone.device_id = device.id
            self.phones[login] = phone
        return self.phones[login]

    def put_away(self, *logins: str) -> None:
        """These couriers' phones of the stage are done with: whoever tries the demonstration brings their own."""
        for login in logins:
            if phone := self.phones.pop(login, None):
                phones.retire(phone.device_id, Why.REPLACED, self.act(login, self.now))

    def of_office(self, kind: str, office: Office) -> str:
        """The first sign-in name of that kind working there."""
        return next(name for name, user in self.staff.items() if name.startswith(kind) and user.office_id == office.id)

    def hood(self, name: str) -> Neighbourhood:
        return db.session.scalars(sa.select(Neighbourhood).filter_by(name=name)).one()

    # ---- the citizen --------------------------------------------------------------------------------------------

    def book(
        self, hood: str, day: date, window: int, when: datetime, procedure: str = "2.000635", home: bool = True,
        elsewhere: bool = False,
    ) -> Packet:  # fmt: skip
        """A booking made at `when` for the `window`-th slot of `day`, or the next with room; its packet. `elsewhere`: to
        another desk of the province, where any receives it.

        Raises Refused("slot_full") when the day has none left.
        """
        place, who, number = self.hood(hood), next(self.citizens), next(self.numbers)
        desks = booking.desks_for(procedures.get(procedure, self.days.today), place, when)
        request = Request(
            procedure_code=procedure, ward_id=place.ward_id, neighbourhood_id=place.id, street=who.street,
            desk_id=desks[-1].id if elsewhere else 0, slot_key="", name=who.name, phone=who.phone, consent=True,
            booking_key=f"demo-{self.now:%y%m%d%H%M%S%f}-{number:03d}",
            return_way=ReturnWay.HOME if home else ReturnWay.DESK, notes=who.notes, call_first=number % 4 == 0,
            second_phone=who.second_phone, second_name="Con của người gửi" if who.second_phone else "",
            exemption="heroic_mother" if number % FREE == 5 else "",
        )  # fmt: skip
        citizen = self.act(None, when + timedelta(minutes=number % 50))
        for opens, _ in (*WINDOWS[window:], *WINDOWS[:window]):
            try:
                dossier = booking.book(replace(request, slot_key=f"{day:%Y%m%d}-{opens:%H%M}"), citizen)
            except Refused as refusal:
                if refusal.key != "slot_full":
                    raise
                full = refusal
            else:
                return packets.of_dossier(dossier.id)[0]
        raise full

    def code(self, packet: Packet, purpose: Purpose) -> str:
        """The six digits, read where the citizen reads them: in the newest message that has any."""
        dossier = packet.dossier
        sent = sa.select(Message).filter_by(phone=dossier.citizen.phone).order_by(Message.id.desc())
        mine = (m.values for m in db.session.scalars(sent) if m.values.get("number") == dossier.number)
        return next(str(values["code"]) for values in mine if values.get("code"))

    # ---- the post -----------------------------------------------------------------------------------------------

    def assign(self, packet: Packet, courier: str, when: datetime) -> None:
        visit, office = visits.open_visit(packet.id), packet.dossier.post_office
        assert visit
        who = self.act(self.of_office("dispatcher", office), when)
        dispatch.assign(office, [visit.id], self.staff[courier].id, who)

    def set_out(self, courier: str, day: date, when: datetime) -> None:
        if round_ := visits.round_of(self.staff[courier], day):
            visits.set_out(round_, self.act(courier, when))

    def scan(
        self, packet: Packet, courier: str, event: str, when: datetime, extra: Extra | None = None,
        fast: timedelta = timedelta(), **facts: Any,
    ) -> str:  # fmt: skip
        """The verdict on what the courier's phone signed; its clock may be `fast`."""
        packet = db.session.get_one(Packet, packet.id, populate_existing=True)
        phone, arrives = self.phone(courier), min(when, self.now)
        scan = phone.scan(packet, event, when + fast, extra, **facts)
        device = devices.get(phone.device_id)
        # scenes are not played in the order of their days
        device.seen_at = max(filter(None, (device.seen_at, arrives)))
        return custody.record(scan, Seen(arrives, self.keys)).verdict

    def collect(self, packet: Packet, courier: str, when: datetime, proven: bool = True) -> None:
        """Assigned the evening before, counted and sealed at the door."""
        visit = visits.open_visit(packet.id)
        assert visit
        self.assign(packet, courier, at(self._eve(visit.slot.day), "16:30"))
        self.set_out(courier, visit.slot.day, at(visit.slot.day, "07:45"))
        proof = [("CODE", self.code(packet, Purpose.COLLECT))] if proven else []
        counted = self._count(packet)
        sheets = sum(paper.sheets for paper in counted)
        extra, seal = Extra(papers=counted, money=self.paid(packet, by_bank=packet.id % 7 == 3)), self.seal(packet)
        self.must(self.scan(packet, courier, "collect", when, extra, seal=seal, sheets=sheets, proof=proof))

    def _count(self, packet: Packet) -> list[CountedPaper]:
        """Paper by paper; one house in nine cannot find its last one, and says so."""
        papers = packet.papers
        short = len(papers) > 2 and packet.id % 9 == 4
        return [
            CountedPaper(position=paper.position, sheets=0 if gone else paper.sheets, missing=gone)
            for paper in papers
            for gone in [short and paper is papers[-1]]
        ]

    @staticmethod
    def paid(packet: Packet, by_bank: bool) -> MoneyTaken | None:
        """All that is asked for at this door; the fee against a receipt. Whoever is carried for nothing has the proof."""
        bill = takings.due(packet)
        if not bill.lines:
            return None
        postage, fee = (bill.of(stream) for stream in Stream)
        receipt = f"{2600 + packet.id:07d}" if fee else None
        paid_by: Literal["cash", "transfer"] = "transfer" if by_bank else "cash"
        if bill.waived:
            return MoneyTaken(
                paid_by=paid_by if fee else None, postage=0, fee=fee, receipt=receipt, proof=Proof.CERTIFICATE
            )
        return MoneyTaken(paid_by=paid_by, postage=postage, fee=fee, receipt=receipt)

    def hand_in(self, packet: Packet, when: datetime, seal: str = "") -> None:
        """The clerk reads `seal` from the bag; without one, the number that was written at the door."""
        clerk = self.of_office("clerk", packet.dossier.post_office)
        counter.hand_in(packet, self.act(clerk, when), None, seal or packet.seal or "")

    def forget(self, packet: Packet, courier: str, event: str, when: datetime, **facts: Any) -> None:
        """Scanned, and the phone has had no network since."""
        packet = db.session.get_one(Packet, packet.id, populate_existing=True)
        self.phone(courier).body(packet, event, when, **facts)

    def look_after(self, kind: TaskKind, login: str) -> None:
        """One matter of this kind is somebody's already."""
        found = sa.select(Task).filter_by(kind=kind, closed_at=None, owner_id=None).order_by(Task.id)
        if task := db.session.scalar(found.limit(1)):
            tasks.take(task, self.act(login, self.now))

    def take(self, packet: Packet, courier: str, when: datetime) -> None:
        """The courier takes the packet over from a counter or a desk."""
        self.must(self.scan(packet, courier, "take", when))

    def _eve(self, day: date) -> date:
        while True:
            day -= timedelta(days=1)
            if calendar.is_working(day):
                return day

    @staticmethod
    def seal(packet: Packet) -> str:
        return packet.seal or f"NP{45800 + packet.id:07d}"

    @staticmethod
    def must(verdict: str) -> None:
        if verdict != "applied":
            raise AssertionError(f"the demonstration's scan was not applied: {verdict}")

    # ---- the ward -----------------------------------------------------------------------------------------------

    def receive(self, packet: Packet, when: datetime, missing_sheet: bool = False) -> None:
        """Courier and officer count together; this is the legal submission."""
        dossier = packet.dossier
        counts = {paper.position: packet.promised(paper) for paper in packet.papers}
        if missing_sheet:
            counts[min(counts)] -= 1
        reception.receive(
            packet, self.act(self.officer(dossier), when), head=None, seal=packet.seal or "", counts=counts,
            giver_by=Word.SIGNED_PRINT, remark="Thiếu 1 tờ so với lúc nhận" if missing_sheet else "",
        )  # fmt: skip

    def accept(self, dossier: Dossier, when: datetime, due_on: date | None = None) -> None:
        code = f"H29.999-{when:%y%m%d}-{dossier.id:05d}"  # agency 999 is nobody's
        due = due_on or desk.suggested_due(dossier) or calendar.today(when)
        desk.accept(dossier, self.act(self.officer(dossier), when), code, due)

    def ready(self, dossier: Dossier, when: datetime) -> None:
        papers: list[dict[str, Any]] = [{"name": "Kết quả giải quyết", "form": "original", "sheets": 1}]
        papers += [
            {"name": paper.name, "form": str(paper.form), "sheets": max(1, paper.sheets)}
            for paper in dossier.papers
            if paper.returned
        ]
        desk.ready(dossier, self.act(self.officer(dossier), when), papers)

    def send_result(self, dossier: Dossier, when: datetime) -> Packet:
        seal = f"NP{78100 + dossier.id:07d}"
        return results.send_result(dossier, self.act(self.officer(dossier), when), seal, "spoken")

    def officer_at(self, dossier: Dossier, ago: int, clock: str) -> Act:
        """The officer of the dossier's desk, `ago` working days before today."""
        return self.act(self.officer(dossier), at(self.days.before(ago), clock))

    def officer(self, dossier: Dossier) -> str:
        return self.of_office("desk", dossier.desk)
