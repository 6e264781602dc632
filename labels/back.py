"""The back of the slip: rights, duties, compensation (TT 17/2017 Đ9), and room for what is signed on the
way."""

from collections.abc import Sequence

from labels import flow, fonts, front, lines, tables, texts
from labels import sheet as pen
from labels.front import HALF, OTHER
from labels.sheet import ENGLISH, HEAD, PRIMARY, STRONG, TEXT, Piece, Section, Sheet, Span, Style
from labels.slip import Slip, Way
from labels.tables import LEFT, WIDTH

RECOVERED_ROOM = {Way.IN: 12.9, Way.OUT: 26.0}  # mm for the rows of recovered papers
SPARE = 16.0  # mm of an inbound slip's rows for handoffs that what the front has no room for may take: two rows stay
BOTTOM = 201.0
SMALL = ENGLISH._replace(leading=2.7)


def overflow(slip: Slip) -> list[Section]:
    """What the back has no room for, to go to the continuation sheet. Raises MissingGlyph."""
    rest: list[Section] = []
    rows = tables.recovered(slip.recovered)
    shown = flow.fitting(rows, RECOVERED_ROOM[slip.way])
    if shown < len(rows):
        head = tables.head(tables.RECOVERED)
        heading = tables.heading(f"{texts.RECOVERED[0]} (tiếp)")
        rest.append(Section(texts.RECOVERED[0], (heading, head), tuple(rows[shown:])))
    if slip.way is Way.OUT and slip.authorisation:
        front.authorised(slip, HALF, rest)
    return rest


def takes(slip: Slip, more: Sequence[Section]) -> bool:
    """Whether what the front has no room for stands here, and needs no sheet of its own."""
    return slip.way is Way.IN and flow.tall(_listed(more)) <= SPARE


def _listed(more: Sequence[Section]) -> list[Piece]:
    return [piece for section in more for piece in (*section.heads, *section.rows)]


def draw(sheet: Sheet, slip: Slip, more: Sequence[Section] = ()) -> None:
    """Draw the back, with `more` of the front: all but its band is the same for most slips of a day. Raises MissingGlyph."""
    band(sheet, slip, texts.BACK)
    same = (slip.way, slip.office_phone, slip.recovered, slip.identity, slip.authorisation)
    if more:
        _body(sheet, slip, more)
    else:
        sheet.canvas.again(same, lambda: _body(sheet, slip))


def _body(sheet: Sheet, slip: Slip, more: Sequence[Section] = ()) -> None:
    y = _terms(sheet, slip, 14.2)
    y = _boxed(sheet, slip, y + 1.2)
    y = _said(
        sheet,
        y + 1.4,
        texts.LIABILITY_HEAD,
        texts.LIABILITY_EN,
        [(texts.LIABILITY, TEXT), (f" {texts.LIABILITY_SAID_EN}", SMALL)],
    )
    complaints: list[Span] = [
        ("Gọi ", TEXT),
        (lines.keep(slip.office_phone), STRONG),
        (f" {texts.COMPLAINTS}", TEXT),
        (f" {texts.COMPLAINTS_SAID_EN}", SMALL),
    ]
    y = _said(sheet, y + 1.2, texts.COMPLAINTS_HEAD, texts.COMPLAINTS_EN, complaints) + 1.2
    pen.rule(sheet, LEFT, y, WIDTH)
    y = flow.stack(sheet, y + 0.9, _listed(more))
    basis = pen.wrap([(lines.keep_end(texts.BASIS), Style(fonts.REGULAR, 6.4, 2.8, pen.GREY))], WIDTH)
    low = BOTTOM - basis.height
    pen.write(sheet, LEFT, low, basis)
    low -= 1.2
    low = _missing(sheet, low) if slip.way is Way.IN else _delivery(sheet, slip, low)
    low = _recovered(sheet, slip, low)
    _handoffs(sheet, y + (0.9 if more else 0.0), low)


def band(sheet: Sheet, slip: Slip, title: str) -> None:
    """The head of every page after the first: what it is, the number, which copy, and the mark when there is
    one."""
    pen.put(sheet, LEFT, 5.5, title, Style(fonts.BOLD, 11, 4.6, PRIMARY))
    number: list[Span] = [(slip.number, STRONG), (f" · Liên {slip.copy} · In lần {slip.issue}", TEXT)]
    pen.write(sheet, LEFT, 6.0, pen.wrap(number, 55, 1), "right", WIDTH)
    if slip.mark:
        lines.stamp(sheet, slip.mark, LEFT + 54, 5.2, 22, 5.0)
    pen.rule(sheet, LEFT, 11.8, WIDTH, 0.5, PRIMARY)


def _terms(sheet: Sheet, slip: Slip, y: float) -> float:
    left = _numbered(sheet, LEFT, y, texts.RIGHTS_HEAD[slip.way], texts.RIGHTS_EN, texts.RIGHTS[slip.way])
    y = max(left, _numbered(sheet, OTHER, y, texts.DUTIES_HEAD, texts.DUTIES_EN, texts.DUTIES))
    return pen.write(sheet, LEFT, y + 0.3, pen.wrap([(texts.TERMS_EN[slip.way], SMALL)], WIDTH))


def _numbered(sheet: Sheet, x: float, y: float, head: str, english: str, points: Sequence[str]) -> float:
    y = pen.write(sheet, x, y, pen.wrap([(head, HEAD), (f" {english}", ENGLISH)], HALF)) + 0.3
    for number, point in enumerate(points, 1):
        pen.put(sheet, x, y, f"{number}.", TEXT)
        y = pen.write(sheet, x + 3.6, y, pen.wrap([(lines.keep_end(point), TEXT)], HALF - 3.6))
    return y


def _boxed(sheet: Sheet, slip: Slip, y: float) -> float:
    spans = [
        (texts.MOMENT_HEAD[slip.way], STRONG),
        (f" {lines.keep_end(texts.MOMENT[slip.way])}", TEXT),
        (f" {texts.MOMENT_EN[slip.way]}", SMALL),
    ]
    block = pen.wrap(spans, WIDTH - 4.8)
    pen.frame(sheet, LEFT, y, WIDTH, block.height + 2.6, 0.3)
    return pen.write(sheet, LEFT + 2.4, y + 1.3, block) + 1.3


def _said(sheet: Sheet, y: float, head: str, english: str, spans: Sequence[Span]) -> float:
    y = pen.write(sheet, LEFT, y, pen.wrap([(head, HEAD), (f" {english}", ENGLISH)], WIDTH))
    return pen.write(sheet, LEFT, y, pen.wrap(spans, WIDTH))


def _missing(sheet: Sheet, low: float) -> float:
    """Papers known to be missing when the citizen still wishes to send (QĐ 45/2016 Đ6.3)."""
    top = low - 19.6
    pen.write(sheet, LEFT, top, pen.wrap([(texts.MISSING, HEAD), (f" {texts.MISSING_EN}", ENGLISH)], WIDTH))
    for step in (8.4, 14.4):
        pen.rule(sheet, LEFT, top + step, WIDTH, dots=True)
    pen.put(sheet, LEFT, top + 15.4, texts.MISSING_SAID, TEXT)
    lines.line(sheet, 90, top + 15.4, 51, "Người gửi ký:")
    return top - 1.6


def _delivery(sheet: Sheet, slip: Slip, low: float) -> float:
    """Who received, what was shown, when, and both signatures (QĐ 45/2016 Đ10)."""
    top = low - 33.0
    head, english = texts.DELIVERY
    pen.write(sheet, LEFT, top, pen.wrap([(head, HEAD), (f" {english}", ENGLISH)], WIDTH))
    front.shown(sheet, slip, LEFT, top + 4.2, HALF, [])
    lines.line(sheet, OTHER, top + 4.2, HALF, "Lúc (giờ, ngày):")
    lines.line(sheet, OTHER, top + 7.5, HALF, "Họ tên người nhận:")
    pen.write(sheet, LEFT, top + 12.2, pen.wrap([("Người nhận", STRONG), (" Recipient signs", ENGLISH)], HALF))
    pen.write(sheet, LEFT, top + 15.5, pen.wrap([(texts.RECEIVED, TEXT)], HALF, 2))
    courier, english = texts.COURIER
    pen.write(sheet, OTHER, top + 12.2, pen.wrap([(courier, STRONG), (f" {english}", ENGLISH)], HALF))
    for x in (LEFT, OTHER):
        pen.rule(sheet, x, top + 31.4, HALF, 0.15, pen.HAIR)
    return top - 1.6


def _recovered(sheet: Sheet, slip: Slip, low: float) -> float:
    title, english = texts.RECOVERED
    rows = tables.recovered(slip.recovered, least=2)
    shown = flow.fitting(rows, RECOVERED_ROOM[slip.way])
    heading, head = tables.heading(title, english), tables.head(tables.RECOVERED)
    pieces = [heading, head, *rows[:shown]]
    top = low - flow.tall(pieces)
    flow.stack(sheet, top, pieces)
    return top - 1.6


def _handoffs(sheet: Sheet, y: float, low: float) -> None:
    title, english = texts.HANDOFFS
    top = [tables.heading(title, english), tables.head(tables.HANDOFFS)]
    flow.stack(sheet, y, [*top, *tables.handoffs(low - y - flow.tall(top))])
