"""Slips of a few people in Dĩ An. All persons, numbers and sums are invented."""

from dataclasses import replace
from datetime import UTC, date, datetime

from labels import Charge, Form, Identity, Kind, Paper, Party, Recovered, Slip, Stream, Way

TOKEN = "HTTPS://HOSO.VN/S/" + ("0123456789ABCDEFGHJKMNPQRSTVWXYZ" * 5)[:133]

CITIZEN = Party(
    name="Nguyễn Thị Mơ",
    address=("12/5 đường số 7, khu phố Đông Chiêu", "phường Dĩ An", "TP. Hồ Chí Minh"),
    phone="0900 000 215",
    second_phone="0900 000 216",
    former_place="Tân Đông Hiệp",
)
DESK = Party(
    name="Trung tâm Phục vụ hành chính công phường Dĩ An",
    address=("Khu hành chính phường Dĩ An", "TP. Hồ Chí Minh"),
    phone="0900 000 110",
    email="motcua@dian.vi-du.test",
)
PAPERS = (
    Paper("Đơn đề nghị đính chính (Mẫu 18)", Form.ORIGINAL, sheets=2),
    Paper("Giấy chứng nhận quyền sử dụng đất", Form.ORIGINAL, sheets=4, give_back=True),
    Paper("Giấy tờ chứng minh sai sót", Form.CERTIFIED, sheets=1),
    Paper("Bản sao giấy khai sinh", Form.COPY, sheets=1, note="Gửi thêm"),
    Paper("Căn cước công dân", Form.DATA),
)
CHARGES = (
    Charge("Cước đi (đến 100 g)", 26_000, method="Tiền mặt, khi gửi"),
    Charge("Cước về (kết quả)", 26_000, method="Tiền mặt, khi gửi"),
    Charge("Công thu hộ phí", 8_000, method="Tiền mặt"),
    Charge("Phí nộp cho cơ quan", 25_000, Stream.FEE, receipt="0004127"),
)

INBOUND = Slip(
    number="HS-260828-000215-7",
    token_url=TOKEN,
    way=Way.IN,
    kind=Kind.SUBMISSION,
    copy=1,
    service=3,
    sender=CITIZEN,
    recipient=DESK,
    matter="Đính chính Giấy chứng nhận đã cấp",
    papers=PAPERS,
    charges=CHARGES,
    method="bưu tá đến nhà, đưa đến một cửa",
    quality=1,
    office="Bưu cục Dĩ An",
    office_phone="0900 000 100",
    checklist="Danh mục công bố bản 3, 1/7/2026",
    due=date(2026, 9, 3),
    accepted_at=datetime(2026, 8, 28, 1, 42, tzinfo=UTC),
    accepted_place="tại nhà người gửi",
    courier="Trần Văn Lúa",
    badge="0317",
    seal="NP 0045 127",
    identity=Identity("CCCD", "0215"),
    authorisation="không",
)

OUTBOUND = replace(
    INBOUND,
    number="RR473124829VN",
    tracking="HS-260828-000215-7",
    way=Way.OUT,
    kind=Kind.RESULT,
    sender=DESK,
    recipient=CITIZEN,
    matter="Giấy chứng nhận quyền sử dụng đất đã đính chính",
    case_code="H29.017-260828-0215",
    checklist="",
    papers=(
        Paper("Giấy chứng nhận đã đính chính", Form.ORIGINAL, sheets=2),
        Paper("Giấy chứng nhận quyền sử dụng đất (bản đã nộp)", Form.ORIGINAL, sheets=4),
    ),
    charges=(Charge("Cước về (đã trả khi gửi)", 0, method="Đã trả trước"),),
    method="bưu tá nhận tại một cửa, trao tận nhà",
    accepted_place="tại quầy một cửa",
    recovered=(Recovered("Giấy hẹn trả kết quả", "0215/2026"),),
    authorisation="giấy ủy quyền ngày 1/9/2026",
)

# Printed before the visit: what the door will tell is still unknown.
BLANK = replace(
    INBOUND,
    accepted_at=None,
    accepted_place="",
    courier="",
    badge="",
    seal="",
    identity=None,
    authorisation="",
    due=None,
    papers=(Paper("Tờ khai đăng ký lại khai sinh", Form.ORIGINAL),),
    charges=(Charge("Cước đi (đến 100 g)", 26_000), Charge("Lệ phí hộ tịch", 8_000, Stream.FEE)),
    mark="SỐ THỬ",
)

LONG_NAME = (
    "Công ty Trách nhiệm hữu hạn Một thành viên Thương mại Dịch vụ Xuất nhập khẩu và Đầu tư Phát triển "
    "Nông nghiệp Công nghệ cao Đồng bằng Sông Cửu Long"
)
LONG = replace(
    OUTBOUND,
    sender=replace(DESK, name=LONG_NAME, email="van.thu.tiep.nhan.ho.so.mot.cua.cap.xa@phuong-di-an.vi-du.test"),
    recipient=replace(
        CITIZEN,
        name=LONG_NAME,
        address=(
            "Căn hộ 12A.05, tầng 12, khối nhà B2, chung cư Bình Minh Xanh",
            "số 1234/56/7A đường Nguyễn Thị Minh Khai nối dài",
            "tổ dân phố 15, khu phố Chiêu Liêu A (trước đây thuộc phường Tân Đông Hiệp, thành phố Dĩ An)",
            "phường Dĩ An",
            "TP. Hồ Chí Minh",
        ),
    ),
    matter="Đăng ký, cấp Giấy chứng nhận quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất đối "
    "với trường hợp đã chuyển quyền sử dụng đất trước ngày Luật có hiệu lực mà bên chuyển quyền đã được "
    "cấp Giấy chứng nhận nhưng chưa thực hiện thủ tục chuyển quyền theo quy định, và thay đổi thông tin",
    method="bưu tá nhận tại quầy một cửa trong giờ làm việc, chuyển qua bưu cục, rồi trao tận tay tại nhà",
    papers=tuple(
        Paper(
            f"{index}. Văn bản xác nhận của cơ quan có thẩm quyền về việc hoàn thành nghĩa vụ tài chính",
            form,
            2,
            3,
        )
        for index, form in enumerate([Form.ORIGINAL, Form.CERTIFIED, Form.COPY] * 4, 1)
    ),
    charges=CHARGES * 3,
    recovered=tuple(Recovered(f"Giấy chứng nhận cũ số {index}", f"BC {index:06}") for index in range(1, 13)),
    note="Giao ngoài giờ hành chính. " * 12,
    mark="SỐ THỬ",
)
