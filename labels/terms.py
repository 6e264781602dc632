"""Fixed Vietnamese of what fills a slip: names of charges and services, marks, places. Legal words, never translated."""

from datetime import date

from labels.words import say_money, say_short

CHARGES = {
    "postage_there": "Cước đi (đến 100 g)",
    "postage_back": "Cước về (kết quả)",
    "postage_again": "Cước phát lại",
    "passing_on": "Cước nộp hộ lệ phí",
    "statutory_fee": "Lệ phí nộp cho phường",
    "paid_before": "Cước về (đã trả khi gửi)",
}
PAY_ON_COLLECTION = "Tiền mặt, khi gửi"
PAY_ON_DELIVERY = "Khi nhận"
PAID = "Đã trả trước"
FREE = "Miễn cước"
BY_RECEIPT = "Theo phiếu thu"  # what the contract says where the door decides
TO_WRITE = "[?]"  # in place of a letter the typeface lacks
WRITE_IT = "Chỗ [?]: chữ máy không in được, viết tay theo giấy tờ tùy thân, hai bên cùng xem."
NO_FEE = "Không thu"
METHODS = {
    "in": "bưu tá đến nhà nhận, đưa đến một cửa",
    "out": "bưu tá nhận tại một cửa, trao tận nhà",
    "post": "bưu tá nhận tại một cửa, trao tại bưu cục",
    "between": "bưu tá nhận tại một cửa, đưa đến một cửa khác",
}
PLACES = {"in": "tại nhà người gửi", "out": "tại quầy một cửa"}
SUMS = {"postage": "Cước bưu chính", "fee": "Lệ phí nộp cho phường"}  # where a sum is not that of its bill
PAID_BY = {False: "Tiền mặt", True: "Chuyển khoản"}
# Why nothing was handed over, as a paper at the door may say it: nothing of what is in the packet.
NOT_HANDED = {
    "nobody_home": "không gặp người nhận", "papers_not_ready": "chưa giao được", "house_not_found": "không tìm thấy nhà",
    "changed_mind": "người nhận hẹn lại", "courier_late": "bưu tá đến trễ giờ hẹn", "refused_id": "chưa xem được giấy tờ tùy thân",
    "refused": "người nhận từ chối nhận", "wrong_person": "không gặp đúng người nhận",
    "no_authorisation": "người nhận thay chưa có giấy ủy quyền", "fee_not_paid": "chưa giao được", "old_papers_missing": "chưa giao được",
}  # fmt: skip
FOUND = {"torn": "Bao bị rách", "wet": "Bao bị ướt", "opened": "Niêm phong đứt hoặc bao bị mở", "crushed": "Bao bị bẹp"}
SHOWN = {"citizen_card": "CCCD", "passport": "Hộ chiếu"}  # kinds of paper that show who somebody is
AUTHORITY = {True: "đã xem giấy ủy quyền", False: "không"}
TEST_NUMBER = "SỐ THỬ"
CENTRE = "Trung tâm Phục vụ hành chính công"
WARDS = ("Phường ", "Xã ", "Đặc khu ")
CALL_FIRST = "Gọi trước khi đến"


def free(charge: str, decision: str) -> str:
    return f"{CHARGES[charge]}, theo {decision}"


def later(fee: int) -> str:
    return f"{say_money(fee)} đ, {PAY_ON_DELIVERY.lower()}"


def checklist(version: int, since: str) -> str:
    return f"Danh mục công bố bản {version}, {since}"


def result_of(name: str) -> str:
    return f"Kết quả: {name}"


def returned_of(name: str) -> str:
    return f"Giấy tờ trả lại: {name}"


def neighbourhood(name: str) -> str:
    return f"khu phố {name}"


def ward(name: str) -> str:
    return f"phường {name}"


def centre(office: str) -> str:
    """An office as papers name it: a desk that bears its ward's name alone is that ward's centre (NĐ 118/2025)."""
    return f"{CENTRE} {office[:1].lower()}{office[1:]}" if office.startswith(WARDS) else office


def city(name: str) -> str:
    return f"TP. {name}"


def taken_at_home(*where: str) -> str:
    return ", ".join(("tại nhà người gửi", *where))


def stands_in(name: str) -> str:
    return f"{name} nhận thay, có giấy ủy quyền"


def at_home(call_first: bool, notes: str) -> str:
    """What whoever comes should know."""
    return ". ".join(filter(None, (CALL_FIRST if call_first else "", notes)))


def in_log(n: int, size: int) -> str:
    return f"Dòng số {n + 1} trong sổ đã ký {size} dòng."


def in_log_english(n: int, size: int) -> str:
    return f"Line {n + 1} of a signed log of {size} lines."


NOT_IN_LOG_YET = "Chưa có trong mốc đã ký; vài phút nữa có."
NOT_IN_LOG_YET_EN = "Not in a signed log yet; it will be in a few minutes."


def carried_to(desk: str) -> str:
    return f"Đưa đến {desk} để giải quyết hồ sơ"


def given_back(due: date | None) -> str:
    return "bản chính trả cùng kết quả" + (f", hẹn trả {say_short(due)}" if due else "")


def counted(papers: int, sheets: int) -> str:
    return f"{papers} giấy tờ, {sheets} tờ"
