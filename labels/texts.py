"""The fixed Vietnamese of the slip, as data. English stands beside it only where a foreigner may need it.

Sources: QĐ 45/2016/QĐ-TTg, TT 17/2017/TT-BTTTT, Luật Bưu chính 49/2010/QH12, NĐ 47/2011/NĐ-CP; the article
is named at each line.
"""

from labels.slip import Form, Kind, Way

TITLE = "PHIẾU GỬI HỒ SƠ"
SUBTITLE = "Hợp đồng cung ứng dịch vụ bưu chính công ích"
SUBTITLE_EN = "Dossier slip and postal contract"
OPERATOR = "BƯU CHÍNH CÔNG ÍCH"
SERVICE_NAME = "Hồ sơ tận nhà"
DOCUMENT = "Phiếu gửi hồ sơ"  # the document's title; nothing of its content

COPIES = {
    1: ("LIÊN 1 · Người gửi giữ", "Copy 1 · sender"),
    2: ("LIÊN 2 · Đi trong túi hồ sơ", "Copy 2 · travels inside the envelope"),
    3: ("LIÊN 3 · Bưu chính lưu", "Copy 3 · post"),
}
WAYS = {Way.IN: "TỪ NHÀ ĐẾN MỘT CỬA", Way.OUT: "TỪ MỘT CỬA VỀ NHÀ"}
KINDS = {
    Kind.SUBMISSION: "Gói nộp hồ sơ",
    Kind.SUPPLEMENT: "Gói bổ sung hồ sơ",
    Kind.TRANSFER: "Gói chuyển giữa hai phường",
    Kind.RESULT: "Gói kết quả",
    Kind.RETURNED_PAPERS: "Gói trả lại giấy tờ",
}
SERVICES = {1: "Gửi hồ sơ", 2: "Nhận kết quả", 3: "Cả hai"}  # QĐ 45/2016 Đ5
FORMS = {Form.ORIGINAL: "Bản chính", Form.CERTIFIED: "Chứng thực", Form.COPY: "Bản sao"}

# head of a section by way: Vietnamese, English
SENDER = {Way.IN: ("NGƯỜI GỬI", "Sender"), Way.OUT: ("NƠI GỬI", "Sending agency")}
RECIPIENT = {Way.IN: ("NƠI NHẬN", "Agency"), Way.OUT: ("NGƯỜI NHẬN", "Recipient")}
MATTER = {Way.IN: ("THỦ TỤC", "Procedure"), Way.OUT: ("KẾT QUẢ", "Result")}
SERVICE = ("DỊCH VỤ", "Service")
ACCEPTANCE = ("CHẤP NHẬN", "Acceptance")
MONEY = ("TIỀN", "Money, đồng")
SEAL = ("NIÊM PHONG SỐ", "Seal")
RECOVERED = ("GIẤY TỜ THU HỒI KHI TRẢ KẾT QUẢ", "Old papers taken back at delivery")
HANDOFFS = ("GIAO NHẬN DỌC ĐƯỜNG", "Handoffs on paper, when scanners are down")
DELIVERY = ("TRAO TẬN TAY", "Delivery in person")
MISSING = "GHI THIẾU (nếu người gửi vẫn muốn gửi)"
MISSING_SAID = "Tôi đã được hướng dẫn giấy tờ còn thiếu và vẫn đề nghị gửi."  # QĐ 45/2016 Đ6.3
BACK = "Điều khoản và giao nhận"
CONTINUATION = "Tờ nối của phiếu gửi"
BY_HAND = "Ghi thêm bằng tay"

SCAN_ME = "Quét để biết gói ở đâu"
SEALED = {Way.IN: "Dán trước mặt người gửi.", Way.OUT: "Dán trước mặt cơ quan gửi."}  # QĐ 45/2016 Đ6.5, Đ9.4
SEAL_READ = {Way.IN: "Người gửi đã đọc lại", Way.OUT: "Nơi gửi đã đọc lại"}
STAMP = ("Dấu ngày", "bưu cục")  # TT 02/2012: operator's mark on the proof of acceptance
SIGNS = {Way.IN: ("Người gửi", "Sender signs"), Way.OUT: ("Nơi gửi", "Agency signs")}
SIGNED = {
    Way.IN: "Đã đếm cùng bưu tá, đồng ý nội dung hai mặt phiếu.",
    Way.OUT: "Đã đếm cùng bưu tá, giao đủ theo phiếu này.",
}
COURIER = ("Bưu tá", "Courier signs")
COURIER_SIGNED = "Đã đếm, đóng gói, niêm phong tại chỗ."
RECEIVED = "Người nhận đã đếm đủ, niêm phong còn nguyên khi mở."  # QĐ 45/2016 Đ10
GIVE_BACK = "Bản chính: trả lại"
FROM_DATA = "Không nộp: lấy từ dữ liệu"

RIGHTS_EN = "Rights, duties"
DUTIES_EN = "Duties of the post"
TERMS_EN = {
    Way.IN: "Count the papers with the courier, see them sealed, keep copy 1. Until delivery you may change the place or withdraw. "
    "Somebody else receives with your written authorisation and their own identity card. The post keeps papers secret and whole.",
    Way.OUT: "Count what you receive with the courier before you sign; show your identity card, give back old papers that are listed, "
    "pay what is due. Somebody else receives with your written authorisation. Say at once when the seal is torn.",
}
MOMENT_EN = {
    Way.IN: "Filed in law when courier and desk officer sign, not at home.",
    Way.OUT: "Handed to the person named on the slip or their agent only, never to neighbours.",
}
LIABILITY_EN = "Compensation"
LIABILITY_SAID_EN = "Lost or damaged: new papers are paid for, and 4 times the postage or more. Late: postage back."
COMPLAINTS_EN = "Complaints"
COMPLAINTS_SAID_EN = "Loss, delay: 6 months; damage, price: 1 month. Answered in 5 or 7 working days."
MISSING_EN = "Papers known to be missing"
RIGHTS_HEAD = {Way.IN: "QUYỀN VÀ NGHĨA VỤ CỦA ÔNG BÀ", Way.OUT: "QUYỀN VÀ NGHĨA VỤ KHI NHẬN"}
RIGHTS = {
    Way.IN: (
        "Được đếm giấy tờ cùng bưu tá, theo danh mục cơ quan đã công bố.",  # QĐ 45 Đ6.2
        "Được xem đóng gói và niêm phong tại chỗ, giữ liên 1.",  # QĐ 45 Đ6.4, Đ6.5
        "Được biết hồ sơ đã đến một cửa lúc nào và ngày hẹn trả.",  # TT 17 Đ12
        "Chịu trách nhiệm về tính hợp pháp và đầy đủ của giấy tờ.",  # QĐ 45 Đ17
        # QĐ 45 Đ10
        "Nhờ người khác nhận: cần giấy ủy quyền và giấy tờ tùy thân của người đó, kể cả người nhà.",
        "Trước khi gói được trao, được đổi nơi nhận hoặc rút lại.",  # Luật Bưu chính Đ16
    ),
    Way.OUT: (
        "Được đếm kết quả và giấy tờ cùng bưu tá rồi mới ký nhận.",  # QĐ 45 Đ10
        "Được nhận lại bản chính đã nộp để đối chiếu.",  # QĐ 45 Đ8
        "Cho xem giấy tờ tùy thân. Nhờ người khác nhận: thêm giấy ủy quyền và giấy tờ tùy thân của người đó, "
        "kể cả người nhà.",  # QĐ 45 Đ10; TT 17 Đ5.2
        "Nộp lại giấy tờ cũ ghi ở mục thu hồi, trả lệ phí còn thiếu nếu có.",  # TT 17 Đ5.2; QĐ 45 Đ11
        "Niêm phong rách hoặc khác số: nói ngay khi nhận.",  # Luật Bưu chính Đ41.4
        "Nơi gửi được đổi nơi nhận hoặc rút lại trước khi trao.",  # Luật Bưu chính Đ16
    ),
}
DUTIES_HEAD = "TRÁCH NHIỆM CỦA BƯU CHÍNH"
DUTIES = (
    "Giữ bí mật, không đòi thêm giấy tờ, không xét nội dung hồ sơ.",  # QĐ 45 Đ16
    "Đóng gói kín, niêm phong tại chỗ, giao nguyên vẹn.",  # QĐ 45 Đ6.5; TT 17 Đ7, Đ11
    "Giao đúng thời gian ghi ở mặt 1.",  # TT 17 Đ7
    "Nộp đủ, đúng hạn phí, lệ phí đã thu hộ cho cơ quan.",  # QĐ 45 Đ15
    "Giao lại lần nữa: bên có lỗi trả cước.",  # QĐ 45 Đ12
    "Bao rách: lập biên bản kiểm kê, gói lại, báo hai bên.",  # TT 17 Đ11
)
LIABILITY_HEAD = "BỒI THƯỜNG"
LIABILITY = (
    "Mất hoặc hư do bưu chính: bưu chính trả mọi chi phí làm lại giấy tờ và bồi thường ít nhất "
    "4\u00a0lần cước, đã gồm cước hoàn lại. Chậm, có chứng cứ: hoàn cước. Tiền được trả trong "
    "30\u00a0ngày kể từ ngày có văn bản xác định trách nhiệm. Không bồi thường khi không chứng minh được "
    "việc gửi và thiệt hại, hoặc khi nhận mà không nêu ý kiến."
)  # QĐ 45 Đ14; NĐ 47/2011 Đ25, Đ26; Luật Bưu chính Đ41.4
COMPLAINTS_HEAD = "KHIẾU NẠI"
COMPLAINTS = (
    "để được giúp; gửi văn bản tới bưu cục bất kỳ. Mất hoặc chậm: trong 6\u00a0tháng kể từ khi hết thời gian "
    "toàn trình. Hư hỏng, giá cước: trong 1\u00a0tháng. Bưu chính trả lời trong 5\u00a0ngày làm việc "
    "(cùng tỉnh), 7\u00a0ngày làm việc (khác tỉnh)."
)  # Luật Bưu chính Đ38; TT 17 Đ8
MOMENT_HEAD = {Way.IN: "Giờ nộp hợp pháp", Way.OUT: "Trao đúng người"}
MOMENT = {
    Way.IN: "là giờ bưu tá và cán bộ một cửa cùng ký biên bản giao nhận, không phải giờ bưu tá nhận tại nhà.",
    Way.OUT: "là trao cho người có tên trên phiếu hoặc người được ủy quyền. Không gửi lại cho hàng xóm.",
}  # QĐ 45 Đ7.4; QĐ 45 Đ10
BASIS = (
    "Căn cứ: Quyết định 45/2016/QĐ-TTg; Thông tư 17/2017/TT-BTTTT; Luật Bưu chính 49/2010/QH12; Nghị định "
    "47/2011/NĐ-CP. Phiếu giấy lưu ít nhất 1 năm, dữ liệu ít nhất 5 năm kể từ ngày chấp nhận. "
    "Mã QR không chứa thông tin cá nhân."
)  # TT 17 Đ14

# ---- labels, tags, stickers: what may be read by anybody ---------------------------------------------------------

SPECIMEN = "MẪU"  # printed on every sample
LABEL, LABEL_SMALL, BAG, STICKERS = "Nhãn gói", "Nhãn gói nhỏ", "Nhãn túi", "Nhãn dán sẵn"
TOWARDS = {Way.IN: "ĐẾN MỘT CỬA", Way.OUT: "VỀ NHÀ"}
ADDRESSEE = {Way.IN: "Nơi nhận", Way.OUT: "Giao tận tay người có tên"}
ROUTE = "Tuyến"
DUE = "Giao chậm nhất"
SEAL_HERE = "Niêm phong"
READ_THE_SEAL = "Đọc số ngay trên niêm phong, không chép"
CARE = "Không gấp · Tránh ướt"
FOUND = ("Nhặt được? Xin đưa đến bưu cục bất kỳ hoặc gọi ", ". Không\u00a0mở.")
FOUND_EN = "Found this? Please hand it in at any post office. Do not open it."
FOUND_SHORT = "Nhặt được? Gọi"
BAG_TITLE = "TÚI THƯ"
BAG_FROM, BAG_TO, BAG_COUNT, BAG_SEAL, BAG_DAY = "Từ", "Đến", "Số gói", "Niêm phong số", "Ngày"
HOLE = "Lỗ buộc dây"
STICKER = "Nhãn dán sẵn"
STICKER_FOUND = ("Nhặt được? Đưa đến bưu cục.", "Found? Any post office.")
STICKER_USE = "Dán lên túi và liên 1, rồi quét."

# ---- forms -------------------------------------------------------------------------------------------------------

MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")  # NĐ 30/2020
NUMBER = "Số:"
