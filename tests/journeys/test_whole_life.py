"""A dossier's whole life through the doors, both directions, on SQLite and on PostgreSQL."""

import re
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import refresh

from app.db import db
from app.domain import calendar, packets, tokens
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.outbox import Message
from app.domain.packets import Kind, Packet, State
from app.domain.people import User
from app.integrations import wording
from tests.conftest import signing_in
from tests.inspecting import faults
from tests.journeys.pages import Visitor
from tests.world import World

pytestmark = pytest.mark.usefixtures("laws_hold")


class Life:
    """The people of one journey, each at their own door."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        enter = signing_in(app)
        self.citizen = Visitor(app.test_client())
        self.dispatcher = Visitor(enter(world.dispatcher))
        self.clerk = Visitor(enter(world.clerk))
        self.officer = Visitor(enter(world.officer))
        self.phone = world.phone()

    def book(self, **over: Any) -> Dossier:
        """Answer one question a page, as a person of seventy would."""
        world, citizen = self.world, self.citizen
        found, *papers = over.get("sees", ("Sửa thông tin sai trên", "Tờ khai", "Căn cước"))
        citizen.open("/book?q=giay+khai+sinh").sees(found)
        citizen.open("/procedures/1.004859").sees(*papers).send(to="/procedures/1.004859")
        citizen.send(ward=str(world.neighbourhood.ward_id))
        citizen.send(neighbourhood=str(world.neighbourhood.id), street="12 đường Mẫu Đơn", notes="cổng xanh, có chó")
        assert citizen.page
        slot = re.findall(
            r'name="slot"[^>]*value="(\d{8}-\d{4})"|value="(\d{8}-\d{4})"[^>]*name="slot"', citizen.page.text
        )
        citizen.send(slot=next(a or b for a, b in slot))
        citizen.send(name="Nguyễn Thị Mơ", phone="0900 000 123", second_name="Cam", second_phone="0900 000 124")
        citizen.send(way=over.get("way", "home"))
        citizen.sees("12 đường Mẫu Đơn", "Nguyễn Thị Mơ", "0900 000 123").send(consent="y")
        citizen.sees("HS-")
        db.session.rollback()
        return db.session.scalars(sa.select(Dossier).order_by(Dossier.id.desc())).first()  # type: ignore[return-value]

    def code(self, kind: str) -> str:
        """The six digits of the newest message of this kind, as the citizen reads them."""
        db.session.rollback()
        newest = sa.select(Message).filter_by(kind=kind).order_by(Message.id.desc())
        message = db.session.scalars(newest).first()
        assert message is not None, kind
        return str(message.values["code"])

    def written(self, dossier: Dossier) -> list[tuple[str, str]]:
        """Every message to the citizen, the first first: its kind, and its words as they are sent."""
        db.session.rollback()
        theirs = sa.select(Message).filter_by(phone=dossier.citizen.phone).order_by(Message.id)
        return [(one.kind, wording.words(one.kind, one.values, one.language)) for one in db.session.scalars(theirs)]

    def packet(self, dossier: Dossier, kind: Kind = Kind.SUBMISSION) -> Packet:
        db.session.rollback()
        return next(p for p in packets.of_dossier(dossier.id) if p.kind == kind)

    def post(self, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.phone.token}"}
        answer = self.app.test_client().post(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json

    def scan(self, packet: Packet, event: str, **over: Any) -> str:
        """One signed scan sent as the phone sends it; the server's verdict."""
        db.session.rollback()
        fresh = db.session.get_one(Packet, packet.id)
        body = self.phone.body(fresh, event, **over)
        return str(self.tell(self.phone.envelope(body))["verdict"])

    def tell(self, envelope: dict[str, Any]) -> Any:
        """Post one scan; what the server says of it, with a receipt."""
        (result,) = self.post("/api/v1/scans", envelope)["results"]
        self.world.receipts[bytes.fromhex(result["digest"])] = datetime.fromisoformat(result["recorded_at"])
        return result

    def story(self, dossier: Dossier) -> Visitor:
        return self.citizen.open(f"/t/{dossier.secret}")


@pytest.fixture
def life(app: Flask, world: World) -> Life:
    return Life(app, world)


def test_from_a_home_to_the_desk_and_back_to_the_home(life: Life) -> None:
    world, dossier = life.world, life.book()
    packet = life.packet(dossier)
    number = packet.number
    assert (dossier.state, packet.state, packet.holder_id) == (
        CaseState.BOOKED,
        State.WAITING,
        dossier.citizen.party_id,
    )
    life.story(dossier).sees(dossier.number)

    visit_day = re.search(r"(\d{4}-\d\d-\d\d)", str(db.session.scalar(sa.text("SELECT day FROM slots"))))
    assert visit_day
    life.dispatcher.open(f"/dispatch/{visit_day[1]}").sees(number).send(to="/plan").sees("Trần Văn Bưởi")

    found = life.post("/api/v1/lookups", {"number": number})
    assert found["code"] == tokens.b32(packet.code)
    assert life.scan(packet, "collect", proof=[("CODE", life.code("door_code"))]) == "applied"
    life.story(dossier).sees("NP")

    life.clerk.open(f"/office/packets/{number}").send(to="/hand-in", seal="NP 0045 821")
    assert life.packet(dossier).state == State.AT_POST
    life.story(dossier).sees("Bưu cục Dĩ An")
    assert life.scan(packet, "take", giver=world.post.party_id) == "applied"

    life.officer.open(f"/desk/packets/{number}").send(to="/receive", pin=World.PIN).sees("BB-")
    db.session.rollback()
    dossier = db.session.get_one(Dossier, dossier.id)
    assert (dossier.state, life.packet(dossier).state) == (CaseState.SUBMITTED, State.OPENED)
    assert dossier.submitted_at is not None

    desk = life.officer.open(f"/desk/packets/{number}")
    desk.send(to="/accept", code="H29.17-261124-0001")
    desk.open(f"/desk/packets/{number}").send(to="/ready")
    desk.open(f"/desk/packets/{number}").send(to="/send", seal="NP 0045 999", word="spoken")
    result = life.packet(dossier, Kind.RESULT)
    assert (result.state, result.holder_id) == (State.WAITING, world.desk.party_id)
    assert desk.client.get(f"/desk/packets/{result.number}/slip.pdf").data.startswith(b"%PDF")

    assert life.scan(result, "take", giver=world.desk.party_id, seal="NP0045999") == "applied"
    home = {"giver": world.courier.party_id, "taker": dossier.citizen.party_id, "seal": "NP0045999"}
    assert life.scan(result, "deliver", **home, proof=[("CODE", "000000")]) == "held"
    assert life.scan(result, "deliver", **home, proof=[("CODE", life.code("result_sent"))]) == "applied"

    db.session.rollback()
    dossier = db.session.get_one(Dossier, dossier.id)
    assert (dossier.state, life.packet(dossier, Kind.RESULT).state) == (CaseState.CLOSED, State.DELIVERED)
    life.story(dossier).sees("H29.17-261124-0001")
    assert faults() == []


def test_brought_to_the_post_office_and_called_for_at_the_desk(life: Life) -> None:
    world, dossier = life.world, life.book(way="desk")
    packet = life.packet(dossier)
    life.clerk.open(f"/office/packets/{packet.number}").send(
        to="/accept", seal="NP 0045 821", code=life.code("door_code"), paid_by="cash", receipt="000321"
    )
    assert life.packet(dossier).state == State.AT_POST
    assert life.scan(packet, "take", giver=world.post.party_id) == "applied"
    desk = life.officer.open(f"/desk/packets/{packet.number}").send(to="/receive", on_paper="y")
    for act, fill in (
        ("accept", {"code": "000.00.17.H09-261124-0002"}),
        ("ready", {}),
        ("send", {"seal": "NP 0045 777"}),
    ):
        desk.open(f"/desk/packets/{packet.number}").send(to=f"/{act}", **fill)
    result = life.packet(dossier, Kind.RESULT)
    assert "Phường Dĩ An" in life.citizen.open(f"/t/{dossier.secret}").page.text
    desk.open(f"/desk/packets/{result.number}").send(to="/hand-over", paper="y")
    db.session.rollback()
    assert db.session.get_one(Dossier, dossier.id).state == CaseState.CLOSED
    assert "Ông bà, ở nhà" not in life.citizen.open(f"/t/{dossier.secret}").page.text


def test_a_visit_that_failed_is_given_another_time_by_the_citizen(life: Life) -> None:
    dossier = life.book()
    packet = life.packet(dossier)
    assert life.scan(packet, "miss", reason="nobody_home", next="another_day") == "applied"
    page = life.citizen.open(f"/t/{dossier.secret}/move")
    assert page.page
    slot = re.findall(r'value="(\d{8}-\d{4})"', page.page.text)[-1]
    page.send(slot=slot)
    assert life.scan(packet, "collect", proof=[("CODE", life.code("door_code"))]) == "applied"


def test_the_citizen_cancels_until_the_courier_sets_out_and_not_after(life: Life) -> None:
    world, first = life.world, life.book()
    life.citizen.open(f"/t/{first.secret}/cancel").send(to="/cancel")
    db.session.rollback()
    assert db.session.get_one(Dossier, first.id).state == CaseState.CANCELLED

    second = life.book()
    day = db.session.scalar(sa.text("SELECT day FROM slots"))
    life.dispatcher.open(f"/dispatch/{str(day)[:10]}").send(to="/plan")
    round_id = db.session.scalar(sa.text("SELECT id FROM rounds"))
    life.post(f"/api/v1/rounds/{round_id}/start", {})
    refused = life.citizen.client.post(f"/t/{second.secret}/cancel")
    assert refused.status_code == 409 and "lên đường" in refused.text
    db.session.rollback()
    assert db.session.get_one(Dossier, second.id).state == CaseState.BOOKED
    assert db.session.get_one(User, world.courier.id)


def test_the_ward_the_packet_does_not_belong_to_writes_nothing(life: Life) -> None:
    dossier = life.book()
    packet = life.packet(dossier)
    life.scan(packet, "collect", proof=[("CODE", life.code("door_code"))])
    stranger = Visitor(signing_in(life.app)(life.world.strange_officer))
    stranger.open(f"/desk/packets/{packet.number}", status=404)
    assert life.packet(dossier).state == State.CARRIED
    assert calendar.today(dossier.booked_at)


def test_who_books_in_english_is_written_to_in_english_until_they_ask_for_another(life: Life) -> None:
    """Courier, clerk and officer work in Vietnamese all the while."""
    world = life.world
    life.citizen.client.set_cookie("language", "en")
    refresh()  # the test's own context remembers in which language the last page was
    dossier = life.book(sees=("Correct a birth certificate", "Form", "Identity card"))
    refresh()
    packet = life.packet(dossier)
    assert life.scan(packet, "collect", proof=[("CODE", life.code("door_code"))]) == "applied"
    life.clerk.open(f"/office/packets/{packet.number}").send(to="/hand-in", seal="NP 0045 821")
    assert life.scan(packet, "take", giver=world.post.party_id) == "applied"
    desk = life.officer.open(f"/desk/packets/{packet.number}").sees("English")
    desk.send(to="/receive", pin=World.PIN)
    desk.open(f"/desk/packets/{packet.number}").send(to="/accept", code="H29.17-261124-0001")
    desk.open(f"/desk/packets/{packet.number}").send(to="/ready")
    wrote = life.written(dossier)
    assert [kind for kind, _ in wrote] == ["booked", "door_code", "collected", "submitted", "accepted", "result_ready"]
    assert all("See" in text or "Read it out to the courier" in text for _, text in wrote), wrote

    desk.open(f"/desk/results/{packet.number}/ask").send(to="/ask", answer="reached", language="vi")
    desk.open(f"/desk/packets/{packet.number}").send(to="/send", seal="NP 0045 999")
    (kind, text) = life.written(dossier)[-1]
    assert kind == "result_sent" and text.startswith("Kết quả")
