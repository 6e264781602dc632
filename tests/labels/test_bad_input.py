"""What people type that no paper can say: for every format one table of it, and each time the field is named."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from io import BytesIO
from typing import Any, NamedTuple

import pypdfium2
import pytest
from pypdfium2 import raw

import labels
from labels import FORMATS, BadField, MissingGlyph

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


def smallest_type(text: pypdfium2.PdfTextPage) -> float:
    """Points; the spaces between lines, which no page bears, have none."""
    letters = [at for at in range(text.count_chars()) if chr(raw.FPDFText_GetUnicode(text.raw, at)).isalnum()]
    return min(raw.FPDFText_GetFontSize(text.raw, at) for at in letters)


# What is a code or is built from one, and what a paper does not say in full on purpose.
CODED = {"number", "token_url", "check_url", "last4", "mark", "line", "packet", "tracking", "bag"}
HIDDEN = {("label", "phone"), ("label_small", "phone"), ("label_small", "office"), ("invitation", "window")}


@pytest.mark.parametrize("typed", [LONG, LONG * 10, "x" * 300], ids=["three hundred", "three thousand", "one word"])
@pytest.mark.parametrize("name, item", ITEMS)
def test_letters_without_end_stand_in_full_or_are_refused_by_name(name: str, item: Any, typed: str) -> None:
    """Never a line cut by the edge of the page, one text upon another, or type that nobody can read: in lists too, where one
    long name makes one tall row."""
    letter = "x" if typed[0] == "x" else "ề"
    for place in places(item):
        field = place.path.rsplit(".", 1)[-1].split("[")[0]
        if type(place.value) is not str or not place.value or field in CODED:
            continue
        try:
            document = pypdfium2.PdfDocument(labels.render(name, [place.put(typed)]))
        except BadField as refusal:
            assert place.path.split("[")[0] in refusal.field
            continue
        printed = ""
        for page in document:
            text = page.get_textpage()
            printed += text.get_text_range()
            edges = [text.get_rect(number) for number in range(text.count_rects())]
            for one in edges:
                assert min(one) > 0 and one[2] < page.get_width() and one[3] < page.get_height(), place.path
            for one, other in itertools.combinations(edges, 2):
                across, along = (min(one[at + 2], other[at + 2]) - max(one[at], other[at]) for at in (0, 1))
                assert across <= 0.3 or along <= 2.2, place.path
            assert smallest_type(text) > 4.9, place.path
            text.close()
            page.close()
        document.close()
        assert printed.count(letter) >= typed.count(letter) or (name, field) in HIDDEN, place.path


def test_of_many_texts_the_one_that_has_no_room_is_named() -> None:
    """Not the longest of all: a note goes on over pages."""
    (bag,), (slip, *_) = FORMATS["bag"].samples, FORMATS["slip"].samples
    with pytest.raises(BadField, match="seal is too long for this paper") as refusal:
        labels.render("bag", [replace(bag, destination="Bưu cục " * 12, seal="NP 0045 127 " * 7)])
    assert refusal.value.field == "seal"
    with pytest.raises(BadField) as refusal:
        labels.render("slip", [replace(slip, note=LONG * 20, seal="NP 0045 127 " * 20)])
    assert refusal.value.field == "seal"
    (label, _) = FORMATS["label"].samples
    with pytest.raises(BadField) as refusal:
        labels.zpl("label", [replace(label, phone="0900 000 110 " * 9)])
    assert refusal.value.field == "phone"


@pytest.mark.parametrize("typed", ["https://hoso.vn/s/1", "A" * 5000], ids=["small letters", "longer than any code"])
@pytest.mark.parametrize("name, item", ITEMS)
def test_what_no_code_can_carry_is_refused_by_name(name: str, item: Any, typed: str) -> None:
    for place in places(item):
        if place.path.rsplit(".", 1)[-1] in ("token_url", "check_url") and place.value:
            with pytest.raises(BadField, match="not for a QR code of ours") as refusal:
                labels.render(name, [place.put(typed)])
            assert refusal.value.field == place.path


@pytest.mark.parametrize(
    ("name", "field"),
    [("slip", "number"), ("label", "number"), ("rewrap", "packet"), ("stickers", "stickers[1].number")],
)
def test_what_no_bars_can_carry_is_refused_by_name(name: str, field: str) -> None:
    item = FORMATS[name].samples[0]
    bad = {field.rsplit(".", 1)[-1]: "HS–1"}
    spoilt = replace(item, stickers=(replace(item.stickers[0], **bad),)) if name == "stickers" else replace(item, **bad)
    with pytest.raises(BadField, match="is not for a bar code") as refusal:
        labels.render(name, [spoilt])
    assert refusal.value.field == field


@pytest.mark.parametrize("draw", [labels.render, labels.sample], ids=["items", "specimens"])
def test_an_unknown_format_is_named_with_all_there_are(draw: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="no format 'stamp'; there are authorisation, bag") as refusal:
        draw("stamp", *([[]] if draw is labels.render else []))
    assert all(name in str(refusal.value) for name in FORMATS)
