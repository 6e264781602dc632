"""The desk's own forms, kept by key; the number printed is the one of the rule in force on the form's date.

TT 03/2025/TT-VPCP replaced TT 01/2018/TT-VPCP on 15/9/2025 and moved two numbers. Its annex was read in weak copies:
the fields are those of real forms seen, to be compared with Phụ lục I.
"""

from dataclasses import dataclass
from datetime import date, datetime

from labels.check import BadField
from labels.decided import NO_FEES
from labels.slip import Paper

# fmt: off
NUMBERS: tuple[tuple[date, str, dict[str, str]], ...] = (  # newest first: in force since, rule, number by key
    (date(2025, 9, 15),  "TT 03/2025/TT-VPCP", {"receipt": "01", "supplement": "02", "refusal": "03", "apology": "04", "stop": "05", "control": "06", "register": "07"}),
    (date(2018, 11, 23), "TT 01/2018/TT-VPCP", {"receipt": "01", "supplement": "02", "refusal": "03", "apology": "04", "control": "05", "register": "06"}),
)
# fmt: on
TITLES = {
    "receipt": ("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", "Receipt of a dossier"),
    "supplement": ("PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ", "Request for supplements"),
    "refusal": ("PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ", "Refusal"),
    "apology": ("VĂN BẢN XIN LỖI VÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT", "Apology and new date"),
    "stop": ("THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ", "Notice that work has stopped"),
    "control": ("PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", "Control sheet"),
    "register": ("SỔ THEO DÕI HỒ SƠ", "Register"),
}
WAYS = ("Tại một cửa", "Tại nhà, qua bưu chính", "Trực tuyến")


def numbered(key: str, day: date) -> tuple[str, str]:
    """The form's number on `day` and the rule that gives it. Raises BadField for a day on which there was none."""
    for since, rule, numbers in NUMBERS:
        if day >= since and key in numbers:
            return numbers[key], rule
        if day >= since:
            break
    raise BadField("at", f"no rule of {day:%d/%m/%Y} knows the form {key}")


@dataclass(frozen=True)
class Case:
    """What all forms of one dossier say of it."""

    agency: str  # the agency above the desk
    desk: str
    place: str
    code: str
    name: str
    address: tuple[str, ...]
    phone: str
    matter: str
    email: str = ""


@dataclass(frozen=True)
class Receipt:
    """RECEIPT: what was taken in, when, and when and where the result is to be had."""

    case: Case
    number: str
    at: datetime
    papers: tuple[Paper, ...]
    days: int  # working days
    due: datetime
    way: int  # counts WAYS from 1: where the result is received (civil status: must be written, NĐ 07/2025)
    officer: str
    sets: int = 1
    copy: int = 2  # 1 kept, 2 given
    unit: str = ""
    volume: str = ""
    order: str = ""
    home_delivery: str = ""
    token_url: str = ""
    packet: str = ""  # whose code it is
    mark: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.way <= len(WAYS):
            raise BadField("way", f"is 1 to {len(WAYS)}, not {self.way}")


@dataclass(frozen=True)
class Supplement:
    """SUPPLEMENT: what is missing, said once and in full."""

    case: Case
    number: str
    at: datetime
    papers: tuple[Paper, ...]
    reason: str
    officer: str
    officer_phone: str
    deadline: date | None = None
    how: str = ""
    effect: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Refusal:
    """REFUSAL: why, and what goes back."""

    case: Case
    number: str
    at: datetime
    reason: str
    officer: str
    returned: tuple[Paper, ...] = ()
    fees: str = NO_FEES
    mark: str = ""


@dataclass(frozen=True)
class Apology:
    """APOLOGY: why it is late and by whose doing, and the new date; once at most."""

    case: Case
    number: str
    at: datetime
    received: date
    due: date
    new_due: date
    reason: str
    whose: str
    head: str
    work_done: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Stop:
    """STOP: asked for by the citizen, when nothing was decided yet."""

    case: Case
    number: str
    at: datetime
    asked_on: date
    channel: str
    stage: str
    officer: str
    returned: tuple[Paper, ...] = ()
    fees: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Hand:
    """One step of a dossier: from whom to whom, when, how punctual."""

    giver: str
    taker: str
    at: datetime | None = None
    result: str = ""
    note: str = ""


@dataclass(frozen=True)
class Control:
    """CONTROL: how a dossier passed through hands; by post, time and signatures are those of the postal paper."""

    case: Case
    number: str
    at: datetime
    deciding: str
    hands: tuple[Hand, ...]
    coordinating: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the register."""

    order: int
    code: str
    matter: str
    sets: int
    name: str
    address: tuple[str, ...]
    phone: str
    agency: str
    received: date
    due: date | None
    way: str
    done: date | None = None
    returned: date | None = None
    inbound: str = ""
    outbound: str = ""
    note: str = ""


@dataclass(frozen=True)
class Register:
    """REGISTER: every dossier of a year, numbered without a gap (TT 01/2018 Đ10)."""

    agency: str
    desk: str
    year: int
    at: datetime
    entries: tuple[Entry, ...]
    volume: str = ""
    mark: str = ""
