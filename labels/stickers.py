"""Sheets of pre-printed stickers for homes without a printer: 3 × 8 on A4, each with a token of its own."""

from dataclasses import dataclass

from labels import barcode, fonts, lines, qr, texts
from labels import sheet as pen
from labels.check import BadField, Field
from labels.leaf import Leaf
from labels.sheet import ENGLISH, MM, Sheet, Style
from labels.wrapper import LEVEL

COLUMNS, ROWS = 3, 8
CELLS = COLUMNS * ROWS
WIDTH, HEIGHT = 70.0, 37.0  # mm of one sticker
A4 = (210.0, 297.0)
TOP = (A4[1] - ROWS * HEIGHT) / 2
QR = 35.0  # mm with the quiet zone
ROOM = 17.4  # mm for words between the code and the bars
BARS, TALL = 61.9, 5.2  # mm from the left edge to the end of the bars, and their height
LONG = (
    30.0  # mm of bars on 37: their white on both sides stays on the sticker, narrow bars are 0.19 mm (7.5 mil) or more
)
# Printers are sure of nothing within 5 mm of an edge: in the outer rows the code and the words stand off their middle, mm.
INWARD = {0: (1.4, 1.8), ROWS - 1: (-1.4, -2.4)}


@dataclass(frozen=True)
class Sticker:
    """One sticker: its number and its token."""

    number: str
    token_url: str
    mark: str = ""


@dataclass(frozen=True)
class StickerSheet:
    """Stickers in order. `first` is the cell the first one goes to, counted from 1 along the rows: a sheet of which
    some were used is put back into the printer. Raises BadField for a cell that is not on the sheet."""

    stickers: tuple[Sticker, ...]
    first: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.first <= CELLS:
            raise BadField("first", f"is not a cell of the sheet (1 to {CELLS}): {self.first}")


def draw(canvas: Leaf, item: StickerSheet) -> None:
    """Draw as many sheets as the stickers need."""
    sheet = Sheet(canvas, *A4)
    for at, sticker in enumerate(item.stickers, item.first - 1):
        if at == item.first - 1 or at % CELLS == 0:
            if at >= CELLS:
                canvas.showPage()
            canvas.setPageSize((A4[0] * MM, A4[1] * MM))
        row, column = divmod(at % CELLS, COLUMNS)
        _sticker(sheet, sticker, column * WIDTH, TOP + row * HEIGHT, *INWARD.get(row, (0.0, 0.0)))
    canvas.showPage()


def _sticker(sheet: Sheet, sticker: Sticker, x: float, y: float, code: float, words: float) -> None:
    top = y + (HEIGHT - QR) / 2 + code
    qr.draw(sheet.canvas, sticker.token_url, x + 2.8, sheet.height - top - QR, QR, LEVEL)
    _bars(sheet, sticker.number, x + BARS, y + (HEIGHT - LONG) / 2 + code)
    left = x + 38
    y += words
    service, tail = texts.SERVICE_NAME.upper(), short(sticker.number)
    pen.put(sheet, left, y + 3.7, service, lines.fitted(service, ROOM, 7.6, fonts.BOLD, 3)._replace(colour=pen.PRIMARY))
    pen.put(sheet, left, y + 6.7, texts.STICKER, Style(fonts.REGULAR, 6.4, 2.8))
    pen.put(sheet, left, y + 9.5, tail, lines.fitted(tail, ROOM, 14, fonts.BOLD, 5))
    below = (
        pen.write(sheet, left, y + 14.7, pen.wrap([(texts.STICKER_USE, Style(fonts.REGULAR, 6.2, 2.7))], ROOM)) + 0.5
    )
    if sticker.mark:
        lines.stamp(sheet, sticker.mark, left, y + 29.4, ROOM, 3.8)
    else:
        found, english = texts.STICKER_FOUND
        below = pen.write(sheet, left, below, pen.wrap([(found, Style(fonts.BOLD, 6.2, 2.7))], ROOM))
        pen.write(sheet, left, below, pen.wrap([(english, ENGLISH._replace(leading=2.6))], ROOM))


def _bars(sheet: Sheet, number: str, x: float, y: float) -> None:
    """The number up the right side, under its bars: no room is as long as it anywhere else. `x`, `y`: their top right."""
    length, bottom = min(LONG, barcode.modules(bare(number)) * barcode.BAR), sheet.height - y - LONG
    with sheet.canvas.turned(x * MM, (bottom + (LONG - length) / 2) * MM):
        barcode.draw(sheet.canvas, bare(number), 0, 0, length, TALL)
    style = lines.fitted(number, LONG, 7.4, fonts.SEMIBOLD, 3)
    with sheet.canvas.turned((x + 2.7) * MM, (bottom + (LONG - pen.measure(number, style)) / 2) * MM):
        sheet.canvas.words(0, 0, [(number, style.font, style.size, style.colour)])


def bare(number: str) -> str:
    """What the bars say: without dashes, which are forgiven in typing and would cost a third of their length."""
    return number.replace("-", "")


def short(number: str) -> str:
    """What is read over the telephone: "HS-260801-000700-3" → "000700-3", "RR473124829VN" → "3124 829"."""
    if number.startswith("HS-"):
        return number.split("-", 2)[2]
    digits = "".join(letter for letter in number if letter.isdigit())[-7:]
    return f"{digits[:4]} {digits[4:]}"


# fmt: off
FIELDS = (
    Field("numbers", "design", lambda s: tuple(one.number for one in s.stickers)),
    Field("short",   "design", lambda s: tuple(short(one.number) for one in s.stickers)),
    Field("use",     "design", lambda s: (texts.STICKER_USE,)),
    Field("mark",    "design", lambda s: tuple(one.mark for one in s.stickers)),
)
# fmt: on
