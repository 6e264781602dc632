"""Everything that can be printed: what must be on paper is there, the same item gives the same bytes, and what
cannot be printed is refused by the name of its field."""

import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import pypdf
import pypdfium2
import pytest
import zxingcpp

import labels
from labels import FORMATS, BadField, barcode, desk, stickers, words
from labels.check import Field
from tests.labels.reading import pages
from tests.labels.samples import INBOUND, LONG_WORDS
from tests.labels.test_slip import flat, squeezed

MM = 72 / 25.4
SAMPLES = {
    f"{name}-{number}": (name, item) for name, row in FORMATS.items() for number, item in enumerate(row.samples, 1)
}
DEMANDS = [
    pytest.param(name, item, field, id=f"{key}-{field.name}")
    for key, (name, item) in SAMPLES.items()
    for field in FORMATS[name].fields
]


@lru_cache
def text_of(name: str, item: Any) -> str:
    return flat(" ".join(pages(name, item)))


def stretched(item: Any, name: str = "") -> Any:
    """The item with the longest real names and addresses in every field that holds free text; on the small label,
    which refuses those, with as much as it holds."""
    if name == "label_small":
        return replace(item, name=LONG_WORDS["office"], address=LONG_WORDS["address"][2:])
    changes: dict[str, Any] = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if field.name in LONG_WORDS and value:
            changes[field.name] = LONG_WORDS[field.name]
        elif is_dataclass(value):
            changes[field.name] = stretched(value)
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            changes[field.name] = tuple(stretched(part) for part in value)
    return replace(item, **changes)


@pytest.mark.parametrize("name, item, field", DEMANDS)
def test_every_required_field_is_on_paper(name: str, item: Any, field: Field) -> None:
    for said in field.printed(item):
        assert flat(said) in text_of(name, item)


def test_every_format_says_what_must_be_on_paper_and_where_that_is_written() -> None:
    for row in FORMATS.values():
        assert row.fields and row.samples
        assert all(field.name and field.basis for field in row.fields)


A5, A5_ACROSS, A4, A4_ACROSS, THERMAL = (148, 210), (210, 148), (210, 297), (297, 210), (100, 150)
# fmt: off
PAPERS = {
    "slip": A5, "label": THERMAL, "label_small": (76, 51), "stickers": A4, "bag": THERMAL, "manifest": A4_ACROSS,
    "list_courier": A4_ACROSS, "list_office": A4_ACROSS, "receipt_papers": A5, "receipt_money": A5, "invitation": A5_ACROSS,
    "rewrap": A5, "authorisation": A5, "round": A4_ACROSS, "certificate": A5, "desk_receipt": A5, "desk_supplement": A5,
    "desk_refusal": A5, "desk_apology": A5, "desk_stop": A5, "desk_control": A5, "desk_register": A4_ACROSS,
}
# fmt: on


def test_every_paper_of_the_trade_is_there_in_its_size() -> None:
    assert {name: row.page for name, row in FORMATS.items()} == PAPERS
    assert (
        {item.way for item in FORMATS["slip"].samples}
        == {item.way for item in FORMATS["label"].samples}
        == set(labels.Way)
    )
    assert {item.call for item in FORMATS["invitation"].samples} == {1, 2}
    assert (stickers.COLUMNS, stickers.ROWS) == (3, 8)


def rectangles(name: str, item: Any) -> Iterator[tuple[float, float, list[tuple[float, ...]]]]:
    """Of every page its width, its height and every run of text, in mm from the lower left corner."""
    document = pypdfium2.PdfDocument(labels.render(name, [item]))
    for page in document:
        text = page.get_textpage()
        found = [tuple(edge / MM for edge in text.get_rect(number)) for number in range(text.count_rects())]
        yield page.get_width() / MM, page.get_height() / MM, found
        text.close()
        page.close()
    document.close()


@pytest.mark.parametrize("long", [False, True], ids=["usual", "long"])
@pytest.mark.parametrize("name, item", SAMPLES.values(), ids=SAMPLES)
def test_no_text_leaves_its_page_or_touches_another(name: str, item: Any, long: bool) -> None:
    (item,) = [
        stretched(one, name) if long else one for one in labels.sample(name) if replace(one, **_unmarked(one)) == item
    ]
    thermal = FORMATS[name].page[0] <= 100
    edge = 1.4 if thermal else 4.0
    for width, height, runs in rectangles(name, item):
        assert [round(width), round(height)] == list(FORMATS[name].page)
        for left, bottom, right, top in runs:
            assert left >= edge and right <= width - edge
            assert bottom >= (0.9 if thermal else 3.5) and top <= height - (0.9 if thermal else 3.5)
        for one, other in itertools.combinations(runs, 2):
            across = min(one[2], other[2]) - max(one[0], other[0])
            along = min(one[3], other[3]) - max(one[1], other[1])
            # Accents below one line and above the next may touch by a hair; text on text may not.
            assert across <= 0.1 or along <= 0.75


MARGINS = {(148, 210): 8, (210, 148): 10, (297, 210): 12}  # mm, of the forms; slip and stickers have their own


@pytest.mark.parametrize("name, item", [pair for pair in SAMPLES.values() if pair[0] not in ("slip", "stickers")])
def test_what_stands_on_a_form_keeps_to_its_margins(name: str, item: Any) -> None:
    """A number under its code may be a hair wider than the code, which ends at the margin."""
    if FORMATS[name].page in MARGINS:
        margin = MARGINS[FORMATS[name].page] - 0.7
        for width, _, runs in rectangles(name, item):
            assert all(left >= margin and right <= width - margin for left, _, right, _ in runs)


def _unmarked(item: Any) -> dict[str, Any]:
    if isinstance(item, labels.StickerSheet):
        return {"stickers": tuple(replace(one, mark="") for one in item.stickers)}
    return {"mark": ""}


@pytest.mark.parametrize("name, item", SAMPLES.values(), ids=SAMPLES)
def test_long_names_stand_in_full(name: str, item: Any) -> None:
    long = stretched(item, name)
    text = squeezed(text_of(name, long))
    for said in _texts(long, set(LONG_WORDS) - ({"office"} if name == "label_small" else set())):
        words = said.split()  # three by three, for a text may go on over a page
        assert all(squeezed("".join(words[at : at + 3])) in text for at in range(len(words) - 2))


def _texts(item: Any, names: set[str]) -> Iterator[str]:
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, str) and field.name in names:
            yield value
        elif isinstance(value, tuple) and value and isinstance(value[0], str) and field.name in names:
            yield ", ".join(value)
        elif is_dataclass(value):
            yield from _texts(value, names)


KEPT = ("phường Dĩ An", "khu phố Đông Chiêu", "TP. Hồ Chí Minh", "Thành phố Hồ Chí Minh")
OFTEN = ("Quầy một cửa", "phường Dĩ An", "Thành phố Hồ Chí Minh")


@pytest.mark.parametrize("name, item", SAMPLES.values(), ids=SAMPLES)
def test_no_line_ends_inside_the_name_of_a_place(name: str, item: Any) -> None:
    items = [item, replace(item, address=OFTEN)] if name.startswith("label") else [item]
    for each in items:
        drawn = "\n".join(pages(name, each))
        for place in KEPT:
            assert flat(drawn).count(place) == sum(line.count(place) for line in drawn.splitlines()), place


def test_the_label_names_the_centre_that_receives() -> None:
    for name in ("label", "label_small", "bag"):
        (item, *_) = FORMATS[name].samples
        assert "Trung tâm Phục vụ hành chính công phường Dĩ An" in text_of(name, item)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_items_give_the_same_bytes(name: str) -> None:
    assert labels.render(name, labels.sample(name)) == labels.render(name, labels.sample(name))


@pytest.mark.parametrize("name", FORMATS)
def test_a_document_says_language_and_title_embeds_its_typeface_and_names_nobody(name: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(labels.render(name, labels.sample(name))))
    assert reader.trailer["/Root"]["/Lang"] == "vi-VN"
    assert reader.metadata is not None and reader.metadata.title == FORMATS[name].title
    said = " ".join(str(value) for value in reader.metadata.values())
    assert not any(text in said for item in labels.sample(name) for text in _texts(item, {"name", "number", "phone"}))
    for page in reader.pages:
        assert all("BeVietnamPro" in font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].values())


@pytest.mark.parametrize("name", FORMATS)
def test_every_specimen_is_marked(name: str) -> None:
    for item in labels.sample(name):
        assert "MẪU" in text_of(name, item)


@pytest.mark.parametrize("name", FORMATS)
def test_an_item_of_another_format_is_refused(name: str) -> None:
    stranger = labels.Paper("Đơn", labels.Form.COPY)
    with pytest.raises(BadField, match=FORMATS[name].item.__name__):
        labels.render(name, [stranger])


def test_a_field_of_the_wrong_kind_is_named() -> None:
    (tag,) = FORMATS["bag"].samples
    for wrong in ({"packets": "38"}, {"day": "28/8/2026"}, {"seal": None}):
        with pytest.raises(BadField) as refusal:
            labels.render("bag", [replace(tag, **wrong)])
        assert refusal.value.field in wrong


def test_progress_is_told_after_each_item() -> None:
    told: list[int] = []
    labels.render_to(io.BytesIO(), "label", [FORMATS["label"].samples[0]] * 3, told.append)
    assert told == [1, 2, 3]


def test_the_small_label_names_what_only_the_large_one_holds() -> None:
    long = stretched(FORMATS["label_small"].samples[1])
    with pytest.raises(BadField, match="print the large one") as refusal:
        labels.render("label_small", [long])
    assert refusal.value.field == "address"


@pytest.mark.parametrize("phone", ["0900 000 100", "(0274) 3 123 456", "1900 54 54 81 nhánh 2"])
def test_whoever_finds_a_packet_or_a_bag_reads_whom_to_call(phone: str) -> None:
    for name in ("label", "label_small", "bag"):
        found = replace(FORMATS[name].samples[0], office_phone=phone)
        assert phone in text_of(name, found)
        ((width, _, runs),) = rectangles(name, found)
        assert all(bottom > 0.6 and right < width - 1 for _, bottom, right, _ in runs)
        for one, other in itertools.combinations(runs, 2):
            assert (
                min(one[2], other[2]) <= max(one[0], other[0]) or min(one[3], other[3]) - max(one[1], other[1]) <= 0.75
            )


def test_a_name_no_label_can_hold_is_refused_and_never_cut() -> None:
    for name in ("label", "label_small"):
        with pytest.raises(BadField, match="too long") as refusal:
            labels.render(name, [replace(FORMATS[name].samples[1], name="Nguyễn Thị Ngọc " * 60)])
        assert refusal.value.field == "name"


# ---- what each form must get right ------------------------------------------------------------------------------


def test_a_manifest_carries_its_sums_over_the_pages_and_ends_with_the_whole() -> None:
    (manifest, _) = FORMATS["manifest"].samples
    long = replace(manifest, lines=manifest.lines * 12)
    reader = pypdf.PdfReader(io.BytesIO(labels.render("manifest", [long])))
    pages = [flat(page.extract_text()) for page in reader.pages]
    assert len(pages) > 15
    carried = [int(found[1]) for page in pages for found in re.finditer(r"Cộng dồn: (\d+)/480 gói", page)]
    assert carried == sorted(set(carried)) and len(carried) >= len(pages) - 3
    for so_far, page in zip(carried, pages, strict=False):
        fee = words.say_money(sum(line.fee for line in long.lines[:so_far]))
        assert f"Cộng dồn: {so_far}/480 gói" in page and fee in page
    assert sum("Tổng cộng: 480/480 gói" in page for page in pages) == 1
    assert "BÊN GIAO" in pages[-1] and "BÊN NHẬN" in pages[-1]
    assert all("Số phiếu gửi" in page for page in pages[:-1])
    for _, _, runs in rectangles("manifest", long):
        foot = max(top for *_, top in runs if top < 8)
        assert not [run for run in runs if run[3] >= 8 and run[1] < foot]


def test_the_longest_number_code_and_day_stand_in_one_piece_in_the_desks_tables() -> None:
    (control,), (register,) = FORMATS["desk_control"].samples, FORMATS["desk_register"].samples
    for number in ("HS-288888-000888-8", "RZ000000473VN"):
        notes = tuple(replace(hand, note=number) for hand in control.hands)
        assert "\n".join(pages("desk_control", replace(control, hands=notes))).count(number) == len(notes)
    code, day, slip = "000.00.17.H09-260818-0001", date(2034, 10, 24), "HS-288888-000888-8"
    said = {"code": code, "received": day, "due": day, "done": day, "returned": day, "inbound": slip, "outbound": slip}
    entry = replace(register.entries[0], **said)
    drawn = "\n".join(pages("desk_register", replace(register, entries=(entry,))))
    assert [drawn.count(text) for text in (code, "24/10/2034", slip)] == [1, 4, 2]


def test_nobody_signs_a_page_that_says_nothing() -> None:
    (sheet,), (manifest, _) = FORMATS["round"].samples, FORMATS["manifest"].samples
    for count in range(9, 15):
        stops = tuple(replace(stop, number=f"HS-{number:03}") for number, stop in enumerate(sheet.stops * 2))[:count]
        reader = pypdf.PdfReader(io.BytesIO(labels.render("round", [replace(sheet, stops=stops)])))
        last = reader.pages[-1].extract_text()
        assert "BƯU CỤC NHẬN LẠI" in last and f"HS-{count - 1:03}" in last
    for count in range(12, 24):
        item = replace(manifest, lines=manifest.lines[:count], odd=(), token_url="")
        pages = pypdf.PdfReader(io.BytesIO(labels.render("manifest", [item]))).pages
        assert "BÊN NHẬN" in pages[-1].extract_text() and "GIỜ NỘP HỢP PHÁP" in pages[-1].extract_text()


def test_the_forty_packets_of_a_morning_are_one_sheet_of_paper() -> None:
    reader = pypdf.PdfReader(io.BytesIO(labels.render("manifest", FORMATS["manifest"].samples[:1])))
    assert len(FORMATS["manifest"].samples[0].lines) == 40 and len(reader.pages) == 2


def test_a_damage_record_is_signed_on_the_sheet_that_says_what_was_found() -> None:
    assert len(pages("rewrap", FORMATS["rewrap"].samples[0])) == 1


def test_the_number_of_a_stop_stands_clear_of_the_line_below_it() -> None:
    (sheet,) = FORMATS["round"].samples
    document = pypdfium2.PdfDocument(labels.render("round", [sheet]))
    page, dots = document[0], 600 / 72
    text = page.get_textpage()
    found = text.search(sheet.stops[0].number)
    at, count = found.get_next()
    boxes = [text.get_charbox(number) for number in range(at, at + count)]
    bottom = (page.get_height() - min(box[1] for box in boxes)) * dots
    image = page.render(scale=dots).to_pil().convert("L")
    below = (round(boxes[0][0] * dots), round(bottom + 1), round(boxes[-1][2] * dots), round(bottom + 0.4 * MM * dots))
    assert image.crop(below).getextrema()[0] > 200
    found.close()
    text.close()
    page.close()
    document.close()


def test_money_on_a_receipt_is_told_apart_added_up_and_spelled() -> None:
    text = text_of("receipt_money", FORMATS["receipt_money"].samples[0])
    postage, fees = text.split("PHÍ, LỆ PHÍ THU HỘ")
    assert "Cộng 60.000" in postage and "Cộng 25.000" in fees
    assert "TỔNG CỘNG ĐÃ THU (đ): 85.000 Bằng chữ: Tám mươi lăm nghìn đồng" in fees


@pytest.mark.parametrize(
    "amount, said",
    [
        (0, "Không đồng"),
        (5, "Năm đồng"),
        (15_000, "Mười lăm nghìn đồng"),
        (21_000, "Hai mươi mốt nghìn đồng"),
        (105_000, "Một trăm linh năm nghìn đồng"),
        (1_000_000, "Một triệu đồng"),
        (1_008_000, "Một triệu không trăm linh tám nghìn đồng"),
        (1_250_400, "Một triệu hai trăm năm mươi nghìn bốn trăm đồng"),
        (2_000_000_011, "Hai tỷ không trăm mười một đồng"),
        (999_999_999_999, "Chín trăm chín mươi chín tỷ chín trăm chín mươi chín triệu chín trăm chín mươi chín nghìn "
         "chín trăm chín mươi chín đồng"),
    ],
)  # fmt: skip
def test_an_amount_is_spelled_as_on_receipts(amount: int, said: str) -> None:
    assert words.say_amount(amount) == said


def test_an_amount_nobody_spells_is_refused() -> None:
    for amount in (-1, 10**12):
        with pytest.raises(ValueError):
            words.say_amount(amount)


@pytest.mark.parametrize(
    "day, numbers",
    [
        (date(2025, 9, 14), {"receipt": "01", "control": "05", "register": "06"}),
        (date(2025, 9, 15), {"receipt": "01", "stop": "05", "control": "06", "register": "07"}),
        (date(2026, 8, 28), {"apology": "04", "supplement": "02", "refusal": "03", "register": "07"}),
    ],
)
def test_a_form_has_the_number_of_the_rule_in_force_that_day(day: date, numbers: dict[str, str]) -> None:
    for key, number in numbers.items():
        assert desk.numbered(key, day)[0] == number


def test_a_form_of_a_day_without_a_rule_for_it_is_refused() -> None:
    (stop,) = FORMATS["desk_stop"].samples
    for at in (datetime(2025, 9, 14, 5, tzinfo=UTC), datetime(2018, 1, 2, 5, tzinfo=UTC)):
        with pytest.raises(BadField) as refusal:
            labels.render("desk_stop", [replace(stop, at=at)])
        assert refusal.value.field == "at"


def test_the_outside_says_nothing_of_the_inside() -> None:
    inside = (
        "thủ tục",
        "kết quả",
        "hồ sơ của",
        "lệ phí",
        INBOUND.matter.lower(),
        *(p.name.lower() for p in INBOUND.papers),
    )
    for name in ("label", "label_small", "bag", "stickers", "invitation"):
        for item in FORMATS[name].samples:
            text = text_of(name, item).lower()
            assert not [word for word in inside if word in text], name


def test_a_home_label_hides_the_middle_of_the_telephone_number() -> None:
    home = FORMATS["label"].samples[1]
    for name in ("label", "label_small"):
        text = text_of(name, home)
        assert "0900 ••• 215" in text and home.phone not in text


def test_half_used_sheets_of_stickers_begin_at_any_cell() -> None:
    (sheet,) = FORMATS["stickers"].samples
    for first in (1, 5, 24):
        document = pypdfium2.PdfDocument(labels.render("stickers", [replace(sheet, first=first)]))
        page = document[0]
        text = page.get_textpage()
        tops = {(round(text.get_rect(at)[0] / MM / 70 - 0.5), int((296.5 - text.get_rect(at)[3] / MM) // 37))
                for at in range(text.count_rects())}  # fmt: skip
        cells = {row * 3 + column + 1 for column, row in tops}
        assert cells == set(range(first, 25))
        assert len(document) == (1 if first == 1 else 2)
        text.close()
        page.close()
        document.close()
    for wrong in (0, 25):
        with pytest.raises(BadField, match="first"):
            replace(sheet, first=wrong)


@pytest.mark.parametrize("name, each", [("stickers", "stickers"), ("round", "stops")])
def test_every_sticker_and_every_stop_of_a_round_carries_a_token_of_its_own(name: str, each: str) -> None:
    (sheet,) = FORMATS[name].samples
    document = pypdfium2.PdfDocument(labels.render(name, [sheet]))
    images = [page.render(scale=200 / 72).to_pil().convert("L") for page in document]
    document.close()
    found = [zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode) for image in images]
    assert sorted(code.text for codes in found for code in codes) == [one.token_url for one in getattr(sheet, each)]


@pytest.mark.parametrize("dpi", [150, 200])
@pytest.mark.parametrize(
    "name", [name for name, row in FORMATS.items() if row.level and name not in ("slip", "stickers")]
)
def test_the_code_of_every_format_is_read_as_printed(name: str, dpi: int) -> None:
    for item in FORMATS[name].samples:
        told = getattr(item, "token_url", None) or getattr(item, "check_url", "")
        if not told:
            continue
        document = pypdfium2.PdfDocument(labels.render(name, [item]))
        image = document[0].render(scale=dpi / 72).to_pil().convert("L")
        document.close()
        read = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
        assert [code.text for code in read] == [told]
        if name in BARRED and dpi == 200:
            bars = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.Code128)
            assert [code.text for code in bars] == [packet_of(item)]


BARRED = ("slip", "label", "label_small", "bag", "invitation", "receipt_papers", "receipt_money", "rewrap")


def packet_of(item: Any) -> str:
    """The number of the packet whose code it is; of a manifest its own."""
    return str(getattr(item, "packet", "") or item.number)


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if row.level and name != "stickers"])
def test_the_number_stands_under_its_code(name: str) -> None:
    for item in FORMATS[name].samples:
        (one, *_) = item.stops if name == "round" else (item,)
        told = getattr(one, "token_url", "") or getattr(one, "check_url", "")
        if not told:
            continue
        document = pypdfium2.PdfDocument(labels.render(name, [item]))
        page = document[0]
        image = page.render(scale=200 / 72).to_pil().convert("L")
        codes = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
        (code,) = [code.position for code in codes if code.text == told]
        left, right = code.top_left.x * 72 / 200, code.top_right.x * 72 / 200
        bottom = page.get_height() - code.bottom_left.y * 72 / 200
        text = page.get_textpage()
        found = text.search(packet_of(one))
        boxes = []
        while place := found.get_next():
            boxes.append((text.get_charbox(place[0]), text.get_charbox(place[0] + place[1] - 1)))
        assert [1 for first, last in boxes if first[3] < bottom and first[0] < right and last[2] > left], name
        found.close()
        text.close()
        page.close()
        document.close()


def test_every_sticker_bears_its_number_as_bars_wide_enough_for_any_reader() -> None:
    """Up its side, since 30 mm of code leave no room under it; without the dashes, which typing forgives too."""
    (sheet,) = FORMATS["stickers"].samples
    s10 = replace(sheet, stickers=tuple(replace(one, number="RR473124829VN") for one in sheet.stickers))
    for item in (sheet, s10):
        document = pypdfium2.PdfDocument(labels.render("stickers", [item]))
        image = document[0].render(scale=300 / 72).to_pil().convert("L")
        document.close()
        read = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.Code128)
        assert sorted(code.text for code in read) == sorted(stickers.bare(one.number) for one in item.stickers)
        for one in item.stickers:
            assert stickers.LONG / barcode.modules(stickers.bare(one.number)) >= 0.19


def test_a_code_too_long_for_a_thermal_label_is_refused() -> None:
    (label, _) = FORMATS["label_small"].samples
    with pytest.raises(ValueError, match="modules"):
        labels.render("label_small", [replace(label, token_url=label.token_url * 4)])
