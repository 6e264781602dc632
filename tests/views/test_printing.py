"""The papers of a packet, from the pages where it is worked on: what they say is what the record says, and who had whose
name printed stands in the log of views."""

from datetime import timedelta
from io import BytesIO

import pypdf
import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp
from flask.testing import FlaskClient

from app.db import atomically, db
from app.domain import batches, calendar, corrections, numbers, slips, visits
from app.domain.audit import AuditLine, ViewLine
from app.domain.packets import Packet, Way
from labels.words import say_instant
from tests.domain.test_money import CASH, paid
from tests.views.test_papers import text_of
from tests.world import MONDAY, World

LONG_NAME = (
    "Chi nhánh Công ty Trách nhiệm hữu hạn Một thành viên Dịch vụ Bưu chính và Chuyển phát nhanh Khu vực Đông Nam Bộ"
)
LONG_STREET = "Số 123/45/67A hẻm 89 đường Nguyễn Thị Minh Khai nối dài"


def sheet(client: FlaskClient, packet: Packet, name: str, place: str = "office") -> str:
    answer = client.get(f"/{place}/packets/{packet.number}/print/{name}.pdf")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf"), answer.text
    return " ".join(text_of(answer.data).split())


def offered(client: FlaskClient, packet: Packet, place: str = "office") -> set[str]:
    page = client.get(f"/{place}/packets/{packet.number}").text
    start = f"/{place}/packets/{packet.number}/print/"
    return {part.split(".pdf")[0] for part in page.split(start)[1:] if ".pdf" in part.split('"')[0]}


def viewed(page: str) -> list[int]:
    return list(db.session.scalars(sa.select(ViewLine.dossier_id).where(ViewLine.page == page)))


def test_the_receipts_of_a_real_collection_say_what_was_counted_and_paid(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    packet = paid(world, world.phone())
    client = sign_in(world.clerk)
    assert offered(client, packet) == {
        "label",
        "label_small",
        "receipt_papers",
        "receipt_money",
        "rewrap",
        "authorisation",
    }
    money = sheet(client, packet, "receipt_money")
    for said in (
        "26.000",
        "15.000",
        "000321",
        "75.000",
        "Nguyễn Thị Mơ",
        world.courier.name,
        "CƯỚC BƯU CHÍNH",
        "PHÍ, LỆ PHÍ THU HỘ",
    ):
        assert said in money, said
    assert "15.000 000321 Tiền mặt" in money  # each under its own head
    papers = sheet(client, packet, "receipt_papers")
    for paper in packet.papers:
        assert paper.name in papers
    assert world.courier.name in papers and packet.number in papers
    assert viewed("print.receipt_money") == [packet.dossier_id]
    citizen = world.app.test_client()
    secret = packet.dossier.secret
    page = citizen.get(f"/t/{secret}").text
    for name in ("receipt_papers", "receipt_money", "authorisation"):
        assert f"/t/{secret}/print/{name}.pdf" in page
        assert citizen.get(f"/t/{secret}/print/{name}.pdf").data.startswith(b"%PDF")
    for other in ("label", "control", "rewrap", "stamp"):
        assert citizen.get(f"/t/{secret}/print/{other}.pdf").status_code == 404


def test_money_that_was_taken_back_has_no_receipt_and_a_bank_transfer_says_so(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    phone = world.phone()
    by_bank = paid(world, phone, {"money": {"paid_by": "transfer"}})
    client = sign_in(world.clerk)
    assert "Chuyển khoản" in sheet(client, by_bank, "receipt_money")
    wrong = paid(world, phone, CASH)
    act = world.act(world.clerk, MONDAY + timedelta(hours=1))
    atomically(corrections.correct, wrong, act, head=wrong.head, reason="wrong_packet", second=world.dispatcher)
    assert "receipt_money" not in offered(client, world.fresh(wrong))
    refused = client.get(f"/office/packets/{wrong.number}/print/receipt_money.pdf")
    assert refused.status_code == 409 and refused.content_type.startswith("text/html")


def test_the_letter_at_the_door_is_the_first_then_the_second_of_a_real_failed_delivery(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    packet, phone, client = world.packet(Way.OUT), world.phone(), sign_in(world.clerk)
    assert "invitation" not in offered(client, packet)
    world.on_round(packet)
    world.record(phone.scan(world.fresh(packet), "take", giver=packet.holder_id))
    facts = {"reason": "nobody_home", "next": "invite", "seal": None, "sheets": None}
    world.record(phone.scan(world.fresh(packet), "miss", giver=None, taker=None, **facts))
    letter = sheet(client, packet, "invitation")
    for said in ("Giấy mời lần 1", "không gặp người nhận", world.courier.name, "7:30–17:00", packet.number):
        assert said in letter, said
    assert packet.dossier.procedure.official_name not in letter


def test_a_label_of_one_packet_comes_for_sheets_and_for_thermal_printers(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    packet, client = world.packet(), sign_in(world.clerk)
    for name, size in (("label", (100, 150)), ("label_small", (76, 51))):
        data = client.get(f"/office/packets/{packet.number}/print/{name}.pdf").data
        document = pypdfium2.PdfDocument(data)
        assert tuple(round(side / 72 * 25.4) for side in document[0].get_size()) == size
        image = document[0].render(scale=200 / 72).to_pil().convert("L")
        document.close()
        (code,) = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
        assert code.text == slips.token_url(packet, world.app.extensions["settings"].base_url)
        zpl = client.get(f"/office/packets/{packet.number}/print/{name}.zpl")
        assert zpl.text.startswith("^XA") and code.text in zpl.text
    assert client.get(f"/office/packets/{packet.number}/print/rewrap.zpl").status_code == 404


@pytest.mark.parametrize("end", ["pdf", "zpl"])
def test_what_only_the_large_label_holds_is_said_and_nothing_breaks(world: World, sign_in, end: str) -> None:  # type: ignore[no-untyped-def]
    packet = world.packet(Way.OUT)
    packet.dossier.citizen.name, packet.dossier.citizen.street = LONG_NAME, LONG_STREET
    db.session.commit()
    client = sign_in(world.clerk)
    start = f"/office/packets/{packet.number}/print"
    refused = client.get(f"{start}/label_small.{end}")
    assert refused.status_code == 409 and packet.number in refused.text
    assert client.get(f"{start}/label.{end}").status_code == 200
    assert client.get(f"/office/packets/{packet.number}").status_code == 200


@pytest.mark.parametrize("how", ["", "?progress=1"])
def test_a_day_of_small_labels_names_the_one_that_has_no_room(world: World, sign_in, how: str) -> None:  # type: ignore[no-untyped-def]
    packet = world.packet(Way.OUT)
    world.on_round(packet)
    packet.dossier.citizen.name, packet.dossier.citizen.street = LONG_NAME, LONG_STREET
    db.session.commit()
    day, client = visits.current(packet.id).slot.day, sign_in(world.dispatcher)  # type: ignore[union-attr]
    refused = client.get(f"/dispatch/{day}/print/small_labels{how}")
    assert refused.status_code == 409 and packet.number in refused.text
    assert client.get(f"/dispatch/{day}/print/labels{how}").status_code == 200


def test_the_record_of_a_damaged_bag_knows_what_was_said_of_it(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    packet = world.collected(world.phone())
    blank = sheet(sign_in(world.clerk), packet, "rewrap")
    assert numbers.spoken_seal("NP0045821") in blank and "Bao bị rách" not in blank
    act = world.act(world.courier, MONDAY + timedelta(hours=1))
    atomically(corrections.damage, packet, act, reason="torn", photo_sha256="0" * 64)
    atomically(corrections.reseal, world.fresh(packet), act, old="NP0045821", new="NP0077777", second=world.dispatcher)
    said = sheet(sign_in(world.clerk), world.fresh(packet), "rewrap")
    assert "Không nộp" not in said  # what the desk looks up by itself never lay in the bag
    assert " ".join(say_instant(calendar.local(act.at)).split()) in said  # when it was found, whenever it is printed
    for words in ("Bao bị rách", "NP 0045 821", "NP 0077 777", world.courier.name, world.dispatcher.name):
        assert words in said, words


def test_another_office_prints_nothing_of_it(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    packet = world.collected(world.phone())
    for user, place in ((world.stranger, "office"), (world.strange_officer, "desk")):
        for name in ("label", "authorisation", "rewrap", "stamp"):
            assert sign_in(user).get(f"/{place}/packets/{packet.number}/print/{name}.pdf").status_code == 404
    assert sign_in(world.officer).get(f"/desk/packets/{packet.number}/print/receipt_money.pdf").status_code == 404
    assert viewed("print.label") == []


def test_a_days_print_logs_whose_names_it_holds_once_a_day(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    packet, result = world.packet(), world.packet(Way.OUT)
    for one in (packet, result):
        world.on_round(one, world.courier if one is packet else world.second_courier)
    client = sign_in(world.dispatcher)
    day = visits.current(packet.id).slot.day  # type: ignore[union-attr]
    other = visits.current(result.id).slot.day  # type: ignore[union-attr]
    for _ in range(2):
        assert client.get(f"/dispatch/{day}/print/slips").status_code == 200
    assert sorted(viewed("day.slips")) == sorted(batches.named_on("slips", db.session.merge(world.post), day))
    assert len(db.session.scalars(sa.select(AuditLine).filter_by(action="printed_day")).all()) == 2
    lists = client.get(f"/dispatch/{other}/print/lists")
    text = " ".join(text_of(lists.data).split())
    assert result.number in text and packet.number not in text and "BẢNG KÊ GÓI GIAO BƯU TÁ" in text
    assert viewed("day.lists") == [result.dossier_id]
    assert len(pypdf.PdfReader(BytesIO(lists.data)).pages) == 1
    empty = client.get("/dispatch/2027-01-04/print/slips")
    assert empty.status_code == 409 and len(viewed("day.slips")) == len(set(viewed("day.slips")))


@pytest.mark.parametrize("whose", ["office", "procedure", "staff"])
def test_a_letter_no_paper_can_bear_is_told_with_its_words_and_nothing_breaks(
    world: World, sign_in, whose: str
) -> None:  # type: ignore[no-untyped-def]
    packet = world.packet()
    world.on_round(packet)
    visit = visits.current(packet.id)
    assert visit
    named = {"office": packet.dossier.post_office, "procedure": packet.dossier.procedure, "staff": visit.courier}[whose]
    setattr(named, "official_name" if whose == "procedure" else "name", "Nguyễn 漢 Dĩ An")
    db.session.commit()
    day, paper = visit.slot.day, "rounds" if whose == "staff" else "slips"
    client = sign_in(world.dispatcher)
    refused = client.get(f"/dispatch/{day}/print/{paper}")
    assert refused.status_code == 422 and "“Nguyễn 漢 Dĩ An”" in refused.text and "không in được: 漢" in refused.text
    assert b"pdf" not in client.get(f"/dispatch/{day}/print/{paper}?progress=1").data
    assert world.fresh(packet).state == "WAITING"
    if whose == "staff":
        return
    clerk, citizen = sign_in(world.clerk), world.app.test_client()
    for address in (f"/office/packets/{packet.number}/slip.pdf", f"/t/{packet.dossier.secret}/slip.pdf"):
        assert "“Nguyễn 漢 Dĩ An”" in (clerk if "office" in address else citizen).get(address).text
    if whose == "office":
        for kind in ("label.pdf", "label.zpl"):
            assert clerk.get(f"/office/packets/{packet.number}/print/{kind}").status_code == 422
