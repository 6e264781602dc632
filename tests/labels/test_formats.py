"""Everything that can be printed: what must be on paper is there, the same item gives the same bytes, and what
cannot be printed is refused by the name of its field."""

import io
import itertools
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

import pypdf
import pypdfium2
import pytest

import labels
from labels import FORMATS, BadField, MissingGlyph
from labels.check import Field
from tests.labels.samples import LONG_WORDS
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
    reader = pypdf.PdfReader(io.BytesIO(labels.render(name, [item])))
    return flat(" ".join(page.extract_text() for page in reader.pages))


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


def needed(item: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every text without a default, with the item that lacks it."""
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, str) and field.default is MISSING and field.name != "last4":
            yield f"{path}{field.name}", replace(item, **{field.name: " "})
        elif is_dataclass(value):
            yield from (
                (where, replace(item, **{field.name: less})) for where, less in needed(value, f"{path}{field.name}.")
            )


@pytest.mark.parametrize("name, item", SAMPLES.values(), ids=SAMPLES)
def test_a_missing_field_is_named(name: str, item: Any) -> None:
    lacking = list(needed(item))
    assert lacking or name == "stickers"
    for field, less in lacking:
        with pytest.raises(BadField, match="is missing") as refusal:
            labels.render(name, [less])
        assert refusal.value.field == field


def texts(item: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, str):
            yield f"{path}{field.name}", lambda text, name=field.name: replace(item, **{name: text})
        elif is_dataclass(value):
            for where, build in texts(value, f"{path}{field.name}."):
                yield where, lambda text, name=field.name, build=build: replace(item, **{name: build(text)})


@pytest.mark.parametrize("bad", ["\N{SLIGHTLY SMILING FACE}", "שלום", "مرحبا", "漢", "✓"])
@pytest.mark.parametrize("name, item", SAMPLES.values(), ids=SAMPLES)
def test_a_character_the_typeface_lacks_names_its_field(name: str, item: Any, bad: str) -> None:
    for field, build in texts(item):
        try:
            spoiled = build(f"Mơ {bad}")
        except ValueError:
            continue  # refused even earlier: an identity paper's four characters
        with pytest.raises(MissingGlyph) as refusal:
            labels.render(name, [spoiled])
        assert refusal.value.field == field and field in str(refusal.value)
        assert refusal.value.character == bad[0]


@pytest.mark.parametrize("name, item", SAMPLES.values(), ids=SAMPLES)
def test_a_negative_count_names_its_field(name: str, item: Any) -> None:
    for field in fields(item):
        if type(getattr(item, field.name)) is int:
            with pytest.raises(BadField) as refusal:
                labels.render(name, [replace(item, **{field.name: -1})])
            assert refusal.value.field == field.name


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


def test_a_name_no_label_can_hold_is_refused_and_never_cut() -> None:
    for name in ("label", "label_small"):
        with pytest.raises(BadField, match="too long") as refusal:
            labels.render(name, [replace(FORMATS[name].samples[1], name="Nguyễn Thị Ngọc " * 60)])
        assert refusal.value.field == "name"
