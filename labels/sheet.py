"""A sheet of paper and what a pen does on it. Millimetres from the top left corner, type sizes in points.

Texts are wrapped first and drawn afterwards, so every block knows its height before anything is on paper.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin
from typing import NamedTuple

from reportlab.lib.colors import Color, HexColor, black

from labels import fonts, places
from labels.leaf import Leaf

PRIMARY = HexColor("#14477a")
GREY = HexColor("#444444")
HAIR = HexColor("#8a8a8a")
ELLIPSIS = "…"
MM = 72 / 25.4  # points in a millimetre


class Overrun(ValueError):
    """A text would leave its page, or be too small to read: `.text`, or "" where only the height of its row is known."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"no room for {text[:40]!r}" if text else "a row is taller than a page")


class Uncodable(ValueError):
    """No code on this paper can carry a text: `.text`."""

    def __init__(self, text: str, why: str) -> None:
        self.text, self.why = text, why
        super().__init__(f"{text[:40]!r} {why}")


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

    canvas: Leaf
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
    gives the sum of the first rows, to close a page with and to end with. What is `tied` stands on one page with the
    last row before it: nobody signs a page that says nothing."""

    title: str
    heads: tuple[Piece, ...]
    rows: tuple[Piece, ...]
    carried: Callable[[int], Piece] | None = None
    tied: bool = False


def measure(text: str, style: Style) -> float:
    """Width in mm. Raises MissingGlyph."""
    return fonts.width(text, style.font, style.size) / MM


def wrap(spans: Iterable[Span], width: float, limit: int | None = None, whole: bool = True) -> Block:
    """Break spans into lines no wider than `width` mm, at spaces, and inside a word only when it alone is
    wider. A place's name is not parted either, unless it is not to be `whole`.

    With a `limit`, later lines are dropped and the last one ends with an ellipsis. Spans that touch without a
    space stay together. Raises MissingGlyph.
    """
    return _wrapped(tuple(spans), width, limit, whole)


@lru_cache(maxsize=256)  # captions and rules come again on every page
def _wrapped(spans: tuple[Span, ...], width: float, limit: int | None, whole: bool) -> Block:
    leading = max((style.leading for text, style in spans), default=0.0)
    lines: list[list[Span]] = []
    line: list[Span] = []
    used = 0.0
    for word in _words(spans, width, whole):
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


def _words(spans: Sequence[Span], width: float, whole: bool) -> Iterable[list[Span]]:
    """Unbreakable groups of spans; a word wider than `width` comes in parts that fit."""
    word: list[Span] = []
    for text, style in spans:
        cleaned = places.whole(fonts.clean(text)) if whole else fonts.clean(text)
        parts = [piece for part in cleaned.split(" ") if part for piece in _parted(part, style, width)]
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


def _parted(word: str, style: Style, width: float) -> Sequence[str]:
    """What is kept together, or its words where the column is too narrow for all of them."""
    kept = places.TOGETHER in word and measure(word, style) > width
    return word.split(places.TOGETHER) if kept else (word,)


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
    """What is to be drawn, with plain spaces: whoever copies it from the page gets what was typed."""
    joined: list[Span] = []
    for text, style in line:
        text = text.replace(places.TOGETHER, " ")
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined


def write(sheet: Sheet, x: float, y: float, block: Block, align: str = "left", width: float = 0.0) -> float:
    """Draw a block whose top left corner is at x, y mm. `align` is left, right or centre within `width` mm.
    Returns the y below it. Raises Overrun, rather than to draw what nobody would see."""
    if block.lines and (y < 0 or y + block.height > sheet.height + 0.01):
        raise Overrun(" ".join(text for line in block.lines for text, _ in line))
    for line in block.lines:
        baseline = y + block.leading * 0.76
        shift = 0.0
        if align != "left":
            spare = width - sum(measure(text, style) for text, style in line)
            shift = spare if align == "right" else spare / 2
        told = [(text, style.font, style.size, style.colour) for text, style in line]
        sheet.canvas.words((x + shift) * MM, (sheet.height - baseline) * MM, told)
        y += block.leading
    return y


def put(sheet: Sheet, x: float, y: float, text: str, style: Style, align: str = "left", width: float = 0.0) -> None:
    """Draw one line of text, not wrapped, with its top at y mm. Raises MissingGlyph, and Overrun as `write`."""
    text = fonts.clean(text).replace(places.TOGETHER, " ")
    length = measure(text, style)
    left = x + {"left": 0.0, "right": width - length, "centre": (width - length) / 2}[align]
    if left < 0 or left + length > sheet.width:
        raise Overrun(text)
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
    level = (sheet.height - y) * MM
    dash = (0.3 * MM, 0.7 * MM) if dots else ()
    sheet.canvas.strokes(((x * MM, level), ((x + width) * MM, level)), weight * MM, colour, dash)


def upright(sheet: Sheet, x: float, y: float, height: float, weight: float = 0.15, colour: Color = HAIR) -> None:
    """An upright line of `height` mm down from y."""
    top = (sheet.height - y) * MM
    sheet.canvas.strokes(((x * MM, top), (x * MM, top - height * MM)), weight * MM, colour)


def frame(
    sheet: Sheet, x: float, y: float, width: float, height: float, weight: float = 0.3, filled: bool = False
) -> None:
    """A rectangle with its top left corner at x, y mm; `filled` black."""
    sheet.canvas.box(x * MM, (sheet.height - y - height) * MM, width * MM, height * MM, weight * MM, filled)


def tick(sheet: Sheet, x: float, y: float, crossed: bool = False, size: float = 2.8) -> None:
    """A box to tick, crossed or empty, drawn because the typeface has none."""
    frame(sheet, x, y, size, size)
    if crossed:
        left, right = (x + 0.55) * MM, (x + size - 0.55) * MM
        top, bottom = (sheet.height - y - 0.55) * MM, (sheet.height - y - size + 0.55) * MM
        sheet.canvas.strokes(((left, bottom), (right, top)), 0.4 * MM, black)
        sheet.canvas.strokes(((left, top), (right, bottom)), 0.4 * MM, black)


def ring(sheet: Sheet, x: float, y: float, diameter: float) -> None:
    """A dashed ring centred at x, y mm, to be filled by a real stamp."""
    around = [
        ((x + diameter / 2 * cos(step * pi / 24)) * MM, (sheet.height - y - diameter / 2 * sin(step * pi / 24)) * MM)
        for step in range(48)
    ]
    sheet.canvas.strokes(around, 0.3 * MM, HAIR, (1 * MM, 0.8 * MM), close=True)


def emblem(sheet: Sheet, x: float, y: float, size: float) -> None:
    """Our mark, an open envelope that is also a house, as a line drawing of `size` mm."""

    def stroke(points: Sequence[tuple[float, float]], weight: float, close: bool) -> None:
        placed = [
            ((x + across * size / 40) * MM, (sheet.height - y - down * size / 40) * MM) for across, down in points
        ]
        sheet.canvas.strokes(placed, weight * size / 40 * MM, PRIMARY, (), close)

    stroke(((20, 3), (37, 15.5), (37, 37), (3, 37), (3, 15.5)), 2.6, True)
    stroke(((9, 18.5), (31, 18.5), (31, 31.5), (9, 31.5)), 2.2, True)
    stroke(((9, 19), (20, 27), (31, 19)), 2.2, False)
