"""What a thermal printer is told: the codes it draws itself, the text as dots."""

import re
from dataclasses import replace

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

import labels
from labels import BadField, MissingGlyph, qr
from labels.zpl import PAINTED, field

CASES = [(name, item) for name in PAINTED for item in labels.FORMATS[name].samples]


def said(name: str, item: labels.Label, dots: int = 8) -> dict[str, str]:
    """The parts of one label's ZPL."""
    text = labels.zpl(name, [item], dots)
    parts = re.fullmatch(
        r"\^XA\n\^PW(?P<width>\d+)\^LL(?P<height>\d+)\^LH0,0\n"
        r"\^FO0,0\^GFA,(?P<bytes>\d+),(?P=bytes),(?P<row>\d+),(?P<dots>[0-9A-Zg-z:,]+)\^FS\n"
        r"\^BY2,3,10\^FO(?P<qr_x>\d+),(?P<qr_y>\d+)\^BQN,2,(?P<module>\d+)\^FD(?P<level>[LMQH])M,A(?P<url>[^^]+)\^FS\n"
        r"\^BY(?P<bar>\d)\^FO(?P<bar_x>\d+),(?P<bar_y>\d+)\^BCN,(?P<tall>\d+),N,N,N,A\^FD(?P<number>[^^]+)\^FS\n"
        r"\^XZ\n",
        text,
    )
    assert parts
    return parts.groupdict()


def dots_of(parts: dict[str, str]) -> np.ndarray:
    """The graphic as a printer reads it: true where there is ink."""
    width = int(parts["row"])
    rows: list[str] = []
    row, times = "", 0
    for letter in parts["dots"]:
        if letter == ":":
            rows.append(rows[-1])
        elif letter == ",":
            rows.append(row.ljust(width * 2, "0"))
            row = ""
        elif "g" <= letter <= "z":
            times += (ord(letter) - ord("g") + 1) * 20
        elif "G" <= letter <= "Y":
            times += ord(letter) - ord("G") + 1
        else:
            row += letter * (times or 1)
            times = 0
        if len(row) == width * 2:
            rows.append(row)
            row = ""
    assert not row and len(rows) * width == int(parts["bytes"])
    return np.unpackbits(np.frombuffer(bytes.fromhex("".join(rows)), np.uint8)).reshape(len(rows), -1).astype(bool)


@pytest.mark.parametrize("name, item", CASES)
def test_the_codes_hold_the_token_and_the_number(name: str, item: labels.Label) -> None:
    parts = said(name, item)
    assert (parts["url"], parts["number"], parts["level"]) == (item.token_url, item.number, "Q")
    assert int(parts["bar"]) * 0.125 >= 0.25


@pytest.mark.parametrize("dots", [8, 12])
@pytest.mark.parametrize("name, item", CASES)
def test_a_module_is_half_a_millimetre_and_the_quiet_zone_stays_white(name: str, item: labels.Label, dots: int) -> None:
    parts = said(name, item, dots)
    module, side = int(parts["module"]), len(qr.matrix(item.token_url, "Q"))
    assert module / dots >= 0.5
    left, top = int(parts["qr_x"]), int(parts["qr_y"]) + 10
    ink = dots_of(parts)
    quiet = 4 * module
    around = ink[max(0, top - quiet) : top + side * module + quiet, max(0, left - quiet) : left + side * module + quiet]
    assert not around.any()
    assert left >= quiet and top >= quiet
    box = PAINTED[name][0].qr  # and the whole of it stands in the middle of its box
    spare = box.height * dots - side * module
    assert top - box.y * dots == pytest.approx(spare / 2, abs=1)


@pytest.mark.parametrize("name, item", CASES)
def test_the_dots_are_those_of_the_page(name: str, item: labels.Label) -> None:
    parts = said(name, item)
    ink = dots_of(parts)[:, : int(parts["width"])]
    document = pypdfium2.PdfDocument(labels.render(name, [item]))
    page = np.array(document[0].render(scale=8 * 25.4 / 72).to_pil().convert("L").resize(ink.shape[::-1])) < 128
    document.close()
    shape = PAINTED[name][0]
    for box in (shape.qr, shape.bars):  # the printer draws these itself
        page[int(box.y * 8) : int((box.y + box.height) * 8) + 1, int(box.x * 8) : int((box.x + box.width) * 8)] = False
    assert ink.shape == (int(parts["height"]), int(parts["width"]))
    assert abs(int(ink.sum()) - int(page.sum())) < 0.15 * page.sum()
    near = np.array(Image.fromarray(page).convert("L").resize(ink.shape[::-1])) > 0
    grown = near.copy()
    for down in (-2, -1, 0, 1, 2):
        for across in (-2, -1, 0, 1, 2):
            grown |= np.roll(near, (down, across), (0, 1))
    assert (ink & grown).sum() > 0.97 * ink.sum()


@pytest.mark.parametrize("dots", [8, 12])
@pytest.mark.parametrize("name, item", CASES)
def test_a_label_printed_by_the_letter_of_its_commands_is_read(name: str, item: labels.Label, dots: int) -> None:
    """Our own printer: the graphic, then the code in whole dots where ^FO says, moved down by the ten of ^BY."""
    parts = said(name, item, dots)
    width, height = labels.FORMATS[name].page
    assert (int(parts["width"]), int(parts["height"])) == (width * dots, height * dots)
    paper = dots_of(parts)[:, : int(parts["width"])]
    module = int(parts["module"])
    code = np.kron(np.array(qr.matrix(parts["url"], parts["level"])), np.ones((module, module), bool))
    left, top = int(parts["qr_x"]), int(parts["qr_y"]) + 10
    paper[top : top + len(code), left : left + len(code)] |= code
    image = Image.fromarray(np.where(paper, 0, 255).astype(np.uint8))
    (read,) = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    assert read.text == item.token_url


def test_no_text_stands_in_a_printers_own_font() -> None:
    for name, item in CASES:
        text = labels.zpl(name, [item])
        assert "^A" not in text and "^CF" not in text and text.isascii()
        assert item.name not in text


def test_what_cannot_be_printed_is_refused_as_on_the_page() -> None:
    (_, item), *_ = CASES
    with pytest.raises(MissingGlyph, match="name"):
        labels.zpl("label", [replace(item, name="Mơ \N{CHERRY BLOSSOM}")])
    with pytest.raises(BadField, match="token_url"):
        labels.zpl("label", [replace(item, token_url="")])
    with pytest.raises(ValueError, match="ZPL"):
        labels.zpl("slip", [])
    with pytest.raises(ValueError, match="dots"):
        labels.zpl("label", [item], 6)
    with pytest.raises(ValueError, match="nothing"):
        labels.zpl("label", [])


@pytest.mark.parametrize("number", ["HS^XA", "HS~JA", "HS 1", "HSĐ"])
def test_a_field_cannot_begin_a_command(number: str) -> None:
    with pytest.raises(ValueError, match="field"):
        field(number)
