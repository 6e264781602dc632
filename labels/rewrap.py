"""The record of a torn or damaged packet: what was found, counted by two people, wrapped again (TT 17/2017 Đ11)."""

from dataclasses import dataclass
from datetime import datetime

from labels import document, receipts, texts
from labels.check import Field
from labels.document import A5, Head
from labels.leaf import Leaf
from labels.slip import Paper
from labels.words import say_instant

TITLE, TITLE_EN = "BIÊN BẢN BAO BỊ RÁCH, HƯ HỎNG", "Record of a damaged packet"
DOCUMENT = "Biên bản bao bị rách, hư hỏng"
KINDS = ("Bao rách, ướt", "Niêm phong đứt hoặc khác số", "Giấy tờ hư hỏng", "Thiếu giấy tờ", "Mất cả gói")
DONE = ("Đã kiểm kê, gói lại, niêm phong mới", "Đã báo người gửi", "Đã báo cơ quan nhận")
BASIS = "Lập 3 bản: bưu chính, người gửi, cơ quan nhận. Căn cứ Điều 11 Thông tư 17/2017/TT-BTTTT."
P = A5


@dataclass(frozen=True)
class Rewrap:
    """What two people found. `kinds` and `done` count KINDS and DONE from 1; what is empty is written by hand."""

    number: str
    packet: str
    at: datetime
    place: str
    office: str
    papers: tuple[Paper, ...]
    finder: str = ""
    witness: str = ""
    found: str = ""
    old_seal: str = ""
    kinds: tuple[int, ...] = ()
    expected: str = ""  # how many papers and sheets the slip says
    new_seal: str = ""
    missing: str = ""
    done: tuple[int, ...] = ()
    token_url: str = ""
    mark: str = ""


def draw(canvas: Leaf, item: Rewrap) -> None:
    """Draw the record."""
    head = Head(TITLE, TITLE_EN, item.number, (texts.OPERATOR, item.office), place_day=say_instant(item.at),
                token_url=item.token_url, packet=item.packet, mark=item.mark, basis=BASIS)  # fmt: skip
    told = document.pairs(P, ("Phiếu gửi", item.packet), ("Nơi lập", item.place), ("Người phát hiện", item.finder),
                          ("Người chứng kiến", item.witness))  # fmt: skip
    kinds = document.ticks(P, [(text, number in item.kinds) for number, text in enumerate(KINDS, 1)], across=2)
    state = document.pairs(P, ("Tình trạng khi phát hiện", item.found), ("Niêm phong cũ", item.old_seal),
                           ("Niêm phong mới", item.new_seal), ("Theo phiếu gửi có", item.expected),
                           ("Thiếu hoặc hư", item.missing))  # fmt: skip
    count = document.heading(P, "KIỂM KÊ CÒN LẠI", "Counted by both")
    listed = receipts.listed(item.papers)
    listed = listed._replace(heads=(count, *listed.heads))
    done = document.ticks(P, [(text, number in item.done) for number, text in enumerate(DONE, 1)], across=2)
    signs = document.signatures(P, ("Người phát hiện", "Finder", item.finder), ("Người chứng kiến", "Witness", item.witness),
                                ("Bưu cục", "Office", ""), stamps=("", "", "Dấu"))  # fmt: skip
    document.lay(canvas, P, head, [
        document.part(told), document.part(kinds), document.part(state), listed, document.part(done), signs,
    ])  # fmt: skip


# fmt: off
FIELDS = (
    Field("number",     "TT 17 Đ11", lambda s: (s.number, s.packet)),
    Field("time",       "TT 17 Đ11", lambda s: (say_instant(s.at), f"Nơi lập: {s.place}")),
    Field("people",     "TT 17 Đ11", lambda s: (f"Người phát hiện: {s.finder}", f"Người chứng kiến: {s.witness}")),
    Field("what",       "TT 17 Đ11", lambda s: KINDS),
    Field("state",      "TT 17 Đ11", lambda s: (f"Tình trạng khi phát hiện: {s.found}",)),
    Field("seals",      "QĐ 45 Đ6.5", lambda s: (f"Niêm phong cũ: {s.old_seal}", f"Niêm phong mới: {s.new_seal}".strip())),
    Field("inventory",  "TT 17 Đ11", lambda s: ("KIỂM KÊ CÒN LẠI", *(p.name for p in s.papers), f"Tổng cộng: {len(s.papers)} giấy tờ")),
    Field("notice",     "TT 17 Đ11", lambda s: DONE),
    Field("signatures", "TT 17 Đ11", lambda s: ("Người phát hiện", "Người chứng kiến", "Bưu cục")),
    Field("mark",       "design",    lambda s: (s.mark,)),
)
# fmt: on
