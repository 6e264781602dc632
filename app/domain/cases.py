"""CASES: how a dossier may move. The law of the legal case is this table; code reads it, each row names its source."""

from enum import Enum, StrEnum
from typing import NamedTuple


class CaseState(StrEnum):
    BOOKED = "booked"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    SUPPLEMENT_REQUIRED = "supplement_required"
    FEE_REQUIRED = "fee_required"
    PROCESSING = "processing"
    EXTENDED = "extended"
    STOP_REQUESTED = "stop_requested"
    STOPPED = "stopped"
    RESULT_READY = "result_ready"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OVER = frozenset({CaseState.CLOSED, CaseState.CANCELLED})


class Who(StrEnum):
    """Whose step it is."""

    DESK = "desk"  # an officer of the dossier's desk
    LEAD = "lead"  # who leads the desk
    LINK = "link"  # the citizen, or whoever opens the citizen's page for them
    PACKET = "packet"  # it follows from what happened to a packet


class Back(Enum):
    BACK = "back"


BACK = Back.BACK  # to where the case stood before it was set aside or closed: `before`


class Case(NamedTuple):
    event: str
    source: frozenset[CaseState]
    target: CaseState | Back | None  # None: as it is
    who: frozenset[Who]
    rules: tuple[str, ...]  # keys of RULES; each is also the key of its refusal
    form: str | None  # the form it is told on
    tell: str | None  # the message to the citizen
    basis: str


C, W = CaseState, Who


def _from(*states: CaseState) -> frozenset[CaseState]:
    return frozenset(states)


def _by(*who: Who) -> frozenset[Who]:
    return frozenset(who)


AT_WORK = _from(C.ACCEPTED, C.PROCESSING, C.EXTENDED)
ASIDE = _from(C.SUPPLEMENT_REQUIRED, C.FEE_REQUIRED, C.STOP_REQUESTED)  # waiting for a word, then back to where it was
RUNNING = AT_WORK | _from(C.FEE_REQUIRED, C.STOP_REQUESTED)  # only papers asked for stop its time (NĐ 61/2018 Đ19.4)
UNDECIDED = AT_WORK | _from(C.SUBMITTED, C.SUPPLEMENT_REQUIRED, C.FEE_REQUIRED)
GOING_HOME = _from(C.NOT_ACCEPTED, C.STOPPED)  # every paper goes back

# fmt: off
CASES = {case.event: case for case in [
    #     event        from                                         to                     who                    rules                               form          message         basis
    Case("submit",     _from(C.BOOKED),                             C.SUBMITTED,           _by(W.PACKET),         (),                                 None,         "submitted",      "QĐ 45/2016 Đ7.4"),
    Case("accept",     _from(C.SUBMITTED),                          C.ACCEPTED,            _by(W.DESK),           (),                                 "receipt",    "accepted",       "TT 17/2017 Đ5.1, Đ12"),
    Case("refuse",     _from(C.SUBMITTED, C.SUPPLEMENT_REQUIRED),   C.NOT_ACCEPTED,        _by(W.DESK),           ("supplement_waited_for",),         "refusal",    "not_accepted",   "NĐ 118/2025 Đ17; NĐ 61/2018 Đ17.1"),
    Case("ask_more",   _from(C.SUBMITTED, C.ACCEPTED, C.PROCESSING), C.SUPPLEMENT_REQUIRED, _by(W.DESK),          ("supplement_once",),               "supplement", "supplement_required", "NĐ 61/2018 Đ17.1, Đ19.4"),
    Case("supply",     _from(C.SUPPLEMENT_REQUIRED),                BACK,                  _by(W.DESK),           ("supplement_complete",),           None,         "supplied",       "QĐ 45/2016 Đ7.4; NĐ 61/2018 Đ19.4"),
    Case("ask_fee",    AT_WORK,                                     C.FEE_REQUIRED,        _by(W.DESK),           (),                                 None,         "fee_required",   "QĐ 45/2016 Đ11"),
    Case("pay",        _from(C.FEE_REQUIRED),                       BACK,                  _by(W.DESK),           (),                                 None,         "fee_paid",       "QĐ 45/2016 Đ11"),
    Case("begin",      _from(C.ACCEPTED),                           C.PROCESSING,          _by(W.DESK),           (),                                 None,         None,             "NĐ 118/2025 Đ18"),
    Case("extend",     _from(C.ACCEPTED, C.PROCESSING),             C.EXTENDED,            _by(W.LEAD),           ("extend_once", "extend_in_time"),  "apology",    "extended",       "NĐ 61/2018 Đ19.9"),
    Case("redate",     AT_WORK,                                     None,                  _by(W.DESK),           ("redate_after_supply",),           None,         "supplied",       "NĐ 61/2018 Đ19.4: the one-stop system's own day"),
    Case("ask_stop",   UNDECIDED,                                   C.STOP_REQUESTED,      _by(W.LINK, W.DESK),   (),                                 None,         "stop_requested", "NĐ 118/2025 Đ21"),
    Case("stop",       _from(C.STOP_REQUESTED),                     C.STOPPED,             _by(W.DESK),           (),                                 "stop",       "stopped",        "NĐ 118/2025 Đ21; TT 03/2025 Đ7"),
    Case("go_on",      _from(C.STOP_REQUESTED),                     BACK,                  _by(W.DESK),           (),                                 None,         "went_on",        "NĐ 118/2025 Đ21"),
    Case("transfer",   _from(C.SUBMITTED),                          C.SUBMITTED,           _by(W.DESK),           (),                                 None,         "transferred",    "NĐ 118/2025 Đ17; NĐ 61/2018 Đ18.2"),
    Case("forward",    _from(C.PROCESSING, C.EXTENDED),             None,                  _by(W.DESK),           (),                                 None,         "transferred",    "QĐ 45/2016 Đ16"),
    Case("ready",      AT_WORK,                                     C.RESULT_READY,        _by(W.DESK),           (),                                 None,         "result_ready",   "QĐ 45/2016 Đ8"),
    Case("close",      GOING_HOME | _from(C.RESULT_READY),          C.CLOSED,              _by(W.PACKET),         ("original_out",),                  None,         None,             "QĐ 45/2016 Đ8, Đ10"),
    Case("reopen",     _from(C.CLOSED),                             BACK,                  _by(W.PACKET),         (),                                 None,         None,             "the delivery is contested"),
    Case("fee_back",   GOING_HOME | _from(C.CLOSED),                None,                  _by(W.DESK),           (),                                 None,         "fee_back",       "the agency gives its fee back itself"),
    Case("cancel",     _from(C.BOOKED),                             C.CANCELLED,           _by(W.LINK),           (),                                 None,         "cancelled",      "before the courier sets out"),
    Case("call_off",   _from(C.BOOKED),                             C.CANCELLED,           _by(W.PACKET),         (),                                 None,         "called_off",     "collected, and wanted back before the ward has it"),
]}

# The codes of the national portal (TrangThaiHoSo); it learns nothing of what is only booked.
PORTAL = {
    C.BOOKED: None,            C.SUBMITTED: 1,     C.ACCEPTED: 2,         C.NOT_ACCEPTED: 3, C.PROCESSING: 4, C.EXTENDED: 4,
    C.SUPPLEMENT_REQUIRED: 5,  C.FEE_REQUIRED: 6,  C.STOP_REQUESTED: 7,   C.STOPPED: 8,      C.RESULT_READY: 9,
    C.CLOSED: 10,              C.CANCELLED: None,
}
# fmt: on
