"""What a slip (phiếu gửi) says. The printed slip is the written contract of carriage (TT 17/2017 Đ9).

Times are aware, money is whole đồng, numbers are already grouped for reading. What is not known yet is left
empty and printed as a line to write on.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from labels.check import BadField


class Way(Enum):
    """Which way the packet goes: from a home to the ward desk, or back."""

    IN = "in"
    OUT = "out"


class Kind(Enum):
    """What the packet is for."""

    SUBMISSION = "submission"
    SUPPLEMENT = "supplement"
    TRANSFER = "transfer"
    RESULT = "result"
    RETURNED_PAPERS = "returned_papers"


class Form(Enum):
    """What a paper is: the original, a certified copy, a plain copy, or not sent because a database holds
    it."""

    ORIGINAL = "original"
    CERTIFIED = "certified"
    COPY = "copy"
    DATA = "data"


class Stream(Enum):
    """Whom money is owed to: the post (cước) or the agency (phí, lệ phí). Never added up without being told
    apart."""

    POSTAGE = "postage"
    FEE = "fee"


@dataclass(frozen=True)
class Party:
    """Sender or recipient."""

    name: str
    address: tuple[str, ...]  # lines, joined by commas on paper
    phone: str
    email: str = ""  # printed as "không" when empty
    second_phone: str = ""
    former_place: str = ""  # the ward's name before the merger


@dataclass(frozen=True)
class Paper:
    """One line of the list that courier and giver count together. Raises ValueError for counts below one."""

    name: str
    form: Form
    copies: int | None = 1  # None: to be written by hand
    sheets: int | None = None  # of the whole line; None: to be written by hand
    give_back: bool = False  # an original shown for checking, returned with the result (QĐ 45/2016 Đ8)
    note: str = ""

    def __post_init__(self) -> None:
        for count in (self.copies, self.sheets):
            if count is not None and count < 1:
                raise BadField("copies, sheets", f"a paper is counted from one: {self.name}")


@dataclass(frozen=True)
class Recovered:
    """An old paper the recipient gives up when the result is handed over."""

    name: str
    number: str = ""


@dataclass(frozen=True)
class Charge:
    """One line of money, in đồng."""

    name: str
    amount: int
    stream: Stream = Stream.POSTAGE
    method: str = ""  # how and when it is paid
    receipt: str = ""  # number of the agency's receipt; for a fee it is a line to write on when empty


@dataclass(frozen=True)
class Identity:
    """The paper a person showed: its kind and its last four characters, never more; without them they are written by
    hand. Raises ValueError for more."""

    kind: str
    last4: str = ""

    def __post_init__(self) -> None:
        if len(self.kind) > 24:
            raise BadField("identity.kind", f"is too long for a slip ({len(self.kind)} letters)")
        if len(self.last4) not in (0, 4):
            raise BadField("last4", "only the last four characters of an identity paper go on a slip")


@dataclass(frozen=True)
class Slip:
    """One copy of one packet's slip. Raises ValueError for a copy other than 1 to 3, a service form other
    than 1 to 3, or an issue or quality below what can be."""

    number: str  # UPU S10 "RR473124829VN" or our own "HS-260826-000123-0"
    token_url: str  # drawn in the QR as it is; holds no personal data
    way: Way
    kind: Kind
    copy: int  # 1 sender, 2 travels inside the envelope, 3 post
    service: int  # QĐ 45/2016 Đ5: 1 send, 2 receive the result, 3 both
    sender: Party
    recipient: Party
    matter: str  # inbound: name of the procedure; outbound: name of the result
    papers: tuple[Paper, ...] = field(default=(), kw_only=True)  # empty: all to be written by hand
    charges: tuple[Charge, ...] = field(default=(), kw_only=True)
    method: str  # how it travels
    quality: int  # n of J+n, working days (TT 17/2017 Đ7)
    office: str  # the accepting post office
    office_phone: str
    issue: int = 1  # counts the prints; an older one is void
    tracking: str = ""  # the citizen's number, printed when it differs from `number`
    case_code: str = ""  # the one-stop system's dossier code, when known
    checklist: str = ""  # which published list the papers were counted against
    due: date | None = None  # last day of the first delivery attempt
    accepted_at: datetime | None = None
    accepted_place: str = ""
    courier: str = ""
    badge: str = ""
    seal: str = ""
    recovered: tuple[Recovered, ...] = ()
    identity: Identity | None = None  # of the sender on the way in, of the receiving person on the way out
    authorisation: str = ""  # reference of the letter, or "không"
    note: str = ""
    mark: str = ""  # printed large on every page, for instance "SỐ THỬ" while numbers are from a test range

    def __post_init__(self) -> None:
        if self.copy not in (1, 2, 3):
            raise BadField("copy", f"is 1, 2 or 3, not {self.copy}")
        if self.service not in (1, 2, 3):
            raise BadField("service", f"is a form from 1 to 3 (QĐ 45/2016 Đ5), not {self.service}")
        if self.issue < 1:
            raise BadField("issue", f"counts from 1, not from {self.issue}")
        if self.quality < 0:
            raise BadField("quality", f"counts working days from 0, not from {self.quality}")
