"""What can be printed. A new format is one drawing function and one row of FORMATS."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from labels import bag, contract, fields, fonts, samples, stickers, texts, wrapper
from labels.check import Field, check
from labels.slip import Slip

rl_config.useA85 = 0  # binary streams: a fifth smaller, and no time spent on spelling them in letters

# Embedding a font moves a read position inside the loaded font, which all documents share.
_embedding = threading.Lock()

A4, A5, ACROSS, THERMAL, LITTLE = (210, 297), (148, 210), (297, 210), (100, 150), (76, 51)


class Format(NamedTuple):
    """One row: the document's title (no personal data), what it prints, page size in mm, whether it is printed on
    both sides, the error correction level of its code ("" without one), the function that draws one item on pages of
    its own, what must stand on paper, and specimens."""

    title: str
    item: type
    page: tuple[int, int]
    duplex: bool
    level: str
    draw: Callable[[Canvas, Any], None]
    fields: tuple[Field, ...]
    samples: tuple[Any, ...]


# fmt: off
FORMATS: dict[str, Format] = {
    #                     title              item                   page     duplex level draw                fields                samples
    "slip":        Format(texts.DOCUMENT,    Slip,                  A5,      True,  "M", contract.draw,      fields.REQUIRED,      (samples.INBOUND, samples.OUTBOUND)),
    "label":       Format(texts.LABEL,       wrapper.Label,         THERMAL, False, "Q", wrapper.draw_large, wrapper.LARGE_FIELDS, (samples.LABEL, samples.LABEL_HOME)),
    "label_small": Format(texts.LABEL_SMALL, wrapper.Label,         LITTLE,  False, "Q", wrapper.draw_small, wrapper.FIELDS,       (samples.LABEL, samples.LABEL_HOME)),
    "bag":         Format(texts.BAG,         bag.BagTag,            THERMAL, False, "Q", bag.draw,           bag.FIELDS,           (samples.BAG,)),
    "stickers":    Format(texts.STICKERS,    stickers.StickerSheet, A4,      False, "Q", stickers.draw,      stickers.FIELDS,      (samples.STICKERS,)),
}
# fmt: on


def render(format: str, items: Iterable[Any]) -> bytes:
    """The items as one PDF. Raises as `render_to`."""
    file = BytesIO()
    render_to(file, format, items)
    return file.getvalue()


def render_to(file: BinaryIO, format: str, items: Iterable[Any], drawn: Callable[[int], None] | None = None) -> None:
    """Draw the items one after the other and write the PDF to `file`; the same items give the same bytes. `drawn` is
    told after each item how many there are.

    Items are taken one by one, so a generator never holds more than one; the pages, compressed, are held
    until the end. On any error nothing has been written. Raises ValueError for an unknown format, for no
    items and for what an item cannot say on paper; BadField and MissingGlyph, which name the field, are such;
    FileNotFoundError without built fonts.
    """
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}; there are {', '.join(sorted(FORMATS))}")
    fonts.faces()
    row = FORMATS[format]
    canvas = Canvas(file, invariant=1, pageCompression=1, lang="vi-VN", initialFontName=fonts.REGULAR)
    canvas.setTitle(row.title)
    canvas.setAuthor(texts.SERVICE_NAME)
    canvas.setSubject(texts.SUBTITLE if row.item is Slip else row.title)
    canvas.setCreator(texts.SERVICE_NAME)
    canvas.setViewerPreference("DisplayDocTitle", "true")
    canvas.setViewerPreference("PrintScaling", "None")
    if row.duplex:
        canvas.setViewerPreference("Duplex", "DuplexFlipLongEdge")
    count = 0
    for count, item in enumerate(items, 1):
        check(item, row.item)
        row.draw(canvas, item)
        if drawn:
            drawn(count)
    if not count:
        raise ValueError("nothing to print")
    with _embedding:
        canvas.save()


def sample(format: str) -> tuple[Any, ...]:
    """Specimens of a format, marked as such. Raises ValueError for an unknown one."""
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}; there are {', '.join(sorted(FORMATS))}")
    return tuple(_marked(item) for item in FORMATS[format].samples)


def _marked(item: Any) -> Any:
    if isinstance(item, stickers.StickerSheet):
        return replace(item, stickers=tuple(replace(one, mark=texts.SPECIMEN) for one in item.stickers))
    return replace(item, mark=texts.SPECIMEN)
