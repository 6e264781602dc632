"""What a ruler and a scanner find on the printed slip."""

import io
import itertools
import random
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from qrcode.main import QRCode
from qrcode.util import lost_point

import labels
from bench.slips import LETTERS
from labels import Form, Paper, front, masks, qr
from labels.sheet import Uncodable
from tests.labels.samples import BLANK, CITIZEN, INBOUND, LONG, LONG_NAME, OUTBOUND, TOKEN

MM = 72 / 25.4
SLIPS = {
    "inbound": INBOUND,
    "outbound": OUTBOUND,
    "blank": BLANK,
    "long": LONG,
    "unbroken": replace(
        INBOUND,
        sender=replace(CITIZEN, name="Ư" * 300, address=("Ộ" * 400,), phone="0" * 90, email="w" * 200),
    ),
    "wide": replace(
        LONG,
        way=INBOUND.way,
        matter="W" * 900,
        note="M" * 3000,
        seal="NP " * 10,
        mark="KHÔNG CÓ GIÁ TRỊ",
    ),
    "wordy": replace(
        INBOUND,
        office="Bưu cục Trung tâm Hành chính công Liên phường Dĩ An Đông Hòa Tân Đông Hiệp",
        method="rất dài " * 60,
        accepted_place="rất dài " * 60,
        courier=LONG_NAME,
        checklist="Danh mục " * 40,
        case_code="H29.017-260828-" + "0" * 45,
        authorisation="giấy ủy quyền có chứng thực " * 12,
        papers=tuple(Paper("x" * 300, Form.COPY, note="y" * 200) for _ in range(30)),
    ),
}


def raster(slip: labels.Slip, dpi: int, page: int = 0) -> Image.Image:
    document = pypdfium2.PdfDocument(labels.render("slip", [slip]))
    try:
        return document[page].render(scale=dpi / 72).to_pil().convert("L")
    finally:
        document.close()


def rectangles(slip: labels.Slip) -> list[list[tuple[float, float, float, float]]]:
    """Every run of text of every page: left, bottom, right, top in mm from the lower left corner."""
    document = pypdfium2.PdfDocument(labels.render("slip", [slip]))
    found = []
    for page in document:
        text = page.get_textpage()
        found.append([tuple(edge / MM for edge in text.get_rect(i)) for i in range(text.count_rects())])
        text.close()
        page.close()
    document.close()
    return found


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_no_text_leaves_the_margins(slip: labels.Slip) -> None:
    for page in rectangles(slip):
        for left, bottom, right, top in page:
            assert left >= 6.9 and right <= 141.6
            assert bottom >= 4.0 and top <= 206.0


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_no_two_texts_overlap(slip: labels.Slip) -> None:
    for page in rectangles(slip):
        for one, other in itertools.combinations(page, 2):
            across = min(one[2], other[2]) - max(one[0], other[0])
            along = min(one[3], other[3]) - max(one[1], other[1])
            # Accents below one line and above the next may touch by a hair; text on text may not.
            assert across <= 0.1 or along <= 0.75


@pytest.mark.parametrize("dpi", [150, 200])
@pytest.mark.parametrize("slip", [INBOUND, OUTBOUND, LONG], ids=["inbound", "outbound", "long"])
def test_the_code_is_read_as_printed(slip: labels.Slip, dpi: int) -> None:
    read = zxingcpp.read_barcodes(raster(slip, dpi), formats=zxingcpp.BarcodeFormat.QRCode)
    assert [code.text for code in read] == [slip.token_url]


def test_the_bar_code_is_read_as_printed() -> None:
    for slip in (INBOUND, OUTBOUND):
        read = zxingcpp.read_barcodes(raster(slip, 200), formats=zxingcpp.BarcodeFormat.Code128)
        assert [code.text for code in read] == [slip.number]


@pytest.mark.parametrize(
    "url", [TOKEN, "HTTPS://HOSO.VN/S/1", TOKEN.replace("HOSO.VN", "HOSO-TAN-NHA.DIAN.VI-DU.TEST")]
)
def test_nothing_is_drawn_in_the_quiet_zone(url: str) -> None:
    dpi = 600
    image = raster(replace(INBOUND, token_url=url, mark="SỐ THỬ"), dpi)
    box = front.QR_BOX
    left, top = (148 - 4 - box) / 25.4 * dpi, 16.5 / 25.4 * dpi
    side = qr.side(url, box) / 25.4 * dpi
    quiet = (box / 25.4 * dpi - side) / 2
    square = image.crop((round(left), round(top), round(left + box / 25.4 * dpi), round(top + box / 25.4 * dpi)))
    dark = square.point(lambda value: 255 if value < 200 else 0).getbbox()
    assert dark is not None
    assert dark[0] == pytest.approx(quiet, abs=2) and dark[1] == pytest.approx(quiet, abs=2)
    assert dark[2] == pytest.approx(quiet + side, abs=2) and dark[3] == pytest.approx(quiet + side, abs=2)


def test_a_slip_token_is_version_six_at_level_m_and_thirty_millimetres_wide() -> None:
    assert len(qr.matrix(TOKEN)) == 41
    assert qr.side(TOKEN, front.QR_BOX) >= 30


@pytest.mark.parametrize("level", "LMQH")
@pytest.mark.parametrize("length", [1, 20, 90, 151, 300])  # from version 7 on a code says its version
def test_the_code_is_the_librarys_own_module_for_module(level: str, length: int) -> None:
    chance = random.Random(f"{level} {length}")
    for _ in range(4):
        text = "".join(chance.choices(LETTERS, k=length))
        code = QRCode(error_correction=qr.LEVELS[level], border=0)
        code.add_data(text, optimize=0)
        code.make()
        assert qr.matrix(text, level) == [[bool(cell) for cell in row] for row in code.modules]


@pytest.mark.parametrize("dark", [0.1, 0.3, 0.5, 0.75, 0.95])
def test_what_confuses_a_reader_costs_what_it_costs_the_library(dark: float) -> None:
    chance = random.Random(str(dark))
    for side in (21, 41, 57):
        modules = [[chance.random() < dark for _ in range(side)] for _ in range(side)]
        assert masks.lost(masks.packed(modules), side) == lost_point(modules)


def test_a_code_that_would_not_be_alphanumeric_is_refused() -> None:
    for text in ("", "https://hoso.vn/s/1"):
        with pytest.raises(Uncodable, match="alphanumeric"):
            qr.matrix(text)


def test_pages_are_a5() -> None:
    document = pypdfium2.PdfDocument(io.BytesIO(labels.render("slip", [LONG])))
    for page in document:
        assert [round(edge / MM) for edge in page.get_size()] == [148, 210]
        page.close()
    document.close()


@pytest.mark.parametrize("name", [name for name, row in labels.FORMATS.items() if min(row.page) >= 148])
def test_nothing_stands_where_no_office_printer_is_sure_to_reach(name: str) -> None:
    """Five millimetres along every edge of a sheet; thermal labels are printed to theirs."""
    paper = pypdfium2.PdfDocument(labels.render(name, labels.FORMATS[name].samples))
    margin = 5 / 25.4 * 144
    for page in paper:
        seen = page.render(scale=2).to_pil().convert("L")
        left, top, right, bottom = seen.point(lambda grey: 255 * (grey < 200)).getbbox()
        assert margin <= min(left, top, seen.width - right, seen.height - bottom)
    paper.close()
