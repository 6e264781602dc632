"""Who is carried for nothing, from the booking to the till: at the door and at the counter, with the proof and without."""

from typing import Any

import pytest
from flask import Flask

from app.db import atomically, db
from app.domain import money, packets
from app.domain.dossiers import Dossier
from app.domain.money import Purse
from app.domain.packets import Kind, Packet, State
from app.domain.procedures import Procedure
from tests.domain.test_money import settle
from tests.inspecting import faults
from tests.journeys.test_whole_life import Life
from tests.views.test_papers import text_of
from tests.world import World

pytestmark = pytest.mark.usefixtures("laws_hold")
PAID = {"certificate": Purse(0, 15_000), "none": Purse(60_000, 15_000)}
SHOWN = "Bà mẹ Việt Nam anh hùng"


@pytest.fixture
def life(app: Flask, world: World) -> Life:
    return Life(app, world)


def book(life: Life, at_delivery: bool = False, exemption: str = "heroic_mother") -> Dossier:
    """As everybody, and the one question more; the bill says what is due with the proof, and what without."""

    def late() -> None:
        db.session.get_one(Procedure, life.world.procedure.id).fee_at_delivery = at_delivery

    atomically(late)
    life.book()
    citizen = life.citizen
    citizen.open("/procedures/1.004859").send(to="/procedures/1.004859")
    citizen.send(ward=str(life.world.neighbourhood.ward_id))
    citizen.send(neighbourhood=str(life.world.neighbourhood.id), street="14 đường Mẫu Đơn")
    assert citizen.page
    slot = next(part for part in citizen.page.text.split('value="') if part[8:9] == "-" and part[:8].isdigit())[:13]
    citizen.send(slot=slot)
    citizen.sees("thuộc diện miễn cước").send(name="Trần Thị Sen", phone="0900 000 125", exemption=exemption)
    citizen.send(way="home")
    without = "52.000 đ" if at_delivery else "60.000 đ"
    if exemption:
        citizen.sees(SHOWN, "TT 22/2017/TT-BTTTT", "0 đ", f"không có thì trả cước {without}")
    citizen.send(consent="y").sees("HS-")
    db.session.rollback()
    return db.session.scalars(db.select(Dossier).order_by(Dossier.id.desc())).first()  # type: ignore[no-any-return]


def at_door(life: Life, packet: Packet, event: str, said: dict[str, Any], **over: Any) -> None:
    db.session.rollback()
    body = life.phone.body(db.session.get_one(Packet, packet.id), event, **over)
    sent = life.phone.envelope(body)
    sent["scans"][0]["extras"] = {"salt": "c2FsdA==", "money": said}
    assert life.tell(sent)["verdict"] == "applied"


def paid(dossier: Dossier) -> Purse:
    db.session.rollback()
    held = money.purse(db.session.get_one(Dossier, dossier.id).citizen.party_id)
    return Purse(-held.postage, -held.fee)


@pytest.mark.parametrize("proof", PAID)
def test_at_the_door_with_the_paper_and_without(life: Life, proof: str) -> None:
    dossier = book(life)
    packet = life.packet(dossier)
    life.story(dossier).sees(SHOWN, "15.000 đ", "không có thì trả cước 60.000 đ")
    said = {"paid_by": "cash", "receipt": "000321", "postage": PAID[proof].postage, "fee": 15_000, "proof": proof}
    at_door(life, packet, "collect", said, proof=[("CODE", life.code("door_code"))])
    assert paid(dossier) == money.purse(life.world.courier.party_id) == PAID[proof]
    life.clerk.open(f"/office/packets/{packet.number}").send(to="/hand-in", seal="NP 0045 821")
    receipt = text_of(life.clerk.client.get(f"/office/packets/{packet.number}/print/receipt_money.pdf").data)
    assert ("Miễn cước" in receipt) is (proof != "none") and SHOWN not in receipt
    assert settle(life.world).difference == 0
    assert money.purse(life.world.post.party_id) == PAID[proof]
    assert faults() == []


@pytest.mark.parametrize("proof", PAID)
def test_at_the_counter_with_the_paper_and_without(life: Life, proof: str) -> None:
    dossier = book(life)
    packet = life.packet(dossier)
    page = life.clerk.open(f"/office/packets/{packet.number}").sees(SHOWN, "Đã xem giấy tờ nào?", "Số biên lai")
    facts = {"seal": "NP 0045 821", "code": life.code("door_code"), "receipt": "000321"}
    page.send(to="/accept", status=422, **facts).sees("Chọn giấy tờ đã xem")
    page.send(to="/accept", status=422, **facts, proof=proof).sees("Chọn cách trả tiền")
    page.send(to="/accept", **facts, proof=proof, paid_by="cash")
    assert life.packet(dossier).state == State.AT_POST
    assert paid(dossier) == money.purse(life.world.post.party_id) == PAID[proof]
    fees = life.clerk.open("/office/fees/").sees("15.000")
    assert fees.page and faults() == []


@pytest.mark.parametrize(("exemption", "postage"), [("heroic_mother", 0), ("", 8_000)])
def test_a_fee_that_is_due_with_the_result_is_passed_on_for_its_price_or_for_nothing(
    life: Life, exemption: str, postage: int
) -> None:
    world, dossier = life.world, book(life, at_delivery=True, exemption=exemption)
    packet = life.packet(dossier)
    before = {"paid_by": "cash", "postage": 0 if exemption else 52_000, "fee": 0}
    at_door(
        life,
        packet,
        "collect",
        before | ({"proof": "decision"} if exemption else {}),
        proof=[("CODE", life.code("door_code"))],
    )
    life.clerk.open(f"/office/packets/{packet.number}").send(to="/hand-in", seal="NP 0045 821")
    assert life.scan(packet, "take", giver=world.post.party_id) == "applied"
    desk = life.officer.open(f"/desk/packets/{packet.number}").send(to="/receive", on_paper="y")
    for act, fill in (
        ("accept", {"code": "000.00.17.H09-261124-0002"}),
        ("ready", {}),
        ("send", {"seal": "NP 0045 777", "word": "spoken"}),
    ):
        desk.open(f"/desk/packets/{packet.number}").send(to=f"/{act}", **fill)
    result = life.packet(dossier, Kind.RESULT)
    life.story(dossier).sees("Cước nộp hộ lệ phí", "15.000 đ" if exemption else "23.000 đ")
    assert life.scan(result, "take", giver=world.desk.party_id, seal="NP0045777") == "applied"
    said = {"paid_by": "cash", "receipt": "000322", "postage": postage, "fee": 15_000}
    home = {"giver": world.courier.party_id, "taker": dossier.citizen.party_id, "seal": "NP0045777"}
    at_door(
        life, result, "deliver", said | ({"proof": "decision"} if exemption else {}), **home,
        proof=[("CODE", life.code("result_sent"))],
    )  # fmt: skip
    assert paid(dossier) == Purse(postage + (0 if exemption else 52_000), 15_000)
    assert life.packet(dossier, Kind.RESULT).state == State.DELIVERED and faults() == []
    assert all(one.ended for one in packets.of_dossier(dossier.id))
