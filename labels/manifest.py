"""Biên bản giao nhận: many packets change hands at a desk. The time both sides sign it is each dossier's legal
submission time (QĐ 45/2016 Đ7.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from labels import document, tables, texts
from labels import sheet as pen
from labels.check import Field
from labels.document import A4_ACROSS, Head
from labels.leaf import Leaf
from labels.sheet import Piece, Section, Sheet
from labels.slip import Way
from labels.words import say_instant, say_money

TITLE, TITLE_EN = "BIÊN BẢN GIAO NHẬN HỒ SƠ", "Handover manifest"
DOCUMENT = "Biên bản giao nhận hồ sơ"
MOMENT = {
    Way.IN: "Giờ hai bên cùng ký biên bản này là giờ nộp của các hồ sơ nhận đủ. Gói hư bao và gói ngoài danh sách có "
    "giờ riêng, sau khi lập biên bản sự cố. Gói thiếu chưa nộp.",
    Way.OUT: "Từ giờ hai bên cùng ký biên bản này, bưu chính chịu trách nhiệm về các gói đã nhận đủ.",
}
MOMENT_HEAD = {Way.IN: ("GIỜ NỘP HỢP PHÁP", "Legal submission time"), Way.OUT: ("GIỜ GIAO NHẬN", "Time of handover")}
SIGN_LINE = "…… giờ ……, ngày …… / …… / 20……"
BASIS = "Lập 2 bản, mỗi bên giữ 1. Căn cứ Điều 7, Điều 9 Quyết định 45/2016/QĐ-TTg."
TOTALS = ("Gói trong danh sách", "Nhận đủ", "Nhận, không đủ hoặc hư bao", "Chưa nhận", "Gói có bản chính", "Số tờ",
          "Phí, lệ phí nộp kèm (đ)")  # fmt: skip
EXCEPTIONS = ("NGOẠI LỆ", "Exceptions, both sides agree on the facts")
# What happened to a packet that is not handed over like the others, and what happens next.
ODDS = {
    "missing": ("Thiếu", "Có trong danh sách, không có trong túi.", "Bưu tá còn giữ trách nhiệm, tìm và báo lại"),
    "surplus": ("Thừa", "Có trong túi, không có trong danh sách của bưu tá này.", "Giữ tại một cửa, kiểm đếm riêng"),
    "held": ("Chờ xem", "Lượt quét cần người xem.", "Điều phối xác minh"),
    "damaged": ("Hư bao", "Niêm phong hoặc bao không như lúc nhận.", "Giữ tại một cửa, kiểm kê riêng"),
    "seal": ("Số khác", "Số niêm phong trên bao không phải số đã ghi.", "Giữ tại một cửa, hai người cùng kiểm kê"),
    "incomplete": ("Không đủ", "Giấy tờ đếm được khác phiếu gửi.", "Một cửa xem xét, yêu cầu bổ sung nếu cần"),
}
P = A4_ACROSS
# fmt: off
SHAPE = document.columns(
    P,
    ("TT", 8, "centre"), ("Số phiếu gửi", 40, "left"), ("Người gửi, người nhận", 38, "left"),
    ("Thủ tục", 52, "left"), ("Bản chính", 11, "centre"), ("Chứng thực", 13, "centre"), ("Bản sao", 11, "centre"),
    ("Số tờ", 10, "centre"), ("Đủ", 9, "centre"), ("Không đủ", 12, "centre"), ("Số niêm phong", 24, "left"),
    ("Còn nguyên", 13, "centre"), ("Phí, lệ phí (đ)", 23, "right"), ("Biên lai", 17, "left"), ("Ghi chú", 26, "left"),
)
ODD = document.columns(P, ("Loại", 26, "left"), ("Số phiếu gửi", 40, "left"), ("Điều đã xảy ra", 110, "left"),
                       ("Việc tiếp theo", 70, "left"))
# fmt: on
BOXES = (8, 9, 11)  # columns of boxes to tick


@dataclass(frozen=True)
class Line:
    """One packet. What is None is ticked or written by hand."""

    number: str
    name: str
    matter: str
    originals: int = 0
    certified: int = 0
    copies: int = 0
    sheets: int | None = None
    complete: bool | None = None
    seal: str = ""
    intact: bool | None = None
    fee: int = 0
    receipt: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Odd:
    """One exception: what kind, which packet, what both sides saw, what happens next."""

    kind: str
    number: str
    what: str
    then: str = ""


@dataclass(frozen=True)
class Manifest:
    """One act of handing over. `signed_at` is known when both have signed."""

    number: str
    way: Way
    at: datetime
    place: str
    giver_unit: str
    giver: str
    receiver_unit: str
    receiver: str
    lines: tuple[Line, ...]
    odd: tuple[Odd, ...] = ()
    signed_at: datetime | None = None
    submits: bool = True  # a dossier is on it: results that came back are submitted by nobody
    fee_officer: str = ""
    token_url: str = ""
    mark: str = ""


def _means(item: Manifest) -> Way:
    """Whose hour the second signature is: the dossiers', or only that of handing over."""
    return Way.IN if item.way is Way.IN and item.submits else Way.OUT


def odd(kind: str, number: str, remark: str = "") -> Odd:
    """One of ODDS, with what both sides wrote beside it."""
    title, what, then = ODDS[kind]
    return Odd(title, number, f"{what} {remark}".strip(), then)


def courier(name: str, badge: str) -> str:
    return f"Bưu tá {name}, thẻ số {badge}"


def officer(name: str) -> str:
    return f"Cán bộ {name}"


def draw(canvas: Leaf, item: Manifest) -> None:
    """Draw the manifest, with the sum so far at the foot of every page."""
    house = texts.OPERATOR
    head = Head(TITLE, TITLE_EN, item.number, (house, item.giver_unit if item.way is Way.IN else item.receiver_unit),
                motto=True, place_day=f"Lập tại {item.place}, {say_instant(item.at)}", token_url=item.token_url,
                mark=item.mark, basis=BASIS)  # fmt: skip
    sides = document.pairs(P, ("Bên giao", f"{item.giver_unit} · {item.giver}"),
                           ("Bên nhận", f"{item.receiver_unit} · {item.receiver}"), across=2)  # fmt: skip
    rows = tuple(_row(number, line) for number, line in enumerate(item.lines, 1))
    packets = Section("packets", (tables.head(SHAPE),), rows, lambda count: _sum(item.lines[:count], len(item.lines)))
    means = _means(item)
    moment, english = MOMENT_HEAD[means]
    when = say_instant(item.signed_at) if item.signed_at else SIGN_LINE
    box = document.boxed(P, (f"{moment} ", P.strong), (f"{english}. ", pen.ENGLISH), (f"{MOMENT[means]} " if means is item.way else "", P.text),
                         (when.replace(" ", "\u00a0"), P.strong._replace(size=10, leading=4.6)))  # fmt: skip
    people = [("BÊN GIAO", "Giver signs, full name", item.giver), ("BÊN NHẬN", "Receiver signs", item.receiver)]
    stamps = ["Dấu bên giao", "Dấu bên nhận"]
    if any(line.fee for line in item.lines) or item.fee_officer:
        people.append(("CÁN BỘ THU PHÍ", "Fee officer", item.fee_officer))
    signs = document.signatures(P, *people, stamps=stamps)
    document.lay(canvas, P, head, [
        document.part(sides), packets, *_exceptions(item), _totals(item), document.part(box), signs,
    ])  # fmt: skip


def _row(number: int, line: Line) -> Piece:
    fee = say_money(line.fee) if line.fee else "–"
    sheets = "" if line.sheets is None else str(line.sheets)
    cells = (str(number), line.number, line.name, line.matter, str(line.originals), str(line.certified),
             str(line.copies), sheets, "", "", line.seal, "", fee, line.receipt, line.remark)  # fmt: skip
    row = tables.row(SHAPE, [[(cell, P.strong if at == 1 else P.text)] for at, cell in enumerate(cells)], 5.5)
    crossed = (line.complete is True, line.complete is False, line.intact is True)

    def draw(sheet: Sheet, y: float) -> None:
        row.draw(sheet, y)
        for at, cross in zip(BOXES, crossed, strict=True):
            pen.tick(sheet, SHAPE[at].x + (SHAPE[at].width - 2.8) / 2, y + (row.height - 2.8) / 2, cross)

    return Piece(row.height, draw)


def _sum(shown: Sequence[Line], of: int) -> Piece:
    label = "Tổng cộng" if len(shown) == of else "Cộng dồn"
    sheets = sum(line.sheets or 0 for line in shown)
    cells = ("", f"{label}: {len(shown)}/{of} gói", "", "", *(str(sum(counts)) for counts in _counts(shown)),
             str(sheets) if all(line.sheets is not None for line in shown) else "", "", "", "", "",
             say_money(sum(line.fee for line in shown)), "", "")  # fmt: skip
    return tables.row(SHAPE, [[(cell, P.strong)] for cell in cells], 6.0, 0.35)


def _counts(shown: Sequence[Line]) -> list[list[int]]:
    return [[getattr(line, name) for line in shown] for name in ("originals", "certified", "copies")]


def _exceptions(item: Manifest) -> list[Section]:
    if not item.odd:
        return []
    rows = [(odd.kind, odd.number, odd.what, odd.then) for odd in item.odd]
    heading = document.heading(P, *EXCEPTIONS)
    return [document.table("odd", P, ODD, rows, heading=[heading], bold=(0,))]


def totals(item: Manifest) -> tuple[str, ...]:
    """What the last page counts up, in the order of TOTALS."""
    known = [line for line in item.lines if line.complete is not None]
    sheets = [line.sheets for line in item.lines]
    return (
        str(len(item.lines)),
        str(sum(line.complete is True for line in known)) if known else "",
        str(sum(line.complete is False for line in known)) if known else "",
        str(len(item.lines) - len(known)) if known else "",
        str(sum(line.originals > 0 for line in item.lines)),
        str(sum(sheet or 0 for sheet in sheets)) if None not in sheets else "",
        say_money(sum(line.fee for line in item.lines)),
    )


def _totals(item: Manifest) -> Section:
    return document.headed(
        P, "TỔNG CỘNG", "Totals", document.pairs(P, *zip(TOTALS, totals(item), strict=True), across=4)
    )


def _lines(item: Manifest) -> tuple[str, ...]:
    return tuple(said for line in item.lines for said in (line.number, line.name, line.matter, line.seal, line.remark))


# fmt: off
FIELDS = (
    Field("number",        "QĐ 45 Đ7.3",         lambda s: (s.number,)),
    Field("time, place",   "QĐ 45 Đ7.3",         lambda s: (say_instant(s.at), s.place)),
    Field("giver",         "QĐ 45 Đ7.3",         lambda s: (f"Bên giao: {s.giver_unit} · {s.giver}",)),
    Field("receiver",      "QĐ 45 Đ7.3",         lambda s: (f"Bên nhận: {s.receiver_unit} · {s.receiver}",)),
    Field("packets",       "QĐ 45 Đ7.3; TT 17 Đ5.1", _lines),
    Field("papers",        "QĐ 45 Đ7.3; TT 17 Đ5.1", lambda s: ("Bản chính", "Bản sao", "Số tờ")),
    Field("complete",      "QĐ 45 Đ7.3",         lambda s: ("Đủ", "Không đủ")),
    Field("fee",           "QĐ 45 Đ15",          lambda s: tuple(say_money(p.fee) for p in s.lines if p.fee) + tuple(p.receipt for p in s.lines)),
    Field("seal",          "design",             lambda s: ("Còn nguyên",)),
    Field("totals",        "QĐ 45 Đ7.3",         lambda s: ("Tổng cộng", *(f"{a}: {b}".strip() for a, b in zip(TOTALS, totals(s), strict=True)))),
    Field("exceptions",    "QĐ 45 Đ7.3",         lambda s: tuple(said for o in s.odd for said in (o.kind, o.number, o.what, o.then))),
    Field("moment",        "QĐ 45 Đ7.4",         lambda s: (MOMENT_HEAD[_means(s)][0], say_instant(s.signed_at) if s.signed_at else SIGN_LINE)),
    Field("signatures",    "QĐ 45 Đ7.3",         lambda s: ("BÊN GIAO", "BÊN NHẬN", s.fee_officer)),
    Field("mark",          "design",             lambda s: (s.mark,)),
)
# fmt: on
