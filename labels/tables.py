"""The tables of the slip, as rows of known height, so that what does not fit one page goes on with the
next."""

from collections.abc import Sequence
from typing import NamedTuple

from reportlab.lib.colors import black

from labels import sheet as pen
from labels import terms, texts
from labels.sheet import COLUMN, ENGLISH, HAIR, HEAD, STRONG, TEXT, Block, Piece, Sheet, Span
from labels.slip import Charge, Form, Paper, Recovered, Slip, Stream, Way
from labels.words import say_money

LEFT, WIDTH = 7.0, 134.0  # mm, the text area of an A5 page
ROW = 4.4  # mm, the lowest row of the list of papers: tall enough to write in
AIR, CLOSE = 0.9, 0.35  # mm around the text of a row; where a row more is wanted and nothing is written by hand
PAD = 0.8


class Column(NamedTuple):
    """Left edge and width in mm, head, how its cells stand, and the head in English."""

    x: float
    width: float
    head: str
    align: str = "centre"
    english: str = ""


# fmt: off
PAPERS = (
    Column(  7,  6, "Số"),
    Column( 13, 50, "Giấy tờ", "left"),
    Column( 63, 11, "Bản chính"),
    Column( 74, 13, "Chứng thực"),
    Column( 87, 10, "Bản sao"),
    Column( 97,  9, "Số bản"),
    Column(106,  9, "Số tờ"),
    Column(115, 26, "Ghi chú", "left"),
)
CHARGES = (
    Column(  7, 36, "", "left"),
    Column( 43, 14, "", "right"),
    Column( 58, 33, "", "left"),
)
RECOVERED = (
    Column(  7,  7, "Số"),
    Column( 14, 62, "Giấy tờ", "left"),
    Column( 76, 28, "Số hiệu", "left"),
    Column(104, 37, "Đã thu (ký)", "left"),
)
HANDOFFS = (
    Column(  7, 22, "Giờ, ngày", "left"),
    Column( 29, 30, "Bên giao ký", "left"),
    Column( 59, 30, "Bên nhận ký", "left"),
    Column( 89, 24, "Số niêm phong", "left"),
    Column(113, 28, "Ghi chú", "left"),
)
# fmt: on
BOXES = {Form.ORIGINAL: 2, Form.CERTIFIED: 3, Form.COPY: 4}


def head(columns: Sequence[Column], english: str = "") -> Piece:
    """The heads of a table, over a strong rule; `english` follows the head of the first wide column."""
    small = ENGLISH._replace(leading=COLUMN.leading)
    blocks = [
        pen.wrap(
            [(column.head, COLUMN), (f" {column.english}" if column.english else "", small)], column.width - 2 * PAD
        )
        for column in columns
    ]
    height = max(block.height for block in blocks) + 0.9

    def draw(sheet: Sheet, y: float) -> None:
        for column, block in zip(columns, blocks, strict=True):
            pen.write(
                sheet,
                column.x + PAD,
                y + height - 0.6 - block.height,
                block,
                column.align,
                column.width - 2 * PAD,
            )
        if english:
            named = columns[1]
            x = named.x + PAD + pen.measure(named.head, COLUMN) + 1.2
            pen.put(sheet, x, y + height - 0.6 - COLUMN.leading, english, small)
        _under(sheet, columns, y + height, 0.35)

    return Piece(height, draw)


def row(
    columns: Sequence[Column], cells: Sequence[Sequence[Span]], lowest: float, weight: float = 0.15, air: float = AIR
) -> Piece:
    """A row of texts, each wrapped in its column, centred upright, over a thin rule."""
    blocks = [pen.wrap(cell, column.width - 2 * PAD) for column, cell in zip(columns, cells, strict=True)]
    height = max(lowest, max(block.height for block in blocks) + air)

    def draw(sheet: Sheet, y: float) -> None:
        for column, block in zip(columns, blocks, strict=True):
            top = y + (height - block.height) / 2
            pen.write(sheet, column.x + PAD, top, block, column.align, column.width - 2 * PAD)
        _under(sheet, columns, y + height, weight)

    return Piece(height, draw)


def _under(sheet: Sheet, columns: Sequence[Column], y: float, weight: float) -> None:
    right = columns[-1].x + columns[-1].width
    pen.rule(sheet, columns[0].x, y, right - columns[0].x, weight, HAIR if weight < 0.3 else black)


def papers(lines: Sequence[Paper], *, close: bool = False) -> list[Piece]:
    """The list counted together, one row per paper; originals are crossed in their own column (QĐ 45/2016
    Đ6.4). `close`: the rows nearer together, to be read and not to be written in."""
    lowest, air = (0.0, CLOSE) if close else (ROW, AIR)
    return [_paper(number, line, lowest, air) for number, line in enumerate(lines, 1)]


def blank(number: int, height: float = ROW) -> Piece:
    """An empty row of the list, for a paper added by hand."""
    return _boxed(row(PAPERS, _cells(str(number), "", "", "", []), height), None)


def _paper(number: int, paper: Paper, lowest: float, air: float) -> Piece:
    note: list[Span] = []
    if paper.give_back:
        note.append((texts.GIVE_BACK, STRONG))
    if paper.note:
        note.append((f" {paper.note}", TEXT))
    if paper.form is Form.DATA:
        note.insert(0, (texts.FROM_DATA, TEXT))
        return row(PAPERS, _cells(str(number), paper.name, "–", "–", note, boxes="–"), lowest, air=air)
    cells = _cells(str(number), paper.name, str(paper.copies or ""), str(paper.sheets or ""), note)
    return _boxed(row(PAPERS, cells, lowest, air=air), paper.form)


def _cells(
    number: str, name: str, copies: str, sheets: str, note: Sequence[Span], boxes: str = ""
) -> list[Sequence[Span]]:
    plain = [[(text, TEXT)] for text in (number, name, boxes, boxes, boxes, copies, sheets)]
    return [*plain, note]


def _boxed(line: Piece, form: Form | None) -> Piece:
    def draw(sheet: Sheet, y: float) -> None:
        line.draw(sheet, y)
        for kind, index in BOXES.items():
            column = PAPERS[index]
            pen.tick(sheet, column.x + (column.width - 2.8) / 2, y + (line.height - 2.8) / 2, kind is form)

    return Piece(line.height, draw)


def total(slip: Slip, shown: int) -> Piece:
    """The sum under the list: papers sent, by form, copies and sheets; a sum with an unknown part is left to
    the pen. `shown` is how many rows stand above it, the rest being on the back or the continuation sheet."""
    sent = [paper for paper in slip.papers if paper.form is not Form.DATA]
    forms = [str(sum(paper.form is form for paper in sent)) for form in BOXES]
    back = sum(paper.give_back for paper in sent)
    rest = len(slip.papers) - shown
    last = (f"Phải trả lại: {back}" if slip.way is Way.IN else "") if not rest else _from(shown + 1, len(slip.papers))
    cells = [
        "",
        f"Cộng: {len(sent)} giấy tờ",
        *forms,
        _sum([p.copies for p in sent]),
        _sum([p.sheets for p in sent]),
    ]
    if not sent:
        cells = ["", "Cộng:", "", "", "", "", ""]
    return row(PAPERS, [*([(cell, STRONG)] for cell in cells), [(last, TEXT)]], 5.0, 0.35)


def _from(first: int, last: int) -> str:
    return f"Dòng {first}: tiếp" if first == last else f"Dòng {first}–{last}: tiếp"


def _sum(counts: Sequence[int | None]) -> str:
    known = [count for count in counts if count is not None]
    return str(sum(known)) if len(known) == len(counts) else ""


def charges(lines: Sequence[Charge]) -> list[Piece]:
    """The money, line by line; the agency's fee with its receipt number or room for it."""
    rows = []
    for line in lines:
        how = [part for part in (line.method, f"Biên lai {line.receipt}" if line.receipt else "") if part]
        is_open = not line.amount and line.method != terms.PAID  # how much, or that it is nothing, is said beside it
        if line.stream is Stream.FEE and not line.receipt and not is_open:
            how.append("Biên lai ……………")
        cells = [(line.name, TEXT)], [("–" if is_open else say_money(line.amount), TEXT)], [(" · ".join(how), TEXT)]
        rows.append(row(CHARGES, cells, 3.9))
    return rows


def charged(lines: Sequence[Charge], shown: int) -> Piece:
    """What is owed in all, with the two streams told apart; `shown` lines stand above, the rest goes on elsewhere."""
    owed = {stream: sum(line.amount for line in lines if line.stream is stream) for stream in Stream}
    both = ""
    if owed[Stream.FEE]:
        both = f"Cước {say_money(owed[Stream.POSTAGE])} + lệ\u00a0phí {say_money(owed[Stream.FEE])}"
    all_ = "Tổng cộng" if shown == len(lines) else "Tổng cộng, cả phần tiếp"
    cells = [(all_, STRONG)], [(say_money(sum(owed.values())), STRONG)], [(both, TEXT)]
    return row(CHARGES, cells, 4.6, 0.35)


def recovered(lines: Sequence[Recovered], least: int = 0) -> list[Piece]:
    """Old papers to take back, then empty rows up to `least`."""
    rows = []
    for index in range(max(len(lines), least)):
        line = lines[index] if index < len(lines) else Recovered("")
        cells = [(str(index + 1), TEXT)], [(line.name, TEXT)], [(line.number, TEXT)], [("", TEXT)]
        rows.append(row(RECOVERED, cells, 6.4))
    return rows


def handoffs(room: float) -> list[Piece]:
    """Empty rows for handoffs signed on paper, tall enough to sign in, filling `room` mm."""
    count = int(room // 8.2)
    return [row(HANDOFFS, [[("", TEXT)]] * len(HANDOFFS), room / count) for _ in range(count)]


def heading(title: str, english: str = "") -> Piece:
    """The head of a section."""
    block = pen.wrap([(title, HEAD), (f" {english}", ENGLISH)], WIDTH)
    return Piece(block.height + 0.6, lambda sheet, y: _discard(pen.write(sheet, LEFT, y, block)))


def prose(spans: Sequence[Span], width: float = WIDTH) -> list[Piece]:
    """A text as one piece a line, so that it may run over pages."""
    block = pen.wrap(spans, width)
    return [_line(Block((line,), block.leading)) for line in block.lines]


def _line(block: Block) -> Piece:
    return Piece(block.height, lambda sheet, y: _discard(pen.write(sheet, LEFT, y, block)))


def _discard(value: object) -> None:
    return None
