"""Fixed Vietnamese of what fills a slip: names of charges and services, marks, places. Legal words, never translated."""

CHARGES = {
    "postage_there": "Cước đi (đến 100 g)",
    "postage_back": "Cước về (kết quả)",
    "statutory_fee": "Lệ phí nộp cho phường",
    "paid_before": "Cước về (đã trả khi gửi)",
}
PAY_ON_COLLECTION = "Tiền mặt, khi gửi"
PAID = "Đã trả trước"
METHODS = {
    "in": "bưu tá đến nhà nhận, đưa đến một cửa",
    "out": "bưu tá nhận tại một cửa, trao tận nhà",
    "post": "bưu tá nhận tại một cửa, trao tại bưu cục",
    "between": "bưu tá nhận tại một cửa, đưa đến một cửa khác",
}
PLACES = {"in": "tại nhà người gửi", "out": "tại quầy một cửa"}
TEST_NUMBER = "SỐ THỬ"
CALL_FIRST = "Gọi trước khi đến"


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


def city(name: str) -> str:
    return f"TP. {name}"


def taken_at_home(*where: str) -> str:
    return ", ".join(("tại nhà người gửi", *where))


def in_log(n: int, size: int) -> str:
    return f"Dòng số {n + 1} trong sổ đã ký {size} dòng."


NOT_IN_LOG_YET = "Chưa có trong mốc đã ký; vài phút nữa có."
