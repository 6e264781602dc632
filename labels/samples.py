"""A specimen of everything that can be printed. All persons, numbers and sums are invented."""

from dataclasses import replace
from datetime import UTC, date, datetime

from labels.bag import BagTag
from labels.slip import Charge, Form, Identity, Kind, Paper, Party, Recovered, Slip, Stream, Way
from labels.stickers import Sticker, StickerSheet
from labels.wrapper import Label

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

LABEL = Label(
    number=INBOUND.number,
    token_url=TOKEN,
    way=Way.IN,
    sort="DA·01",
    route="DA-3",
    office=INBOUND.office,
    office_phone=INBOUND.office_phone,
    name="Một cửa phường Dĩ An",
    address=("Trung tâm Phục vụ hành chính công", *DESK.address),
    phone=DESK.phone,
    due=date(2026, 9, 3),
)
LABEL_HOME = replace(
    LABEL,
    number=OUTBOUND.number,
    way=Way.OUT,
    sort="7-12",
    name=CITIZEN.name,
    address=CITIZEN.address,
    phone=CITIZEN.phone,
    due=date(2026, 9, 15),
)
BAG = BagTag(
    number="HS-260828-000900-5",
    token_url=TOKEN,
    sort="DA·01",
    origin="Bưu cục Dĩ An",
    destination="Một cửa phường Dĩ An",
    day=date(2026, 8, 28),
    office_phone="0900 000 100",
    packets=38,
    seal="NP 0045 900",
    trip="DA-3",
)
STICKERS = StickerSheet(
    tuple(Sticker(f"HS-260801-{number:06}-{number % 10}", f"{TOKEN[:-6]}{number:06}") for number in range(700, 724))
)
