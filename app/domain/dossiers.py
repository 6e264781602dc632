"""Dossiers: the legal case. How it moves is said by cases.py; where its papers are is said by its packets."""

import re
import secrets
from collections.abc import Callable
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import ALPHABET, Instant, Model, choice, db
from app.domain import outbox
from app.domain.calendar import today
from app.domain.cases import ASIDE, BACK, CASES, GOING_HOME, PORTAL, RUNNING, Case, CaseState, Who
from app.domain.outbox import Message
from app.domain.people import Act, Citizen, Right, User
from app.domain.places import Office
from app.domain.procedures import PaperForm, Procedure
from app.errors import Invalid, Missing, NotAllowed, Refused


class ReturnWay(StrEnum):
    HOME = "home"
    POST = "post"  # called for at the post office
    DESK = "desk"


class Dossier(Model):
    __tablename__ = "dossiers"
    __table_args__ = (
        sa.Index("ix_dossiers_due", "desk_id", "state", "due_on"),  # what waits at a desk, the most urgent first
        sa.Index("ix_dossiers_counted", "desk_id", "state", "counted_from"),
        sa.Index("ix_dossiers_kept", "erased_at", "restricted_at", "state"),  # what retention looks for every night
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
    beside_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("dossiers.id"),
        index=True,
        doc="the first of those of a home that were booked to go along together",
    )
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
    answer: Mapped[str | None] = mapped_column(sa.String(16), doc="what came of it: one of results.ANSWERS")
    result_papers: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    surrender: Mapped[list[dict[str, Any]]] = mapped_column(
        sa.JSON,
        default=list,
        doc="old papers given back before the result is: name, form, sheets, and taken at the door",
    )

    restricted_at: Mapped[Instant | None] = mapped_column(doc="since when only those who answer complaints open it")
    erased_at: Mapped[Instant | None] = mapped_column(doc="since when it names nobody")

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
    sent_sheets: Mapped[int | None] = mapped_column(doc="as sealed for another desk; that one counts anew")
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
    def given(self) -> int:
        """Sheets that were handed over at the door."""
        return 0 if self.is_missing else self.sheets

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
    check_state(locked, event)
    for rule in case.rules:
        if not RULES[rule](locked, act):
            raise Refused(rule, number=locked.number)
    locked.state = before(locked) if case.target is BACK else case.target or locked.state
    begin(locked, event, act)
    return case


def check_state(dossier: Dossier, event: str) -> None:
    """Raises Refused("case_<event>") when the state forbids the step."""
    if dossier.state not in CASES[event].source:
        raise Refused(f"case_{event}", state=dossier.state)


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


def is_past(dossier: Dossier, event: str, on: date) -> bool:
    """Whether the last day for the step has gone by: nobody is asked to fill in what can only be refused."""
    return "extend_in_time" in CASES[event].rules and not _in_time(dossier, on)


def begin(dossier: Dossier, event: str, act: Act) -> None:
    user_id = act.user.id if act.user else None
    db.session.add(CaseLine(dossier_id=dossier.id, event=event, state=dossier.state, at=act.at, user_id=user_id))
    db.session.flush()
    db.session.expire(dossier, ["history"])


def before(dossier: Dossier) -> CaseState:
    """Where the case stood before it was set aside or closed; what had been accepted is in work by then."""
    if dossier.state not in ASIDE | {CaseState.CLOSED}:
        return dossier.state
    skipped = ASIDE if dossier.state in ASIDE - {CaseState.STOP_REQUESTED} else {dossier.state}
    earlier = (line.state for line in reversed(dossier.history) if line.state not in skipped)
    was = next(earlier, CaseState.RESULT_READY if dossier.state is CaseState.CLOSED else CaseState.PROCESSING)
    return CaseState.PROCESSING if was is CaseState.ACCEPTED else was


def portal_code(dossier: Dossier) -> int | None:
    """What the national portal is told. A closed case that had no result stays what it was told last."""
    state = before(dossier) if dossier.state is CaseState.CLOSED else dossier.state
    return PORTAL[state] if state in GOING_HOME else PORTAL[dossier.state]


def has_been(dossier: Dossier, event: str) -> bool:
    return any(line.event == event for line in dossier.history)


# ---- rules: each is the key of its refusal ----------------------------------------------------------------------


def _waited_for(dossier: Dossier, act: Act) -> bool:
    """Papers asked for are waited for until their day."""
    asked = dossier.state is CaseState.SUPPLEMENT_REQUIRED
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
    state = before(dossier) if dossier.state is CaseState.CLOSED else dossier.state
    given = [paper for paper in dossier.papers if paper.place not in (Place.NOT_GIVEN, Place.TRAVELS)]
    return [paper for paper in given if paper.returned or state in GOING_HOME]


def _in_time(dossier: Dossier, on: date) -> bool:
    """At the latest one day before the due day."""
    return dossier.due_on is not None and on < dossier.due_on


ONCE = {"supplement_once", "extend_once"}
RULES: dict[str, Callable[[Dossier, Act], bool]] = {
    "supplement_once": lambda dossier, act: not has_been(dossier, "ask_more"),
    "supplement_waited_for": _waited_for,
    "supplement_complete": lambda dossier, act: not still_missing(dossier),
    "extend_once": lambda dossier, act: not has_been(dossier, "extend"),
    "extend_in_time": lambda dossier, act: _in_time(dossier, today(act.at)),
    "redate_after_supply": lambda dossier, act: has_been(dossier, "supply"),
    "original_out": lambda dossier, act: not still_out(dossier),
}


def tell(dossier: Dossier, kind: str, at: datetime, **values: Any) -> Message:
    """A message to its citizen, in their language."""
    who = dossier.citizen
    return outbox.say(who.phone, kind, at, who.language, number=dossier.number, secret=dossier.secret, **values)


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
