"""A sheet of paper and what a pen does on it. Millimetres from the top left corner, type sizes in points.

Texts are wrapped first and drawn afterwards, so every block knows its height before anything is on paper.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reportlab.lib.colors import Color, HexColor, black, white
from reportlab.pdfgen.canvas import Canvas

from labels import fonts

PRIMARY = HexColor("#14477a")
GREY = HexColor("#444444")
HAIR = HexColor("#8a8a8a")
ELLIPSIS = "…"
MM = 72 / 25.4  # points in a millimetre


class Style(NamedTuple):
    """A face, its size in points, its line height in mm and its colour."""

    font: str
    size: float
    leading: float
    colour: Color = black


# What a citizen must read is at least 7.4 pt, English and captions at least 6.2 pt.
TEXT = Style(fonts.REGULAR, 7.4, 3.3)
STRONG = Style(fonts.BOLD, 7.4, 3.3)
NAME = Style(fonts.BOLD, 9.8, 4.2)
NAME_LONG = Style(fonts.BOLD, 8.2, 3.6)
HEAD = Style(fonts.BOLD, 7.6, 3.4, PRIMARY)
COLUMN = Style(fonts.SEMIBOLD, 6.4, 2.7)
ENGLISH = Style(fonts.REGULAR, 6.2, 3.3, GREY)
CAPTION = Style(fonts.REGULAR, 6.4, 2.8, GREY)

Span = tuple[str, Style]


@dataclass(frozen=True)
class Sheet:
    """One page size of a document being drawn, in mm."""

    canvas: Canvas
    width: float
    height: float


@dataclass(frozen=True)
class Block:
    """Wrapped lines, ready to draw. `cut` says that the text did not fit and ends with an ellipsis."""

    lines: tuple[tuple[Span, ...], ...]
    leading: float
    cut: bool = False

    @property
    def height(self) -> float:
        return len(self.lines) * self.leading


class Piece(NamedTuple):
    """Something of a known height that can be drawn at any y: a table row, a line of text."""

    height: float
    draw: Callable[[Sheet, float], None]


class Section(NamedTuple):
    """Rows under their heads, of one title; the heads are drawn again where the rows go on to another page. `carried`
    gives the sum of the first rows, to close a page with and to end with."""

    title: str
    heads: tuple[Piece, ...]
    rows: tuple[Piece, ...]
    carried: Callable[[int], Piece] | None = None


def measure(text: str, style: Style) -> float:
    """Width in mm. Raises MissingGlyph."""
    return fonts.width(text, style.font, style.size) / MM


def wrap(spans: Iterable[Span], width: float, limit: int | None = None) -> Block:
    """Break spans into lines no wider than `width` mm, at spaces, and inside a word only when it alone is
    wider.

    With a `limit`, later lines are dropped and the last one ends with an ellipsis. Spans that touch without a
    space stay together. Raises MissingGlyph.
    """
    spans = list(spans)
    leading = max((style.leading for text, style in spans), default=0.0)
    lines: list[list[Span]] = []
    line: list[Span] = []
    used = 0.0
    for word in _words(spans, width):
        length = sum(measure(text, style) for text, style in word)
        gap = measure(" ", line[-1][1]) if line else 0.0
        if line and used + gap + length > width:
            lines.append(line)
            line, used, gap = [], 0.0, 0.0
        if line:
            line.append((" ", line[-1][1]))
        line.extend(word)
        used += gap + length
    if line:
        lines.append(line)
    cut = limit is not None and len(lines) > limit
    if cut:
        lines = lines[:limit]
        lines[-1] = _shorten(lines[-1], width)
    return Block(tuple(tuple(_join(line)) for line in lines), leading, cut)


def _words(spans: Sequence[Span], width: float) -> Iterable[list[Span]]:
    """Unbreakable groups of spans; a word wider than `width` comes in parts that fit."""
    word: list[Span] = []
    for text, style in spans:
        cleaned = fonts.clean(text)
        parts = [part for part in cleaned.split(" ") if part]
        if text[:1].isspace() and word:
            yield word
            word = []
        for index, part in enumerate(parts):
            if index and word:
                yield word
                word = []
            while sum(measure(t, s) for t, s in word) + measure(part, style) > width:
                fits = _fitting(part, style, width - sum(measure(t, s) for t, s in word))
                if fits:
                    word.append((part[:fits], style))
                    part = part[fits:]
                if not word:  # not even one letter fits: a column narrower than its type
                    raise ValueError(f"a column of {width} mm cannot hold {part[:1]!r}")
                yield word
                word = []
            if part:
                word.append((part, style))
        if text[-1:].isspace() and word:
            yield word
            word = []
    if word:
        yield word


def _fitting(text: str, style: Style, width: float) -> int:
    used = 0.0
    for index, character in enumerate(text):
        used += measure(character, style)
        if used > width:
            return index
    return len(text)


def _shorten(line: list[Span], width: float) -> list[Span]:
    """The line with an ellipsis at its end, letters dropped until it fits."""
    line = list(line)
    while line:
        text, style = line.pop()
        before = sum(measure(t, s) for t, s in line)
        text = text.rstrip()
        while text and before + measure(text + ELLIPSIS, style) > width:
            text = text[:-1].rstrip()
        if text:
            return [*line, (text + ELLIPSIS, style)]
    return line


def _join(line: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for text, style in line:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined


def write(sheet: Sheet, x: float, y: float, block: Block, align: str = "left", width: float = 0.0) -> float:
    """Draw a block whose top left corner is at x, y mm. `align` is left, right or centre within `width` mm.
    Returns the y below it."""
    for line in block.lines:
        baseline = y + block.leading * 0.76
        length = sum(measure(text, style) for text, style in line) if align != "left" else 0.0
        shift = {"left": 0.0, "right": width - length, "centre": (width - length) / 2}[align]
        pen = sheet.canvas.beginText((x + shift) * MM, (sheet.height - baseline) * MM)
        for text, style in line:
            pen.setFont(style.font, style.size)
            pen.setFillColor(style.colour)
            pen.textOut(text)
        sheet.canvas.drawText(pen)
        y += block.leading
    return y


def put(sheet: Sheet, x: float, y: float, text: str, style: Style, align: str = "left", width: float = 0.0) -> None:
    """Draw one line of text, not wrapped, with its top at y mm. Raises MissingGlyph."""
    text = fonts.clean(text)
    measure(text, style)
    write(sheet, x, y, Block((((text, style),),), style.leading), align, width)


def rule(
    sheet: Sheet,
    x: float,
    y: float,
    width: float,
    weight: float = 0.25,
    colour: Color = black,
    dots: bool = False,
) -> None:
    """A level line of `width` mm, `weight` mm thick; dotted, it is a place to write."""
    sheet.canvas.saveState()
    sheet.canvas.setLineWidth(weight * MM)
    sheet.canvas.setStrokeColor(colour)
    if dots:
        sheet.canvas.setDash([0.3 * MM, 0.7 * MM])
    level = (sheet.height - y) * MM
    sheet.canvas.line(x * MM, level, (x + width) * MM, level)
    sheet.canvas.restoreState()


def upright(sheet: Sheet, x: float, y: float, height: float, weight: float = 0.15, colour: Color = HAIR) -> None:
    """An upright line of `height` mm down from y."""
    sheet.canvas.saveState()
    sheet.canvas.setLineWidth(weight * MM)
    sheet.canvas.setStrokeColor(colour)
    sheet.canvas.line(x * MM, (sheet.height - y) * MM, x * MM, (sheet.height - y - height) * MM)
    sheet.canvas.restoreState()


def frame(
    sheet: Sheet, x: float, y: float, width: float, height: float, weight: float = 0.3, filled: bool = False
) -> None:
    """A rectangle with its top left corner at x, y mm; `filled` black."""
    sheet.canvas.saveState()
    sheet.canvas.setLineWidth(weight * MM)
    sheet.canvas.setStrokeColor(black)
    sheet.canvas.setFillColor(black if filled else white)
    sheet.canvas.rect(
        x * MM, (sheet.height - y - height) * MM, width * MM, height * MM, stroke=1, fill=1 if filled else 0
    )
    sheet.canvas.restoreState()


def tick(sheet: Sheet, x: float, y: float, crossed: bool = False, size: float = 2.8) -> None:
    """A box to tick, crossed or empty, drawn because the typeface has none."""
    frame(sheet, x, y, size, size)
    if crossed:
        sheet.canvas.saveState()
        sheet.canvas.setLineWidth(0.4 * MM)
        sheet.canvas.setStrokeColor(black)
        inner = 0.55
        left, right = (x + inner) * MM, (x + size - inner) * MM
        top, bottom = (sheet.height - y - inner) * MM, (sheet.height - y - size + inner) * MM
        sheet.canvas.line(left, bottom, right, top)
        sheet.canvas.line(left, top, right, bottom)
        sheet.canvas.restoreState()


def ring(sheet: Sheet, x: float, y: float, diameter: float) -> None:
    """A dashed ring centred at x, y mm, to be filled by a real stamp."""
    sheet.canvas.saveState()
    sheet.canvas.setLineWidth(0.3 * MM)
    sheet.canvas.setStrokeColor(HAIR)
    sheet.canvas.setDash([1 * MM, 0.8 * MM])
    sheet.canvas.circle(x * MM, (sheet.height - y) * MM, diameter / 2 * MM)
    sheet.canvas.restoreState()


def emblem(sheet: Sheet, x: float, y: float, size: float) -> None:
    """Our mark, an open envelope that is also a house, as a line drawing of `size` mm."""
    pen = sheet.canvas
    pen.saveState()
    pen.translate(x * MM, (sheet.height - y) * MM)
    pen.scale(size * MM / 40, -size * MM / 40)
    pen.setStrokeColor(PRIMARY)
    pen.setLineJoin(1)
    path = pen.beginPath()
    path.moveTo(20, 3)
    for point in ((37, 15.5), (37, 37), (3, 37), (3, 15.5)):
        path.lineTo(*point)
    path.close()
    pen.setLineWidth(2.6)
    pen.drawPath(path)
    path = pen.beginPath()
    path.rect(9, 18.5, 22, 13)
    path.moveTo(9, 19)
    path.lineTo(20, 27)
    path.lineTo(31, 19)
    pen.setLineWidth(2.2)
    pen.drawPath(path)
    pen.restoreState()
