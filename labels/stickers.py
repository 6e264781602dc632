"""Sheets of pre-printed stickers for homes without a printer: 3 × 8 on A4, each with a token of its own."""

from dataclasses import dataclass

from labels import fonts, lines, qr, texts
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
    left, room = x + 38, 26.8
    y += words
    pen.put(sheet, left, y + 3.7, texts.SERVICE_NAME.upper(), Style(fonts.BOLD, 7.6, 3.4, pen.PRIMARY))
    pen.put(sheet, left, y + 7.1, texts.STICKER, Style(fonts.REGULAR, 7.2, 3.2))
    tail = short(sticker.number)
    pen.put(sheet, left, y + 10.4, tail, lines.fitted(tail, room, 14, fonts.BOLD, 6.2))
    pen.put(sheet, left, y + 16.8, sticker.number, lines.fitted(sticker.number, room, 7.4, fonts.REGULAR, 3.3))
    pen.write(sheet, left, y + 20.5, pen.wrap([(texts.STICKER_USE, Style(fonts.REGULAR, 6.4, 2.8))], room))
    if sticker.mark:
        lines.stamp(sheet, sticker.mark, left, y + 29.8, room, 3.8)
    else:
        found, english = texts.STICKER_FOUND
        pen.put(sheet, left, y + 29.1, found, lines.fitted(found, room, 6.4, fonts.BOLD, 2.8))
        pen.put(sheet, left, y + 31.6, english, ENGLISH)


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
