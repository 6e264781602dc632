"""The proof of the day: for the citizen a page and a sheet of paper, for anybody else a page that says whether it is genuine."""

import io
import re

import pypdf
import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp
from flask.testing import FlaskClient

from app.db import atomically, db
from app.domain import certificates, packets
from app.domain.checkpoints import Leaf
from app.domain.ledger import Handoff
from app.domain.packets import Packet, Way
from app.domain.scans import ScanRow
from tests.api.test_checkpoints import Log
from tests.forging import superuser
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("ticking_monday")

PRIVATE = ("Nguyễn Thị Mơ", "Mẫu Đơn", "900000123", "Trần Văn Bưởi", "giấy khai sinh", "Nhị Đồng")


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


def page_of(packet: Packet) -> str:
    return f"/t/{packet.dossier.secret}/certificate"


def number_of(world: World, packet: Packet) -> str:
    return certificates.number_of(packet, world.keys)


def test_nothing_is_certified_while_the_papers_are_at_home(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    assert "/certificate" not in client.get(f"/t/{packet.dossier.secret}").text
    for end in ("", ".pdf"):
        assert client.get(page_of(packet) + end).status_code == 404
    assert client.get(f"/c/{number_of(world, packet)}").status_code == 404


def test_the_page_says_day_ward_and_line_and_names_nobody(world: World, client: FlaskClient) -> None:
    packet = world.collected(world.phone())
    assert page_of(packet) in client.get(f"/t/{packet.dossier.secret}").text
    Log(world.app).sign()
    answer = client.get(page_of(packet))
    said = answer.text.split('id="main"')[1]
    assert answer.status_code == 200
    for word in (
        packet.number,
        "9:00",
        "23/11/2026",
        "phường Dĩ An",
        "TP. Hồ Chí Minh",
        "NP\u00a00045\u00a0821",
        "dòng 1 trong 1",
    ):
        assert word in said, word
    assert "ngày bưu tá nhận" in said and "postmark" not in said
    assert "the post took this packet at 9:00 on 23 November 2026" in re.sub(r"\n +", " ", said)
    assert not [word for word in PRIVATE if word in said]


def test_once_the_ward_has_signed_it_is_the_proof_of_filing(world: World, client: FlaskClient) -> None:
    packet = world.collected(world.phone())

    def sign() -> None:
        db.session.get_one(Packet, packet.id).dossier.submitted_at = MONDAY.replace(hour=16)

    atomically(sign)
    said = re.sub(r"\n +", " ", client.get(page_of(packet)).text)
    assert "Giấy chứng ngày nộp" in said and "postmark" in said and "16:00" in said
    assert "Proof of the day of filing: the ward signed for this packet at 16:00 on 23 November 2026" in said
    assert "the post took" not in said and "Lượt nhận vào sổ lúc" in said
    checked = client.get(f"/c/{number_of(world, packet)}").text
    assert "16:00" in checked


def test_the_code_on_the_paper_leads_to_the_check_and_holds_no_person(world: World, client: FlaskClient) -> None:
    packet = world.collected(world.phone())
    answer = client.get(f"{page_of(packet)}.pdf")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert answer.headers["X-Robots-Tag"] == "noindex"
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.data)).pages)
    assert packet.number in text and "phường Dĩ An" in text
    assert not [word for word in PRIVATE if word in text]
    picture = pypdfium2.PdfDocument(answer.data)[0].render(scale=4).to_pil()
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == f"HTTP://LOCALHOST/C/{number_of(world, packet)}"
    assert packet.dossier.secret not in code.text
    checked = client.get(code.text.removeprefix("HTTP://LOCALHOST"))
    assert checked.status_code == 200 and packet.number in checked.text


def test_anybody_may_check_and_learns_no_person_and_no_link(world: World, client: FlaskClient) -> None:
    packet = world.collected(world.phone())
    number = number_of(world, packet)
    Log(world.app).sign()
    answer = client.get(f"/c/{number}")
    said = answer.text.split('id="main"')[1]
    assert answer.status_code == 200 and "Giấy này là thật" in said
    for word in (packet.number, "23/11/2026", "phường Dĩ An", "dòng 1 trong 1"):
        assert word in said, word
    assert packet.dossier.secret not in answer.text
    assert not [word for word in PRIVATE if word in said]
    client.get("/language/en?back=/")
    assert "This proof is genuine" in client.get(f"/c/{number}").text


def test_a_number_typed_from_paper_is_understood(world: World, client: FlaskClient) -> None:
    number = number_of(world, world.collected(world.phone()))
    typed = " ".join(number[at : at + 4] for at in range(0, 32, 4)).lower().replace("0", "o").replace("1", "l")
    answer = client.get("/c", query_string={"number": typed})
    assert (answer.status_code, answer.location) == (302, f"/c/{number}")
    assert 'name="number"' in client.get("/c").text


def test_every_other_number_gets_the_same_answer_and_is_soon_told_to_wait(world: World, client: FlaskClient) -> None:
    packet, waiting = world.collected(world.phone()), world.packet()
    number = number_of(world, packet)
    others = [number[:-1] + ("0" if number[-1] != "0" else "1"), number[:16] + "0" * 16, number_of(world, waiting),
              "X" * 32, number[:-1], number + "0", "x" * 133]  # fmt: skip
    answers = [client.get(f"/c/{other}") for other in others]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text.split('id="main"')[1].split("<footer")[0] for answer in answers}) == 1
    for _ in range(20 - len(others)):
        client.get(f"/c/{'0' * 32}")
    assert client.get(f"/c/{'0' * 32}").status_code == 429
    assert client.get(f"/c/{number}").status_code == 200, "whoever holds the paper is not kept waiting"


def test_what_was_changed_behind_our_back_is_not_confirmed(world: World, client: FlaskClient) -> None:
    packet = world.collected(world.phone())
    world.collected(world.phone(world.second_courier))
    number = number_of(world, packet)
    Log(world.app).sign()
    changes = [
        sa.update(Handoff).values(recorded_at=MONDAY.replace(day=20)),
        sa.update(ScanRow).values(body=b"{}"),
        sa.update(Leaf).values(leaf_hash=b"\1" * 32),
    ]
    for change in changes:
        table = change.table  # type: ignore[attr-defined]
        with db.engine.connect() as connection:
            kept = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        with superuser() as raw:
            raw.execute(change)
        said = client.get(f"/c/{number}").text
        assert "Sổ không khớp với giấy" in said and "Giấy này là thật" not in said, table
        with superuser() as raw:
            raw.execute(sa.delete(table))
            raw.execute(sa.insert(table), kept)
    assert "Giấy này là thật" in client.get(f"/c/{number}").text


def test_a_contested_collection_is_not_certified(world: World, client: FlaskClient) -> None:
    one, two, packet = world.phone(), world.phone(world.second_courier), world.packet()
    proof = [("CODE", world.code(packet))]
    for scan in [phone.scan(world.fresh(packet), "collect", proof=proof) for phone in (one, two)]:
        world.record(scan)
    assert world.fresh(packet).state == "DISPUTED"
    assert client.get(f"/c/{number_of(world, world.fresh(packet))}").status_code == 404
    assert client.get(page_of(world.fresh(packet))).status_code == 404


def test_the_way_back_has_no_proof_of_its_own(world: World, client: FlaskClient) -> None:
    going = world.packet(Way.OUT)
    world.record(world.phone().scan(going, "take"))
    going = world.fresh(going)
    assert certificates.of(going, world.keys, None) is None
    assert packets.of_dossier(going.dossier_id)
