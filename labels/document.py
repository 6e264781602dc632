"""A form of any length on any page size: a head, rows that go on over pages, a foot that counts the pages."""

from collections.abc import Sequence
from typing import NamedTuple

from labels import barcode, flow, fonts, lines, qr, tables, texts
from labels import sheet as pen
from labels.leaf import Leaf
from labels.sheet import ENGLISH, HAIR, MM, PRIMARY, Block, Piece, Section, Sheet, Span, Style
from labels.tables import Column

FOOT = 9.0  # mm at the bottom of a page
QR = 36.0  # mm with the quiet zone: 30 mm of code at version 6
BARS = 7.0  # mm, the height of a bar code
MOTTO_ROOM = 150.0  # mm a head with the motto needs beside a code


class Page(NamedTuple):
    """Width, height and side margin in mm, and the size of its text in points."""

    width: float
    height: float
    left: float
    size: float

    @property
    def room(self) -> float:
        """Width between the margins."""
        return self.width - 2 * self.left

    @property
    def text(self) -> Style:
        return Style(fonts.REGULAR, self.size, self.size * 0.45)

    @property
    def strong(self) -> Style:
        return Style(fonts.BOLD, self.size, self.size * 0.45)


A5 = Page(148, 210, 8, 8.2)
A5_ACROSS = Page(210, 148, 10, 9)
A4 = Page(210, 297, 16, 9.6)
A4_ACROSS = Page(297, 210, 12, 7.6)


class Head(NamedTuple):
    """What stands above the first page; the title and the number stand on every page."""

    title: str
    english: str
    number: str
    unit: tuple[str, str]  # who issues it: the house, and the office or desk
    motto: bool = False  # the head of papers between authorities (NĐ 30/2020)
    ours: bool = True  # whether our mark stands on it: not on an agency's own form
    form: str = ""  # "Mẫu số 01"
    place_day: str = ""
    token_url: str = ""
    mark: str = ""
    basis: str = ""
    counted: str = texts.NUMBER  # what stands before the number
    packet: str = ""  # whose code it is: under it, and as bars where a hand scanner may be asked for it


def lay(canvas: Leaf, page: Page, head: Head, sections: Sequence[Section]) -> None:
    """Draw a form on as many pages as it needs. Raises MissingGlyph."""
    top = _top(page, head)
    later = _band(page, head)
    bottom = page.height - FOOT
    pages = flow.paginate(sections, bottom - 6 - later.height, bottom - 6 - top.height)
    canvas.setPageSize((page.width * MM, page.height * MM))
    sheet = Sheet(canvas, page.width, page.height)
    for number, pieces in enumerate(pages, 1):
        above = top if number == 1 else later
        above.draw(sheet, 6)
        flow.stack(sheet, 6 + above.height, pieces)
        _foot(sheet, page, head, number, len(pages))
        canvas.showPage()


def _top(page: Page, head: Head) -> Piece:
    """Who issues it, the motto, the title, the number; on an agency's own form as NĐ 30/2020 sets them."""
    code = QR if head.token_url else 0.0
    beside = page.room - (code + 2 if code else 0)  # the width beside the code
    lowered = bool(code and head.motto and beside < MOTTO_ROOM)  # the motto is not broken: the code goes below it
    wide = page.room if lowered else beside
    upper = _issued(page, head, wide)
    title = lines.balanced(head.title, Style(fonts.BOLD, page.size * 1.75, page.size * 0.78), beside)
    under = _numbered(page, head, beside)
    lead = 2.6 if head.form else 0.0
    below = lead + upper.height + 1.6
    height = below + title.height + 0.8 + sum(block.height for block in under) + 1.8
    bars = below + title.height + 0.8 + sum(block.height for block in under) + 1.0
    barred = bool(head.packet and head.ours)
    height = max(
        height,
        lead + upper.height + code - (0.8 if head.packet else 3) if lowered else code + 2.6,
        bars + BARS + 1.4 if barred else 0,
    )
    align = "left" if head.ours else "centre"

    def draw(sheet: Sheet, y: float) -> None:
        upper.draw(sheet, y + lead)
        if head.form:
            pen.put(sheet, page.left, 4.8, head.form, ENGLISH, "right", page.room)
        if head.token_url:
            top = y + lead + upper.height - 2 if lowered else y - 2
            x, number = page.left + page.room - QR + 3, head.packet or (head.number if head.ours else "")
            qr.draw(sheet.canvas, head.token_url, x, sheet.height - top - QR, QR)
            pen.put(sheet, x, top + QR - 0.5, number, lines.fitted(number, QR - 3, 7.4, fonts.BOLD, 3.2), "centre", QR)
        if barred:
            barcode.draw(sheet.canvas, head.packet, page.left, sheet.height - y - bars - BARS, beside - 3, BARS)
        if head.ours:
            pen.rule(sheet, page.left, y + below - 1.6, wide, 0.4, PRIMARY)
        at = pen.write(sheet, page.left, y + below, title, align, beside) + 0.8
        for block in under:
            at = pen.write(sheet, page.left, at, block, align, beside)
        if head.mark:
            said = pen.measure(fonts.clean(head.title), Style(fonts.BOLD, page.size * 1.75, 1))
            end = (said if head.ours else (beside + said) / 2) + 4
            if len(title.lines) == 1 and end + 14 <= beside:
                lines.stamp(sheet, head.mark, page.left + end, y + below + 0.3, min(34, beside - end), 5.4)
            elif head.ours and under and _length(under[-1]) + 34 <= beside:  # else over the words at the foot
                top = at - under[-1].height + 0.2
                lines.stamp(sheet, head.mark, page.left + beside - 30, top, 30, 4.4)
            else:
                lines.stamp(sheet, head.mark, page.left + page.room / 2 - 15, page.height - FOOT - 0.6, 30, 4.4)

    return Piece(height, draw)


def _length(block: Block) -> float:
    """The width in mm of its last line."""
    return sum(pen.measure(text, style) for text, style in block.lines[-1]) if block.lines else 0.0


def _issued(page: Page, head: Head, wide: float) -> Piece:
    """The top of a form: the house beside our mark; or an agency, its number under it, its day under the motto."""
    half = (wide - 6) / 2 if head.motto else wide - 12
    aside = 12 if head.ours else 0
    big = page.size + 1 if head.ours else page.size
    first = Style(fonts.BOLD, big, big * 0.45, PRIMARY) if head.ours else page.text
    house = pen.wrap([(head.unit[0], first)], half - aside)
    unit = pen.wrap([(head.unit[1], page.text if head.ours else page.strong)], half - aside)
    number = pen.wrap([(f"{head.counted} {head.number}", page.text)] if not head.ours else [], half)
    motto = pen.wrap([(texts.MOTTO[0], page.strong)], half) if head.motto else Block((), 0)
    day = pen.wrap([(head.place_day, page.text)] if not head.ours and head.place_day else [], half)
    line = page.strong.leading
    left = house.height + unit.height + (number.height + 2 if not head.ours else 0)
    right = motto.height + (line + 2 + day.height if head.motto else 0)
    height = max(11.0, left, right) + 1.4
    align = "left" if head.ours else "centre"

    def draw(sheet: Sheet, y: float) -> None:
        if head.ours:
            pen.emblem(sheet, page.left, y, 9.4)
        at = pen.write(sheet, page.left + aside, y, house, align, half)
        at = pen.write(sheet, page.left + aside, at, unit, align, half)
        if not head.ours:
            pen.rule(sheet, page.left + half / 2 - 9, at + 0.5, 18, 0.2)
            pen.write(sheet, page.left, at + 1.6, number, align, half)
        if head.motto:
            x, said = page.left + half + 6, pen.measure(texts.MOTTO[1], page.strong)
            at = pen.write(sheet, x, y, motto, "centre", half)
            pen.put(sheet, x, at, texts.MOTTO[1], page.strong, "centre", half)
            pen.rule(sheet, x + (half - said) / 2, at + line + 0.5, said, 0.2)
            pen.write(sheet, x, at + line + 1.6, day, "centre", half)

    return Piece(height, draw)


def _numbered(page: Page, head: Head, wide: float) -> list[Block]:
    """Under the title: the number and the day, unless they stand above, then the title in English."""
    said: list[Span] = []
    if head.number and head.ours:
        said += [(f"{head.counted} ", page.text), (head.number, page.strong)]
    if head.place_day and head.ours:
        said.append((f" · {head.place_day}" if said else head.place_day, page.text))
    alone, together = pen.wrap(said, wide), pen.wrap([*said, (f" · {lines.keep(head.english)}", ENGLISH)], wide)
    if said and head.english and len(together.lines) == len(alone.lines):
        return [together]
    return [
        block for block in (alone, pen.wrap([(head.english, ENGLISH)], wide)) if said and block is alone or block.lines
    ]


def _band(page: Page, head: Head) -> Piece:
    """The head of every later page."""

    def draw(sheet: Sheet, y: float) -> None:
        said = [(head.title, page.strong), (f" · {head.counted} {head.number}" if head.number else "", page.text)]
        pen.write(sheet, page.left, y, pen.wrap(said, page.room - (32 if head.mark else 0), 1))
        if head.mark:
            lines.stamp(sheet, head.mark, page.left + page.room - 30, y - 1, 30, 4.6)
        pen.rule(sheet, page.left, y + 5, page.room, 0.4, PRIMARY)

    return Piece(7.0, draw)


def _foot(sheet: Sheet, page: Page, head: Head, number: int, count: int) -> None:
    y = page.height - FOOT + 0.7
    pen.put(sheet, page.left, y, f"Tờ {number}/{count}", ENGLISH, "right", page.room)
    if head.basis:
        pen.write(sheet, page.left, y, pen.wrap([(head.basis, ENGLISH)], page.room - 20, 1))


# ---- pieces ------------------------------------------------------------------------------------------------------


def columns(page: Page, *parts: tuple[str, float, str] | tuple[str, float, str, str]) -> tuple[Column, ...]:
    """Columns over the whole width, from heads, shares of it, how the cells stand, and heads in English."""
    share = page.room / sum(part[1] for part in parts)
    found, x = [], page.left
    for head, width, align, *english in parts:
        gap = 1.8 if align == "right" else 0.0  # figures do not run into the words beside them
        found.append(Column(x, width * share - gap, head, align, *english))
        x += width * share
    return tuple(found)


def table(
    title: str,
    page: Page,
    shape: Sequence[Column],
    rows: Sequence[Sequence[str]],
    lowest: float = 5.6,
    heading: Sequence[Piece] = (),
    bold: Sequence[int] = (),
) -> Section:
    """A table whose head is repeated on each page; `bold` names the columns in bold."""
    drawn = [
        tables.row(
            shape, [[(cell, page.strong if at in bold else page.text)] for at, cell in enumerate(cells)], lowest
        )
        for cells in rows
    ]  # fmt: skip
    return Section(title, (*heading, tables.head(shape)), tuple(drawn))


def heading(page: Page, text: str, english: str = "") -> Piece:
    """The head of a section."""
    style = Style(fonts.BOLD, page.size, page.size * 0.46, PRIMARY)
    block = pen.wrap([(text, style), (f" {english}" if english else "", ENGLISH)], page.room)
    return Piece(block.height + 0.8, lambda sheet, y: _done(pen.write(sheet, page.left, y, block)))


def say(page: Page, *spans: Span, indent: float = 0.0) -> list[Piece]:
    """A text, one piece a line, so that it may run over pages."""
    block = pen.wrap(spans, page.room - indent)
    return [_line(page.left + indent, Block((line,), block.leading)) for line in block.lines]


def _line(x: float, block: Block) -> Piece:
    return Piece(block.height, lambda sheet, y: _done(pen.write(sheet, x, y, block)))


Told = tuple[str, str] | tuple[str, str, str]  # a caption, what it says, the caption in English


def pairs(page: Page, *told: Told, across: int = 1) -> list[Piece]:
    """Captions and what they say, `across` beside each other; what is not known yet is a line to write on."""
    wide = (page.room - 5 * (across - 1)) / across
    return [_pairs(page, told[at : at + across], wide) for at in range(0, len(told), across)]


def _pairs(page: Page, told: Sequence[Told], wide: float) -> Piece:
    blocks = [pen.wrap([*_caption(page, *each), (" ", page.text), (each[1], page.strong)], wide) for each in told]
    height = max(block.height + 0.5 if each[1] else page.size * 0.62 for block, each in zip(blocks, told, strict=True))

    def draw(sheet: Sheet, y: float) -> None:
        for at, (block, each) in enumerate(zip(blocks, told, strict=True)):
            x, top = page.left + at * (wide + 5), y if each[1] else y + height - page.text.leading - 0.3
            pen.write(sheet, x, top, block)
            if not each[1]:
                start = _length(block) + 1
                pen.rule(sheet, x + start, top + page.text.leading * 0.82, wide - start, 0.25, dots=True)

    return Piece(height, draw)


def _caption(page: Page, label: str, _: str, english: str = "") -> list[Span]:
    return [(label, page.text), (f" {english}", ENGLISH), (":", page.text)] if english else [(f"{label}:", page.text)]


def ruled(page: Page, count: int, step: float = 7.0) -> list[Piece]:
    """Empty lines to write on."""
    return [Piece(step, lambda sheet, y: pen.rule(sheet, page.left, y + step - 0.6, page.room, dots=True))] * count


def ticks(page: Page, told: Sequence[tuple[str, bool]], across: int = 1) -> list[Piece]:
    """Boxes to tick, `across` beside each other; a text that runs on stays beside its box."""
    wide = page.room / across
    found = []
    for at in range(0, len(told), across):
        row = [
            (crossed, pen.wrap([(text, page.strong if crossed else page.text)], wide - 7))
            for text, crossed in told[at : at + across]
        ]

        def draw(sheet: Sheet, y: float, row: list[tuple[bool, Block]] = row) -> None:
            for column, (crossed, block) in enumerate(row):
                pen.tick(sheet, page.left + column * wide, y + 0.4, crossed)
                pen.write(sheet, page.left + column * wide + 5, y, block)

        found.append(Piece(max(block.height for _, block in row) + 0.8, draw))
    return found


def kept(*pieces: Sequence[Piece] | Piece) -> Piece:
    """Pieces that are not parted by the end of a page."""
    flat = part(*pieces).rows
    return Piece(flow.tall(flat), lambda sheet, y: _done(flow.stack(sheet, y, flat)))


def boxed(page: Page, *spans: Span) -> Piece:
    """A text in a frame, kept on one page."""
    block = pen.wrap(spans, page.room - 6)

    def draw(sheet: Sheet, y: float) -> None:
        pen.frame(sheet, page.left, y + 0.6, page.room, block.height + 3.4, 0.3)
        pen.write(sheet, page.left + 3, y + 2.2, block)

    return Piece(block.height + 5.2, draw)


def signatures(page: Page, *people: tuple[str, str, str], stamps: Sequence[str] = ()) -> Section:
    """Room for hands and stamps, kept together: role, English and the name, if known, of each. Who signs alone signs on
    the right."""
    alone = len(people) == 1
    wide = (page.room - 6) / 2 if alone else (page.room - 6 * (len(people) - 1)) / len(people)
    heads = [
        pen.wrap([(role, page.strong), (f" {english}" if english else "", ENGLISH)], wide)
        for role, english, _ in people
    ]
    names = [pen.wrap([(name, page.text)], wide) for *_, name in people]
    above, below = max(block.height for block in heads), max(block.height for block in names)
    height = above + 25 + max(below, page.text.leading) + 1

    def draw(sheet: Sheet, y: float) -> None:
        y += 3
        for at, (head, name) in enumerate(zip(heads, names, strict=True)):
            x = page.left + (at + alone) * (wide + 6)
            pen.write(sheet, x, y, head, "centre", wide)
            if at < len(stamps) and stamps[at]:
                pen.ring(sheet, x + wide / 2, y + above + 11, 20)
                pen.put(sheet, x, y + above + 9.6, stamps[at], ENGLISH._replace(leading=2.8), "centre", wide)
            pen.rule(sheet, x, y + above + 21, wide, 0.15, HAIR)
            pen.write(sheet, x, y + above + 21.8, name, "centre", wide)

    return Section("signatures", (), (Piece(height, draw),), tied=True)


def part(*pieces: Piece | Sequence[Piece]) -> Section:
    """Pieces as one section without a head."""
    flat: list[Piece] = []
    for piece in pieces:
        flat += [piece] if isinstance(piece, Piece) else piece
    return Section("", (), tuple(flat))


def headed(page: Page, text: str, english: str, *pieces: Piece | Sequence[Piece]) -> Section:
    """Pieces under a head, which never ends a page."""
    return part(*pieces)._replace(heads=(heading(page, text, english),))


def _done(_: object) -> None:
    return None
