"""What must stand on each of the desk's forms, as data."""

from labels.check import Field
from labels.decided import house, takes
from labels.desk import TITLES, WAYS, numbered
from labels.deskforms import entry
from labels.words import say_date, say_day, say_instant, say_short


# fmt: off
def _form(key: str) -> tuple[Field, ...]:
    return (
        Field("form number", "TT 03/2025; TT 01/2018", lambda s: ("Mẫu số " + numbered(key, s.at.date())[0], TITLES[key][0])),
        Field("agency",      "TT 01/2018", lambda s: house(s.case.agency, s.case.desk)),
        Field("number",      "TT 01/2018", lambda s: (s.number, say_date(s.at.date()))),
        Field("dossier",     "TT 01/2018", lambda s: (f"Mã hồ sơ: {s.case.code}", f"Nội dung yêu cầu: {s.case.matter}")),
        Field("citizen",     "TT 01/2018", lambda s: (f"Của: {s.case.name}", ", ".join(s.case.address), s.case.phone, f"Thư điện tử: {s.case.email or 'không'}")),
        Field("mark",        "design",     lambda s: (s.mark,)),
    )


FIELDS: dict[str, tuple[Field, ...]] = {
    "receipt": (*_form("receipt"),
        Field("papers",     "TT 01/2018", lambda s: tuple(p.name for p in s.papers)),
        Field("time",       "TT 01/2018", lambda s: (takes(s.days), say_instant(s.at), say_instant(s.due), f"Số bộ hồ sơ: {s.sets}")),
        Field("where",      "NĐ 07/2025", lambda s: ("NƠI NHẬN KẾT QUẢ", *WAYS)),
        Field("register",   "TT 01/2018", lambda s: (f"Sổ, quyển số: {s.volume}".strip(), f"Số thứ tự: {s.order}".strip())),
        Field("copy",       "TT 01/2018", lambda s: (f"Liên {s.copy}",)),
        Field("home",       "TT 01/2018", lambda s: (f"Giao tại nhà: {s.home_delivery}",) if s.home_delivery else ()),
        Field("signatures", "TT 01/2018", lambda s: ("Người nộp hồ sơ", "Người tiếp nhận", s.officer))),
    "supplement": (*_form("supplement"),
        Field("papers",     "TT 01/2018", lambda s: ("GIẤY TỜ CẦN BỔ SUNG", *(p.name for p in s.papers))),
        Field("reason",     "TT 01/2018", lambda s: (f"Lý do: {s.reason}",)),
        Field("deadline",   "design",     lambda s: (say_day(s.deadline) if s.deadline else "Hạn nộp bổ sung:", s.how, s.effect)),
        Field("officer",    "TT 01/2018", lambda s: (s.officer, s.officer_phone)),
        Field("signatures", "TT 01/2018", lambda s: ("Người nộp hồ sơ", "Người hướng dẫn Officer", s.officer)),
        Field("once",       "NĐ 61/2018 Đ17", lambda s: ("chỉ một lần",))),
    "refusal": (*_form("refusal"),
        Field("reason",     "TT 01/2018", lambda s: (f"Lý do từ chối: {s.reason}",)),
        Field("returned",   "design",     lambda s: tuple(p.name for p in s.returned)),
        Field("signatures", "TT 01/2018", lambda s: ("Người nộp hồ sơ", "Người tiếp nhận", s.officer))),
    "apology": (*_form("apology"),
        Field("dates",      "TT 01/2018", lambda s: (say_short(s.received), say_short(s.due), say_day(s.new_due))),
        Field("reason",     "TT 01/2018", lambda s: (f"Lý do chậm: {s.reason}", f"Do: {s.whose}")),
        Field("work done",  "TT 01/2018", lambda s: (f"Kính gửi {s.case.name}", f"Việc đã làm: {s.work_done}".strip())),
        Field("apology",    "NĐ 61/2018 Đ19.9", lambda s: ("xin lỗi",)),
        Field("signature",  "TT 01/2018", lambda s: ("Thủ trưởng cơ quan", s.head))),
    "stop": (*_form("stop"),
        Field("request",    "NĐ 118/2025 Đ21; TT 03/2025 Đ7", lambda s: (say_short(s.asked_on), s.channel)),
        Field("stage",      "TT 03/2025 Đ7", lambda s: (s.stage,)),
        Field("returned",   "TT 03/2025 Đ7", lambda s: (*(p.name for p in s.returned), s.fees)),
        Field("signature",  "TT 03/2025",    lambda s: ("Người đề nghị Requester", s.case.name, "Người ký", s.officer))),
    "control": (*_form("control"),
        Field("agencies",   "TT 01/2018", lambda s: (s.deciding, s.coordinating)),
        Field("both sign",  "TT 01/2018", lambda s: ("Bên giao Bên nhận Giờ, ngày giao nhận Bên giao ký Bên nhận ký Kết quả Ghi chú",)),
        Field("hands",      "TT 01/2018", lambda s: tuple(said for h in s.hands for said in (h.giver, h.taker, say_instant(h.at) if h.at else "", h.result, h.note)))),
    "register": (
        Field("form number", "TT 03/2025; TT 01/2018", lambda s: ("Mẫu số " + numbered("register", s.at.date())[0], TITLES["register"][0])),
        Field("agency",     "TT 01/2018", lambda s: (*house(s.agency, s.desk), f"Năm {s.year}, quyển {s.volume}" if s.volume else f"Năm {s.year}")),
        Field("columns",    "TT 01/2018 Đ10", lambda s: ("Nhận Hẹn trả Có kết quả Trả Cách nhận Phiếu gửi đến, về Ghi chú, ký",)),
        Field("entries",    "TT 01/2018 Đ10", lambda s: tuple(cell for one in s.entries for cell in entry(one))),
        Field("mark",       "design",     lambda s: (s.mark,))),
}
# fmt: on
