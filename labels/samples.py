"""A specimen of everything that can be printed. All persons, numbers and sums are invented."""

from dataclasses import replace
from datetime import UTC, date, datetime

from labels import desk, terms
from labels.authorisation import Authorisation
from labels.bag import BagTag
from labels.certificate import Certificate
from labels.invitation import Invitation
from labels.lists import Carried, CourierList, OfficeList, Sent
from labels.manifest import Line, Manifest, Odd
from labels.receipts import MoneyReceipt, PapersReceipt
from labels.rewrap import Rewrap
from labels.roundsheet import RoundSheet, Stop
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
    name=DESK.name,
    address=DESK.address,
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
    destination=DESK.name,
    day=date(2026, 8, 28),
    office_phone="0900 000 100",
    packets=38,
    seal="NP 0045 900",
    trip="DA-3",
)
STICKERS = StickerSheet(
    tuple(Sticker(f"HS-260801-{number:06}-{number % 10}", f"{TOKEN[:-6]}{number:06}") for number in range(700, 724))
)

MORNING = datetime(2026, 8, 28, 3, 5, tzinfo=UTC)
INVITATION = Invitation(
    number=OUTBOUND.number,
    token_url=TOKEN,
    call=1,
    office="Bưu cục Dĩ An",
    office_phone="0900 000 100",
    name=CITIZEN.name,
    address=CITIZEN.address,
    courier="Trần Văn Lúa",
    badge="0317",
    called_at=datetime(2026, 9, 15, 2, 20, tzinfo=UTC),
    reason="người nhận đi vắng · Không do lỗi bưu chính",
    keep_until=date(2026, 9, 25),
    hours="7:30–11:30 và 13:00–17:00",
    again=date(2026, 9, 17),
    window="8:00–10:00",
)
INVITATION_TWO = replace(INVITATION, call=2, again=None, window="", free=False)
INVITATION_OF_OFFICE = replace(INVITATION_TWO, courier="", badge="", reason="")

NAMES = ("Võ Thị Lựu", "Ngô Văn Chanh", "Trương Thị Lan", "Phạm Thị Sen", "Đỗ Văn Xoài", "Phan Thị Hồng", "Cao Văn Sậy")
MATTERS = ("Trợ cấp hưu trí xã hội", "Cấp bản sao từ sổ gốc", "Đăng ký hộ kinh doanh", "Bản sao trích lục hộ tịch")


def _number(serial: int) -> str:
    return f"HS-260828-{serial:06}-{serial % 10}"


MANIFEST = Manifest(
    number="BB-260828-0017",
    way=Way.IN,
    at=MORNING,
    place="một cửa phường Dĩ An",
    giver_unit="Bưu cục Dĩ An",
    giver="Bưu tá Trần Văn Lúa, thẻ số 0317",
    receiver_unit="Trung tâm Phục vụ hành chính công phường Dĩ An",
    receiver="Cán bộ Lê Thị Bưởi",
    lines=tuple(
        Line(_number(200 + at), NAMES[at % 7], MATTERS[at % 4], at % 2, at % 3, 1 + at % 4, 1 + at % 2 + at % 3 + at % 4, at != 11,
             f"NP 0045 {690 + at}", True, 8_000 if at % 6 == 5 else 0, f"0004{120 + at}" if at % 6 == 5 else "",
             "Rách góc" if at == 11 else "")
        for at in range(40)
    ),
    odd=(
        Odd("Hư bao", _number(211), "Rách góc 3 cm. Niêm phong còn nguyên. Thiếu 1 tờ.", "Kiểm kê, gói lại"),
        Odd("Thừa", "HS-260827-000091-6", "Có trong túi, không có trong danh sách.", "Điều phối xác minh"),
    ),
    token_url=TOKEN,
)  # fmt: skip
MANIFEST_HOME = replace(MANIFEST, number="BB-260828-0018", way=Way.OUT, lines=MANIFEST.lines[:3], odd=(),
                        giver_unit=MANIFEST.receiver_unit, giver=MANIFEST.receiver, receiver_unit=MANIFEST.giver_unit,
                        receiver=MANIFEST.giver, signed_at=MORNING, token_url="")  # fmt: skip
COURIER_LIST = CourierList(
    number="BK-260915-0003",
    at=datetime(2026, 9, 15, 0, 30, tzinfo=UTC),
    office="Bưu cục Dĩ An",
    clerk="Đỗ Văn Cam",
    courier="Trần Văn Lúa",
    badge="0317",
    route="DA-3",
    lines=tuple(
        Carried(_number(80 + at), NAMES[at % 7], CITIZEN.address, CITIZEN.phone, f"NP 0046 {110 + at}", 15_000 * (at % 2))
        for at in range(12)
    ),
)  # fmt: skip
OFFICE_LIST = OfficeList(
    number="BK-260828-0009",
    at=MORNING,
    origin="Bưu cục Dĩ An",
    giver="Đỗ Văn Cam",
    destination="Bưu cục Tân Đông Hiệp",
    bag="HS-260828-000900-5",
    bag_seal="NP 0045 900",
    trip="DA-TDH 2",
    lines=tuple(
        Sent(_number(300 + at), terms.centre("Phường Tân Đông Hiệp"), f"NP 0045 {830 + at}", 3, 60) for at in range(9)
    ),
)
ROUND = RoundSheet(
    number="T-260828-DA-3",
    day=date(2026, 8, 28),
    office="Bưu cục Dĩ An",
    office_phone="0900 000 100",
    courier="Trần Văn Lúa",
    badge="0317",
    vehicle="61-X1 000.00",
    stops=tuple(
        Stop(f"{8 + at // 2}:00–{10 + at // 2}:00", Way.OUT if at % 3 == 2 else Way.IN, _number(215 + at),
             f"{TOKEN[:-3]}{215 + at}", NAMES[at % 7], CITIZEN.address, CITIZEN.phone, 52_000 if at % 3 != 2 else 0, f"NP 0045 {310 + at}" if at % 3 == 2 else "",
             "Gọi trước khi đến" if at == 1 else "")
        for at in range(12)
    ),
)  # fmt: skip
PAPERS_RECEIPT = PapersReceipt(
    number="BN-260828-0041",
    packet=INBOUND.number,
    at=MORNING,
    office="Bưu cục Dĩ An",
    place="tại nhà người gửi",
    giver=CITIZEN.name,
    giver_address=CITIZEN.address,
    taker="Trần Văn Lúa, thẻ số 0317",
    reason="Bản chính để cơ quan đối chiếu",
    papers=PAPERS[:4],
    give_back="cùng kết quả, chậm nhất 15/9/2026",
    token_url=TOKEN,
)
MONEY_RECEIPT = MoneyReceipt(
    number="PT-260828-0041",
    packet=INBOUND.number,
    at=MORNING,
    office="Bưu cục Dĩ An",
    payer=CITIZEN.name,
    payer_address=CITIZEN.address,
    collector="Trần Văn Lúa, thẻ số 0317",
    lines=CHARGES,
    agency="Trung tâm Phục vụ hành chính công phường Dĩ An",
    token_url=TOKEN,
)
REWRAP = Rewrap(
    number="BR-260828-0002",
    packet=INBOUND.number,
    at=MORNING,
    place="Bưu cục Dĩ An",
    office="Bưu cục Dĩ An",
    finder="Đỗ Văn Cam, bưu cục",
    witness="Trần Văn Lúa, thẻ số 0317",
    found="Góc bao rách 3 cm, khô, niêm phong còn nguyên",
    old_seal="NP 0045 127",
    new_seal="NP 0045 940",
    expected="4 giấy tờ, 8 tờ",
    missing="không",
    kinds=(1,),
    papers=PAPERS[:4],
    done=(1, 2, 3),
    token_url=TOKEN,
)
AUTHORISATION = Authorisation(
    principal=CITIZEN.name,
    principal_address=CITIZEN.address,
    principal_phone=CITIZEN.phone,
    agent="Nguyễn Văn Đậu",
    agent_address=CITIZEN.address,
    agent_phone="0900 000 217",
    relation="con",
    purposes=(2, 3),
    matter=INBOUND.matter,
    number=INBOUND.number,
    valid_until=date(2026, 12, 31),
)
CASE = desk.Case(
    agency="ỦY BAN NHÂN DÂN PHƯỜNG DĨ AN",
    desk=DESK.name,
    place="Dĩ An",
    code="H29.017-260828-0215",
    name=CITIZEN.name,
    address=CITIZEN.address,
    phone=CITIZEN.phone,
    matter=INBOUND.matter,
)
RECEIPT = desk.Receipt(
    case=CASE,
    number="0215/TN-HS",
    at=MORNING,
    papers=PAPERS[:4],
    days=10,
    due=datetime(2026, 9, 14, 9, 30, tzinfo=UTC),
    way=2,
    officer="Lê Thị Bưởi",
    volume="02/2026",
    order="0215",
    home_delivery="Bưu chính công ích, cước về đã trả",
    token_url=TOKEN,
    packet=INBOUND.number,
)
SUPPLEMENT = desk.Supplement(
    case=CASE,
    number="0031/HDHS",
    at=MORNING,
    papers=(Paper("Sơ đồ thửa đất có xác nhận", Form.ORIGINAL, note="Theo mẫu của cơ quan"),),
    reason="Thành phần hồ sơ chưa đủ theo danh mục công bố",
    officer="Lê Thị Bưởi",
    officer_phone="0900 000 110",
    deadline=date(2026, 9, 11),
    how="Bưu tá đến nhà nhận, hẹn qua Hồ sơ tận nhà",
    effect="tính lại từ khi nhận đủ",
)
REFUSAL = desk.Refusal(
    case=CASE,
    number="0007/TC-HS",
    at=MORNING,
    reason="Việc này thuộc thẩm quyền của cơ quan khác: Văn phòng đăng ký đất đai",
    officer="Lê Thị Bưởi",
    returned=PAPERS[:4],
    fees="15.000 đ",
)
APOLOGY = desk.Apology(
    case=CASE,
    number="0003/PXL",
    at=MORNING,
    received=date(2026, 8, 14),
    due=date(2026, 8, 31),
    new_due=date(2026, 9, 7),
    reason="Chờ ý kiến của cơ quan phối hợp",
    whose="cơ quan phối hợp trả lời chậm",
    head="Phạm Văn Mít",
    work_done="Đã thẩm tra, đã gửi lấy ý kiến",
)
STOP = desk.Stop(
    case=CASE,
    number="0002/TB",
    at=MORNING,
    asked_on=date(2026, 8, 27),
    channel="đơn gửi qua bưu chính",
    stage="đang thẩm tra, chưa có quyết định",
    officer="Lê Thị Bưởi",
    returned=PAPERS[:2],
    fees="25.000 đ, trả qua bưu tá",
)
CONTROL = desk.Control(
    case=CASE,
    number="0215/KS",
    at=MORNING,
    deciding="Ủy ban nhân dân phường Dĩ An",
    coordinating="Văn phòng đăng ký đất đai",
    hands=(
        desk.Hand("Bưu tá Trần Văn Lúa", DESK.name, MORNING, "đúng hạn", "Theo biên bản"),
        desk.Hand(DESK.name, "Bộ phận địa chính"),
        desk.Hand("Bộ phận địa chính", DESK.name),
    ),
)
REGISTER = desk.Register(
    agency="ỦY BAN NHÂN DÂN PHƯỜNG DĨ AN",
    desk=DESK.name,
    year=2026,
    at=MORNING,
    volume="02",
    entries=tuple(
        desk.Entry(200 + at, f"H29.017-260828-{200 + at:04}", MATTERS[at % 4], 1, NAMES[at % 7], CITIZEN.address,
                   CITIZEN.phone, "UBND phường Dĩ An", date(2026, 8, 28), date(2026, 9, 14), "tại nhà",
                   done=date(2026, 9, 11) if at < 6 else None, inbound=_number(200 + at))
        for at in range(15)
    ),
)  # fmt: skip

TAKEN = Certificate(
    number="0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    check_url="HTTPS://HOSO.VN/C/0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    packet=INBOUND.number,
    taken_at=datetime(2026, 8, 28, 1, 35, tzinfo=UTC),
    recorded_at=datetime(2026, 8, 28, 1, 36, tzinfo=UTC),
    place="tại nhà người gửi, phường Dĩ An, TP. Hồ Chí Minh",
    seal="NP 0045 127",
    line="7d1a54127b222502f5b79b5fb0803061152a44f92b37e23c6527baf665d4da9a",
    log=terms.NOT_IN_LOG_YET,
    log_english=terms.NOT_IN_LOG_YET_EN,
    office=INBOUND.office,
    office_phone=INBOUND.office_phone,
    desk=DESK.name,
)
FILED = replace(
    TAKEN,
    submitted_at=datetime(2026, 8, 28, 9, 0, tzinfo=UTC),
    log=terms.in_log(41_206, 52_880),
    log_english=terms.in_log_english(41_206, 52_880),
)
