"""What must stand on a slip, as data: the legal contents of the contract and what we added. A test reads
every row back from the printed page."""

from labels import texts
from labels.check import Field
from labels.slip import Party, Slip, Way
from labels.words import say_day, say_instant, say_money


def _party(party: Party, head: str) -> tuple[str, ...]:
    return head, party.name, ", ".join(party.address), party.phone, f"Thư điện tử: {party.email or 'không'}"


def _sender(slip: Slip) -> tuple[str, ...]:
    return _party(slip.sender, texts.SENDER[slip.way][0])


def _recipient(slip: Slip) -> tuple[str, ...]:
    return _party(slip.recipient, texts.RECIPIENT[slip.way][0])


def _receipts(slip: Slip) -> tuple[str, ...]:
    return tuple(line.receipt for line in slip.charges if line.receipt)


def _form(slip: Slip) -> tuple[str, ...]:
    return tuple(f"{number} {text}" for number, text in texts.SERVICES.items())


def _acceptance(slip: Slip) -> tuple[str, ...]:
    when = say_instant(slip.accepted_at) if slip.accepted_at else "Lúc (ngày J):"
    return when, f"Nơi nhận: {slip.accepted_place}".strip(), f"Phương thức: {slip.method}"


def _quality(slip: Slip) -> tuple[str, ...]:
    return f"Chất lượng: J+{slip.quality}", say_day(slip.due) if slip.due else ""


def _price(slip: Slip) -> tuple[str, ...]:
    total = say_money(sum(line.amount for line in slip.charges))
    return f"Tổng cộng {total}", *(f"{line.name} {say_money(line.amount)} {line.method}" for line in slip.charges)


def _papers(slip: Slip) -> tuple[str, ...]:
    return "Giấy tờ", *texts.FORMS.values(), "Số bản", "Số tờ", *(paper.name for paper in slip.papers)


def _identity(slip: Slip) -> tuple[str, ...]:
    if slip.identity and not slip.identity.last4:
        return (f"Đã xem: {slip.identity.kind}, 4 số cuối:",)
    if slip.identity:
        return (f"Đã xem: {slip.identity.kind} ••••{slip.identity.last4}",)
    return ("Đã xem (loại, 4 số cuối):",)


def _recovered(slip: Slip) -> tuple[str, ...]:
    return texts.RECOVERED[0], *(f"{line.name} {line.number}" for line in slip.recovered)


def _signatures(slip: Slip) -> tuple[str, ...]:
    delivery = (texts.DELIVERY[0], "Người nhận") if slip.way is Way.OUT else ()
    return *texts.SIGNS[slip.way], *texts.COURIER, *delivery


# fmt: off
REQUIRED = (
    Field("sender",         "TT 17 Đ9; QĐ 45 Đ6.4",  _sender),
    Field("recipient",      "TT 17 Đ9; QĐ 45 Đ6.4",  _recipient),
    Field("acceptance",     "TT 17 Đ9; TT 02/2012",  _acceptance),
    Field("quality",        "TT 17 Đ9, Đ7",          _quality),
    Field("price",          "TT 17 Đ9",              _price),
    Field("rights, duties", "TT 17 Đ9",              lambda s: (*texts.RIGHTS[s.way], *texts.DUTIES)),
    Field("liability",      "TT 17 Đ9; NĐ 47 Đ25",   lambda s: (texts.LIABILITY, texts.COMPLAINTS)),
    Field("matter",         "TT 17 Đ9; QĐ 45 Đ6",    lambda s: (texts.MATTER[s.way][0], s.matter)),
    Field("papers",         "TT 17 Đ9; QĐ 45 Đ6, 9", _papers),
    Field("item number",    "TT 02/2012",            lambda s: (s.number,)),
    Field("operator mark",  "TT 02/2012",            lambda s: texts.STAMP),
    Field("tracking",       "design",                lambda s: (s.tracking or s.number,)),
    Field("service form",   "QĐ 45 Đ5",              _form),
    Field("seal",           "QĐ 45 Đ6.5",            lambda s: (texts.SEAL[0], s.seal)),
    Field("fee receipt",    "QĐ 45 Đ6.6",            _receipts),
    Field("recovered",      "TT 17 Đ5.2",            _recovered),
    Field("identity",       "TT 17 Đ5.2",            _identity),
    Field("authorisation",  "QĐ 45 Đ10",             lambda s: (f"Ủy quyền: {s.authorisation}".strip(),)),
    Field("signatures",     "QĐ 45 Đ6.4, Đ9, Đ10",   _signatures),
    Field("copy",           "design",                lambda s: texts.COPIES[s.copy]),
    Field("issue",          "design",                lambda s: (f"In lần {s.issue}",)),
    Field("mark",           "design",                lambda s: (s.mark,)),
)
# fmt: on
