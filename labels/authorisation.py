"""The authorisation letter: who may send, receive or sign for whom (QĐ 45/2016 Đ10). We never print a whole identity
number: it is written by hand."""

from dataclasses import dataclass
from datetime import date

from labels import document, lines, texts
from labels.check import Field
from labels.document import A5, Head
from labels.leaf import Leaf
from labels.sheet import ENGLISH
from labels.words import say_short

TITLE, TITLE_EN = "GIẤY ỦY QUYỀN", "Authorisation letter"
DOCUMENT = "Giấy ủy quyền"
PURPOSES = ("Nộp hồ sơ, giấy tờ bổ sung", "Nhận kết quả và giấy tờ trả lại", "Ký vào sổ, phiếu và biên bản thay tôi")
PURPOSES_EN = "Hand in a dossier or further papers · Receive the result and returned papers · Sign registers, slips and records for me"
LAW = (
    "Việc hộ tịch: giấy này phải chứng thực, trừ khi người được ủy quyền là ông, bà, cha, mẹ, con, vợ, chồng, anh, chị, em "
    "ruột. Không ủy quyền: đăng ký kết hôn, đăng ký lại kết hôn, nhận cha, mẹ, con (TT 04/2020/TT-BTP Điều 2)."
)
LAW_EN = (
    "Civil status: this letter must be certified unless the agent is a grandparent, parent, child, spouse or sibling. Marriage, its "
    "re-registration and the recognition of a parent or child cannot be done by an agent."
)
PROMISE_EN = "I answer for this authorisation. The agent shows their own identity card when handing in or receiving."
PROMISE = "Tôi chịu trách nhiệm về việc ủy quyền này. Người được ủy quyền mang theo giấy tờ tùy thân của mình khi nộp hoặc nhận."
P = A5


@dataclass(frozen=True)
class Authorisation:
    """One letter. `purposes` counts PURPOSES from 1; empty: ticked by hand."""

    principal: str
    principal_address: tuple[str, ...]
    principal_phone: str
    agent: str = ""
    agent_address: tuple[str, ...] = ()
    agent_phone: str = ""
    relation: str = ""
    purposes: tuple[int, ...] = ()
    matter: str = ""
    number: str = ""  # of the dossier or the packet
    valid_until: date | None = None
    place: str = ""
    mark: str = ""


def draw(canvas: Leaf, item: Authorisation) -> None:
    """Draw the letter; what is not known is left to be written."""
    head = Head(TITLE, TITLE_EN, "", (texts.SERVICE_NAME.upper(), "Mẫu dùng khi nhờ người khác nộp hoặc nhận"), motto=True,
                mark=item.mark, basis="Lập 2 bản: người ủy quyền, người được ủy quyền. Made twice: principal, agent.")  # fmt: skip
    until = say_short(item.valid_until) if item.valid_until else ""
    document.lay(canvas, P, head, [
        document.headed(
            P, "NGƯỜI ỦY QUYỀN", "Principal",
            document.pairs(P, ("Họ tên", item.principal, "Name"), ("Căn cước, hộ chiếu số", "", "Identity card, passport no."),
                           ("Nơi ở", lines.address(item.principal_address), "Address"), ("Điện thoại", item.principal_phone, "Telephone"))),
        document.headed(
            P, "NGƯỜI ĐƯỢC ỦY QUYỀN", "Agent",
            document.pairs(P, ("Họ tên", item.agent, "Name"), ("Căn cước, hộ chiếu số", "", "Identity card, passport no."),
                           ("Nơi ở", lines.address(item.agent_address), "Address"), ("Điện thoại", item.agent_phone, "Telephone"),
                           ("Quan hệ với người ủy quyền", item.relation, "Relation to the principal"))),
        document.headed(
            P, "VIỆC ỦY QUYỀN", "Purpose",
            document.ticks(P, [(text, number in item.purposes) for number, text in enumerate(PURPOSES, 1)]),
            document.say(P, (PURPOSES_EN, ENGLISH._replace(leading=2.9))),
            document.pairs(P, ("Thủ tục", item.matter, "Procedure"), ("Hồ sơ, phiếu gửi số", item.number, "Dossier, slip no."),
                           ("Có giá trị đến hết ngày", until, "Valid until"))),
        document.part(document.say(P, (PROMISE, P.text)), document.say(P, (PROMISE_EN, ENGLISH._replace(leading=2.9))),
                      document.boxed(P, (LAW, P.text._replace(size=7.4, leading=3.3)), (f" {LAW_EN}", ENGLISH))),
        document.part(document.pairs(P, ("Làm tại", f"{item.place or '…………'}, ngày …… tháng …… năm 20……", "Made at, on"))),
        document.signatures(P, ("Người ủy quyền", "Principal signs", item.principal), ("Người được ủy quyền", "Agent signs", item.agent)),
        document.part(document.kept(
            document.heading(P, "CHỨNG THỰC (khi pháp luật đòi)", "Certification"), document.ruled(P, 14, 8.0))),
    ])  # fmt: skip


# fmt: off
FIELDS = (
    Field("principal", "QĐ 45 Đ10; TT 04/2020 Đ2", lambda s: ("NGƯỜI ỦY QUYỀN", f"Họ tên Name: {s.principal}", ", ".join(s.principal_address), s.principal_phone)),
    Field("agent",     "QĐ 45 Đ10; TT 04/2020 Đ2", lambda s: ("NGƯỜI ĐƯỢC ỦY QUYỀN", s.agent, ", ".join(s.agent_address))),
    Field("identity",  "QĐ 45 Đ10",         lambda s: ("Căn cước, hộ chiếu số Identity card, passport no.:",)),
    Field("purpose",   "QĐ 45 Đ10",         lambda s: PURPOSES),
    Field("dossier",   "design",            lambda s: (s.matter, s.number)),
    Field("validity",  "design",            lambda s: (f"Có giá trị đến hết ngày Valid until: {say_short(s.valid_until) if s.valid_until else ''}".strip(),)),
    Field("civil status", "TT 04/2020 Đ2",  lambda s: (LAW,)),
    Field("signatures", "QĐ 45 Đ10",        lambda s: ("Người ủy quyền", "Người được ủy quyền")),
    Field("mark",      "design",            lambda s: (s.mark,)),
)
# fmt: on
