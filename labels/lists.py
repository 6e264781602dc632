"""Bảng kê: what a courier takes out, and what one post office sends to another. Nothing of what is inside."""

from dataclasses import dataclass
from datetime import datetime

from labels import document, lines, tables, texts
from labels.check import Field
from labels.document import A4_ACROSS, Head
from labels.leaf import Leaf
from labels.sheet import Piece
from labels.words import say_instant, say_money

P = A4_ACROSS
COURIER, COURIER_EN = "BẢNG KÊ GÓI GIAO BƯU TÁ", "Courier's packet list"
OFFICE, OFFICE_EN = "BẢNG KÊ GÓI GỬI ĐI", "Packets sent on in one bag"
BASIS = "Lập 2 bản, mỗi bên giữ 1. Bảng kê không ghi nội dung bên trong gói."
# fmt: off
CARRIED = document.columns(
    P, ("TT", 8, "centre"), ("Số phiếu gửi", 38, "left"), ("Số niêm phong", 24, "left"), ("Người nhận", 46, "left"),
    ("Địa chỉ", 74, "left"), ("Điện thoại", 24, "left"), ("Phải thu (đ)", 20, "right"), ("Ghi chú", 26, "left"),
    ("Ký nhận", 26, "left"),
)
SENT = document.columns(
    P, ("TT", 8, "centre"), ("Số phiếu gửi", 40, "left"), ("Số niêm phong", 34, "left"), ("Nơi đến", 90, "left"),
    ("Số tờ", 14, "centre"), ("Khối lượng (g)", 24, "right"), ("Còn nguyên", 20, "centre"), ("Ghi chú", 46, "left"),
)
# fmt: on


@dataclass(frozen=True)
class Carried:
    """One packet in a courier's hands."""

    number: str
    name: str
    address: tuple[str, ...]
    phone: str
    seal: str = ""
    due: int = 0  # đồng to collect at the door
    note: str = ""


@dataclass(frozen=True)
class CourierList:
    """What a courier signs for when the round begins."""

    number: str
    at: datetime
    office: str
    courier: str
    badge: str
    route: str
    lines: tuple[Carried, ...]
    clerk: str = ""  # who hands them out; empty: written by hand
    token_url: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Sent:
    """One packet in a bag."""

    number: str
    destination: str
    seal: str = ""
    sheets: int | None = None
    grams: int | None = None
    note: str = ""


@dataclass(frozen=True)
class OfficeList:
    """What one office sends to another, in which bag under which seal."""

    number: str
    at: datetime
    origin: str
    giver: str
    destination: str
    bag: str
    lines: tuple[Sent, ...]
    bag_seal: str = ""  # empty: written by hand
    trip: str = ""
    token_url: str = ""
    mark: str = ""


def draw_courier(canvas: Leaf, item: CourierList) -> None:
    """Draw the courier's list."""
    head = Head(COURIER, COURIER_EN, item.number, (texts.OPERATOR, item.office), place_day=say_instant(item.at),
                token_url=item.token_url, mark=item.mark, basis=BASIS)  # fmt: skip
    told = document.pairs(P, ("Người giao", item.clerk), ("Bưu tá", f"{item.courier} · Thẻ số {item.badge}"),
                          (texts.ROUTE, item.route), across=3)  # fmt: skip
    rows = [
        (str(number), one.number, one.seal, one.name, lines.address(one.address), one.phone,
         say_money(one.due) if one.due else "–", one.note, "")
        for number, one in enumerate(item.lines, 1)
    ]  # fmt: skip

    def carried(count: int) -> Piece:
        money = say_money(sum(one.due for one in item.lines[:count]))
        cells = ("", _counted(count, len(item.lines)), "", "", "", "", money, "", "")
        return tables.row(CARRIED, [[(cell, P.strong)] for cell in cells], 6.0, 0.35)

    packets = document.table("packets", P, CARRIED, rows, 7.5, bold=(1,))._replace(carried=carried)
    signs = document.signatures(P, ("NGƯỜI GIAO", "Clerk signs", item.clerk), ("BƯU TÁ", "Courier signs", item.courier))
    document.lay(canvas, P, head, [document.part(told), packets, signs])


def draw_office(canvas: Leaf, item: OfficeList) -> None:
    """Draw the list between offices."""
    head = Head(OFFICE, OFFICE_EN, item.number, (texts.OPERATOR, item.origin), place_day=say_instant(item.at),
                token_url=item.token_url, mark=item.mark, basis=BASIS)  # fmt: skip
    told = document.pairs(P, ("Nơi gửi", item.origin), ("Nơi nhận", item.destination), ("Túi số", item.bag),
                          ("Niêm phong túi", item.bag_seal), ("Chuyến", item.trip), across=2)  # fmt: skip
    rows = [
        (str(number), one.number, one.seal, one.destination, _known(one.sheets), _known(one.grams), "", one.note)
        for number, one in enumerate(item.lines, 1)
    ]

    def carried(count: int) -> Piece:
        shown = item.lines[:count]
        sheets, grams = (_whole([getattr(one, name) for one in shown]) for name in ("sheets", "grams"))
        cells = ("", _counted(count, len(item.lines)), "", "", sheets, grams, "", "")
        return tables.row(SENT, [[(cell, P.strong)] for cell in cells], 6.0, 0.35)

    packets = document.table("packets", P, SENT, rows, 6.5, bold=(1,))._replace(carried=carried)
    signs = document.signatures(P, ("BÊN GIAO", "Giver signs", item.giver), ("NGƯỜI VẬN CHUYỂN", "Carrier signs", ""),
                                ("BÊN NHẬN", "Receiver signs", ""), stamps=("Dấu ngày", "", "Dấu ngày"))  # fmt: skip
    document.lay(canvas, P, head, [document.part(told), packets, signs])


def _counted(count: int, of: int) -> str:
    return f"{'Tổng cộng' if count == of else 'Cộng dồn'}: {count}/{of} gói"


def _known(count: int | None) -> str:
    return "" if count is None else f"{count}"


def _whole(counts: list[int | None]) -> str:
    return "" if None in counts else say_money(sum(count or 0 for count in counts))


# fmt: off
COURIER_FIELDS = (
    Field("number",     "TT 02/2012", lambda s: (s.number,)),
    Field("time",       "design",     lambda s: (say_instant(s.at),)),
    Field("office",     "design",     lambda s: (s.office, f"Người giao: {s.clerk}".strip())),
    Field("courier",    "design",     lambda s: (f"Bưu tá: {s.courier} · Thẻ số {s.badge}", f"{texts.ROUTE}: {s.route}")),
    Field("packets",    "TT 02/2012", lambda s: tuple(said for p in s.lines for said in (p.number, p.seal, p.name, ", ".join(p.address), p.phone))),
    Field("money",      "QĐ 45 Đ15",  lambda s: ("Phải thu (đ)", *(say_money(p.due) for p in s.lines if p.due))),
    Field("total",      "design",     lambda s: (_counted(len(s.lines), len(s.lines)), say_money(sum(p.due for p in s.lines)))),
    Field("signatures", "design",     lambda s: ("NGƯỜI GIAO", "BƯU TÁ", "Ký nhận")),
    Field("mark",       "design",     lambda s: (s.mark,)),
)
OFFICE_FIELDS = (
    Field("number",     "TT 02/2012", lambda s: (s.number,)),
    Field("time",       "design",     lambda s: (say_instant(s.at),)),
    Field("offices",    "design",     lambda s: (f"Nơi gửi: {s.origin}", f"Nơi nhận: {s.destination}")),
    Field("bag",        "design",     lambda s: (f"Túi số: {s.bag}", f"Niêm phong túi: {s.bag_seal}")),
    Field("packets",    "TT 02/2012", lambda s: tuple(said for p in s.lines for said in (p.number, p.seal, p.destination, p.note))),
    Field("total",      "design",     lambda s: (_counted(len(s.lines), len(s.lines)),)),
    Field("signatures", "design",     lambda s: ("BÊN GIAO", "NGƯỜI VẬN CHUYỂN", "BÊN NHẬN")),
    Field("mark",       "design",     lambda s: (s.mark,)),
)
# fmt: on
