"""What docs/codes.md says, in small: the codes of every format are read after a week in a courier's bag."""

import pytest

from labels import FORMATS
from tools import codes

ALWAYS = ("clean", "turned 15°", "turned 45°", "tilted", "dark", "noisy", "shadow", "torn corner 5 %")
TRIALS = 2  # one at 150 dpi, one at 200


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if row.level])
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
