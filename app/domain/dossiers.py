"""Dossiers: the legal case. Its states are the table CASES; where its papers are is said by its packets."""

import re
import secrets
from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum, StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import ALPHABET, Instant, Model, choice, db
from app.domain import outbox
from app.domain.calendar import today
from app.domain.people import Act, Citizen, Right, User
from app.domain.places import Office
from app.domain.procedures import PaperForm, Procedure
from app.errors import Invalid, Missing, NotAllowed, Refused


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


class ReturnWay(StrEnum):
    HOME = "home"
    POST = "post"  # called for at the post office
    DESK = "desk"


class Dossier(Model):
    __tablename__ = "dossiers"
    __table_args__ = (
        sa.Index("ix_dossiers_due", "desk_id", "state", "due_on"),  # what waits at a desk, the most urgent first
        sa.Index("ix_dossiers_counted", "desk_id", "state", "counted_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True, doc="HS-…: the citizen's only number")
    secret: Mapped[str] = mapped_column(sa.String(16), unique=True, doc="80 random bits: the tracking link")
    state: Mapped[CaseState] = mapped_column(choice(CaseState), index=True)
    procedure_id: Mapped[int] = mapped_column(sa.ForeignKey(Procedure.id))
    citizen_id: Mapped[int] = mapped_column(sa.ForeignKey(Citizen.id), unique=True)
    desk_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    post_office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    return_way: Mapped[ReturnWay] = mapped_column(choice(ReturnWay))
    one_way: Mapped[int] = mapped_column(doc="postage of one way, in đồng, as it was quoted when it was booked")
    passing_on: Mapped[int] = mapped_column(doc="postage for passing on a statutory fee, in đồng, quoted likewise")
    consented_at: Mapped[Instant]
    booked_at: Mapped[Instant] = mapped_column(index=True)
    booking_key: Mapped[str] = mapped_column(sa.String(40), unique=True, doc="the same form sent twice is one booking")
    submitted_at: Mapped[Instant | None]
    official_code: Mapped[str | None] = mapped_column(sa.String(60), unique=True, doc="issued by the one-stop system")
    counted_from: Mapped[Instant | None] = mapped_column(doc="since when its working days run: submitted, or complete")
    due_on: Mapped[date | None]
    due_time: Mapped[time | None] = mapped_column(doc="local, where the receipt names an hour")
    supplement_by: Mapped[date | None] = mapped_column(doc="until when the papers asked for are waited for")
    fee_due: Mapped[int | None] = mapped_column(doc="đồng, asked for and not yet paid")
    asked_at: Mapped[Instant | None] = mapped_column(
        doc="when the citizen was last asked whether address and phone are right"
    )
    answer: Mapped[str | None] = mapped_column(sa.String(16), doc="what came of it: one of desk.ANSWERS")
    result_papers: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    surrender: Mapped[list[dict[str, Any]]] = mapped_column(
        sa.JSON,
        default=list,
        doc="old papers given back before the result is: name, form, sheets, and taken at the door",
    )

    procedure: Mapped[Procedure] = relationship()
    citizen: Mapped[Citizen] = relationship()
    desk: Mapped[Office] = relationship(foreign_keys=[desk_id])
    post_office: Mapped[Office] = relationship(foreign_keys=[post_office_id])
    papers: Mapped[list["Paper"]] = relationship(order_by="Paper.position", back_populates="dossier")
    history: Mapped[list["CaseLine"]] = relationship(order_by="CaseLine.id")

    @property
    def returns_by_post(self) -> bool:
        """Whether the post may carry its result, in the province of its desk."""
        return self.procedure.carriage(self.desk.ward.province).return_by_post

    @property
    def goes_home(self) -> bool:
        """Whether a courier brings the result: the citizen asked for it and the procedure allows it."""
        return self.return_way is ReturnWay.HOME and self.returns_by_post

    @property
    def runs(self) -> bool:
        """Whether its time limit runs."""
        return self.state in RUNNING and self.supplement_by is None


class Place(StrEnum):
    """Where one paper is, from the citizen's hand back to it."""

    NOT_GIVEN = "not_given"  # listed, and not handed over at the door
    TRAVELS = "travels"  # to the desk
    NOT_FOUND = "not_found"  # handed over, and not in the bag the desk opened
    KEPT = "kept"  # stays with the case
    OWED = "owed"  # at the desk, to be given back
    RETURNS = "returns"  # in a bag on its way home
    LOST = "lost"  # for good: an incident file says so
    HOME = "home"


class Paper(Model):
    """One paper of the dossier as it is counted: at the door, then at the desk."""

    __tablename__ = "papers"

    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey(Dossier.id), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    form: Mapped[PaperForm] = mapped_column(choice(PaperForm), doc="as asked for, then as handed over")
    copies: Mapped[int] = mapped_column(doc="sets, as asked for, then as handed over")
    sheets: Mapped[int] = mapped_column(doc="expected, then as counted at the door")
    is_missing: Mapped[bool] = mapped_column(default=False, doc="not handed over at the door")
    desk_sheets: Mapped[int | None] = mapped_column(doc="as counted at the desk")
    returned: Mapped[bool] = mapped_column(default=False)
    is_supplement: Mapped[bool] = mapped_column(default=False, doc="asked for by the ward after the submission")
    came_in: Mapped[str | None] = mapped_column(sa.String(20), doc="number of the packet that brought a supplement")
    back_in: Mapped[str | None] = mapped_column(sa.String(20), doc="number of the packet that carries it home")
    home_at: Mapped[Instant | None] = mapped_column(doc="since when it is back in the citizen's hands")
    lost_in: Mapped[str | None] = mapped_column(
        sa.String(24), doc="number of the incident file that ended with it lost"
    )

    dossier: Mapped[Dossier] = relationship(back_populates="papers")

    @property
    def name_en(self) -> str:
        """What the procedure calls it in English; "" for a paper that it does not list."""
        return next((line.name_en for line in self.dossier.procedure.papers if line.name == self.name), "")

    @property
    def is_here(self) -> bool:
        """The ward has it: counted at the desk, in no bag that leaves, and not given up for lost."""
        return bool(self.desk_sheets) and self.back_in is None and self.lost_in is None

    @property
    def place(self) -> Place:
        if self.home_at:
            return Place.HOME
        if self.lost_in or self.back_in:
            return Place.LOST if self.lost_in else Place.RETURNS
        if self.desk_sheets is None:
            return Place.NOT_GIVEN if self.is_missing else Place.TRAVELS
        if not self.desk_sheets:
            return Place.NOT_GIVEN if self.is_missing else Place.NOT_FOUND
        return Place.OWED if self.returned else Place.KEPT


class CaseLine(Model):
    """One step of the case, never changed."""

    __tablename__ = "case_lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey(Dossier.id), index=True)
    event: Mapped[str] = mapped_column(sa.String(24))
    state: Mapped[CaseState] = mapped_column(choice(CaseState))
    at: Mapped[Instant] = mapped_column(index=True)
    user_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id))


def new_secret() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(16))


def by_secret(secret: str) -> Dossier:
    """The dossier of a tracking link. Raises Missing for every other text alike."""
    found = db.session.scalar(sa.select(Dossier).filter_by(secret=secret.upper()[:16]))
    if found is None or len(secret) != 16:
        raise Missing("link_unknown")
    return found


# ---- steps ------------------------------------------------------------------------------------------------------


def move(dossier: Dossier, event: str, act: Act) -> Case:
    """Take the step of CASES named `event`.

    Raises NotAllowed("case_not_yours"), Refused("case_<event>") when the state forbids it, or the key of the rule.
    """
    case = CASES[event]
    if not _may(case, act.user):
        raise NotAllowed("case_not_yours")
    locked = db.session.get_one(Dossier, dossier.id, with_for_update=True, populate_existing=True)
    if locked.state not in case.source:
        raise Refused(f"case_{event}", state=locked.state)
    for rule in case.rules:
        if not RULES[rule](locked, act):
            raise Refused(rule, number=locked.number)
    locked.state = before(locked) if case.target is BACK else case.target or locked.state
    begin(locked, event, act)
    return case


def _may(case: Case, user: User | None) -> bool:
    if case.who & {Who.PACKET, Who.LINK}:
        return True
    return user is not None and user.may(Right.LEAD if case.who == {Who.LEAD} else Right.DESK)


def may_move(dossier: Dossier, event: str, user: User) -> bool:
    """Whether the step is in the table from here, this person's, and not one of those that are taken once and have been.
    The other rules speak when it is tried."""
    case = CASES[event]
    spent = any(rule in ONCE for rule in case.rules) and has_been(dossier, event)
    early = "redate_after_supply" in case.rules and not has_been(dossier, "supply")
    return dossier.state in case.source and _may(case, user) and not spent and not early


def begin(dossier: Dossier, event: str, act: Act) -> None:
    user_id = act.user.id if act.user else None
    db.session.add(CaseLine(dossier_id=dossier.id, event=event, state=dossier.state, at=act.at, user_id=user_id))
    db.session.flush()
    db.session.expire(dossier, ["history"])


def before(dossier: Dossier) -> CaseState:
    """Where the case stood before it was set aside or closed; what had been accepted is in work by then."""
    if dossier.state not in ASIDE | {C.CLOSED}:
        return dossier.state
    skipped = ASIDE if dossier.state in ASIDE - {C.STOP_REQUESTED} else {dossier.state}
    earlier = (line.state for line in reversed(dossier.history) if line.state not in skipped)
    was = next(earlier, C.RESULT_READY if dossier.state is C.CLOSED else C.PROCESSING)
    return C.PROCESSING if was is C.ACCEPTED else was


def portal_code(dossier: Dossier) -> int | None:
    """What the national portal is told. A closed case that had no result stays what it was told last."""
    state = before(dossier) if dossier.state is C.CLOSED else dossier.state
    return PORTAL[state] if state in GOING_HOME else PORTAL[dossier.state]


def has_been(dossier: Dossier, event: str) -> bool:
    return any(line.event == event for line in dossier.history)


# ---- rules: each is the key of its refusal ----------------------------------------------------------------------


def _waited_for(dossier: Dossier, act: Act) -> bool:
    """Papers asked for are waited for until their day."""
    asked = dossier.state is C.SUPPLEMENT_REQUIRED
    return not asked or dossier.supplement_by is None or today(act.at) > dossier.supplement_by


def still_missing(dossier: Dossier) -> list[Paper]:
    """Papers the ward has asked for and does not have."""
    return [paper for paper in dossier.papers if paper.is_supplement and not paper.desk_sheets]


def still_out(dossier: Dossier) -> list[Paper]:
    """What the citizen must have back before the case may close, and has not: here, on its way, or not found and not yet
    settled as lost."""
    return [paper for paper in due_home(dossier) if paper.place not in (Place.HOME, Place.LOST)]


def due_home(dossier: Dossier) -> list[Paper]:
    """Papers handed over that belong to the citizen: all of them where there is no result, else the originals."""
    state = before(dossier) if dossier.state is C.CLOSED else dossier.state
    given = [paper for paper in dossier.papers if paper.place not in (Place.NOT_GIVEN, Place.TRAVELS)]
    return [paper for paper in given if paper.returned or state in GOING_HOME]


def _in_time(dossier: Dossier, act: Act) -> bool:
    """At the latest one day before the due day."""
    return dossier.due_on is not None and today(act.at) < dossier.due_on


ONCE = {"supplement_once", "extend_once"}
RULES: dict[str, Callable[[Dossier, Act], bool]] = {
    "supplement_once": lambda dossier, act: not has_been(dossier, "ask_more"),
    "supplement_waited_for": _waited_for,
    "supplement_complete": lambda dossier, act: not still_missing(dossier),
    "extend_once": lambda dossier, act: not has_been(dossier, "extend"),
    "extend_in_time": _in_time,
    "redate_after_supply": lambda dossier, act: has_been(dossier, "supply"),
    "original_out": lambda dossier, act: not still_out(dossier),
}


def tell(dossier: Dossier, kind: str, at: datetime, **values: Any) -> None:
    """A message to its citizen, in their language."""
    who = dossier.citizen
    outbox.say(who.phone, kind, at, who.language, number=dossier.number, secret=dossier.secret, **values)


# ---- papers -----------------------------------------------------------------------------------------------------


def count_at_door(dossier: Dossier, counted: list[dict[str, Any]]) -> None:
    """What courier and citizen counted together, line by line; a paper not handed over is marked, not dropped."""
    told = {line["position"]: line for line in counted}
    for paper in dossier.papers:
        if line := told.get(paper.position):
            paper.is_missing = line["missing"]
            paper.sheets = 0 if line["missing"] else line["sheets"]
            paper.copies = line.get("copies") or paper.copies
            paper.form = PaperForm(line.get("form") or paper.form)


def give_back_at_door(dossier: Dossier, counted: list[dict[str, Any]]) -> None:
    """Old papers the courier took before handing the result over: sheets by their place in the list, counted from 1."""
    told = {line["position"]: 0 if line["missing"] else line["sheets"] for line in counted}
    dossier.surrender = [
        paper | ({"taken": told[at]} if at in told else {}) for at, paper in enumerate(dossier.surrender, start=1)
    ]


OFFICIAL_CODES = (
    re.compile(r"(\d{3})\.(\d{2})\.(\d{2})\.([A-Y]\d{2})-(\d{6})-(\d{4,})"),  # TT 01/2018 Đ19
    re.compile(r"([A-Y]\d{2}(?:\.\d{1,4}){0,4})-(\d{6})-(\d{4,12})"),  # TT 03/2025 Đ13, TT 04/2025 Đ23
)
LAX_CODE = re.compile(r"[A-Z0-9.]{3,35}-\d{6}-\d{4,12}")


def read_official_code(text: str) -> tuple[str, bool]:
    """The one-stop system's dossier code, and whether it is only tolerated (kept, with a warning).

    Read from the right: sequence, YYMMDD, agency. Raises Invalid("official_code").
    """
    code = re.sub(r"\s", "", text.upper()).replace("–", "-")
    try:
        datetime.strptime(code.rsplit("-", 2)[1], "%y%m%d")
    except (ValueError, IndexError) as error:
        raise Invalid("official_code") from error
    if len(code) <= 60 and any(form.fullmatch(code) for form in OFFICIAL_CODES):
        return code, False
    if len(code) <= 60 and LAX_CODE.fullmatch(code):
        return code, True
    raise Invalid("official_code")
