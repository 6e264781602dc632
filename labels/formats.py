"""What can be printed. A new format is one drawing function and one row of FORMATS."""

import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from labels import contract, fonts, texts

rl_config.useA85 = 0  # binary streams: a fifth smaller, and no time spent on spelling them in letters

# Embedding a font moves a read position inside the loaded font, which all documents share.
_embedding = threading.Lock()


class Format(NamedTuple):
    """The document's title (no personal data), whether it is printed on both sides, and the function that
    draws one item on pages of its own."""

    title: str
    duplex: bool
    draw: Callable[[Canvas, Any], None]


# fmt: off
FORMATS: dict[str, Format] = {
    "slip": Format(texts.DOCUMENT, True, contract.draw),
}
# fmt: on


def render(format: str, items: Iterable[Any]) -> bytes:
    """The items as one PDF. Raises as `render_to`."""
    file = BytesIO()
    render_to(file, format, items)
    return file.getvalue()


def render_to(file: BinaryIO, format: str, items: Iterable[Any]) -> None:
    """Draw the items one after the other and write the PDF to `file`; the same items give the same bytes.

    Items are taken one by one, so a generator never holds more than one; the pages, compressed, are held
    until the end. On any error nothing has been written. Raises ValueError for an unknown format, for no
    items and for what an item cannot say on paper, MissingGlyph for a character the typeface lacks,
    FileNotFoundError without built fonts.
    """
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}; there are {', '.join(sorted(FORMATS))}")
    fonts.faces()
    title, duplex, draw = FORMATS[format]
    canvas = Canvas(file, invariant=1, pageCompression=1, lang="vi-VN", initialFontName=fonts.REGULAR)
    canvas.setTitle(title)
    canvas.setAuthor(texts.SERVICE_NAME)
    canvas.setSubject(texts.SUBTITLE)
    canvas.setCreator(texts.SERVICE_NAME)
    canvas.setViewerPreference("DisplayDocTitle", "true")
    canvas.setViewerPreference("PrintScaling", "None")
    if duplex:
        canvas.setViewerPreference("Duplex", "DuplexFlipLongEdge")
    drawn = False
    for item in items:
        draw(canvas, item)
        drawn = True
    if not drawn:
        raise ValueError("nothing to print")
    with _embedding:
        canvas.save()
