"""The paper left at a door where nobody was met: twice at most, two working days apart (Luật Bưu chính Đ17). Folded; it
says nothing of what waits."""

from dataclasses import dataclass
from datetime import date, datetime

from reportlab.lib.colors import white

from labels import barcode, fonts, lines, qr, texts
from labels import sheet as pen
from labels.check import BadField, Field
from labels.leaf import Leaf
from labels.sheet import ENGLISH, HAIR, MM, PRIMARY, Sheet, Span, Style
from labels.words import say_day, say_instant

WIDTH, HEIGHT, LEFT = 210.0, 148.0, 10.0
RIGHT = WIDTH - LEFT
QR = 36.0
BOX = 92.0  # mm, each of the two choices
TITLE = "Bưu tá đã đến mà chưa gặp ông bà"
TITLE_EN = "The courier called and could not hand over your packet. It is kept at the post office."
WAITS = "Có gói chờ ông bà ở bưu cục"
WAITS_EN = "A packet waits for you at the post office."
DOCUMENT = "Giấy mời"
CALL = {
    1: ("Giấy mời lần 1", "Lần 2: sau ít nhất 2 ngày làm việc"),
    2: ("Giấy mời lần 2", "Lần cuối trước khi chuyển lại nơi gửi"),
}
CALL_EN = {1: "First letter", 2: "Last letter"}
SCAN = ("Quét để hẹn lại", "Scan to rebook")
AGAIN, AGAIN_EN = "Giao lại tại nhà", "Deliver to my home"
FETCH, FETCH_EN = "Đến bưu cục nhận", "I come to the post office"
BACK = ("Bưu tá quay lại", "The courier comes again")
CHOOSE = ("Xin chọn ngày và giờ:", "Choose a day and hour")
OTHER, OTHER_EN = "Giờ khác: quét mã hoặc gọi ", "Another time: scan the code or telephone."
KEEP_EN, HOURS_EN = "Kept until", "Opening hours above. After that day it goes back to the agency that sent it."
SIGNS = {True: ("Bưu tá ký", "Courier signs"), False: ("Bưu cục ký", "Office signs")}
BRING_HEAD = "Khi nhận, xin mang theo:"
BRING = "căn cước hoặc hộ chiếu; có giấy mời này càng tốt."
BRING_EN = "Bring your identity card or passport, and this letter if you can."
PROXY_EN = "Anybody else, family too, also brings your written authorisation and their own identity card. Nothing is left with neighbours."
PROXY = ("Người khác nhận thay, kể cả người nhà: thêm giấy ủy quyền và giấy tờ tùy thân của người đó. "
         "Bưu tá không gửi lại cho hàng xóm.")  # fmt: skip
AFTER = "Sau đó chuyển về cơ quan đã gửi."
FREE, PAID = "Cước giao lại: không thu lần này.", "Cước giao lại: theo bảng giá, trả khi nhận."  # QĐ 45 Đ12
FREE_EN, PAID_EN = "No charge this time.", "At the usual tariff, paid when received."
FOOT = "Gấp đôi khi để lại. Giấy này không ghi trong gói có gì."
FOOT_EN = "This letter does not say what is in the packet."
TOP, BOX_HEIGHT = 64.4, 49.6  # mm, where the two choices stand
SMALL = ENGLISH._replace(size=6.6, leading=2.9)


@dataclass(frozen=True)
class Invitation:
    """One missed delivery, or a packet that nobody has called for; then `courier` and `reason` are empty, `called_at` is
    when the office writes. Raises BadField for a call other than the first or second."""

    number: str
    token_url: str
    call: int
    office: str
    office_phone: str
    name: str
    address: tuple[str, ...]
    called_at: datetime
    keep_until: date
    hours: str
    courier: str = ""
    badge: str = ""
    reason: str = ""
    again: date | None = None  # the next call, where one is planned
    window: str = ""
    free: bool = True  # whose fault it was decides who pays for the next call
    mark: str = ""

    @property
    def at_door(self) -> bool:
        return bool(self.courier or self.badge)

    def __post_init__(self) -> None:
        if self.call not in CALL:
            raise BadField("call", f"is 1 or 2, not {self.call}")


def draw(canvas: Leaf, item: Invitation) -> None:
    """Draw the invitation, A5 across. Raises Overrun for a text no type can hold."""
    canvas.setPageSize((WIDTH * MM, HEIGHT * MM))
    sheet = Sheet(canvas, WIDTH, HEIGHT)
    text, strong = Style(fonts.REGULAR, 10, 4.6), Style(fonts.BOLD, 10, 4.6)
    _top(sheet, item)
    pen.put(sheet, LEFT, 24, TITLE if item.at_door else WAITS, Style(fonts.BOLD, 17, 7.4))
    pen.put(sheet, LEFT, 32, TITLE_EN if item.at_door else WAITS_EN, ENGLISH._replace(size=7.4))
    if item.mark:
        lines.stamp(sheet, item.mark, 120, 31.4, 34, 4.6)
    _code(sheet, item)
    spans: list[Span] = [
        ("Kính gửi ", text), (item.name, strong), (f", {lines.address(item.address)}.", text), *_why(item, text, strong),
        (" Gói ", text), (item.number, strong), (f" đang được giữ tại {item.office}.", text),
    ]  # fmt: skip
    pen.write(sheet, LEFT, 37, shrunk(spans, 150, TOP - 38))
    _again(sheet, item, TOP)
    _fetch(sheet, item, TOP)
    body = Style(fonts.REGULAR, 8.8, 4.0)
    below = TOP + BOX_HEIGHT + 2.4
    bring: list[Span] = [(f"{BRING_HEAD} ", body._replace(font=fonts.BOLD)), (BRING, body)]
    y = pen.write(sheet, LEFT, below, pen.wrap(bring, 126))
    y = pen.write(sheet, LEFT, y, pen.wrap([(PROXY, body)], 126)) + 0.4
    pen.write(sheet, LEFT, y, pen.wrap([(f"{BRING_EN} {PROXY_EN}", SMALL)], 126))
    signs, english = SIGNS[item.at_door]
    pen.write(
        sheet, 144, below, pen.wrap([(signs, body._replace(font=fonts.BOLD)), (f" {english}", SMALL)], RIGHT - 144)
    )
    pen.rule(sheet, 144, 131.6, RIGHT - 144, 0.2, HAIR)
    if item.reason:
        why = shrunk([(f"Lý do: {item.reason}", Style(fonts.REGULAR, 7.4, 3.3))], RIGHT - 144, 7.4)
        pen.write(sheet, 144, 132.4, why)
    foot = Style(fonts.REGULAR, 7.2, 3.2)
    pen.write(sheet, LEFT, 140, pen.wrap([(FOOT, foot), (f" {FOOT_EN}", SMALL)], WIDTH - 2 * LEFT))
    canvas.showPage()


def _code(sheet: Sheet, item: Invitation) -> None:
    """The code, the number of its packet, and what scanning it does."""
    x, y = RIGHT + 3 - QR, 22 + QR - 0.4
    qr.draw(sheet.canvas, item.token_url, x, HEIGHT - 22 - QR, QR)
    pen.put(sheet, x, y - 0.1, item.number, lines.fitted(item.number, QR - 4, 7.4, fonts.BOLD, 3.2), "centre", QR)
    says: list[Span] = [(SCAN[0], Style(fonts.REGULAR, 6.6, 2.9)), (f" {SCAN[1]}", SMALL)]
    scan = shrunk(says, QR - 4.5, 2.9)  # no wider than the code, which ends at the margin
    pen.write(sheet, x, y + 3, scan, "centre", QR)


def _why(item: Invitation, text: Style, strong: Style) -> list[Span]:
    if item.at_door:
        came = f" Bưu tá {item.courier} (thẻ số {item.badge}) đến lúc "
        return [(came, text), (say_instant(item.called_at), strong), (".", text)]
    return [(" Bưu cục viết giấy này lúc ", text), (say_instant(item.called_at), strong), (".", text)]


def _top(sheet: Sheet, item: Invitation) -> None:
    pen.emblem(sheet, LEFT, 8, 10)
    pen.put(sheet, LEFT + 13, 8, texts.OPERATOR, Style(fonts.BOLD, 10.4, 4.6, PRIMARY))
    office = f"{item.office} · {lines.keep(item.office_phone)}"
    pen.write(sheet, LEFT + 13, 13, shrunk([(office, Style(fonts.REGULAR, 8.2, 3.6))], 100, 7.4))
    x, y, cell, height = RIGHT - 62, 9.0, 8.0, 9.0
    for number in CALL:
        pen.frame(sheet, x + (number - 1) * cell, y, cell, height, 0.3, filled=number == item.call)
        style = Style(fonts.BOLD, 11, 5, white) if number == item.call else Style(fonts.BOLD, 11, 5)
        pen.put(sheet, x + (number - 1) * cell, y + 2, str(number), style, "centre", cell)
    pen.frame(sheet, x, y, 62, height, 0.4)
    said, below = CALL[item.call]
    pen.put(sheet, x + 2 * cell + 2, y + 0.9, said, Style(fonts.BOLD, 8.6, 3.8))
    beside = x + 2 * cell + 2 + pen.measure(said, Style(fonts.BOLD, 8.6, 3.8)) + 1.4
    pen.put(sheet, beside, y + 1.3, CALL_EN[item.call], SMALL._replace(leading=3.4))
    pen.put(sheet, x + 2 * cell + 2, y + 4.9, below, lines.fitted(below, 43, 6.4, fonts.REGULAR, 2.9))
    pen.rule(sheet, LEFT, 21.4, WIDTH - 2 * LEFT, 0.4, PRIMARY)


def _choice(sheet: Sheet, x: float, y: float, title: str, english: str) -> None:
    pen.frame(sheet, x, y, BOX, BOX_HEIGHT, 0.35)
    pen.tick(sheet, x + 4, y + 4.4, size=4)
    pen.write(sheet, x + 10, y + 3.2, pen.wrap([(title, Style(fonts.BOLD, 13, 6)), (f" {english}", SMALL)], BOX - 12))


def _caption(sheet: Sheet, x: float, y: float, said: tuple[str, str], style: Style) -> None:
    pen.write(sheet, x, y, pen.wrap([(said[0], style), (f" {said[1]}", SMALL)], BOX - 8))


def _again(sheet: Sheet, item: Invitation, y: float) -> None:
    _choice(sheet, LEFT, y, AGAIN, AGAIN_EN)
    text = Style(fonts.REGULAR, 8.8, 4.0)
    if item.again:
        _caption(sheet, LEFT + 4, y + 11, BACK, text)
        when = f"{say_day(item.again)}, {item.window}" if item.window else say_day(item.again)
        pen.write(sheet, LEFT + 4, y + 15.4, shrunk([(when, Style(fonts.BOLD, 12, 5.2))], BOX - 8, 10.6))
    else:
        _caption(sheet, LEFT + 4, y + 11, CHOOSE, text)
        pen.rule(sheet, LEFT + 4, y + 22, BOX - 8, dots=True)
    other = pen.wrap([(OTHER, text), (lines.keep(item.office_phone), text._replace(font=fonts.BOLD)),
                      (".", text)], BOX - 8)  # fmt: skip
    below = pen.write(sheet, LEFT + 4, y + 27.4, other)
    pen.put(sheet, LEFT + 4, below, OTHER_EN, SMALL)
    pays, english = (FREE, FREE_EN) if item.free else (PAID, PAID_EN)
    pen.put(sheet, LEFT + 4, below + 5, pays, text)
    pen.put(sheet, LEFT + 4, below + 9, english, SMALL)


def _fetch(sheet: Sheet, item: Invitation, y: float) -> None:
    x = RIGHT - BOX
    _choice(sheet, x, y, FETCH, FETCH_EN)
    text = Style(fonts.REGULAR, 8.8, 4.0)
    keep = shrunk([(f"Giữ tại {item.office} đến hết", text), (f" {KEEP_EN}", SMALL)], BOX - 8, 8.2)
    below = pen.write(sheet, x + 4, y + 11, keep)
    below = pen.write(
        sheet, x + 4, below + 0.4, pen.wrap([(say_day(item.keep_until), Style(fonts.BOLD, 12, 5.2))], BOX - 8)
    )
    opening: list[Span] = [(f"Giờ mở cửa {item.hours}. {AFTER}", text), (f" {HOURS_EN}", SMALL)]
    pen.write(sheet, x + 4, below + 0.8, shrunk(opening, BOX - 8, 35.6 - (below - y)))
    barcode.draw(sheet.canvas, item.number, x + 4, HEIGHT - y - 44.4, BOX - 8, 6.6)
    length = min(BOX - 8, barcode.modules(item.number) * barcode.BAR)
    pen.put(
        sheet, x + 4, y + 44.6, item.number, lines.fitted(item.number, length, 8.8, fonts.BOLD, 3.9), "centre", length
    )


def shrunk(spans: list[Span], width: float, height: float) -> pen.Block:
    """Spans in the largest type in which all of them fit into `height` mm. Raises Overrun for what no type holds."""
    least = lines.LEAST / min(style.size for _, style in spans)
    for share in (share for share in (1.0, 0.9, 0.8, 0.72, 0.65, 0.6) if share >= least):
        smaller = [
            (text, style._replace(size=style.size * share, leading=style.leading * share)) for text, style in spans
        ]
        block = pen.wrap(smaller, width)
        if block.height <= height:
            return block
    raise pen.Overrun("".join(text for text, _ in spans))


def _when(item: Invitation) -> tuple[str, ...]:
    return (say_day(item.again), item.window) if item.again else (CHOOSE[0],)


# fmt: off
FIELDS = (
    Field("call",       "Luật Bưu chính Đ17", lambda s: CALL[s.call]),
    Field("addressee",  "Luật Bưu chính Đ17", lambda s: (s.name, ", ".join(s.address))),
    Field("item",       "TT 02/2012",         lambda s: (s.number,)),
    Field("called",     "Luật Bưu chính Đ17", lambda s: (say_instant(s.called_at), *((s.courier, s.badge) if s.at_door else ()))),
    Field("reason",     "QĐ 45 Đ12",          lambda s: (f"Lý do: {s.reason}",) if s.reason else ()),
    Field("again",      "QĐ 45 Đ12",          lambda s: (AGAIN, *_when(s), FREE if s.free else PAID)),
    Field("fetch",      "Luật Bưu chính Đ17", lambda s: (FETCH, say_day(s.keep_until), s.hours, AFTER)),
    Field("bring",      "QĐ 45 Đ10; TT 17 Đ5.2", lambda s: (BRING_HEAD, BRING, PROXY)),
    Field("office",     "design",             lambda s: (s.office, s.office_phone)),
    Field("English",    "design",             lambda s: (TITLE_EN if s.at_door else WAITS_EN, AGAIN_EN, FETCH_EN, KEEP_EN, HOURS_EN, FREE_EN if s.free else PAID_EN,
                                                          BRING_EN, PROXY_EN, SIGNS[s.at_door][1], FOOT_EN)),
    Field("mark",       "design",             lambda s: (s.mark,)),
)
# fmt: on
