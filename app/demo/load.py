"""Loading the demonstration: all of it in one transaction, or nothing; a second time changes nothing."""

from collections.abc import Callable
from datetime import date, datetime

import sqlalchemy as sa

from app import catalogue
from app.db import atomically, db
from app.demo import cast, scenes
from app.demo.stage import Days, Stage
from app.domain import calendar, numbers, people, watch
from app.domain.calendar import CalendarDay
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.places import Office
from app.domain.tasks import TaskKind
from app.domain.tokens import Keys
from app.domain.visits import OPEN, Round, Slot, Visit
from app.errors import Refused

MADE_WORKING = "Ngày làm việc của bản trình diễn"  # what the calendar says of a day off on which somebody tried it
POOL = ("RZ", 1, 4999)  # no range of the postal operator's; marked as a test on paper and screens
TAKEN = {TaskKind.DISPUTED: "dispatcher1", TaskKind.DELIVERY_UNVERIFIED: "clerk1"}  # matters already in hand
ENOUGH_TODAY, ENOUGH_TOMORROW = 3, 12

Tell = Callable[[str, int, int], None]  # what has just been done, how many, of how many


def load(at: datetime, keys: Keys, tell: Tell) -> bool:
    """False when it is already there."""
    if catalogue.is_empty():
        catalogue.load(catalogue.SHIPPED, at)
    return atomically(_load, at, keys, tell)


def is_loaded() -> bool:
    return db.session.scalar(sa.select(User.id).filter_by(login="courier1")) is not None


def _load(at: datetime, keys: Keys, tell: Tell) -> bool:
    if is_loaded():
        return False
    total = len(cast.STAFF) + sum(len(scene.hoods) for scene in scenes.SCENES)
    staff = {}
    for done, who in enumerate(cast.STAFF, start=1):
        staff[who.login] = _hire(who, done)
        tell("people", done, total)
    _work_today(at)
    numbers.load_pool(*POOL, at=at, is_test=True)
    db.session.flush()
    stage = Stage(at, keys, Days(at), staff)
    for done, name in enumerate(scenes.play(scenes.SCENES, stage), start=len(cast.STAFF) + 1):
        tell(name, done, total)
    watch.look(at)
    for kind, login in TAKEN.items():
        stage.look_after(kind, login)
    stage.put_away("courier1")
    return True


def _hire(who: cast.Staff, nth: int) -> User:
    office = db.session.scalars(sa.select(Office).filter_by(code=who.office)).one() if who.office else None
    units = None if who.units is None else db.session.scalars(sa.select(Office).where(Office.code.in_(who.units))).all()
    return people.hire(
        who.login, who.name, who.role, office, cast.PASSWORD, units=units, badge=who.badge, phone=cast.staff_phone(nth), pin=cast.PIN if who.badge else None,
    )  # fmt: skip


def renew(at: datetime, keys: Keys) -> bool:
    """Give courier1 a round and dispatcher1 a day to plan again when the loaded ones have gone by."""
    if not is_loaded():
        return False
    _work_today(at)
    days = Days(at)
    staff = {user.login: user for user in db.session.scalars(sa.select(User))}
    due: tuple[scenes.Scene, ...] = ()
    if _open_today(staff["courier1"], days) < ENOUGH_TODAY:
        due += scenes.FIRST
    if _unassigned(staff["courier1"], days) < ENOUGH_TOMORROW:
        due += (scenes.NEXT_DAY,)
    stage = Stage(at, keys, days, staff)
    stage.numbers, skip = iter(range(500, 1000)), db.session.scalar(sa.select(sa.func.count()).select_from(Visit))
    for _ in range(skip or 0):
        next(stage.citizens)
    played = 0
    for scene in due:
        try:
            for _ in scenes.play((scene,), stage):
                played += 1
        except Refused as refusal:  # a day as full as it can be needs no more
            if refusal.key != "slot_full":
                raise
    stage.put_away(*list(stage.phones))
    return played > 0


def _work_today(at: datetime) -> None:
    """Who tries the demonstration on a Sunday finds couriers at work, and the calendar says why."""
    day = calendar.today(at)
    if not calendar.is_working(day):
        calendar.declare(day, True, MADE_WORKING)


def is_made_working(day: date) -> bool:
    """Whether this day off is a working day because somebody tries the demonstration."""
    declared = db.session.get(CalendarDay, day)
    return declared is not None and declared.is_open and declared.note == MADE_WORKING


def _open_today(courier: User, days: Days) -> int:
    mine = sa.select(sa.func.count()).select_from(Visit).join(Round).join(Slot)
    mine = mine.where(Round.courier_id == courier.id, Slot.day == days.today, Visit.state.in_(OPEN))
    return db.session.scalar(mine) or 0


def _unassigned(courier: User, days: Days) -> int:
    nobodys = sa.select(sa.func.count()).select_from(Visit).join(Slot, Visit.slot_id == Slot.id)
    nobodys = nobodys.where(
        Slot.office_id == courier.office_id, Slot.day == days.tomorrow, Visit.round_id.is_(None), Visit.state.in_(OPEN)
    )
    return db.session.scalar(nobodys) or 0


def member(login: str) -> User | None:
    """Somebody of the cast who is here; never anybody else."""
    if login not in {who.login for who in cast.STAFF}:
        return None
    return db.session.scalar(sa.select(User).filter_by(login=login, disabled_at=None))


def examples() -> list[tuple[str, Dossier]]:
    """A dossier on its way in, one late at the ward, one on its way home: pages a citizen would look at."""
    on_the_way = sa.select(Dossier).join(Packet, Packet.dossier_id == Dossier.id).filter(Packet.state == State.CARRIED)
    late = sa.select(Dossier).filter_by(state=CaseState.ACCEPTED).order_by(Dossier.due_on)
    wanted = {
        "in": on_the_way.filter(Packet.way == Way.IN).order_by(Dossier.id),
        "late": late,
        "out": on_the_way.filter(Packet.way == Way.OUT).order_by(Dossier.id),
    }
    found = ((key, db.session.scalar(query.limit(1))) for key, query in wanted.items())
    return [(key, dossier) for key, dossier in found if dossier]
