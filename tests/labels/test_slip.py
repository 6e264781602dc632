"""What a citizen, a courier and a desk officer read on the slip."""

import io
import re
import threading
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import pypdf
import pytest

import labels
from labels import Form, Identity, MissingGlyph, Paper, fields, fonts
from labels.leaf import Leaf
from tests.labels.samples import BLANK, CITIZEN, INBOUND, LONG, OUTBOUND, PAPERS

VIETNAMESE = "".join(
    letter + letter.upper()
    for letter in "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđbcdghklmnpqrstvxfjwz"
)


@lru_cache
def pages(*slips: labels.Slip) -> list[str]:
    reader = pypdf.PdfReader(io.BytesIO(labels.render("slip", slips)))
    return [flat(page.extract_text()) for page in reader.pages]


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("copy", [1, 2, 3])
@pytest.mark.parametrize("slip", [INBOUND, OUTBOUND, BLANK], ids=["inbound", "outbound", "blank"])
@pytest.mark.parametrize("field", fields.REQUIRED, ids=lambda field: field.name)
def test_every_required_field_is_on_the_page(field: fields.Field, slip: labels.Slip, copy: int) -> None:
    text = " ".join(pages(replace(slip, copy=copy)))
    for wanted in field.printed(replace(slip, copy=copy)):
        assert flat(wanted) in text


def test_text_comes_back_exactly_as_it_was_given() -> None:
    name = "Nguyễn Thị Ngọc Huyền – “Út” Đặng Thuỵ Ỷ Ẫ … 5 × 20.000 ₫"
    assert name in pages(replace(INBOUND, matter=name))[0]


def test_every_vietnamese_letter_prints() -> None:
    words = " ".join(VIETNAMESE[i : i + 8] for i in range(0, len(VIETNAMESE), 8))
    text = " ".join(pages(replace(INBOUND, note=words + " Đđ ₫ – … ×")))
    assert squeezed(words) in squeezed(text)
    assert "Đđ ₫ – … ×" in text


def test_every_fixed_text_of_the_slip_has_its_glyphs() -> None:
    for slip in (INBOUND, OUTBOUND, BLANK, LONG):
        for field in fields.REQUIRED:
            assert all(not labels.missing(text) for text in field.printed(slip))


def test_decomposed_letters_print_composed() -> None:
    assert "Nguyễn Thị Mơ" in pages(replace(INBOUND, sender=replace(CITIZEN, name="Nguyễn Thị Mơ")))[0]


def test_a_hyphen_that_must_not_be_broken_prints_as_a_hyphen() -> None:
    assert labels.missing("TT\u2011BTP") == "" and fonts.clean("TT\u2011BTP") == "TT-BTP"


def test_invisible_characters_are_left_out() -> None:
    assert "Nguyễn Thị Mơ" in pages(replace(INBOUND, sender=replace(CITIZEN, name="Nguyễn\u200b Thị\ufeff Mơ")))[0]


@pytest.mark.parametrize("character", ["✓", "☐", "→", "王", "🙂"])
def test_a_character_without_a_glyph_is_an_error_that_names_it(character: str) -> None:
    with pytest.raises(MissingGlyph, match=f"U\\+{ord(character):04X}") as refusal:
        labels.render("slip", [replace(INBOUND, note=f"Ghi chú {character}")])
    assert refusal.value.character == character
    assert labels.missing(f"Ghi chú {character}") == character


def test_nothing_is_written_when_a_slip_cannot_be_printed() -> None:
    file = io.BytesIO()
    with pytest.raises(MissingGlyph):
        labels.render_to(file, "slip", [INBOUND, replace(INBOUND, note="✓")])
    assert file.getvalue() == b""


def test_missing_fonts_say_what_to_do(tmp_path: object) -> None:
    fonts.use(str(tmp_path))
    try:
        with pytest.raises(FileNotFoundError, match="make assets"):
            labels.render("slip", [INBOUND])
    finally:
        fonts.use()


def test_the_same_slip_gives_the_same_bytes() -> None:
    assert labels.render("slip", [INBOUND, LONG]) == labels.render("slip", [INBOUND, LONG])


def test_rendering_to_a_file_writes_what_render_returns() -> None:
    file = io.BytesIO()
    labels.render_to(file, "slip", (slip for slip in [INBOUND, OUTBOUND]))
    assert file.getvalue() == labels.render("slip", [INBOUND, OUTBOUND])


def test_threads_printing_at_once_do_not_disturb_each_other() -> None:
    slips = [INBOUND, OUTBOUND, BLANK, LONG]
    alone = [labels.render("slip", [slip]) for slip in slips]
    together: list[list[bytes]] = [[] for _ in slips]

    def print_often(index: int) -> None:
        for _ in range(4):
            together[index].append(labels.render("slip", [slips[index]]))

    threads = [threading.Thread(target=print_often, args=(index,)) for index in range(len(slips))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [[one] * 4 for one in alone]


def test_the_document_says_its_language_and_title_and_nothing_personal() -> None:
    reader = pypdf.PdfReader(io.BytesIO(labels.render("slip", [INBOUND])))
    assert reader.trailer["/Root"]["/Lang"] == "vi-VN"
    assert reader.metadata is not None
    assert reader.metadata.title == "Phiếu gửi hồ sơ"
    said = " ".join(str(value) for value in reader.metadata.values())
    for secret in (INBOUND.sender.name, INBOUND.number, INBOUND.matter, INBOUND.sender.phone):
        assert secret not in said


def test_the_fonts_are_embedded_and_subset() -> None:
    reader = pypdf.PdfReader(io.BytesIO(labels.render("slip", [INBOUND])))
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            name = font.get_object()["/BaseFont"]
            assert "BeVietnamPro" in name and "+" in name
            assert "/FontFile2" in font.get_object()["/FontDescriptor"]


def test_the_copy_in_hand_is_named_and_the_others_are_not() -> None:
    for copy in (1, 2, 3):
        text = pages(replace(INBOUND, copy=copy))[0]
        assert [number for number in (1, 2, 3) if f"LIÊN {number}" in text] == [copy]


def test_the_tracking_number_is_printed_only_when_it_differs() -> None:
    assert "Mã theo dõi: HS-260828-000215-7" in pages(OUTBOUND)[0]
    assert "Mã theo dõi" not in pages(replace(INBOUND, tracking=INBOUND.number))[0]


def test_a_test_number_is_marked_on_every_page() -> None:
    assert all("SỐ THỬ" in page for page in pages(LONG))
    assert not any("SỐ THỬ" in page for page in pages(INBOUND))


def test_ten_papers_are_all_listed_and_the_rest_go_to_the_continuation_sheet() -> None:
    many = tuple(replace(PAPERS[0], name=f"Giấy tờ thứ {word}") for word in "ABCDEĐGHIK")
    printed = pages(replace(INBOUND, papers=many))
    assert len(printed) == 4
    assert "Cộng: 10 giấy tờ" in printed[0]
    assert "tờ nối" in printed[0]
    assert "Tờ nối của phiếu gửi HS-260828-000215-7" in printed[2]
    listed = printed[0] + printed[2]
    assert all(listed.count(paper.name) == 1 for paper in many)


@pytest.mark.parametrize("count", [6, 7, 8])
def test_a_paper_more_than_the_front_has_room_for_prints_no_second_sheet(count: int) -> None:
    many = tuple(replace((PAPERS * 2)[nth], name=f"Giấy tờ thứ {nth}") for nth in range(count))
    printed = pages(replace(INBOUND, papers=many))
    assert len(printed) == 2 and f"Cộng: {sum(paper.form is not Form.DATA for paper in many)} giấy tờ" in printed[0]
    listed = printed[0] + printed[1]
    assert all(listed.count(paper.name) == 1 for paper in many)
    if count == 8:
        assert "Dòng 8: tiếp" in printed[0] and "Phần tiếp, quyền, nghĩa vụ, bồi thường: xem mặt 2." in printed[0]
        assert "THỦ TỤC: giấy tờ (tiếp)" in printed[1] and "tờ nối" not in listed
    else:
        assert "phần tiếp" not in listed.lower()


def test_where_counts_are_written_by_hand_the_rows_stay_tall_enough_to_write_in() -> None:
    by_hand = tuple(replace((PAPERS * 2)[nth], name=f"Giấy tờ thứ {nth}", sheets=None) for nth in range(7))
    printed = pages(replace(INBOUND, papers=by_hand))
    assert "Dòng 6–7: tiếp" in printed[0] and len(printed) == 4


def test_a_hundred_papers_keep_their_heads_on_every_page() -> None:
    many = tuple(Paper(f"Giấy tờ dài số {number} " + "rất dài " * 12, Form.COPY) for number in range(1, 101))
    printed = pages(replace(INBOUND, papers=many))
    assert len(printed) % 2 == 0
    assert all("Chứng thực" in page for page in printed[2:] if "Giấy tờ dài" in page)
    assert all(sum(f"Giấy tờ dài số {number} " in page for page in printed) == 1 for number in range(1, 101))


def test_every_slip_fills_whole_sheets_so_the_next_begins_on_paper_of_its_own() -> None:
    assert [len(pages(slip)) % 2 for slip in (INBOUND, OUTBOUND, BLANK, LONG)] == [0, 0, 0, 0]


def test_a_note_of_ten_thousand_letters_is_cut_on_the_front_and_stands_in_full_after_it() -> None:
    note = " ".join(f"câu{number}" for number in range(1, 1400))
    assert len(note) > 10_000
    printed = pages(replace(INBOUND, note=note))
    assert "…" in printed[0]
    body = " ".join(printed[2:])
    assert all(f"câu{number} " in body + " " for number in range(1, 1400))


def test_what_is_cut_on_the_front_stands_in_full_on_the_continuation_sheet() -> None:
    after = squeezed(" ".join(pages(LONG)[2:]))
    for text in (
        LONG.sender.name,
        LONG.recipient.name,
        ", ".join(LONG.recipient.address),
        LONG.matter,
        LONG.sender.email,
    ):
        assert squeezed(text) in after


def test_a_sum_of_which_lines_stand_on_the_continuation_sheet_says_so() -> None:
    assert "tờ nối" not in pages(INBOUND)[0]
    many = pages(replace(INBOUND, charges=INBOUND.charges * 4))
    assert "Tổng cộng, cả phần tiếp" in many[0] and "Có tờ nối" in many[0] and "TIỀN (tiếp)" in " ".join(many[2:])


def test_an_identity_paper_shows_four_characters_and_no_more() -> None:
    with pytest.raises(ValueError, match="last four"):
        Identity("CCCD", "074090120215")


def test_the_time_on_paper_is_local_and_needs_a_zone() -> None:
    assert "8 giờ 42, Thứ Sáu, 28/8/2026" in pages(INBOUND)[0]
    with pytest.raises(ValueError, match="zone"):
        labels.render("slip", [replace(INBOUND, accepted_at=datetime(2026, 8, 28, 8, 42))])


def test_postage_and_fee_are_never_added_without_being_told_apart() -> None:
    assert "Tổng cộng 85.000 Cước 60.000 + lệ phí 25.000" in pages(INBOUND)[0]


@pytest.mark.parametrize("change", [{"copy": 4}, {"copy": 0}, {"service": 4}, {"issue": 0}, {"quality": -1}])
def test_a_slip_that_cannot_be_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        replace(INBOUND, **change)


def test_an_unknown_format_and_an_empty_list_are_refused() -> None:
    with pytest.raises(ValueError, match="slip"):
        labels.render("stamp", [INBOUND])
    with pytest.raises(ValueError, match="nothing"):
        labels.render("slip", [])


def test_a_document_written_piece_by_piece_is_the_one_the_library_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = labels.render("slip", [INBOUND, LONG])

    def theirs(leaf: Leaf, file: io.BytesIO) -> None:
        file.write(leaf.getpdfdata())

    monkeypatch.setattr(Leaf, "write_to", theirs)
    assert labels.render("slip", [INBOUND, LONG]) == ours


def test_the_back_is_kept_once_for_all_slips_that_share_it() -> None:
    many = [replace(INBOUND, number=f"HS-260828-{serial:06}-1") for serial in range(20)]
    one, twenty = len(labels.render("slip", many[:1])), len(labels.render("slip", many))
    back = len(labels.render("slip", [replace(INBOUND, office_phone="0900 000 999")] + many[:1])) - len(
        labels.render("slip", many[:2])
    )
    assert back > 2000
    assert twenty - one < 19 * 6500
    assert all("TRÁCH NHIỆM CỦA BƯU CHÍNH" in page for page in pages(*many)[1::2])
