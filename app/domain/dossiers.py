"""Dossiers: the legal case. Its states are the table CASES; where its papers are is said by its packets."""

import re
import secrets
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import ALPHABET, Instant, Model, choice, db
from app.domain.people import Act, Citizen, User
from app.domain.places import Office
from app.domain.procedures import PaperForm, Procedure
from app.errors import Invalid, Missing, Refused


class CaseState(StrEnum):
    BOOKED = "booked"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RESULT_READY = "result_ready"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Case(NamedTuple):
    event: str
    source: frozenset[CaseState]
    target: CaseState
    tell: str | None  # the message to the citizen
    basis: str


C = CaseState


def _from(*states: CaseState) -> frozenset[CaseState]:
    return frozenset(states)


# fmt: off
CASES = {case.event: case for case in [
    #     event       from                                      to               message         basis
    Case("submit",   _from(C.BOOKED),                          C.SUBMITTED,     "submitted",    "QĐ 45/2016 Đ7.4"),
    Case("accept",   _from(C.SUBMITTED),                       C.ACCEPTED,      "accepted",     "TT 17/2017 Đ5.1, Đ12"),
    Case("ready",    _from(C.ACCEPTED),                        C.RESULT_READY,  "result_ready", "QĐ 45/2016 Đ8"),
    Case("close",    _from(C.RESULT_READY),                    C.CLOSED,        None,           "QĐ 45/2016 Đ10"),
    Case("reopen",   _from(C.CLOSED),                          C.RESULT_READY,  None,           "the delivery is contested"),
    Case("cancel",   _from(C.BOOKED),                          C.CANCELLED,     "cancelled",    "before the courier sets out"),
    Case("call_off", _from(C.BOOKED),                          C.CANCELLED,     "called_off",   "collected, and wanted back before the ward has it"),
]}
# fmt: on


class ReturnWay(StrEnum):
    HOME = "home"
    POST = "post"  # called for at the post office
    DESK = "desk"


class Dossier(Model):
    __tablename__ = "dossiers"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True, doc="HS-…: the citizen's only number")
    secret: Mapped[str] = mapped_column(sa.String(16), unique=True, doc="80 random bits: the tracking link")
    state: Mapped[CaseState] = mapped_column(choice(CaseState), index=True)
    procedure_id: Mapped[int] = mapped_column(sa.ForeignKey(Procedure.id))
    citizen_id: Mapped[int] = mapped_column(sa.ForeignKey(Citizen.id), unique=True)
    desk_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    post_office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    return_way: Mapped[ReturnWay] = mapped_column(choice(ReturnWay))
    consented_at: Mapped[Instant]
    booked_at: Mapped[Instant]
    booking_key: Mapped[str] = mapped_column(sa.String(40), unique=True, doc="the same form sent twice is one booking")
    submitted_at: Mapped[Instant | None]
    official_code: Mapped[str | None] = mapped_column(sa.String(60), unique=True, doc="issued by the one-stop system")
    counted_from: Mapped[Instant | None] = mapped_column(doc="since when its working days run: submitted, or complete")
    due_on: Mapped[date | None]
    due_time: Mapped[time | None] = mapped_column(doc="local, where the receipt names an hour")
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
    papers: Mapped[list["Paper"]] = relationship(order_by="Paper.position")
    history: Mapped[list["CaseLine"]] = relationship(order_by="CaseLine.id")

    @property
    def goes_home(self) -> bool:
        """Whether a courier brings the result: the citizen asked for it and the procedure allows it."""
        return self.return_way is ReturnWay.HOME and self.procedure.return_by_post


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


class CaseLine(Model):
    """One step of the case, never changed."""

    __tablename__ = "case_lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey(Dossier.id), index=True)
    event: Mapped[str] = mapped_column(sa.String(24))
    state: Mapped[CaseState] = mapped_column(choice(CaseState))
    at: Mapped[Instant]
    user_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id))


def new_secret() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(16))


def by_secret(secret: str) -> Dossier:
    """The dossier of a tracking link. Raises Missing for every other text alike."""
    found = db.session.scalar(sa.select(Dossier).filter_by(secret=secret.upper()[:16]))
    if found is None or len(secret) != 16:
        raise Missing("link_unknown")
    return found


def move(dossier: Dossier, event: str, act: Act) -> Case:
    """Take the step of CASES named `event`. Raises Refused("case_<event>") when the state forbids it."""
    case = CASES[event]
    locked = db.session.get_one(Dossier, dossier.id, with_for_update=True, populate_existing=True)
    if locked.state not in case.source:
        raise Refused(f"case_{event}", state=locked.state)
    locked.state = case.target
    begin(locked, event, act)
    return case


def begin(dossier: Dossier, event: str, act: Act) -> None:
    user_id = act.user.id if act.user else None
    db.session.add(CaseLine(dossier_id=dossier.id, event=event, state=dossier.state, at=act.at, user_id=user_id))


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
