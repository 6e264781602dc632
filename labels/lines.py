"""Lines of text and lines to write on: what all forms share."""

from collections.abc import Iterable

from labels import fonts
from labels import sheet as pen
from labels.sheet import TEXT, Block, Overrun, Sheet, Style

LEAST = 5.0  # points: smaller type is not read from paper


def stamp(sheet: Sheet, text: str, x: float, y: float, width: float, height: float) -> None:
    """A framed remark nobody overlooks, such as that the number is from a test range."""
    style = fitted(text, width - 2.4, min(11, height * 1.6), fonts.BOLD, height)  # room for tone marks
    pen.frame(sheet, x, y, width, height, 0.6)
    pen.put(sheet, x + 1.2, y, text, style, "centre", width - 2.4)


def fitted(text: str, width: float, size: float, font: str, leading: float) -> Style:
    """The largest style up to `size` points in which `text` is no wider than `width` mm. Raises Overrun for a text
    that nobody could read so."""
    length = pen.measure(fonts.clean(text), Style(font, size, leading)) or 1
    if size * width / length < LEAST:
        raise Overrun(text)
    return Style(font, min(size, size * width / length), leading)


def balanced(text: str, style: Style, width: float, step: float = 4.0) -> Block:
    """A text whose lines are about as long as each other, and no more of them than need be."""
    block = pen.wrap([(text, style)], width)
    while len(block.lines) > 1 and len((less := pen.wrap([(text, style)], width - step)).lines) == len(block.lines):
        block, width = less, width - step
    return block


def keep_end(text: str) -> str:
    """A text whose last two words stay together, so that none stands alone on the last line."""
    return "\u00a0".join(text.rsplit(" ", 1))


def address(parts: Iterable[str]) -> str:
    """An address whose short parts between commas ("phường Dĩ An") are not broken over two lines."""
    said = fonts.clean(", ".join(parts)).split(", ")
    return ", ".join(keep(part) if len(part) <= 20 else part for part in said)


def keep(text: str) -> str:
    """A number whose groups are not parted at the end of a line."""
    return text.replace(" ", "\u00a0")


def line(sheet: Sheet, x: float, y: float, width: float, label: str, style: Style = TEXT) -> float:
    """A label and dots to write on; returns the y below."""
    pen.put(sheet, x, y, label, style)
    start = pen.measure(label, style) + 1
    pen.rule(sheet, x + start, y + style.leading * 0.82, width - start, 0.25, dots=True)
    return y + style.leading
