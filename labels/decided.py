"""Fixed Vietnamese of what a desk decides: why, by whose doing, how asked for. Legal words, never translated."""

from datetime import date

# fmt: off
REASONS = {
    "not_competent": "Việc này thuộc thẩm quyền của cơ quan khác",
    "not_this_way":  "Việc này không nhận qua bưu chính, người làm phải đến trực tiếp",
    "no_right":      "Không thuộc trường hợp pháp luật cho giải quyết",
    "nothing_came":  "Không nộp giấy tờ bổ sung trong hạn đã báo",
    "incomplete":    "Thành phần hồ sơ chưa đủ theo danh mục công bố",
    "wrong_form":    "Mẫu đơn, tờ khai không đúng mẫu đang dùng hoặc chưa điền đủ",
    "unreadable":    "Giấy tờ mờ, rách, không đọc được",
    "not_certified": "Bản sao chưa được chứng thực",
    "other_agency":  "Chờ ý kiến của cơ quan phối hợp",
    "verification":  "Cần thêm thời gian xác minh",
    "many_dossiers": "Số hồ sơ nhận trong kỳ tăng cao",
    "system_down":   "Hệ thống thông tin gián đoạn",
    "other":         "",
}
WHOSE = {"ours": "cơ quan giải quyết", "other_agency": "cơ quan phối hợp", "citizen": "người nộp hồ sơ cung cấp thông tin chậm"}
ASKED = {True: "trang theo dõi hồ sơ (trực tuyến)", False: "đơn gửi tại một cửa"}
STAGES = {
    "submitted": "đã nộp, chưa tiếp nhận", "accepted": "đã tiếp nhận", "processing": "đang giải quyết, chưa có quyết định",
    "extended": "đang giải quyết, đã gia hạn, chưa có quyết định", "supplement_required": "chờ bổ sung giấy tờ",
    "fee_required": "chờ nộp lệ phí",
}
# fmt: on
HOW = "Bưu tá đến nhà nhận (đặt giờ ở trang theo dõi), gửi trực tuyến, hoặc nộp tại một cửa"
EFFECT = "tính lại từ đầu khi nhận đủ giấy tờ bổ sung"
HOME_DELIVERY = "Bưu chính công ích, trao tại nhà"
NO_CODE = "chưa có, hồ sơ chưa tiếp nhận"
NO_FEES = "không có"


EARLY, ON_TIME, LATE, NO_LIMIT = "trước hạn", "đúng hạn", "quá hạn", "–"


def punctual(day: date, limit: date | None) -> str:
    """How a change of hands kept its limit; one without a limit says so, since what is blank is to be written."""
    if limit is None:
        return NO_LIMIT
    return ON_TIME if day == limit else EARLY if day < limit else LATE


def takes(days: int) -> str:
    return f"{days} ngày làm việc" if days else "trong ngày"


def agency(ward: str) -> str:
    return f"ỦY BAN NHÂN DÂN PHƯỜNG {ward.upper()}"


def house(agency: str, desk: str) -> tuple[str, str]:
    """The two lines at the head of an agency's form: the ward is not named twice."""
    ward = agency[agency.find("PHƯỜNG") :]
    return agency, desk[: -len(ward)].strip() if desk.upper().endswith(f" {ward}") else desk


def why(reason: str, words: str) -> str:
    return ". ".join(part for part in (REASONS.get(reason, ""), words) if part)
