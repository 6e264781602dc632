"""The tag of a bag between a post office and a desk: where from, where to, how many packets, which seal."""

from dataclasses import dataclass
from datetime import date

from reportlab.lib.colors import white

from labels import barcode, fonts, lines, texts
from labels import sheet as pen
from labels.check import Field
from labels.leaf import Leaf
from labels.sheet import ENGLISH, MM, Sheet, Style
from labels.words import say_day
from labels.wrapper import Box, code, fill, found

WIDTH, HEIGHT = 100.0, 150.0  # the same roll as the large label
QR = Box(4, 74, 43, 43)


@dataclass(frozen=True)
class BagTag:
    """One bag of one trip."""

    number: str
    token_url: str
    sort: str
    origin: str
    destination: str
    day: date
    office_phone: str
    packets: int | None = None  # None: to be written by hand
    seal: str = ""
    trip: str = ""
    issue: int = 1
    mark: str = ""


def draw(canvas: Leaf, tag: BagTag) -> None:
    """Draw the tag. Raises BadField when a name does not fit in readable type."""
    canvas.setPageSize((WIDTH * MM, HEIGHT * MM))
    sheet = Sheet(canvas, WIDTH, HEIGHT)
    caption, strong = Style(fonts.REGULAR, 7.4, 3.4), Style(fonts.BOLD, 14, 6)
    pen.ring(sheet, 50, 8, 6)
    pen.put(sheet, 56, 6.4, texts.HOLE, Style(fonts.REGULAR, 6.4, 2.8))
    pen.frame(sheet, 0, 15, WIDTH, 17, 0.2, filled=True)
    pen.put(sheet, 5, 18.6, texts.BAG_TITLE, Style(fonts.BOLD, 19, 9.6, white))
    sort = lines.fitted(tag.sort, 50, 26, fonts.BOLD, 11)._replace(colour=white)
    pen.put(sheet, 45, 17.6, tag.sort, sort, "right", 50)
    pen.put(sheet, 5, 34, texts.BAG_FROM, caption)
    y = pen.write(sheet, 5, 37.2, fill("origin", tag.origin, 90, 13, fonts.SEMIBOLD, 12))
    pen.put(sheet, 5, y + 1, texts.BAG_TO, caption)
    pen.write(sheet, 5, y + 4.2, fill("destination", tag.destination, 90, 71 - y - 4.2, fonts.BOLD, 17))
    pen.rule(sheet, 5, 73, 90, 0.3)
    code(sheet, tag.token_url, QR)
    rows = ((texts.BAG_COUNT, str(tag.packets) if tag.packets is not None else ""),
            (texts.BAG_SEAL, tag.seal),
            (texts.BAG_DAY, say_day(tag.day)))  # fmt: skip
    y = 76.0
    for label, value in rows:
        pen.put(sheet, 50, y, label, caption)
        if value:
            pen.put(sheet, 50, y + 3.2, value, lines.fitted(value, 45, 14, fonts.BOLD, 6))
        else:
            pen.rule(sheet, 50, y + 8.6, 45, dots=True)
        y += 11.4
    trip = f"{texts.ROUTE} {tag.trip} · In lần {tag.issue}" if tag.trip else f"In lần {tag.issue}"
    pen.put(sheet, 50, y, trip, lines.fitted(trip, 45, 8.4, fonts.REGULAR, 3.8))
    if tag.mark:
        lines.stamp(sheet, tag.mark, 50, 114, 45, 5)
    pen.rule(sheet, 5, 120, 90, 0.3)
    barcode.draw_centred(canvas, tag.number, 8, HEIGHT - 122 - 11, 84, 11)
    pen.put(sheet, 8, 134, tag.number, lines.fitted(tag.number, 84, strong.size, fonts.BOLD, 6), "centre", 84)
    pen.write(sheet, 5, 140.6, found(tag.office_phone, 90), "centre", 90)
    pen.put(sheet, 5, 144, texts.FOUND_EN, ENGLISH, "centre", 90)
    canvas.showPage()


# fmt: off
FIELDS = (
    Field("number",      "design", lambda s: (s.number,)),
    Field("sorting",     "design", lambda s: (s.sort,)),
    Field("origin",      "design", lambda s: (texts.BAG_FROM, s.origin)),
    Field("destination", "design", lambda s: (texts.BAG_TO, s.destination)),
    Field("packets",     "design", lambda s: (f"{texts.BAG_COUNT} {'' if s.packets is None else s.packets}".strip(),)),
    Field("seal",        "design", lambda s: (f"{texts.BAG_SEAL} {s.seal}".strip(),)),
    Field("day",         "design", lambda s: (say_day(s.day),)),
    Field("if found",    "design", lambda s: (s.office_phone, texts.FOUND_EN)),
    Field("mark",        "design", lambda s: (s.mark,)),
)
# fmt: on
