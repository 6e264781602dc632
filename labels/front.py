"""The front of the slip: the contract itself, in the order of the tracking page (what, number, from whom to
whom, service, papers, money, seal, signatures). What is cut here stands in full on the back, where it has room, or on
the continuation sheet: nothing is lost."""

from collections.abc import Sequence

from reportlab.lib.colors import black, white

from labels import barcode, flow, fonts, lines, qr, tables, texts
from labels import sheet as pen
from labels.sheet import (
    CAPTION,
    ENGLISH,
    HAIR,
    HEAD,
    NAME,
    NAME_LONG,
    PRIMARY,
    STRONG,
    TEXT,
    Block,
    Section,
    Sheet,
    Span,
    Style,
)
from labels.slip import Form, Party, Slip, Way
from labels.tables import LEFT, WIDTH
from labels.words import say_day, say_instant

RIGHT = LEFT + WIDTH
HALF = 64.0  # mm, a column of two
OTHER = RIGHT - HALF  # left edge of the second column
QR_BOX = 36.0  # mm with the quiet zone: the code itself is 30.1 mm at version 6
QR_TOP = 16.5
SIGN = 174.0  # y of the signatures
TITLE = Style(fonts.BOLD, 18, 7.4)
ROWS = 7  # the list is filled up to this with empty rows to write in


def draw(sheet: Sheet, slip: Slip) -> list[Section]:
    """Draw the front; returns what goes to the back or the continuation sheet. Raises MissingGlyph."""
    rest: list[Section] = []
    _top(sheet, slip, rest)
    y = _title(sheet, slip)
    y = _parties(sheet, slip, y, rest)
    y = _service(sheet, slip, y, rest)
    y = _matter(sheet, slip, y, rest)
    top = _money_and_seal(sheet, slip, y, rest)
    _papers(sheet, slip, y, top, rest)
    _signatures(sheet, slip, rest)
    return rest


def _top(sheet: Sheet, slip: Slip, rest: list[Section]) -> None:
    sheet.canvas.again(("top", slip.copy), lambda: _fixed_top(sheet, slip.copy))
    office = f"{texts.SERVICE_NAME} · {slip.office} · {lines.keep(slip.office_phone)}"
    pen.write(sheet, 18.6, 9.8, cut([(office, TEXT._replace(leading=3.0))], 58, 2, "BƯU CỤC", rest))


def _fixed_top(sheet: Sheet, copy: int) -> None:
    pen.emblem(sheet, LEFT, 5.4, 9.4)
    pen.put(sheet, 18.6, 5.4, texts.OPERATOR, Style(fonts.BOLD, 9.6, 4.2, PRIMARY))
    copies(sheet, copy, RIGHT - 62, 5.8, 62)
    pen.rule(sheet, LEFT, 16, WIDTH, 0.5, PRIMARY)
    scan = Style(fonts.REGULAR, 6.4, 2.8)
    pen.put(sheet, RIGHT + 3 - QR_BOX, QR_TOP + QR_BOX + 2.5, texts.SCAN_ME, scan, "centre", QR_BOX)
    pen.put(sheet, LEFT, 18.4, texts.TITLE, TITLE)
    pen.write(sheet, LEFT, 26.0, pen.wrap([(texts.SUBTITLE, TEXT), (f" · {texts.SUBTITLE_EN}", ENGLISH)], 99, 2))
    pen.rule(sheet, LEFT, 58.0, WIDTH)


def copies(sheet: Sheet, copy: int, x: float, y: float, width: float) -> None:
    """The copy strip: three numbers, the one in hand filled, and who keeps it."""
    cell, height = 6.0, 7.4
    for number in texts.COPIES:
        pen.frame(sheet, x + (number - 1) * cell, y, cell, height, 0.3, filled=number == copy)
        colour = white if number == copy else black
        style = Style(fonts.BOLD, 9, 4.2, colour)
        pen.put(sheet, x + (number - 1) * cell, y + 1.6, str(number), style, "centre", cell)
    pen.frame(sheet, x, y, width, height, 0.4)
    text, english = texts.COPIES[copy]
    pen.put(sheet, x + 3 * cell + 1.6, y + 0.7, text, Style(fonts.BOLD, 7.8, 3.4))
    pen.put(sheet, x + 3 * cell + 1.6, y + 3.9, english, ENGLISH._replace(leading=2.8))


def _title(sheet: Sheet, slip: Slip) -> float:
    qr.draw(sheet.canvas, slip.token_url, RIGHT + 3 - QR_BOX, sheet.height - QR_TOP - QR_BOX, QR_BOX)
    number = lines.fitted(slip.number, QR_BOX - 4, 6.8, fonts.BOLD, 2.6)
    pen.put(sheet, RIGHT + 3 - QR_BOX, QR_TOP + QR_BOX, slip.number, number, "centre", QR_BOX)
    if slip.mark:
        beside = LEFT + pen.measure(texts.TITLE, TITLE) + 4
        lines.stamp(sheet, slip.mark, beside, 18.8, 104 - beside, 7.0)
    pen.put(sheet, LEFT, 30.4, slip.number, lines.fitted(slip.number, 96, 16, fonts.BOLD, 6.6))
    barcode.draw(sheet.canvas, slip.number, LEFT, sheet.height - 45.6, 90, 8.0)
    where: list[Span] = [
        (texts.WAYS[slip.way], STRONG),
        (f" · {texts.KINDS[slip.kind]} · In lần {slip.issue}", TEXT),
    ]
    pen.write(sheet, LEFT, 47.2, pen.wrap(where, 98, 1))
    if slip.tracking and slip.tracking != slip.number:
        pen.write(sheet, LEFT, 50.6, pen.wrap([("Mã theo dõi: ", TEXT), (slip.tracking, STRONG)], 98, 1))
    return 58.8


def _parties(sheet: Sheet, slip: Slip, y: float, rest: list[Section]) -> float:
    left = _party(sheet, slip.sender, texts.SENDER[slip.way], LEFT, y, rest)
    right = _party(sheet, slip.recipient, texts.RECIPIENT[slip.way], OTHER, y, rest)
    bottom = max(left, right) + 0.8
    pen.upright(sheet, (LEFT + HALF + OTHER) / 2, y, bottom - y - 1)
    pen.rule(sheet, LEFT, bottom, WIDTH)
    return bottom + 0.9


def _party(sheet: Sheet, party: Party, head: tuple[str, str], x: float, y: float, rest: list[Section]) -> float:
    y = _head(sheet, head, x, y)
    short = len(pen.wrap([(party.name, NAME)], HALF).lines) <= 2
    phones: list[Span] = [(lines.keep(party.phone), STRONG)]
    if party.second_phone:
        phones.append((f" · Liên hệ thứ hai: {lines.keep(party.second_phone)}", TEXT))
    more = f"Thư điện tử: {party.email or 'không'}"
    if party.former_place:
        more += f" · Nơi cũ: {party.former_place}"
    parts: list[tuple[Sequence[Span], int]] = [
        ([(party.name, NAME if short else NAME_LONG)], 3),
        ([(lines.address(party.address), TEXT)], 3),
        (phones, 2),
        ([(more, TEXT)], 2),
    ]
    for spans, limit in parts:
        y = pen.write(sheet, x, y, cut(spans, HALF, limit, head[0], rest))
    return y


def cut(spans: Sequence[Span], width: float, limit: int, title: str, rest: list[Section]) -> Block:
    """Spans wrapped to `limit` lines; when that is not all, the whole text goes to the continuation sheet."""
    block = pen.wrap(spans, width, limit)
    if block.cut:
        rows = tuple(tables.prose(spans))
        if rest and rest[-1].title == title:
            rest[-1] = rest[-1]._replace(rows=rest[-1].rows + rows)
        else:
            rest.append(Section(title, (tables.heading(f"{title} (viết đủ)"),), rows))
    return block


def _head(sheet: Sheet, head: tuple[str, str], x: float, y: float) -> float:
    return pen.write(sheet, x, y, pen.wrap([(head[0], HEAD), (f" {head[1]}", ENGLISH)], HALF)) + 0.2


def _service(sheet: Sheet, slip: Slip, y: float, rest: list[Section]) -> float:
    left = _head(sheet, texts.SERVICE, LEFT, y)
    x = LEFT
    for number, text in texts.SERVICES.items():
        chosen = number == slip.service
        style = STRONG if chosen else TEXT
        pen.tick(sheet, x, left + 0.2, chosen)
        pen.put(sheet, x + 3.9, left, f"{number} {text}", style)
        x += 3.9 + pen.measure(f"{number} {text}", style) + 2.6
    left += 3.7
    quality: list[Span] = [("Chất lượng: ", TEXT), (f"J+{slip.quality}", STRONG)]
    if slip.due:
        quality.append((f", chậm nhất {say_day(slip.due)}", TEXT))
    else:
        quality.append((f" ({slip.quality} ngày làm việc sau ngày J)", TEXT))
    title = texts.SERVICE[0]
    left = pen.write(
        sheet, LEFT, left, cut([(lines.keep_end(f"Phương thức: {slip.method}"), TEXT)], HALF, 2, title, rest)
    )
    left = pen.write(sheet, LEFT, left, cut(quality, HALF, 2, title, rest))
    right = _acceptance(sheet, slip, y, rest)
    bottom = max(left, right) + 0.8
    pen.rule(sheet, LEFT, bottom, WIDTH)
    return bottom + 0.9


def _acceptance(sheet: Sheet, slip: Slip, y: float, rest: list[Section]) -> float:
    title = texts.ACCEPTANCE[0]
    y = _head(sheet, texts.ACCEPTANCE, OTHER, y)
    if slip.accepted_at:
        when: list[Span] = [(say_instant(slip.accepted_at), STRONG), (" (ngày J)", TEXT)]
        y = pen.write(sheet, OTHER, y, cut(when, HALF, 2, title, rest)) + 0.3
    else:
        y = lines.line(sheet, OTHER, y, HALF, "Lúc (ngày J):") + 0.3
    courier = f"{slip.courier} · Thẻ số {slip.badge}" if slip.badge else slip.courier
    for label, value, style in (("Nơi nhận:", slip.accepted_place, TEXT), ("Bưu tá:", courier, STRONG)):
        if value:
            y = pen.write(sheet, OTHER, y, cut([(f"{label} ", TEXT), (value, style)], HALF, 2, title, rest))
        else:
            y = lines.line(sheet, OTHER, y, HALF, label)
    return y


def _matter(sheet: Sheet, slip: Slip, y: float, rest: list[Section]) -> float:
    head = texts.MATTER[slip.way]
    taken = 0.0
    if slip.checklist:
        block = cut([(slip.checklist, CAPTION._replace(leading=HEAD.leading))], 92, 1, head[0], rest)
        pen.write(sheet, RIGHT - 92, y + 0.3, block, "right", 92)
        taken = pen.measure("".join(text for text, style in block.lines[0]), CAPTION) + 3
    beside = LEFT + pen.measure(head[0], HEAD) + pen.measure(f" {head[1]}", ENGLISH) + 3
    inline = pen.wrap([(slip.matter, NAME)], RIGHT - taken - beside)
    below = _head(sheet, head, LEFT, y + 0.3)
    if len(inline.lines) == 1:
        y = pen.write(sheet, beside, y - 0.2, inline)
    else:
        short = len(pen.wrap([(slip.matter, NAME)], WIDTH).lines) <= 2
        name = [(lines.keep_end(slip.matter), NAME if short else NAME_LONG)]
        y = pen.write(sheet, LEFT, below, cut(name, WIDTH, 3, head[0], rest))
    if slip.case_code:
        code: list[Span] = [("Mã hồ sơ của phường: ", TEXT), (slip.case_code, STRONG)]
        y = pen.write(sheet, LEFT, y, cut(code, WIDTH, 1, head[0], rest))
    return y + 0.4


def _money_and_seal(sheet: Sheet, slip: Slip, above: float, rest: list[Section]) -> float:
    """Money at the left, seal at the right, both standing on the signatures; returns their top."""
    rows, total = tables.charges(slip.charges), tables.charged(slip.charges, len(slip.charges))
    room = SIGN - 1.8 - (above + 20) - total.height - 3.6
    shown = flow.fitting(rows, max(room, 2 * 3.9))
    if shown < len(rows):
        heading = tables.heading(f"{texts.MONEY[0]} (tiếp)", texts.MONEY[1])
        rest.append(Section(texts.MONEY[0], (heading,), tuple(rows[shown:])))
        total = tables.charged(slip.charges, shown)
    height = max(21.6, flow.tall(rows[:shown]) + total.height + 3.6)
    top = SIGN - 1.8 - height
    y = _head(sheet, texts.MONEY, LEFT, top)
    flow.stack(sheet, y, [*rows[:shown], total])
    _seal(sheet, slip, top, height)
    return top


def _seal(sheet: Sheet, slip: Slip, top: float, height: float) -> None:
    width = 47.0
    x = RIGHT - width
    pen.frame(sheet, x, top, width, height, 0.5)
    seal, english = texts.SEAL
    plain = HEAD._replace(colour=black)
    pen.write(sheet, x + 1.8, top + 1.0, pen.wrap([(seal, plain), (f" {english}", ENGLISH)], width - 3.6))
    if slip.seal:
        pen.put(sheet, x + 1.8, top + 4.6, slip.seal, lines.fitted(slip.seal, width - 3.6, 17, fonts.BOLD, 7))
    else:
        pen.rule(sheet, x + 1.8, top + 11.2, width - 3.6, dots=True)
    y = top + 12.2
    pen.put(sheet, x + 1.8, y, texts.SEALED[slip.way], TEXT)
    pen.tick(sheet, x + 1.8, y + 4.0)
    pen.put(sheet, x + 5.6, y + 3.8, "Bưu tá", TEXT)
    pen.tick(sheet, x + 16.0, y + 4.0)
    pen.write(sheet, x + 19.8, y + 3.8, pen.wrap([(texts.SEAL_READ[slip.way], TEXT)], width - 20.8, 2))


def _papers(sheet: Sheet, slip: Slip, y: float, bottom: float, rest: list[Section]) -> None:
    head = tables.head(tables.PAPERS, "Paper")
    rows = tables.papers(slip.papers)
    note = _note(slip, rest)
    room = bottom - 1.4 - y - head.height - 5.0 - (note.height + 0.8 if note.lines else 0)
    if flow.tall(rows) > room and all(
        paper.form is Form.DATA or (paper.copies and paper.sheets) for paper in slip.papers
    ):
        nearer = tables.papers(slip.papers, close=True)
        rows = nearer if len(rows) - flow.fitting(nearer, room) <= 1 else rows  # one over stands on the back
    shown = flow.fitting(rows, room)
    total = tables.total(slip, shown)
    while shown and flow.tall(rows[:shown]) + total.height - 5.0 > room:
        shown -= 1
        total = tables.total(slip, shown)
    if shown < len(rows):
        heading = tables.heading(f"{texts.MATTER[slip.way][0]}: giấy tờ (tiếp)")
        rest.insert(0, Section("papers", (heading, head), tuple(rows[shown:])))
    rows = rows[:shown]
    room -= flow.tall(rows) + total.height - 5.0
    empty = min(ROWS - shown, int(room // tables.ROW)) if shown == len(slip.papers) else 0
    if empty > 0:
        tall = min(room / empty, 5.4)  # the pen gets what room there is
        rows += [tables.blank(number, tall) for number in range(shown + 1, shown + empty + 1)]
    y = flow.stack(sheet, y, [head, *rows, total])
    if note.lines:
        pen.write(sheet, LEFT, y + 0.7, note)


def _note(slip: Slip, rest: list[Section]) -> Block:
    if not slip.note:
        return Block((), 0.0)
    return cut([("Ghi chú: ", STRONG), (slip.note, TEXT)], WIDTH, 2, "GHI CHÚ", rest)


def _signatures(sheet: Sheet, slip: Slip, rest: list[Section]) -> None:
    width, other = 50.0, RIGHT - 50.0
    sheet.canvas.again(("signatures", slip.way), lambda: _fixed_signatures(sheet, slip.way))
    if slip.way is Way.IN:
        shown(sheet, slip, LEFT, SIGN + 20.5, width, rest)
    else:
        lines.line(sheet, LEFT, SIGN + 20.5, width, "Họ tên, chức vụ:")
    if slip.courier:
        name = f"{slip.courier} · Thẻ số {slip.badge}" if slip.badge else slip.courier
        pen.write(sheet, other, SIGN + 20.5, pen.wrap([(name, TEXT)], width, 2))


def _fixed_signatures(sheet: Sheet, way: Way) -> None:
    width, other = 50.0, RIGHT - 50.0
    giver, english = texts.SIGNS[way]
    pen.write(sheet, LEFT, SIGN, pen.wrap([(giver, STRONG), (f" {english}", ENGLISH)], width))
    pen.write(sheet, LEFT, SIGN + 3.3, pen.wrap([(texts.SIGNED[way], TEXT)], width))
    courier, english = texts.COURIER
    pen.write(sheet, other, SIGN, pen.wrap([(courier, STRONG), (f" {english}", ENGLISH)], width))
    pen.write(sheet, other, SIGN + 3.3, pen.wrap([(texts.COURIER_SIGNED, TEXT)], width))
    for x in (LEFT, other):
        pen.rule(sheet, x, SIGN + 20.0, width, 0.15, HAIR)
    centre = (LEFT + width + other) / 2
    pen.ring(sheet, centre, SIGN + 13.6, 25)
    for index, text in enumerate(texts.STAMP):
        pen.put(sheet, centre - 13, SIGN + 10.8 + index * 2.8, text, CAPTION, "centre", 26)


def shown(sheet: Sheet, slip: Slip, x: float, y: float, width: float, rest: list[Section]) -> float:
    """Which paper the person showed (kind and last four) and by what authorisation, or lines to write it
    on."""
    if slip.identity and not slip.identity.last4:
        y = lines.line(sheet, x, y, width, f"Đã xem: {slip.identity.kind}, 4 số cuối:")
    elif slip.identity:
        seen = f"Đã xem: {slip.identity.kind} ••••"
        y = pen.write(sheet, x, y, pen.wrap([(seen, TEXT), (slip.identity.last4, STRONG)], width, 1))
    else:
        y = lines.line(sheet, x, y, width, "Đã xem (loại, 4 số cuối):")
    if slip.authorisation:
        return pen.write(sheet, x, y, authorised(slip, width, rest))
    return lines.line(sheet, x, y, width, "Ủy quyền:")


def authorised(slip: Slip, width: float, rest: list[Section]) -> Block:
    """The authorisation on one line; a longer one goes to the continuation sheet."""
    return cut([(f"Ủy quyền: {slip.authorisation}", TEXT)], width, 1, "ỦY QUYỀN", rest)
