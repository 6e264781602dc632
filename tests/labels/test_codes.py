"""What docs/codes.md says, in small: the codes of every format are read after a week in a courier's bag."""

import pypdfium2
import pytest
import zxingcpp
from pypdfium2 import raw

import labels
from labels import FORMATS
from tools import codes

SECURER = {"label", "label_small", "bag", "stickers"}  # what lies outside and is handled
CODED = [name for name, row in FORMATS.items() if row.level]
ALWAYS = ("clean", "turned 15°", "turned 45°", "tilted", "dark", "noisy", "shadow", "torn corner 5 %")
TRIALS = 2  # one at 150 dpi, one at 200


@pytest.mark.parametrize("name", CODED)
def test_the_code_of_every_format_survives_what_any_code_must(name: str) -> None:
    for trial, text in enumerate(codes.payloads(TRIALS)):
        (image,) = codes.crops(name, (150, 200)[trial % 2], text)
        assert [damage for damage in ALWAYS if not codes.tried(image, text, damage, trial)] == []


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if row.level and name != "round"])
def test_every_code_that_travels_is_thirty_millimetres_wide_or_more(name: str) -> None:
    """The round sheet's are scanned at a counter and never lie in a bag."""
    (image,) = codes.crops(name, 200, codes.payloads(1)[0])
    assert codes.width(image) > 29.9  # a dot of the picture is 0.13 mm


@pytest.mark.parametrize("level", ["M", "Q"])
def test_a_stain_of_five_in_a_hundred_leaves_most_codes_readable(level: str) -> None:
    texts = codes.payloads(40)
    read = [
        codes.tried(codes.rasterised(text, 30, level, 200), text, "stain 5 %", trial)
        for trial, text in enumerate(texts)
    ]
    assert sum(read) >= 0.85 * len(read)


def test_the_measure_can_fail() -> None:
    (text,) = codes.payloads(1)
    image = codes.rasterised(text, 30, "M", 200)
    codes.DAMAGES["half gone"] = codes.blotted(0.5)
    try:
        assert not any(codes.tried(image, text, "half gone", trial) for trial in range(5))
    finally:
        del codes.DAMAGES["half gone"]
    assert not codes.reads(image, text[:-1] + "0" * (text[-1] != "0") + "1" * (text[-1] == "0"))


@pytest.mark.parametrize("name", FORMATS)
def test_codes_are_drawn_as_strokes_and_never_as_a_picture(name: str) -> None:
    document = pypdfium2.PdfDocument(labels.render(name, FORMATS[name].samples))
    for page in document:
        assert not list(page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=9))
        page.close()
    document.close()


@pytest.mark.parametrize("name", CODED)
def test_every_code_has_the_level_of_its_format_and_white_around_it(name: str) -> None:
    """Four modules of white, ISO/IEC 18004; on thermal labels a module is half a millimetre or more."""
    dots = 300 / 25.4
    document = pypdfium2.PdfDocument(labels.render(name, FORMATS[name].samples[:1]))
    image = document[0].render(scale=300 / 72).to_pil().convert("L")
    document.close()
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    assert found and FORMATS[name].level == ("Q" if name in SECURER else "M")
    for code in found:
        assert code.ec_level == FORMATS[name].level
        left, top, right, bottom = (
            getattr(getattr(code.position, corner), axis)
            for corner in ("top_left", "bottom_right")
            for axis in ("x", "y")
        )
        module = (right - left) / (49 if name in SECURER else 29 if name == "certificate" else 41)
        assert FORMATS[name].page[0] > 100 or module >= 0.5 * dots
        white = round(4 * module) - 3  # dots of the picture at either end are half inked
        around = image.crop((left - white, top - white, right + white, bottom + white))
        around.paste(255, (white - 2, white - 2, around.width - white + 2, around.height - white + 2))
        assert around.getextrema()[0] > 200
