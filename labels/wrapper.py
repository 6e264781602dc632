"""What is stuck on the outside of a packet or hung on a bag. It says where to, never what is inside."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from reportlab.lib.colors import white

from labels import barcode, fonts, lines, qr, texts
from labels import sheet as pen
from labels.check import BadField, Field
from labels.leaf import Leaf
from labels.sheet import ENGLISH, MM, Block, Sheet, Span, Style
from labels.slip import Way
from labels.words import masked, say_day

LEVEL = "Q"
SMALL_ROOM = (37, 17.8)  # mm for name and address on the small label
SIZES = (17.0, 14.0, 12.0, 10.0, 8.6, 7.4, 6.4)  # points a name may have: the largest that fits


@dataclass(frozen=True)
class Label:
    """The label of one packet. Of a citizen it has name, address and a telephone number with its middle hidden."""

    number: str
    token_url: str
    way: Way
    sort: str  # what the packet is sorted by at a glance: the desk's sign, or round and stop
    office: str
    office_phone: str
    name: str
    address: tuple[str, ...]
    phone: str
    route: str = ""
    due: date | None = None
    issue: int = 1
    mark: str = ""


class Box(NamedTuple):
    """A rectangle in mm from the top left corner of the label."""

    x: float
    y: float
    width: float
    height: float


class Shape(NamedTuple):
    """Size of a label in mm and where its two codes stand."""

    width: float
    height: float
    qr: Box
    bars: Box


LARGE = Shape(100, 150, Box(4, 71, 43, 43), Box(8, 119, 84, 12))
SMALL = Shape(76, 51, Box(0.5, 0.5, 36, 36), Box(5, 38, 66, 7))


def draw_large(canvas: Leaf, label: Label) -> None:
    """Draw the 100 × 150 mm label. Raises BadField when a name or address does not fit in readable type."""
    large(_page(canvas, LARGE, label), label)
    canvas.showPage()


def draw_small(canvas: Leaf, label: Label) -> None:
    """Draw the 76 × 51 mm label. Raises as `draw_large`."""
    small(_page(canvas, SMALL, label), label)
    canvas.showPage()


def _page(canvas: Leaf, shape: Shape, label: Label) -> Sheet:
    canvas.setPageSize((shape.width * MM, shape.height * MM))
    sheet = Sheet(canvas, shape.width, shape.height)
    code(sheet, label.token_url, shape.qr)
    box = shape.bars
    barcode.draw_centred(canvas, label.number, box.x, shape.height - box.y - box.height, box.width, box.height)
    return sheet


def code(sheet: Sheet, text: str, box: Box) -> None:
    """A code in whole dots of a thermal printer, in the middle of its box. Raises as `qr.whole_dots`."""
    size = qr.whole_dots(text, box.width, LEVEL)
    inset = (box.width - size) / 2
    qr.draw(sheet.canvas, text, box.x + inset, sheet.height - box.y - inset - size, size, LEVEL)


def large(sheet: Sheet, label: Label) -> None:
    """Everything of the large label but its codes."""
    pen.emblem(sheet, 5, 4, 8)
    pen.put(sheet, 15, 3.8, texts.OPERATOR, Style(fonts.BOLD, 9.6, 4.2))
    pen.write(sheet, 15, 8.4, fill("office", label.office, 80, 5.9, fonts.REGULAR, 7.8))
    if label.route:
        route = _one_line("route", label.route, 24, 12)._replace(leading=4.4)
        pen.put(sheet, 71, 3.3, label.route, route, "right", 24)
        before = 95 - pen.measure(label.route, route) - 1.2
        pen.put(sheet, 55, 4.7, texts.ROUTE, Style(fonts.REGULAR, 6.4, 2.8), "right", before - 55)
    pen.frame(sheet, 0, 14.5, 100, 15, 0.2, filled=True)
    heading, sort = texts.TOWARDS[label.way], _one_line("sort", label.sort, 38, 22)
    pen.put(sheet, 5, 17.2, heading, lines.fitted(heading, 50, 19, fonts.BOLD, 9.6)._replace(colour=white))
    pen.put(sheet, 57, 17.0, label.sort, sort._replace(leading=10, colour=white), "right", 38)
    pen.put(sheet, 5, 31, texts.ADDRESSEE[label.way], Style(fonts.REGULAR, 7.2, 3.2))
    y = pen.write(sheet, 5, 34.2, fill("name", label.name, 90, 14.8, fonts.BOLD))
    where = lines.address(label.address)
    y = pen.write(sheet, 5, y + 0.6, fill("address", where, 90, 63 - y, fonts.REGULAR, 10.4))
    pen.put(sheet, 5, y + 0.4, _phone(label), lines.fitted(_phone(label), 90, 10.4, fonts.SEMIBOLD, 4.6))
    pen.rule(sheet, 5, 70, 90, 0.3)
    if label.due:
        pen.put(sheet, 50, 73, texts.DUE, Style(fonts.REGULAR, 7.2, 3.2))
        pen.write(sheet, 50, 76, pen.wrap([(say_day(label.due), Style(fonts.BOLD, 12.5, 5.4))], 45))
    pen.put(sheet, 50, 88.6, texts.SEAL_HERE, Style(fonts.REGULAR, 7.2, 3.2))
    pen.write(sheet, 50, 91.6, pen.wrap([(texts.READ_THE_SEAL, Style(fonts.BOLD, 8.4, 3.8))], 45))
    pen.put(sheet, 50, 101, f"In lần {label.issue}", Style(fonts.BOLD, 9, 4))
    pen.put(sheet, 50, 105.6, texts.CARE, Style(fonts.REGULAR, 7.8, 3.6))
    if label.mark:
        lines.stamp(sheet, label.mark, 50, 109.8, 45, 5)
    pen.rule(sheet, 5, 116, 90, 0.3)
    number = lines.fitted(label.number, 84, 15, fonts.BOLD, 6.4)
    pen.put(sheet, 8, 132, label.number, number, "centre", 84)
    pen.rule(sheet, 5, 139.4, 90, 0.15)
    pen.write(sheet, 5, 140.4, found(label.office_phone, 90), "centre", 90)
    pen.put(sheet, 5, 143.8, texts.FOUND_EN, ENGLISH, "centre", 90)


def small(sheet: Sheet, label: Label) -> None:
    """Everything of the small label but its codes."""
    sort = _one_line("sort", label.sort, 37, 19)
    pen.frame(sheet, 37, 2, 37.5, 9.4, 0.2, filled=True)
    pen.put(sheet, 37, 2.6, label.sort, sort._replace(leading=8.4, colour=white), "centre", 37.5)
    pen.put(sheet, 37.5, 11.9, texts.TOWARDS[label.way], Style(fonts.BOLD, 7.4, 3.3))
    if label.route:
        pen.put(sheet, 37.5, 11.9, label.route, lines.fitted(label.route, 14, 7.4, fonts.BOLD, 3.3), "right", 37)
    name, where = _both(label, *SMALL_ROOM)
    y = pen.write(sheet, 37.5, 15.4, name)
    pen.write(sheet, 37.5, y + 0.3, where)
    below = f"{_phone(label)} · lần {label.issue}"
    pen.put(sheet, 37.5, 33.6, below, lines.fitted(below, 37, 7.2, fonts.REGULAR, 3.2))
    pen.put(sheet, 5, 45.2, label.number, lines.fitted(label.number, 40, 10, fonts.BOLD, 4.4))
    if label.mark:
        lines.stamp(sheet, label.mark, 47, 45.4, 27, 4.4)
    else:
        call, style = f"{texts.FOUND_SHORT} {lines.keep(label.office_phone)}", Style(fonts.REGULAR, 6.4, 2.5)
        if pen.measure(call, style) <= 28.5 * 6.4 / 5.4:
            pen.put(sheet, 46, 45.8, call, lines.fitted(call, 28.5, 6.4, fonts.REGULAR, 3), "right", 28.5)
        else:
            pen.write(sheet, 46, 45.5, pen.wrap([(call, style)], 28.5), "right", 28.5)


def fill(field: str, text: str, width: float, height: float, font: str, largest: float = SIZES[0]) -> Block:
    """The text in the largest type in which all of it fits. Raises BadField for one that would have to be cut."""
    for size in (size for size in SIZES if size <= largest or size == SIZES[-1]):
        block = lines.balanced(text, Style(font, size, size * 0.44), width)
        if block.height <= height:
            return block
    raise BadField(field, f"is too long for this label ({len(text)} letters)")


def fits_small(label: Label) -> bool:
    """Whether the small label has room for this name and address."""
    try:
        _both(label, *SMALL_ROOM)
    except BadField:
        return False
    return True


def _both(label: Label, width: float, height: float) -> tuple[Block, Block]:
    """Name and address in the largest type in which both fit. Raises BadField when the large label is needed."""
    where = lines.address(label.address)
    for whole in (True, False):  # a name of a place is parted rather than refused
        for size, smaller in ((10.0, 7.4), (8.6, 6.8), (7.4, 6.4), (6.4, 6.4), (5.8, 5.8)):
            bold, plain = Style(fonts.BOLD, size, size * 0.43), Style(fonts.REGULAR, smaller, smaller * 0.42)
            name = (
                lines.balanced(label.name, bold, width, 1.0)
                if whole
                else pen.wrap([(label.name, bold)], width, None, False)
            )
            address = pen.wrap([(where if whole else ", ".join(label.address), plain)], width, None, whole)
            if name.height + address.height + 0.3 <= height:
                return name, address
    longest = max((("name", len(label.name)), ("address", len(where))), key=lambda pair: pair[1])
    raise BadField(longest[0], f"is too long for the small label ({longest[1]} letters): print the large one")


def _one_line(field: str, text: str, width: float, size: float) -> Style:
    style = lines.fitted(text, width, size, fonts.BOLD, size * 0.44)
    if style.size < 8:
        raise BadField(field, f"is too long for this label ({len(text)} letters)")
    return style


def _phone(label: Label) -> str:
    return label.phone if label.way is Way.IN else masked(label.phone)


def found(phone: str, width: float) -> Block:
    """What whoever finds it reads, on one line. Raises BadField for a number that leaves no room for it."""
    for size in (6.8, 6.4, 6.0, 5.6):
        plain = Style(fonts.REGULAR, size, 3.1)
        spans: list[Span] = [(texts.FOUND[0], plain), (lines.keep(phone), plain._replace(font=fonts.BOLD)),
                             (texts.FOUND[1], plain)]  # fmt: skip
        block = pen.wrap(spans, width)
        if len(block.lines) == 1:
            return block
    raise BadField("office_phone", f"is too long for this label ({len(phone)} letters)")


# fmt: off
FIELDS = (
    Field("number",      "TT 02/2012",        lambda s: (s.number,)),
    Field("direction",   "design",            lambda s: (texts.TOWARDS[s.way],)),
    Field("sorting",     "design",            lambda s: (s.sort, s.route)),
    Field("addressee",   "TT 17 Đ9",          lambda s: (s.name, ", ".join(s.address), _phone(s))),
    Field("issue",       "design",            lambda s: (f"lần {s.issue}",)),
    Field("mark",        "design",            lambda s: (s.mark,)),
)
LARGE_FIELDS = (
    *FIELDS,
    Field("office",      "design",            lambda s: (texts.OPERATOR, s.office)),
    Field("due",         "TT 17 Đ7",          lambda s: (say_day(s.due) if s.due else "",)),
    Field("seal",        "QĐ 45 Đ6.5",        lambda s: (texts.READ_THE_SEAL,)),
    Field("if found",    "design",            lambda s: (s.office_phone, texts.FOUND[1].strip(" ."), texts.FOUND_EN)),
)
# fmt: on
