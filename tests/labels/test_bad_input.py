"""What people type that no paper can say: for every format one table of it, and each time the field is named."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from io import BytesIO
from typing import Any, NamedTuple

import pytest

import labels
from labels import FORMATS, BadField, MissingGlyph
from tests.labels.test_formats import text_of
from tests.labels.test_slip import squeezed

LONG = " ".join(["Nguyễn Thị Ngọc Huyền"] * 14)  # some three hundred letters


class Place(NamedTuple):
    """One field of an item, at any depth: its path, its value, whether it must be said, and the item with another value."""

    path: str
    value: Any
    needed: bool
    put: Callable[[Any], Any]


def places(item: Any, path: str = "") -> Iterator[Place]:
    """Of a list of parts its last one stands for all."""
    for field in fields(item):
        value, where = getattr(item, field.name), f"{path}{field.name}"

        def put(other: Any, name: str = field.name) -> Any:
            return replace(item, **{name: other})

        yield Place(where, value, field.default is MISSING and field.default_factory is MISSING, put)
        parts = value if isinstance(value, tuple) else ()
        if is_dataclass(value):
            yield from _inside(places(value, f"{where}."), put)
        elif parts and is_dataclass(parts[-1]):
            last = f"{where}[{len(parts)}]."
            yield from _inside(places(parts[-1], last), lambda new, put=put, parts=parts: put((*parts[:-1], new)))
        elif parts and isinstance(parts[-1], str):
            more = Place(
                f"{where}[{len(parts)}]", parts[-1], False, lambda new, put=put, parts=parts: put((*parts[:-1], new))
            )
            yield more


def _inside(found: Iterator[Place], put: Callable[[Any], Any]) -> Iterator[Place]:
    for place in found:
        yield place._replace(put=lambda value, inner=place.put: put(inner(value)))


ITEMS = [
    pytest.param(name, item, id=f"{name}-{number}")
    for name, row in FORMATS.items()
    for number, item in enumerate(row.samples, 1)
]
# What is typed, to which kind of value, and how the refusal says it.
# fmt: off
REFUSED: dict[str, tuple[type, Any, type[Exception], str]] = {
    "nothing":                 (str, " ",                                   BadField,     "is missing"),
    "an emoji":                (str, "Mơ \N{SLIGHTLY SMILING FACE}",        MissingGlyph, "SLIGHTLY SMILING FACE"),
    "Hebrew, right to left":   (str, "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}", MissingGlyph, "HEBREW LETTER SHIN"),
    "Arabic, right to left":   (str, "Mơ \N{ARABIC LETTER MEEM}",           MissingGlyph, "ARABIC LETTER MEEM"),
    "a letter no face has":    (str, "Mơ \N{CHECK MARK}",                   MissingGlyph, "CHECK MARK"),
    "a count below nothing":   (int, -1,                                    BadField,     ""),  # says so, or from where it counts
}
# fmt: on


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("name, item", ITEMS)
def test_what_no_paper_can_say_names_its_field_and_prints_nothing(name: str, item: Any, case: str) -> None:
    kind, typed, error, says = REFUSED[case]
    tried = 0
    for place in places(item):
        if type(place.value) is not kind or (case == "nothing" and not place.needed):
            continue
        if place.path.endswith("last4"):
            continue  # refused as four characters even before
        file = BytesIO()
        with pytest.raises(error) as refusal:
            labels.render_to(file, name, [place.put(typed)])
        field = refusal.value.field  # type: ignore[attr-defined]
        # What already its item refuses is named without where the item stands.
        assert field == place.path or (kind is int and place.path.rsplit(".", 1)[-1] in field), place.path
        assert says in str(refusal.value) and field in str(refusal.value)
        assert file.getvalue() == b""
        tried += 1
    assert tried or kind is int


FREE = frozenset(
    [
        "name",
        "address",
        "office",
        "courier",
        "clerk",
        "giver",
        "taker",
        "matter",
        "reason",
        "remark",
        "note",
        "found",
        "place",
    ]
)


@pytest.mark.parametrize("name, item", ITEMS)
def test_three_hundred_letters_anywhere_stand_in_full_or_are_refused_by_name(name: str, item: Any) -> None:
    """Never a cut line: in lists too, where one long name makes one tall row."""
    for place in places(item):
        if type(place.value) is not str or not place.value or place.path.rsplit(".", 1)[-1].split("[")[0] not in FREE:
            continue
        if name == "label_small" and place.path == "office":
            continue  # the small label does not name it
        try:
            printed = text_of(name, place.put(LONG))
        except BadField as refusal:
            assert place.path.split("[")[0] in refusal.field
        else:
            assert squeezed(printed).count("Huyền") >= 14, place.path


@pytest.mark.parametrize("draw", [labels.render, labels.sample], ids=["items", "specimens"])
def test_an_unknown_format_is_named_with_all_there_are(draw: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="no format 'stamp'; there are authorisation, bag") as refusal:
        draw("stamp", *([[]] if draw is labels.render else []))
    assert all(name in str(refusal.value) for name in FORMATS)
