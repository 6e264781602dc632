"""The proof of the day and the ward in which the post took a citizen's papers, and once the ward has signed for them of the
day of filing, on one A5 page. It names a packet, never a person; whoever doubts it scans the code and reads what the ledger says."""

from dataclasses import dataclass
from datetime import datetime

from reportlab.pdfgen.canvas import Canvas

from labels import fonts, lines, qr, terms, texts
from labels import sheet as pen
from labels.check import BadField, Field
from labels.sheet import CAPTION, ENGLISH, MM, PRIMARY, Sheet, Style
from labels.words import say_instant
from labels.wrapper import fill

WIDTH, HEIGHT = 148.0, 210.0
LEFT, TEXT_WIDTH = 12.0, 124.0
QR_BOX = 40.0  # mm with the quiet zone
FOOT_TOP = 196.6  # mm
GROUPS = 4  # letters of the certificate's number that stand together

DOCUMENT = "Giấy chứng ngày nhận hồ sơ"
TITLE_TAKEN = "Giấy chứng ngày bưu tá nhận"
TITLE_FILED = "Giấy chứng ngày nộp"
ENGLISH_TAKEN = "Proof of the day and the place at which the post took this packet of papers"
ENGLISH_FILED = "Proof of the day on which the ward office signed for this packet of papers, the legal day of filing"
PACKET = ("Gói hồ sơ số", "Packet number")
TAKEN = ("Bưu điện đã nhận lúc", "Taken by the post at")
PLACE = {False: ("Nhận ở", "Taken at"), True: ("Nhận ở", "Taken at the sender's home, in")}
SEAL = ("Niêm phong số", "Seal number")
RECORDED = ("Lượt nhận vào sổ lúc", "The taking was entered in the ledger at")
DESK = ("Đưa đến", "For the ward's public administration service centre")
FILED = ("Phường ký nhận lúc", "Signed for by the ward at")
MEANS_TAKEN = "Giấy này chứng bưu điện đã nhận giấy tờ. Ngày nộp hồ sơ là ngày phường ký nhận; khi đó tờ này ghi thêm."  # QĐ 45 Đ7.4
MEANS_TAKEN_EN = "This page proves that the post took the papers. They are filed on the day the ward signs for them; the page then says so."
MEANS_FILED_EN = "The time at which the ward signed is the legal time of filing."
MEANS_FILED = "Giờ phường ký nhận là giờ nộp hồ sơ theo luật."  # QĐ 45 Đ7.4
CHECK = (
    "Ai cũng kiểm tra được: quét mã này, rồi so số gói, ngày và phường.",
    "Anybody may check: scan, then compare packet, day and ward.",
)
NUMBER = ("Số giấy chứng", "Certificate number")
LINE = ("Dòng sổ của lượt nhận", "The line of the taking")
FOOT = "Giấy này và mã trên giấy không có tên người, địa chỉ hay tên thủ tục."
FOOT_EN = "Neither this page nor its code says a name, an address or a procedure."


@dataclass(frozen=True)
class Certificate:
    """What one packet's line in the ledger says. Times are aware."""

    number: str  # of the certificate, 32 letters
    check_url: str  # drawn in the QR as it is
    packet: str
    taken_at: datetime
    recorded_at: datetime
    place: str  # "tại nhà, phường …" or a post office; a ward, never a street
    seal: str
    line: str  # hash of the ledger's line
    log: str  # where it stands in the signed log, or that it does not yet
    log_english: str
    office: str
    office_phone: str
    desk: str
    submitted_at: datetime | None = None  # when the ward signed: the day of filing
    mark: str = ""


def grouped(text: str) -> str:
    """Letters in groups that can be read aloud."""
    return " ".join(text[at : at + GROUPS] for at in range(0, len(text), GROUPS))


def title(item: Certificate) -> str:
    return TITLE_FILED if item.submitted_at else TITLE_TAKEN


def taken_in(item: Certificate) -> tuple[str, str]:
    """At the sender's home, or elsewhere."""
    return PLACE[item.place.startswith(terms.PLACES["in"])]


def draw(canvas: Canvas, item: Certificate) -> None:
    """Draw the page. Raises BadField for a name that does not fit, MissingGlyph."""
    canvas.setPageSize((WIDTH * MM, HEIGHT * MM))
    sheet = Sheet(canvas, WIDTH, HEIGHT)
    plain, strong, small = Style(fonts.REGULAR, 9, 4.3), Style(fonts.BOLD, 11, 5), Style(fonts.REGULAR, 7.4, 3.4)
    pen.emblem(sheet, LEFT, 10, 12)
    pen.put(sheet, LEFT + 15, 10, texts.OPERATOR, Style(fonts.BOLD, 10.4, 4.6, PRIMARY))
    who = f"{item.office} · {lines.keep(item.office_phone)}"
    pen.write(sheet, LEFT + 15, 14.8, fill("office, office_phone", who, TEXT_WIDTH - 15, 7.6, fonts.REGULAR, 8.6))
    pen.rule(sheet, LEFT, 25, TEXT_WIDTH, 0.5, PRIMARY)
    pen.put(sheet, LEFT, 30, title(item), Style(fonts.BOLD, 18, 8))
    english = ENGLISH_FILED if item.submitted_at else ENGLISH_TAKEN
    pen.put(sheet, LEFT, 38.4, english, CAPTION._replace(size=7.4))
    if item.mark:
        lines.stamp(sheet, item.mark, LEFT + TEXT_WIDTH - 40, 44, 40, 6)
    y, named = 52.0, {item.seal: "seal", item.place: "place", item.desk: "desk"}
    for label, value in _facts(item):
        _caption(sheet, LEFT, y, label)
        block = fill(named.get(value, "packet"), value, TEXT_WIDTH, 13, strong.font, strong.size)
        y = pen.write(sheet, LEFT, y + 3.8, block) + 2.2
    means, english = _meaning(item)
    y = pen.write(sheet, LEFT, y, pen.wrap([(means, plain)], TEXT_WIDTH)) + 0.3
    pen.write(sheet, LEFT, y, pen.wrap([(english, ENGLISH)], TEXT_WIDTH))
    foot = 146.0
    pen.rule(sheet, LEFT, foot - 3, TEXT_WIDTH, 0.3)
    qr.draw(canvas, item.check_url, LEFT - 4, HEIGHT - foot - QR_BOX, QR_BOX)
    pen.put(
        sheet,
        LEFT - 4,
        foot + QR_BOX - 0.6,
        item.packet,
        lines.fitted(item.packet, QR_BOX - 6, 7.4, fonts.BOLD, 3.2),
        "centre",
        QR_BOX,
    )
    x, width = LEFT + QR_BOX, TEXT_WIDTH - QR_BOX
    y = pen.write(sheet, x, foot, pen.wrap([(CHECK[0], plain._replace(font=fonts.BOLD))], width))
    y = pen.write(sheet, x, y, pen.wrap([(CHECK[1], ENGLISH)], width)) + 1.2
    _caption(sheet, x, y, NUMBER)
    y = pen.write(sheet, x, y + 3.6, pen.wrap([(grouped(item.number), plain)], width)) + 1.2
    _caption(sheet, x, y, LINE)
    y = pen.write(sheet, x, y + 3.6, pen.wrap([(grouped(item.line), small)], width)) + 1.2
    for field, said, style in (("log", item.log, small), ("log_english", item.log_english, ENGLISH)):
        block = pen.wrap([(said, style)], width)
        if y + block.height > FOOT_TOP:
            raise BadField(field, f"is too long for this paper ({len(said)} letters)")
        y = pen.write(sheet, x, y, block)
    pen.put(sheet, LEFT, FOOT_TOP, FOOT, CAPTION)
    pen.put(sheet, LEFT, FOOT_TOP + 2.8, FOOT_EN, ENGLISH)
    canvas.showPage()


def _caption(sheet: Sheet, x: float, y: float, said: tuple[str, str]) -> None:
    """What stands below, in Vietnamese and in English."""
    style = Style(fonts.REGULAR, 7.4, 3.4)
    pen.put(sheet, x, y, said[0], style)
    pen.put(sheet, x + pen.measure(said[0], style) + 1.4, y, said[1], ENGLISH._replace(leading=3.4))


def _facts(item: Certificate) -> list[tuple[tuple[str, str], str]]:
    rows = [
        (PACKET, item.packet),
        (TAKEN, say_instant(item.taken_at)),
        (taken_in(item), item.place),
        (SEAL, item.seal or "–"),
        (RECORDED, say_instant(item.recorded_at)),
        (DESK, item.desk),
    ]
    if item.submitted_at:
        rows.append((FILED, say_instant(item.submitted_at)))
    return rows


def _meaning(item: Certificate) -> tuple[str, str]:
    return (MEANS_FILED, MEANS_FILED_EN) if item.submitted_at else (MEANS_TAKEN, MEANS_TAKEN_EN)


# fmt: off
FIELDS = (
    Field("title",     "design",           lambda s: (title(s),)),
    Field("packet",    "design",           lambda s: (*PACKET, s.packet)),
    Field("taken",     "TT 02/2012",       lambda s: (*TAKEN, say_instant(s.taken_at))),
    Field("place",     "TT 02/2012",       lambda s: (*taken_in(s), s.place)),
    Field("seal",      "QĐ 45/2016 Đ6.5",  lambda s: (*SEAL, s.seal)),
    Field("recorded",  "design",           lambda s: (*RECORDED, say_instant(s.recorded_at))),
    Field("desk",      "design",           lambda s: (*DESK, s.desk)),
    Field("filed",     "QĐ 45/2016 Đ7.4",  lambda s: (*FILED, say_instant(s.submitted_at)) if s.submitted_at else ()),
    Field("meaning",   "QĐ 45/2016 Đ7.4",  _meaning),
    Field("number",    "design",           lambda s: (*NUMBER, grouped(s.number))),
    Field("line",      "design",           lambda s: (*LINE, grouped(s.line), s.log, s.log_english)),
    Field("post",      "TT 02/2012",       lambda s: (s.office, s.office_phone)),
    Field("mark",      "design",           lambda s: (s.mark,)),
)
# fmt: on
