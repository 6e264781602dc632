"""Receipts: for papers that changed hands, and for money, postage and the agency's fees apart (QĐ 45/2016 Đ11, Đ15)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from labels import document, lines, tables, texts
from labels.check import Field
from labels.document import A5, Head
from labels.leaf import Leaf
from labels.sheet import ENGLISH, Piece, Section
from labels.slip import Charge, Form, Paper, Stream
from labels.words import say_amount, say_instant, say_money

PAPERS, PAPERS_EN = "GIẤY BIÊN NHẬN GIẤY TỜ", "Receipt for papers"
MONEY, MONEY_EN = "PHIẾU THU TIỀN", "Receipt for money"
STREAMS = {
    Stream.POSTAGE: ("CƯỚC BƯU CHÍNH", "Postage, kept by the post"),
    Stream.FEE: ("PHÍ, LỆ PHÍ THU HỘ", "Fees, handed on to the agency"),
}
FORMS = {**texts.FORMS, Form.DATA: "Không nộp"}
# fmt: off
LIST = document.columns(A5, ("TT", 7, "centre"), ("Giấy tờ", 58, "left", "Paper"), ("Loại", 22, "left", "Kind"), ("Số bản", 13, "centre", "Copies"),
                        ("Số tờ", 12, "centre", "Sheets"), ("Ghi chú", 31, "left", "Note"))
SUMS = document.columns(A5, ("TT", 7, "centre"), ("Khoản", 56, "left", "For"), ("Số tiền (đ)", 28, "right", "Sum"),
                        ("Biên lai", 28, "left", "Receipt no."), ("Cách trả", 28, "left", "Paid"))
# fmt: on


@dataclass(frozen=True)
class PapersReceipt:
    """Papers one person took from another."""

    number: str
    packet: str
    at: datetime
    office: str
    place: str
    giver: str
    giver_address: tuple[str, ...]
    taker: str
    reason: str
    papers: tuple[Paper, ...]
    give_back: str = ""  # by when and how they come back
    token_url: str = ""
    mark: str = ""


@dataclass(frozen=True)
class MoneyReceipt:
    """Money one person paid."""

    number: str
    packet: str
    at: datetime
    office: str
    payer: str
    payer_address: tuple[str, ...]
    collector: str
    lines: tuple[Charge, ...]
    agency: str = ""  # whom the fees are for
    token_url: str = ""
    mark: str = ""


def draw_papers(canvas: Leaf, item: PapersReceipt) -> None:
    """Draw the receipt for papers."""
    head = Head(PAPERS, PAPERS_EN, item.number, (texts.OPERATOR, item.office), place_day=say_instant(item.at),
                token_url=item.token_url, packet=item.packet, mark=item.mark, basis="Lập 2 bản, mỗi bên giữ 1. Made twice, one for each side.")  # fmt: skip
    told = document.pairs(A5, ("Người giao", item.giver, "Giver"), ("Địa chỉ", lines.address(item.giver_address), "Address"),
                          ("Người nhận", item.taker, "Receiver"), ("Nơi giao nhận", item.place, "Place"),
                          ("Lý do", item.reason, "Reason"), ("Theo phiếu gửi", item.packet, "Slip"))  # fmt: skip
    end = document.pairs(A5, ("Trả lại", item.give_back, "To be given back"))
    signs = document.signatures(
        A5, ("Người giao", "Giver signs", item.giver), ("Người nhận", "Receiver signs", item.taker)
    )
    document.lay(canvas, A5, head, [document.part(told), listed(item.papers), document.part(end), signs])


def listed(papers: Sequence[Paper]) -> Section:
    """Papers counted, with their sum."""
    rows = [
        (str(number), paper.name, FORMS[paper.form], str(paper.copies or ""), str(paper.sheets or ""), paper.note)
        for number, paper in enumerate(papers, 1)
    ]

    def carried(count: int) -> Piece:
        shown = papers[:count]
        label = "Tổng cộng" if count == len(papers) else "Cộng dồn"
        cells = ("", f"{label}: {count} giấy tờ", "", _whole([one.copies for one in shown]),
                 _whole([one.sheets for one in shown]), "")  # fmt: skip
        return tables.row(LIST, [[(cell, A5.strong)] for cell in cells], 6.0, 0.35)

    return document.table("papers", A5, LIST, rows, 6.2)._replace(carried=carried)


def _whole(counts: Sequence[int | None]) -> str:
    return "" if None in counts else str(sum(count or 0 for count in counts))


def draw_money(canvas: Leaf, item: MoneyReceipt) -> None:
    """Draw the receipt for money."""
    total = sum(line.amount for line in item.lines)
    head = Head(MONEY, MONEY_EN, item.number, (texts.OPERATOR, item.office), place_day=say_instant(item.at),
                token_url=item.token_url, packet=item.packet, mark=item.mark, basis="Lập 2 bản. Giữ phiếu này để đối chiếu. Made twice. Keep it.")  # fmt: skip
    told = document.pairs(A5, ("Người nộp", item.payer, "Payer"), ("Địa chỉ", lines.address(item.payer_address), "Address"),
                          ("Theo phiếu gửi", item.packet, "Slip"))  # fmt: skip
    sections = [document.part(told)]
    for stream, (name, english) in STREAMS.items():
        if sums := [line for line in item.lines if line.stream is stream]:
            sections.append(_sums(sums, name, english))
    big = A5.strong._replace(size=11, leading=5)
    whole = [document.boxed(A5, ("TỔNG CỘNG ĐÃ THU (đ): ", A5.strong), (say_money(total), big),
                            (" Bằng chữ: ", A5.text), (f"{say_amount(total)}.", A5.strong), (" Total received.", ENGLISH))]  # fmt: skip
    if item.agency:
        whole += document.pairs(A5, ("Phí, lệ phí nộp cho", item.agency, "Fees go to"))
    signs = document.signatures(
        A5, ("Người nộp", "Payer signs", item.payer), ("Người thu", "Collector signs", item.collector)
    )
    document.lay(canvas, A5, head, [*sections, document.part(whole), signs])


def _sums(lines: Sequence[Charge], name: str, english: str) -> Section:
    rows = [(str(number), one.name, say_money(one.amount), one.receipt or ("……………" if one.stream is Stream.FEE else ""),
             one.method) for number, one in enumerate(lines, 1)]  # fmt: skip

    def carried(count: int) -> Piece:
        label = "Cộng" if count == len(lines) else "Cộng dồn"
        cells = ("", label, say_money(sum(one.amount for one in lines[:count])), "", "")
        return tables.row(SUMS, [[(cell, A5.strong)] for cell in cells], 6.0, 0.35)

    return document.table(name, A5, SUMS, rows, 6.2, [document.heading(A5, name, english)])._replace(carried=carried)


def _owed(item: MoneyReceipt, stream: Stream) -> tuple[str, ...]:
    lines = [line for line in item.lines if line.stream is stream]
    if not lines:
        return ()
    return STREAMS[stream][0], *(
        said for line in lines for said in (line.name, say_money(line.amount), line.receipt, line.method)
    )


# fmt: off
PAPERS_FIELDS = (
    Field("number",     "design",            lambda s: (s.number, s.packet)),
    Field("time",       "design",            lambda s: (say_instant(s.at), f"Nơi giao nhận Place: {s.place}")),
    Field("giver",      "QĐ 45 Đ6.4",        lambda s: (f"Người giao Giver: {s.giver}", ", ".join(s.giver_address))),
    Field("taker",      "QĐ 45 Đ6.4",        lambda s: (f"Người nhận Receiver: {s.taker}",)),
    Field("reason",     "design",            lambda s: (f"Lý do Reason: {s.reason}",)),
    Field("papers",     "QĐ 45 Đ6.4, Đ8",    lambda s: tuple(said for p in s.papers for said in (p.name, FORMS[p.form], p.note))),
    Field("count",      "QĐ 45 Đ6.4",        lambda s: ("Số bản", "Số tờ", f"Tổng cộng: {len(s.papers)} giấy tờ")),
    Field("signatures", "QĐ 45 Đ6.4",        lambda s: ("Người giao Giver signs", "Người nhận Receiver signs")),
    Field("mark",       "design",            lambda s: (s.mark,)),
)
MONEY_FIELDS = (
    Field("number",     "design",            lambda s: (s.number, s.packet)),
    Field("time",       "design",            lambda s: (say_instant(s.at),)),
    Field("payer",      "QĐ 45 Đ11",         lambda s: (f"Người nộp Payer: {s.payer}", ", ".join(s.payer_address))),
    Field("postage",    "QĐ 45 Đ11; TT 17 Đ9", lambda s: _owed(s, Stream.POSTAGE)),
    Field("fees",       "QĐ 45 Đ11, Đ15",    lambda s: _owed(s, Stream.FEE)),
    Field("total",      "QĐ 45 Đ11",         lambda s: (f"TỔNG CỘNG ĐÃ THU (đ): {say_money(sum(c.amount for c in s.lines))}", say_amount(sum(c.amount for c in s.lines)))),
    Field("agency",     "QĐ 45 Đ15",         lambda s: (s.agency,)),
    Field("signatures", "design",            lambda s: ("Người nộp Payer signs", f"{s.payer}", "Người thu Collector signs", s.collector)),
    Field("mark",       "design",            lambda s: (s.mark,)),
)
# fmt: on
