"""How the desk's forms are drawn: A5, the register A4 across."""

from collections.abc import Sequence
from typing import Any

from labels import decided, document, lines, receipts
from labels.desk import (
    TITLES,
    WAYS,
    Apology,
    Case,
    Control,
    Entry,
    Receipt,
    Refusal,
    Register,
    Stop,
    Supplement,
    numbered,
)
from labels.document import A4_ACROSS, A5, Head
from labels.leaf import Leaf
from labels.sheet import Section
from labels.slip import Paper
from labels.words import say_date, say_day, say_instant, say_short

P = A5


def _head(key: str, item: Any, case: Case, **more: str) -> Head:
    number, rule = numbered(key, item.at.date())
    title, english = TITLES[key]
    return Head(title, english, item.number, decided.house(case.agency, case.desk), motto=True, ours=False, form=f"Mẫu số {number} · {rule}",
                place_day=f"{case.place}, {say_date(item.at.date())}", mark=item.mark, **more)  # fmt: skip


def _case(case: Case) -> Section:
    return document.part(document.pairs(P, *_told(case)))


def _told(case: Case) -> tuple[tuple[str, str], ...]:
    return (
        ("Mã hồ sơ", case.code),
        ("Của", case.name),
        ("Địa chỉ", lines.address(case.address)),
        ("Điện thoại", case.phone),
        ("Thư điện tử", case.email or "không"),
        ("Nội dung yêu cầu", case.matter),
    )


def _back(papers: Sequence[Paper], title: str, english: str) -> list[Section]:
    if not papers:
        return []
    listed = receipts.listed(papers)
    return [listed._replace(heads=(document.heading(P, title, english), *listed.heads))]


def draw_receipt(canvas: Leaf, item: Receipt) -> None:
    """Draw RECEIPT."""
    copy = {1: "Liên 1: lưu", 2: "Liên 2: giao người nộp"}.get(item.copy, f"Liên {item.copy}")
    head = _head("receipt", item, item.case, token_url=item.token_url, packet=item.packet, basis=copy)
    after = document.pairs(P, ("Số bộ hồ sơ", str(item.sets)), ("Thời gian giải quyết", decided.takes(item.days)),
                           ("Nhận hồ sơ lúc", say_instant(item.at)), ("Hẹn trả kết quả", say_instant(item.due)),
                           ("Sổ, quyển số", item.volume), ("Số thứ tự", item.order), across=2)  # fmt: skip
    ways = document.ticks(P, [(text, number == item.way) for number, text in enumerate(WAYS, 1)], across=3)
    home = document.pairs(P, ("Giao tại nhà", item.home_delivery)) if item.home_delivery else []
    document.lay(canvas, P, head, [
        document.part(document.pairs(P, ("Bộ phận tiếp nhận", item.unit or item.case.desk)), document.pairs(P, *_told(item.case))),
        *_back(item.papers, "GIẤY TỜ ĐÃ NỘP", "Papers submitted"),
        document.part(after),
        document.headed(P, "NƠI NHẬN KẾT QUẢ", "Where the result is received", ways, home),
        document.signatures(P, ("Người nộp hồ sơ", "Submitter", item.case.name), ("Người tiếp nhận", "Officer", item.officer)),
    ])  # fmt: skip


def draw_supplement(canvas: Leaf, item: Supplement) -> None:
    """Draw SUPPLEMENT."""
    more = document.pairs(P, ("Lý do", item.reason), ("Hạn nộp bổ sung", say_day(item.deadline) if item.deadline else ""),
                          ("Cách gửi", item.how), ("Thời gian giải quyết", item.effect),
                          ("Cán bộ hướng dẫn", f"{item.officer} · {item.officer_phone}"))  # fmt: skip
    once = document.say(P, ("Yêu cầu bổ sung chỉ một lần, đầy đủ mọi giấy tờ còn thiếu.", P.text))
    document.lay(canvas, P, _head("supplement", item, item.case), [
        _case(item.case), *_back(item.papers, "GIẤY TỜ CẦN BỔ SUNG", "Papers needed"), document.part(more, once),
        document.signatures(P, ("Người nộp hồ sơ", "Submitter", item.case.name), ("Người hướng dẫn", "Officer", item.officer)),
    ])  # fmt: skip


def draw_refusal(canvas: Leaf, item: Refusal) -> None:
    """Draw REFUSAL."""
    document.lay(canvas, P, _head("refusal", item, item.case), [
        _case(item.case), document.part(document.pairs(P, ("Lý do từ chối", item.reason), ("Phí, lệ phí trả lại", item.fees))),
        *_back(item.returned, "GIẤY TỜ TRẢ LẠI", "Papers returned"),
        document.signatures(P, ("Người nộp hồ sơ", "Submitter", item.case.name), ("Người tiếp nhận", "Officer", item.officer)),
    ])  # fmt: skip


def draw_apology(canvas: Leaf, item: Apology) -> None:
    """Draw APOLOGY."""
    body = document.pairs(P, ("Ngày nhận hồ sơ", say_short(item.received)), ("Ngày hẹn trả", say_short(item.due)),
                          ("Việc đã làm", item.work_done), ("Lý do chậm", item.reason), ("Do", item.whose))  # fmt: skip
    sorry = ((f"{item.case.desk} xin lỗi ông bà và hẹn trả kết quả: ", P.text), (f"{say_day(item.new_due)}.", P.strong))
    document.lay(canvas, P, _head("apology", item, item.case), [
        document.part(document.say(P, ("Kính gửi ", P.text), (item.case.name, P.strong)), document.pairs(P, *_told(item.case))),
        document.part(body), document.part(document.boxed(P, *sorry)),
        document.signatures(P, ("Thủ trưởng cơ quan", "Head of the agency", item.head), stamps=("Dấu",)),
    ])  # fmt: skip


def draw_stop(canvas: Leaf, item: Stop) -> None:
    """Draw STOP."""
    body = document.pairs(P, ("Ngày đề nghị dừng", say_short(item.asked_on)), ("Đề nghị bằng", item.channel),
                          ("Hồ sơ đang ở bước", item.stage), ("Phí, lệ phí trả lại", item.fees))  # fmt: skip
    document.lay(canvas, P, _head("stop", item, item.case), [
        _case(item.case), document.part(body), *_back(item.returned, "GIẤY TỜ TRẢ LẠI", "Papers returned"),
        document.signatures(P, ("Người đề nghị", "Requester", item.case.name), ("Người ký", "Officer", item.officer)),
    ])  # fmt: skip


# fmt: off
HANDS_PAGE = P._replace(size=7.4)
HANDS = document.columns(HANDS_PAGE, ("Bên giao", 21, "left"), ("Bên nhận", 21, "left"), ("Giờ, ngày giao nhận", 20.2, "left"),  # a number fits the last
                         ("Bên giao ký", 13.2, "left"), ("Bên nhận ký", 13.2, "left"), ("Kết quả", 11.5, "left"), ("Ghi chú", 31.9, "left"))
POST = "Chặng đi bưu chính: giờ và chữ ký là của phiếu gửi, biên bản giao nhận bưu chính."
RESULTS = "Kết quả: so với hạn của chặng; – là chặng không có hạn riêng. Dòng trống: ghi tay khi chuyển trong cơ quan."
HANDS_LEAST = 8  # rows of the sheet that goes along: what is not known yet is written by hand
BOOK_PAGE = A4_ACROSS._replace(size=6.8)
BOOK = document.columns(  # the longest code, day and number stand in one piece
    BOOK_PAGE, ("TT", 7.5, "centre"), ("Mã hồ sơ", 38.4, "left"), ("Thủ tục", 27, "left"), ("Số bộ", 6.8, "centre"),
    ("Họ tên, địa chỉ, điện thoại", 41.1, "left"), ("Cơ quan giải quyết", 21.4, "left"), ("Nhận", 16.5, "left"), ("Hẹn trả", 16.5, "left"),
    ("Có kết quả", 16.5, "left"), ("Trả", 16.5, "left"), ("Cách nhận", 13.7, "left"), ("Phiếu gửi đến, về", 31.1, "left"), ("Ghi chú, ký", 20, "left"))
# fmt: on


def draw_control(canvas: Leaf, item: Control) -> None:
    """Draw CONTROL."""
    units = document.pairs(P, ("Cơ quan giải quyết", item.deciding), ("Cơ quan phối hợp", item.coordinating))
    rows = [
        (one.giver, one.taker, say_instant(one.at) if one.at else "", "", "", one.result, one.note)
        for one in item.hands
    ]
    rows += [("", "", "", "", "", "", "")] * (HANDS_LEAST - len(rows))
    post = document.say(P, (f"{POST} {RESULTS}", P.text))
    document.lay(canvas, P, _head("control", item, item.case), [
        _case(item.case), document.part(units), document.table("hands", HANDS_PAGE, HANDS, rows, 11), document.part(post),
    ])  # fmt: skip


def draw_register(canvas: Leaf, item: Register) -> None:
    """Draw REGISTER, A4 across."""
    page = BOOK_PAGE
    number, rule = numbered("register", item.at.date())
    title, english = TITLES["register"]
    volume = f"{item.year}, quyển {item.volume}" if item.volume else str(item.year)
    head = Head(title, english, volume, decided.house(item.agency, item.desk), motto=True, ours=False, counted="Năm", form=f"Mẫu số {number} · {rule}", mark=item.mark,
                basis="Đánh số liên tục trong năm; khóa sổ, ký và đóng dấu cuối năm.")  # fmt: skip
    rows = [entry(one) for one in item.entries]
    closing = document.signatures(page, ("Người lập sổ", "Keeper", ""), ("Thủ trưởng", "Head", ""), stamps=("", "Dấu"))
    document.lay(canvas, page, head, [document.table("entries", page, BOOK, rows, 9.0, bold=(0, 1)), closing])


def entry(one: Entry) -> tuple[str, ...]:
    """The cells of one line of the register."""
    days = [say_short(day) if day else "" for day in (one.received, one.due, one.done, one.returned)]
    who = f"{one.name}, {lines.address(one.address)}, {lines.keep(one.phone)}"
    slips = " · ".join(number for number in (one.inbound, one.outbound) if number)
    return (
        str(one.order),
        one.code,
        one.matter,
        str(one.sets),
        who,
        lines.keep_end(one.agency),
        *days,
        one.way,
        slips,
        one.note,
    )
