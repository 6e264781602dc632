"""The world of the tests: a post office and a ward desk in Dĩ An, their people, one citizen, one stranger."""

import base64
import secrets
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from typing import Any, ClassVar

import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db, now
from app.demo import phone as demo
from app.domain import (
    bodies,
    custody,
    devices,
    dossiers,
    numbers,
    packets,
    parties,
    people,
    photos,
    procedures,
    scans,
    tokens,
    visits,
)
from app.domain.calendar import HERE, today
from app.domain.cases import CaseState
from app.domain.codes import Purpose, make
from app.domain.dossiers import Dossier, Paper, ReturnWay
from app.domain.packets import Kind, Packet, Way
from app.domain.parties import PartyKind
from app.domain.people import Act, Citizen, Role, User
from app.domain.places import Neighbourhood, Office, OfficeHours, OfficeKind, Ward
from app.domain.procedures import ChecklistLine, PaperForm, Procedure
from app.domain.sittings import Outcome, Seen
from app.domain.visits import VisitKind

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=HERE)


class Phone(demo.Phone):
    """A registered phone that scans at nine on Monday, always the same seal and three sheets unless told otherwise."""

    def __init__(self, user: User, act: Act) -> None:
        super().__init__(user.id, user.party_id)
        device, self.token = atomically(devices.register, user, self.der, "test phone", act)
        self.device_id = device.id

    def body(self, packet: Packet, event: str, at: datetime = MONDAY, **over: Any) -> bytes:
        return super().body(packet, event, at, **({"issue": 1, "seal": "NP0045821", "sheets": 3} | over))

    def scan(self, packet: Packet, event: str, at: datetime = MONDAY, **over: Any) -> bodies.Scan:
        return super().scan(packet, event, at, extra=over.pop("extra", None), **over)

    def envelope(self, *bodies: bytes) -> dict[str, Any]:
        """What the phone posts to /api/v1/scans."""
        return {
            "device": self.device_id,
            "scans": [
                {"body": base64.b64encode(b).decode(), "sig": base64.b64encode(self.sign(b)).decode()} for b in bodies
            ],
        }


Rows = dict[str, tuple[type, Any]]  # by name: of which table, and its key


@dataclass
class World:
    PASSWORD: ClassVar[str] = "demo-demo"
    PIN: ClassVar[str] = "246810"

    app: Flask
    post: Office
    desk: Office
    other_post: Office
    other_desk: Office
    neighbourhood: Neighbourhood
    procedure: Procedure
    in_person: Procedure
    courier: User
    second_courier: User
    clerk: User
    officer: User
    lead: User
    dispatcher: User
    supervisor: User
    admin: User
    stranger: User  # a clerk of another post office
    strange_officer: User
    strange_courier: User
    receipts: dict[bytes, datetime] = field(init=False, default_factory=dict)  # what its phones were answered

    @property
    def keys(self) -> tokens.Keys:
        keys: tokens.Keys = self.app.extensions["keys"]
        return keys

    def act(self, user: User | None = None, at: datetime = MONDAY) -> Act:
        return Act(user, at, self.keys)

    def seen(self, at: datetime = MONDAY) -> Seen:
        return Seen(at, self.keys)

    @classmethod
    def build(cls, app: Flask) -> "World":
        return atomically(_build, app)

    def rows(self) -> Rows:
        """Where everybody is found in a copy of this database."""
        return {
            each.name: (type(row), row.id)
            for each in fields(self)
            if each.name != "app" and (row := getattr(self, each.name))
        }

    @classmethod
    def found(cls, app: Flask, rows: Rows) -> "World":
        """The world in a copy of the database it was built in. Nothing stays open behind it."""
        known = {
            (model, row.id): row
            for model in {model for model, _ in rows.values()}
            for row in db.session.scalars(sa.select(model))
        }
        world = cls(app=app, **{name: known[row] for name, row in rows.items()})
        db.session.rollback()
        return world

    def phone(self, user: User | None = None) -> Phone:
        """Enrolled today, whatever the day of the world: a phone is good for 90 days of the real clock."""
        return Phone(user or self.courier, self.act(at=now()))

    def record(self, scan: bodies.Scan, at: datetime = MONDAY) -> Outcome:
        answer = atomically(custody.record, scan, self.seen(at))
        self.receipts[answer.digest] = answer.recorded_at
        return answer

    def packet(self, way: Way = Way.IN, kind: Kind | None = None, home: Packet | None = None) -> Packet:
        """A packet waiting with its giver, with an open visit: at the citizen's home, or sealed at the desk. `home`: of the
        same family as that one; else of another house of the same street."""
        return atomically(self._packet, way, kind or (Kind.SUBMISSION if way is Way.IN else Kind.RESULT), home)

    def _packet(self, way: Way, kind: Kind, home: Packet | None) -> Packet:
        act = self.act()
        party = parties.new(PartyKind.CITIZEN)
        db.session.flush()
        hood = db.session.get_one(Neighbourhood, self.neighbourhood.id)
        houses = db.session.scalar(sa.select(sa.func.count()).select_from(Citizen)) or 0
        street = home.dossier.citizen.street if home else f"{12 + 2 * houses} đường Mẫu Đơn"
        citizen = Citizen(
            party_id=party.id, name="Nguyễn Thị Mơ", phone="+84900000123", ward_id=hood.ward_id,
            neighbourhood_id=hood.id, street=street, notes="", lat=hood.lat, lon=hood.lon,
        )  # fmt: skip
        db.session.add(citizen)
        dossier = Dossier(
            number=numbers.take_own(today(act.at)), secret=dossiers.new_secret(),
            state=CaseState.BOOKED if way is Way.IN else CaseState.RESULT_READY,
            procedure_id=self.procedure.id, citizen=citizen, desk_id=self.desk.id, post_office_id=self.post.id,
            return_way=ReturnWay.HOME, one_way=26_000, passing_on=8_000, consented_at=act.at, booked_at=act.at, booking_key=secrets.token_hex(16),
            result_papers=[], surrender=[],
        )  # fmt: skip
        db.session.add(dossier)
        db.session.flush()
        for line in self.procedure.papers:
            if line.form is not PaperForm.DATA:
                paper = Paper(
                    dossier_id=dossier.id, position=line.position, name=line.name, form=line.form,
                    copies=line.copies, sheets=line.sheets, returned=line.returned,
                )  # fmt: skip
                db.session.add(paper)
        origin = party.id if way is Way.IN else self.desk.party_id
        packet = packets.new(dossier, kind, way, origin, 25942, act)
        if way is Way.OUT:
            packet.seals = ["NP0045821"]
        offer = next(o for o in visits.offers(self.post, act.at) if o.left and o.day > today(act.at))
        visit_kind = VisitKind.COLLECT if way is Way.IN else VisitKind.DELIVER
        visits.schedule(packet, visit_kind, visits.take(self.post, offer), act)
        return packet

    def code(self, packet: Packet, purpose: Purpose = Purpose.COLLECT) -> str:
        """The six digits the citizen would have in a message."""
        return atomically(make, packet, purpose, self.act())

    def fresh(self, packet: Packet) -> Packet:
        """The packet as the database has it now."""
        db.session.rollback()
        return db.session.get_one(Packet, packet.id)

    def on_round(self, packet: Packet, courier: User | None = None) -> None:
        """The packet's visit is the courier's to make."""

        def put() -> None:
            visit = visits.open_visit(packet.id)
            assert visit
            rider = courier or self.courier
            known = sa.select(visits.Round).filter_by(courier_id=rider.id, day=visit.slot.day)
            round_ = db.session.scalar(known)
            if round_ is None:
                round_ = visits.Round(office_id=self.post.id, courier_id=rider.id, day=visit.slot.day)
                db.session.add(round_)
            db.session.flush()
            visit.round_id, visit.state = round_.id, visits.VisitState.ASSIGNED

        atomically(put)

    def fresh_count(self) -> int:
        """How many scans there are: what a refused page must not change."""
        db.session.rollback()
        return db.session.scalar(sa.select(sa.func.count()).select_from(scans.ScanRow)) or 0

    def collected(self, phone: Phone, packet: Packet | None = None) -> Packet:
        packet = packet or self.packet()
        code = self.code(packet)
        outcome = self.record(phone.scan(self.fresh(packet), "collect", proof=[("CODE", code)]))
        assert outcome.verdict == "applied", outcome
        return self.fresh(packet)

    def photographed(self, phone: Phone, packet: Packet) -> bytes:
        """A photo of the bag, named by a scan and handed in after it; its hash."""
        sha256 = secrets.token_bytes(32)
        named = bodies.Extra(photo_sha256=sha256.hex())
        self.record(phone.scan(packet, "sighting", taker=packet.holder_id, parent=None, extra=named))
        atomically(photos.keep, sha256, b"\xff\xd8\xff", phone.device_id, now())
        return sha256


def _build(app: Flask) -> World:
    old = Ward(
        code="25960",
        name="An Bình",
        province="Bình Dương",
        valid_from=date(2011, 1, 1),
        valid_to=date(2025, 6, 30),
    )
    ward = Ward(
        code="25942",
        name="Dĩ An",
        province="Hồ Chí Minh",
        valid_from=date(2025, 7, 1),
        lat=10.906,
        lon=106.769,
    )
    far = Ward(
        code="25951",
        name="Đông Hòa",
        province="Hồ Chí Minh",
        valid_from=date(2025, 7, 1),
        lat=10.886,
        lon=106.789,
    )
    db.session.add_all([old, ward, far])
    db.session.flush()

    def office(kind: OfficeKind, code: str, name: str, where: Ward) -> Office:
        party = parties.new(PartyKind(kind.value))
        db.session.flush()
        made = Office(
            kind=kind, code=code, name=name, ward_id=where.id, party_id=party.id, address="1 đường Mẫu",
            phone="0900 000 000", lat=where.lat, lon=where.lon, slot_places=3,
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        for weekday in range(5):
            db.session.add(OfficeHours(office_id=made.id, weekday=weekday, opens=time(7, 30), closes=time(17)))
        return made

    post, desk = (
        office(OfficeKind.POST, "PO-1", "Bưu cục Dĩ An", ward),
        office(OfficeKind.DESK, "WD-1", "Phường Dĩ An", ward),
    )
    other_post = office(OfficeKind.POST, "PO-2", "Bưu cục Đông Hòa", far)
    other_desk = office(OfficeKind.DESK, "WD-2", "Phường Đông Hòa", far)
    hood = Neighbourhood(
        name="Nhị Đồng 1", old_ward_id=ward.id, ward_id=ward.id, post_office_id=post.id, lat=10.9, lon=106.77
    )
    bd = Neighbourhood(
        name="Bình Đường 1",
        old_ward_id=old.id,
        ward_id=ward.id,
        post_office_id=post.id,
        lat=10.88,
        lon=106.76,
    )
    db.session.add_all([hood, bd])
    posted = Procedure(
        code="1.004859", title="Sửa thông tin sai trên giấy khai sinh", title_en="Correct a birth certificate",
        official_name="Thay đổi, cải chính, bổ sung thông tin hộ tịch", field="Hộ tịch", submit_by_post=True,
        return_by_post=True, legal_basis="Luật Hộ tịch 60/2014", fee=15_000, days=3, popular=True,
        valid_from=date(2025, 7, 1), words="",
    )  # fmt: skip
    posted.papers = [
        ChecklistLine(position=1, name="Tờ khai", name_en="Form", form=PaperForm.ORIGINAL, sheets=1),
        ChecklistLine(position=2, name="Căn cước", name_en="Identity card", form=PaperForm.CERTIFIED, sheets=1),
        ChecklistLine(position=3, name="Nơi ở", name_en="Residence", form=PaperForm.DATA, sheets=0, copies=0),
        ChecklistLine(position=4, name="Học bạ", name_en="School record", form=PaperForm.COPY, sheets=1),
    ]
    in_person = Procedure(
        code="1.000894", title="Đăng ký kết hôn", title_en="Register a marriage", official_name="Đăng ký kết hôn",
        field="Hộ tịch", submit_by_post=False, return_by_post=False, why_not="Hai người phải cùng có mặt để ký.",
        legal_basis="Luật Hộ tịch Đ18", days=0, valid_from=date(2025, 7, 1), words="",
    )  # fmt: skip
    for procedure in (posted, in_person):
        procedure.words = procedures.words_of(procedure)
        db.session.add(procedure)

    def hire(login: str, name: str, role: Role, where: Office | None, badge: str | None = None) -> User:
        return people.hire(login, name, role, where, World.PASSWORD, badge=badge, phone="+84900000200", pin=World.PIN)

    world = World(
        app=app, post=post, desk=desk, other_post=other_post, other_desk=other_desk, neighbourhood=hood,
        procedure=posted, in_person=in_person,
        courier=hire("courier1", "Trần Văn Bưởi", Role.COURIER, post, "DA-01"),
        second_courier=hire("courier2", "Lê Thị Cam", Role.COURIER, post, "DA-02"),
        clerk=hire("clerk1", "Phạm Thị Ổi", Role.CLERK, post),
        officer=hire("desk1", "Võ Văn Mít", Role.OFFICER, desk),
        lead=hire("lead1", "Tạ Thị Vải", Role.LEAD, desk),
        dispatcher=hire("dispatcher1", "Bùi Thị Sen", Role.DISPATCHER, post),
        supervisor=hire("supervisor1", "Đỗ Văn Tre", Role.SUPERVISOR, None),
        admin=hire("admin1", "Hồ Thị Lựu", Role.ADMIN, None),
        stranger=hire("clerk2", "Ngô Văn Xoài", Role.CLERK, other_post),
        strange_officer=hire("desk2", "Lý Thị Na", Role.OFFICER, other_desk),
        strange_courier=hire("courier9", "Đinh Văn Dừa", Role.COURIER, other_post, "DH-01"),
    )  # fmt: skip
    db.session.flush()
    return world
