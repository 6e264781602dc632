"""Slips: the paper says what the dossier says, its code is the packet's token, and any name can be printed."""

import re
from io import BytesIO

import numpy as np
import pypdf
import pytest
import zxingcpp

import labels
from app.config import Settings
from app.db import atomically, db
from app.domain import numbers, packets, slips, tokens
from app.domain.bodies import Extra
from app.domain.packets import Kind, Way
from labels import qr
from tests.world import MONDAY, World

BASE = "https://hoso.vi-du.test"


def text_of(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(data)).pages)


def test_a_slip_carries_number_persons_papers_and_money_line_by_line(world: World) -> None:
    packet = world.packet()
    slip = slips.slip_of(packet, BASE)
    assert slip.number == packet.number and slip.tracking == ""
    assert (
        slip.sender.name == "Nguyễn Thị Mơ" and slip.recipient.name == "Trung tâm Phục vụ hành chính công phường Dĩ An"
    )
    assert [(charge.amount, charge.stream.value) for charge in slip.charges] == [
        (26_000, "postage"), (26_000, "postage"), (8_000, "postage"), (15_000, "fee"),
    ]  # fmt: skip
    assert [paper.form.value for paper in slip.papers] == ["original", "certified", "copy", "data"]
    assert slip.seal == "" and slip.accepted_at is None
    assert packet.number in text_of(slips.pdf([packet], BASE, copies=(1,)))


@pytest.mark.parametrize(
    "fee, later, note, said",
    [
        (0, False, "Phường báo khi nhận hồ sơ", "Phường báo khi nhận hồ sơ"),
        (0, False, "", "Không thu"),
        (15_000, True, "", "15.000 đ, khi nhận"),
    ],
)
def test_a_slip_tells_the_wards_fee_apart_even_when_the_door_asks_for_none(
    world: World, fee: int, later: bool, note: str, said: str
) -> None:
    packet = world.packet()
    procedure = packet.dossier.procedure
    procedure.fee, procedure.fee_at_delivery, procedure.fee_note = fee, later, note
    db.session.commit()
    charge = slips.slip_of(packet, BASE).charges[-1]
    assert (charge.amount, charge.stream, charge.method) == (0, labels.Stream.FEE, said)
    text = " ".join(text_of(slips.pdf([packet], BASE, copies=(1,))).split())
    assert f"Lệ phí nộp cho phường – {said}" in text and "Tổng cộng 52.000" in text
    assert ("Cước nộp hộ lệ phí – 8.000 đ, khi nhận" in text) is later
    assert "Biên lai" not in text


def test_the_code_on_the_slip_is_the_packets_token_and_nothing_else(world: World) -> None:
    packet = world.packet()
    url = slips.token_url(packet, BASE)
    assert url == url.upper()
    assert tokens.read(world.keys, url.rsplit("/", 1)[1]).code == packet.code
    side, path = slips.drawing(packet, BASE)
    assert side >= 41 + 8 and path.startswith("M4 4h7v1h-7z")


def test_the_drawing_on_the_screen_reads_as_the_same_code(world: World) -> None:
    packet = world.packet()
    side, path = slips.drawing(packet, BASE)
    picture = np.full((side, side), 255, np.uint8)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1", path):
        picture[int(y), int(x) : int(x) + int(width)] = 0
    (read,) = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), np.uint8)))
    assert read.text == slips.token_url(packet, BASE)


def test_after_collection_the_slip_says_seal_and_time(world: World) -> None:
    slip = slips.slip_of(world.collected(world.phone()), BASE)
    assert slip.seal == "NP 0045 821"
    assert slip.accepted_at == MONDAY and slip.due is not None


def test_after_collection_the_slip_says_what_was_shown_paid_and_by_whom_it_was_received(world: World) -> None:
    packet = world.packet()
    said = [("CODE", world.code(packet)), ("ID_SEEN", "citizen_card"), ("RECIPIENT", "self")]
    paid = {"money": {"paid_by": "transfer", "receipt": "000321", "postage": 60_000, "fee": 15_000}}
    world.record(world.phone().scan(world.fresh(packet), "collect", proof=said, extra=Extra.read({"salt": "s"} | paid)))
    slip = slips.slip_of(world.fresh(packet), BASE)
    assert (slip.identity, slip.authorisation) == (labels.Identity("CCCD"), "không")
    assert [(charge.method, charge.receipt) for charge in slip.charges] == [("Chuyển khoản", "")] * 3 + [
        ("Chuyển khoản", "000321")
    ]
    text = " ".join(text_of(slips.pdf([packet], BASE, copies=(1,))).split())
    assert "Đã xem: CCCD, 4 số cuối:" in text and "Biên lai 000321" in text and "Ủy quyền: không" in text


def test_whoever_the_citizen_named_to_receive_stands_on_the_slip_of_the_result(world: World) -> None:
    packet = world.packet(Way.OUT)
    packet.dossier.citizen.proxy = "Nguyễn Văn Đậu"
    db.session.commit()
    assert slips.slip_of(packet, BASE).authorisation == "Nguyễn Văn Đậu nhận thay, có giấy ủy quyền"


@pytest.mark.parametrize("kind", [Kind.RESULT, Kind.RETURNED_PAPERS])
def test_a_slip_for_the_way_home_has_the_ward_as_its_sender(world: World, kind: Kind) -> None:
    packet = world.packet(Way.OUT, kind)
    packet.dossier.result_papers = [{"name": "Trích lục", "form": "original", "copies": 1, "sheets": 1}]
    db.session.commit()
    slip = slips.slip_of(packet, BASE)
    assert slip.sender.name == "Trung tâm Phục vụ hành chính công phường Dĩ An" and slip.charges[0].amount == 0
    assert slips.pdf([packet], BASE).startswith(b"%PDF")


def test_a_name_kept_with_letters_the_typeface_lacks_says_that_they_are_to_be_written(world: World) -> None:
    packet = world.packet()
    packet.dossier.citizen.name = "Nguyễn 🌸 Mơ 漢"
    db.session.commit()
    assert slips.slip_of(packet, BASE).sender.name == "Nguyễn [?] Mơ [?]"
    text = " ".join(text_of(slips.pdf([packet], BASE, copies=(1,))).split())
    assert "Nguyễn [?] Mơ [?]" in text and "Chỗ [?]: chữ máy không in được, viết tay" in text


def test_a_result_says_which_old_papers_are_asked_back(world: World) -> None:
    packet = world.packet(Way.OUT)
    packet.dossier.surrender = [{"name": "Giấy hẹn trả kết quả", "form": "original", "sheets": 1}]
    db.session.commit()
    assert [paper.name for paper in slips.slip_of(packet, BASE).recovered] == ["Giấy hẹn trả kết quả"]
    assert "Giấy hẹn trả kết quả" in text_of(slips.pdf([packet], BASE, copies=(1,)))


def test_a_number_from_a_test_range_is_marked_on_paper(world: World) -> None:
    atomically(numbers.load_pool, "RR", 47312482, 47312499, MONDAY, is_test=True)
    packet = world.packet()
    assert slips.slip_of(packet, BASE).mark == "SỐ THỬ"
    assert slips.slip_of(packet, BASE).tracking == packet.dossier.number


def test_a_reprint_is_the_next_issue(world: World) -> None:
    packet = world.packet()
    atomically(lambda: packets.issue_slip(db.session.merge(packet), 25942, world.act()))
    assert slips.slip_of(world.fresh(packet), BASE).issue == 2


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("letters", [4, 10, 11, 13, 14, 20])
def test_a_host_that_makes_the_codes_finer_is_said_at_the_start(world: World, settings: Settings, letters: int) -> None:
    packet = world.packet()
    said = settings.model_copy(update={"base_url": "https://" + "h" * letters}).finer_codes
    url = slips.token_url(packet, "https://" + "h" * letters)
    assert ("M" in said) == (len(qr.matrix(url, "M")) > 41)
    assert ("Q" in said) == (len(qr.matrix(url, "Q")) > 49)
