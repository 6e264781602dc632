"""The courier's round on paper, for the day the phone is broken: stop by stop, with the code of its slip, to be scanned when
the sheet comes back, and room for what would be scanned at the door."""

from dataclasses import dataclass
from datetime import date

from labels import document, fonts, lines, qr, tables, texts
from labels import sheet as pen
from labels.check import Field
from labels.document import A4_ACROSS, Head
from labels.leaf import Leaf
from labels.sheet import Piece, Sheet
from labels.slip import Way
from labels.words import say_day, say_money

P = A4_ACROSS
QR = 21.6  # mm with the quiet zone: 18 mm of code, read at a counter and not from a bag
UNDER = 2.3  # mm below it: its number, which stands clear of the line
TITLE, TITLE_EN = "PHIẾU TUYẾN BƯU TÁ", "Round sheet"
DOCUMENT = "Phiếu tuyến bưu tá"
TASK = {Way.IN: "NHẬN", Way.OUT: "GIAO"}
HOW = (
    "Chỉ dùng khi máy quét hỏng. Ghi giờ thật ngay tại cửa, đọc số trên niêm phong, đếm tờ cùng khách, hai bên ký. Cuối "
    "ca nộp phiếu này cho bưu cục: quét mã từng điểm rồi nhập lại; giờ ghi tay là giờ giao nhận."
)
BASIS = "Phiếu này có tên và địa chỉ: giữ trong người, nộp lại cuối ca, không để trên xe."
# fmt: off
SHAPE = document.columns(
    P, ("Điểm", 9, "centre"), ("Phiếu gửi", 36, "centre"), ("Giờ hẹn", 19, "left"), ("Việc", 12, "left"),
    ("Người hẹn", 30, "left"), ("Địa chỉ", 46, "left"), ("Điện thoại", 21, "left"), ("Thu (đ)", 19, "right"),
    ("Giờ thật", 17, "left"), ("Số niêm phong", 24, "left"), ("Số tờ", 12, "left"), ("Khách ký", 24, "left"),
)
# fmt: on


@dataclass(frozen=True)
class Stop:
    """One call."""

    window: str
    way: Way
    number: str
    token_url: str
    name: str
    address: tuple[str, ...]
    phone: str
    due: int = 0
    seal: str = ""
    note: str = ""


@dataclass(frozen=True)
class RoundSheet:
    """One round of one courier."""

    number: str
    day: date
    office: str
    office_phone: str
    courier: str
    badge: str
    stops: tuple[Stop, ...]
    vehicle: str = ""
    mark: str = ""


def draw(canvas: Leaf, item: RoundSheet) -> None:
    """Draw the round."""
    head = Head(TITLE, TITLE_EN, item.number, (texts.OPERATOR, f"{item.office} · {item.office_phone}"),
                place_day=say_day(item.day), mark=item.mark, basis=BASIS)  # fmt: skip
    told = document.pairs(P, ("Bưu tá", f"{item.courier} · Thẻ số {item.badge}"), ("Xe", item.vehicle),
                          ("Số điểm", _count(item)), across=3)  # fmt: skip
    rows = [
        (str(number), "", stop.window, TASK[stop.way], stop.name, _where(stop), stop.phone,
         say_money(stop.due) if stop.due else "–", "", stop.seal, "", "")
        for number, stop in enumerate(item.stops, 1)
    ]  # fmt: skip
    stops = document.table("stops", P, SHAPE, rows, QR + UNDER, bold=(0, 2, 3))

    def collected(count: int) -> Piece:
        label = f"{'Tổng cộng' if count == len(item.stops) else 'Cộng dồn'}: {count}/{len(item.stops)} điểm"
        cells = (
            "",
            label,
            "",
            "",
            "",
            "",
            "",
            say_money(sum(stop.due for stop in item.stops[:count])),
            "",
            "",
            "",
            "",
        )
        return tables.row(SHAPE, [[(cell, P.strong)] for cell in cells], 6.0, 0.35)

    coded = tuple(_coded(row, stop) for row, stop in zip(stops.rows, item.stops, strict=True))
    end: list[Piece] = document.say(P, (HOW, P.text))
    signs = document.signatures(P, ("BƯU TÁ", "Courier signs", item.courier), ("BƯU CỤC NHẬN LẠI", "Office signs", ""))
    document.lay(canvas, P, head, [document.part(told, end), stops._replace(rows=coded, carried=collected), signs])


def _coded(row: Piece, stop: Stop) -> Piece:
    """The row with its code in the second column, and the number under it."""

    def draw(sheet: Sheet, y: float) -> None:
        row.draw(sheet, y)
        column, top = SHAPE[1], y + (row.height - QR - UNDER) / 2
        number = lines.fitted(stop.number, column.width - 1, 6.8, fonts.BOLD, 2.6)
        qr.draw(sheet.canvas, stop.token_url, column.x + (column.width - QR) / 2, sheet.height - top - QR, QR)
        pen.put(sheet, column.x, top + QR - 0.3, stop.number, number, "centre", column.width)

    return Piece(row.height, draw)


def _count(item: RoundSheet) -> str:
    there = sum(stop.way is Way.IN for stop in item.stops)
    return f"{len(item.stops)} (nhận {there}, giao {len(item.stops) - there})"


def _where(stop: Stop) -> str:
    return lines.address(stop.address) + (f" · {stop.note}" if stop.note else "")


# fmt: off
FIELDS = (
    Field("number",     "design", lambda s: (s.number, say_day(s.day))),
    Field("courier",    "design", lambda s: (f"Bưu tá: {s.courier} · Thẻ số {s.badge}", s.office)),
    Field("stops",      "design", lambda s: tuple(said for p in s.stops for said in (p.window, TASK[p.way], p.number, p.name, _where(p), p.phone))),
    Field("money",      "QĐ 45 Đ15", lambda s: (*(say_money(p.due) for p in s.stops if p.due), say_money(sum(p.due for p in s.stops)))),
    Field("by hand",    "design", lambda s: ("Giờ thật", "Số niêm phong", "Số tờ", "Khách ký")),
    Field("how",        "design", lambda s: (HOW,)),
    Field("signatures", "design", lambda s: ("BƯU TÁ", "BƯU CỤC NHẬN LẠI")),
    Field("mark",       "design", lambda s: (s.mark,)),
)
# fmt: on
