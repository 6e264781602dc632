"""Slips of a few people in Dĩ An. All persons, numbers and sums are invented."""

from dataclasses import replace

from labels import Charge, Form, Paper, Recovered, Stream
from labels.samples import CHARGES, CITIZEN, DESK, INBOUND, OUTBOUND, PAPERS, TOKEN

__all__ = ["BLANK", "CHARGES", "CITIZEN", "DESK", "INBOUND", "LONG", "LONG_NAME", "OUTBOUND", "PAPERS", "TOKEN"]

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

# What free text may be at its longest, by the name of its field.
LONG_WORDS = {
    "name": LONG_NAME,
    "office": "Bưu cục Trung tâm Hành chính công Liên phường Dĩ An Đông Hòa Tân Đông Hiệp",
    "origin": "Bưu cục Trung tâm Hành chính công Liên phường Dĩ An Đông Hòa Tân Đông Hiệp",
    "destination": LONG_NAME,
    "address": LONG.recipient.address,
    "matter": LONG.matter,
}
