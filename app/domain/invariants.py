"""Invariants: what is true of custody at every moment, whatever happened. One check a law; none of them changes anything.

Run after every journey and model test, by `flask custody verify`, and every night. A check yields what it finds broken.

I2 and I7 are the inspection's. I5 needs the receipts phones hold: `receipts_are_kept`, for whoever has them. I14 asks for an
office where somebody can take the matter, and that from the first moment; that nobody has taken it in time is on the board.

I11 is no law here: a line bears the server's time, and custody must be the same when that clock is set back, an hour or
fifty years; then the leaves do fall, in whatever order a pass numbers them. Whoever waits for a lock, too, may be
dated before those numbered meanwhile. What falls within a packet is remarked by the inspection and breaks nothing.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.db import db
from app.domain import bodies, duties, inspection, reading, tasks, upshots
from app.domain.codes import CodeCheck
from app.domain.devices import Device
from app.domain.dossiers import Dossier
from app.domain.ledger import Handoff, LineKind
from app.domain.logbook import Trust
from app.domain.manifests import LineResult, Manifest, ManifestLine
from app.domain.packets import ENDED, Packet, State
from app.domain.parties import Party, PartyKind
from app.domain.people import GRANTS, Right, Role, Unit, User
from app.domain.places import Office
from app.domain.scans import Ruling, ScanRow, Verdict
from app.domain.steps import rows
from app.domain.tasks import Task, TaskKind
from app.domain.tokens import Keys

UNREADABLE = (*reading.UNREADABLE, sa.exc.DBAPIError)
BATCH = 500  # packets looked at together
DIGITS = re.compile(r"(?<![0-9A-Za-z])(?:(?:\+84|0)\d{9}|\d{12})(?![0-9A-Za-z])")  # a phone, an identity number
DOUBTFUL = (Ruling.HELD, Ruling.DISPUTED, Ruling.QUARANTINED)
DICE = random.Random(1)  # noqa: S311 - any order will do
ORDERS: tuple[upshots.Shuffle, ...] = (list.reverse, DICE.shuffle, DICE.shuffle)
OWN_TASK = {State.DISPUTED: TaskKind.DISPUTED, State.LOST: TaskKind.LOST}
AMID_A_LOOK = timedelta(hours=1)  # what has become late is looked for once a minute, many at a time
BEYOND_THE_COURIER = {"CODE", "DOOR", "LOGIN", "WET_SEEN"}


@dataclass(frozen=True)
class Broken:
    law: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.law} {self.subject}: {self.what}"


@dataclass(frozen=True)
class Told:
    """A packet, and all that its laws look at."""

    packet: Packet
    lines: list[Handoff]
    bodies: Mapping[bytes, dict[str, Any]]  # its scans, by digest
    tasks: set[TaskKind]  # open ones
    right_codes: set[bytes]  # scans that brought the citizen's code
    parties: Mapping[str, PartyKind]
    couriers: set[str]

    @property
    def last_move(self) -> Handoff | None:
        return next((line for line in reversed(self.lines) if line.kind is LineKind.MOVE), None)


Finding = tuple[str, str]  # subject, what is wrong


def broken(
    only: int | None = None, trust: Trust | None = None, keys: Keys | None = None, since: datetime | None = None,
    at: datetime | None = None,
) -> Iterator[Broken]:  # fmt: skip
    """Every law that does not hold, packet by packet, then over all; `only`: that packet's laws alone.

    Without `trust` the ledger is not inspected: whoever has just done so need not do it again. With `keys` every packet,
    or every one that has moved `since`, is rebuilt from its scans: that takes ten times as long as all the rest.
    `at`: now, where the server looks for what has become late; else nothing has.
    """
    if trust:
        for fault in inspection.inspect(trust, only).faults:
            yield Broken("I2" if fault.packet else "I7", fault.packet or "log", f"{fault.where}: {fault.what}")
    try:
        yield from _laws(only, keys, since, at)
    except UNREADABLE as error:
        if isinstance(error, sa.exc.OperationalError) and "decode" not in str(error.orig):
            raise  # the database is away: that is no breach
        yield Broken("I7", "log", f"a cell cannot be read: {type(error).__name__}")


def _laws(only: int | None, keys: Keys | None, since: datetime | None, at: datetime | None) -> Iterator[Broken]:
    with _snapshot() as session:
        for told in _packets(session, only):
            for law, check in OF_A_PACKET.items():
                for what in check(told):
                    yield Broken(law, told.packet.number, what)
            if keys and (since is None or (told.lines and told.lines[-1].recorded_at >= since)):
                for what in rebuilt_alike(told.packet.id, keys):
                    yield Broken("I8", told.packet.number, what)
        if only is None:
            for law, over_all in OF_ALL.items():
                for subject, what in over_all(session, at):
                    yield Broken(law, subject, what)


@contextmanager
def _snapshot() -> Iterator[Session]:
    """One state of the database for all questions, whatever is written meanwhile."""
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":  # there a transaction sees one state anyhow
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with Session(connection) as session:
            yield session


def _packets(session: Session, only: int | None) -> Iterator[Told]:
    couriers = set(session.scalars(sa.select(User.id).filter_by(role=Role.COURIER)))
    wanted = sa.select(Packet).options(joinedload(Packet.dossier).joinedload(Dossier.citizen)).order_by(Packet.id)
    if only is not None:
        wanted = wanted.where(Packet.id == only)
    last = 0
    while found := list(session.scalars(wanted.where(Packet.id > last).limit(BATCH))):
        last = found[-1].id
        yield from _together(session, found, couriers)
        session.expunge_all()


def _together(session: Session, found: list[Packet], couriers: set[str]) -> Iterator[Told]:
    ids = [packet.id for packet in found]
    lines, matters = defaultdict[int, list[Handoff]](list), defaultdict[int | None, set[TaskKind]](set)
    bodies = defaultdict[bytes | None, dict[bytes, dict[str, Any]]](dict)
    for line in session.scalars(sa.select(Handoff).where(Handoff.packet_id.in_(ids)).order_by(Handoff.seq)):
        lines[line.packet_id].append(line)
    open_ = sa.select(Task.packet_id, Task.kind).where(Task.packet_id.in_(ids), Task.closed_at.is_(None))
    for packet_id, kind in session.execute(open_):
        matters[packet_id].add(kind)
    evidence = sa.select(ScanRow.packet_code, ScanRow.digest, ScanRow.body)
    for code, digest, body in session.execute(evidence.where(ScanRow.packet_code.in_([one.code for one in found]))):
        bodies[code][digest] = json.loads(body)
    right = set(session.scalars(sa.select(CodeCheck.digest).where(CodeCheck.packet_id.in_(ids), CodeCheck.is_right)))
    named = {line.giver_id for told in lines.values() for line in told}
    named |= {line.taker_id for told in lines.values() for line in told} | {packet.holder_id for packet in found}
    parties = dict(session.execute(sa.select(Party.id, Party.kind).where(Party.id.in_(named))).all())
    for packet in found:
        yield Told(packet, lines[packet.id], bodies[packet.code], matters[packet.id], right, parties, couriers)


def report(found: Iterable[Broken], at: datetime) -> int:
    """Put what does not hold before a person: one task a packet, one for all else. How many were raised.

    What was closed is not raised again for the same laws: lines are never mended.
    """
    laws = defaultdict[str | None, set[str]](set)
    found = list(found)
    numbers = sa.select(Packet).where(Packet.number.in_({each.subject for each in found}))
    packets = {packet.number: packet for packet in db.session.scalars(numbers)}
    for each in found:
        laws[each.subject if each.subject in packets else None].add(each.law)
    raised = 0
    for number, named in laws.items():
        packet = packets.get(number or "")
        told = sa.select(Task.facts).filter_by(kind=TaskKind.LAW_BROKEN, packet_id=packet.id if packet else None)
        if not any(named <= set(facts["laws"]) for facts in db.session.scalars(told)):
            tasks.raise_(TaskKind.LAW_BROKEN, at, packet=packet, laws=sorted(named))
            raised += 1
    return raised


# ---- of one packet ----------------------------------------------------------------------------------------------


def held_by_somebody(told: Told) -> Iterator[str]:
    if told.packet.state not in ENDED and told.packet.holder_id not in told.parties:
        yield "nobody answers for it"


def one_child(told: Told) -> Iterator[str]:
    followed = [line.follows for line in told.lines if line.kind is LineKind.MOVE]
    if len(followed) != len(set(followed)):
        yield "two moves follow one"


def moves_are_steps(told: Told) -> Iterator[str]:
    """Every line is a row of STEPS from the state before it, between the kinds of people the row names."""
    state = State.WAITING
    for line in told.lines:
        giver, taker = told.parties.get(line.giver_id), told.parties.get(line.taker_id)
        if not any(
            step.source in (None, state) and step.target in (None, line.state)
            and step.giver in (None, giver) and step.taker in (None, taker)
            for step in rows(line.event, told.packet.way)
        ):  # fmt: skip
            yield f"line {line.seq}: {line.event} from {state} to {line.state} is no step"
        state = line.state
    if state is not told.packet.state:
        yield f"says {told.packet.state}, its lines say {state}"


def delivered_with_proof(told: Told) -> Iterator[str]:
    """A delivery stands on something its courier could not mint alone."""
    if told.packet.state is not State.DELIVERED:
        return
    last = told.last_move
    if last is None:
        yield "delivered by no line"
        return
    body = told.bodies.get(last.digest, {})
    said = {proof.get("kind") for proof in body.get("proof", ())} & BEYOND_THE_COURIER
    if body.get("actor") in told.couriers:
        said -= {"LOGIN", "WET_SEEN"}
    if last.digest not in told.right_codes:
        said -= {"CODE", "DOOR"}
    if last.event != "settle" and not said:
        yield f"line {last.seq}: delivered on the courier's word alone"


def trouble_has_a_task(told: Told) -> Iterator[str]:
    kind = OWN_TASK.get(told.packet.state)
    if kind and kind not in told.tasks:
        yield f"{told.packet.state} and nobody was told"


def nothing_personal(told: Told) -> Iterator[str]:
    """No name, phone or street of the packet's people, and nothing shaped like a number of theirs."""
    citizen = told.packet.dossier.citizen if told.packet.dossier else None
    named = [citizen.name, citizen.street, citizen.second_name, citizen.proxy] if citizen else []
    for digest, body in told.bodies.items():
        said = [text.casefold() for text in _texts(body)]
        if any(word and len(word) > 3 and word.casefold() in text for word in named for text in said):
            yield f"scan {digest.hex()[:8]} holds a name or a street"
        elif any(DIGITS.search(text) for text in said):
            yield f"scan {digest.hex()[:8]} holds a phone or an identity number"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def rebuilt_alike(packet_id: int, keys: Keys) -> Iterator[str]:
    """Its scans, judged anew in other orders, come to the same. Two looks: a scan may come while one is taken."""
    for _ in range(2):
        packet = db.session.get_one(Packet, packet_id, populate_existing=True)
        written = upshots.of(packet)
        if all(upshots.rebuild(packet, keys, shuffle) == written for shuffle in ORDERS):
            return
    yield "its scans come to something else when they are judged in another order"


# ---- over all ---------------------------------------------------------------------------------------------------


def manifests_add_up(session: Session, _at: datetime | None) -> Iterator[Finding]:
    """What was listed has moved, is missing or is held; what was scanned is all the rest."""
    counts = sa.select(ManifestLine.manifest_id, ManifestLine.result, sa.func.count()).group_by(
        ManifestLine.manifest_id, ManifestLine.result
    )
    found: dict[int, dict[LineResult, int]] = {}
    for manifest_id, result, count in session.execute(counts):
        found.setdefault(manifest_id, {})[result] = count
    for manifest in session.scalars(sa.select(Manifest)):
        of = {result: found.get(manifest.id, {}).get(result, 0) for result in LineResult}
        listed = of[LineResult.MOVED] + of[LineResult.MISSING] + of[LineResult.HELD]
        scanned = sum(of.values()) - of[LineResult.MISSING]
        written = (manifest.expected, manifest.scanned, manifest.missing, manifest.surplus)
        if written != (listed, scanned, of[LineResult.MISSING], of[LineResult.SURPLUS]):
            yield manifest.receipt_no, f"counts {written} do not match its lines"


def devices_without_gap(session: Session, _at: datetime | None) -> Iterator[Finding]:
    """Up to its mark a device's numbers are 1, 2, 3 …, and each scan names the one before it."""
    arrived = (
        sa.select(ScanRow.n, ScanRow.digest, ScanRow.body)
        .where(ScanRow.sig_ok, ScanRow.device_id == sa.bindparam("device"), ScanRow.n <= sa.bindparam("mark"))
        .order_by(ScanRow.n, ScanRow.recorded_at)
    )
    for device, mark in session.execute(sa.select(Device.id, Device.contiguous).order_by(Device.id)).all():
        found = session.execute(arrived.execution_options(yield_per=1000), {"device": device, "mark": mark})
        reached, before = 0, {None}
        for n, told in groupby(found, key=lambda row: row.n):
            if n != reached + 1:
                break
            rows_ = list(told)
            if not any(json.loads(row.body).get("back") in before for row in rows_):
                yield device, f"scan {n} does not name the one before it"
            reached, before = n, {row.digest.hex() for row in rows_}
        found.close()
        if reached != mark:
            yield device, f"acknowledged up to {mark}, but number {reached + 1} is missing"


def doubt_is_somebodys(session: Session, at: datetime | None) -> Iterator[Finding]:
    """Whatever a person must judge is on the list of an office where somebody can take it, or a person has closed it. What may
    settle itself waits, and not for ever."""
    newest = sa.select(Verdict.digest, sa.func.max(Verdict.nth).label("nth")).group_by(Verdict.digest).subquery()
    doubtful = (
        sa.select(Verdict.digest, Verdict.verdict, Verdict.why, ScanRow.recorded_at, Packet.id)
        .join(newest, sa.and_(newest.c.digest == Verdict.digest, newest.c.nth == Verdict.nth))
        .join(ScanRow, ScanRow.digest == Verdict.digest)
        .outerjoin(Packet, Packet.code == ScanRow.packet_code)
        .where(Verdict.verdict.in_(DOUBTFUL))
    )
    about = set(session.scalars(sa.select(Task.digest).where(tasks.IS_SOMEBODYS)))
    disputed = set(session.scalars(sa.select(Task.packet_id).filter_by(kind=TaskKind.DISPUTED)))
    for digest, verdict, why, recorded_at, packet_id in session.execute(doubtful):
        of_dispute = (why == "behind_dispute" or verdict is Ruling.DISPUTED) and packet_id in disputed
        is_late = at is not None and recorded_at <= at - duties.LATE - AMID_A_LOOK
        waits = why in duties.SILENT - {"behind_dispute"} or (why in duties.PATIENT and not is_late)
        if digest not in about and not of_dispute and not waits:
            yield f"scan {digest.hex()[:8]}", f"{verdict} ({why}) and nobody was told"
    open_ = sa.select(Task.office_id, Task.id).where(Task.closed_at.is_(None))
    for _, task_id in session.execute(open_.join(Task.owner).where(User.disabled_at.is_not(None))):
        yield f"task {task_id}", "is of somebody who works here no longer"
    for office_id in {one for one, _ in session.execute(open_)} - _manned(session):
        yield f"office {office_id or 'of all'}", "has open matters, and nobody who can take them"


def _manned(session: Session) -> set[int | None]:
    """The offices whose matters somebody in service can take; None: what only supervisors can."""
    roles = [role for role, rights in GRANTS.items() if Right.EXCEPTIONS in rights]
    here = sa.select(User.office_id).where(User.role.in_(roles), User.disabled_at.is_(None))
    supervisors = sa.select(User.id).where(User.role == Role.SUPERVISOR, User.disabled_at.is_(None))
    overseen = sa.select(Unit.office_id).where(Unit.user_id.in_(supervisors))
    manned = {*session.scalars(here), *session.scalars(overseen)} - {None}
    if session.scalar(supervisors.limit(1)):
        manned.add(None)
    if session.scalar(supervisors.where(User.oversees_all).limit(1)):
        manned |= set(session.scalars(sa.select(Office.id)))
    return manned


def evidence_is_judged(session: Session, _at: datetime | None) -> Iterator[Finding]:
    unjudged = sa.select(ScanRow.digest).where(~sa.exists().where(Verdict.digest == ScanRow.digest))
    for digest in session.scalars(unjudged):
        yield f"scan {digest.hex()[:8]}", "was stored and never judged"


def receipts_are_kept(receipts: Mapping[bytes, datetime]) -> Iterator[Broken]:
    """`receipts`: digest and recorded_at, as phones hold them. Each has its scan."""
    for digest, at in receipts.items():
        row = db.session.get(ScanRow, digest)
        if row is None or row.recorded_at != at or bodies.digest_of(row.body) != digest:
            yield Broken("I5", f"scan {digest.hex()[:8]}", "a phone has its receipt and it is not here")


OF_A_PACKET: dict[str, Callable[[Told], Iterator[str]]] = {
    "I1": held_by_somebody,
    "I3": one_child,
    "I9": moves_are_steps,
    "I10": delivered_with_proof,
    "I12": trouble_has_a_task,
    "I13": nothing_personal,
}
OF_ALL: dict[str, Callable[[Session, datetime | None], Iterator[Finding]]] = {
    "I4": manifests_add_up,
    "I6": devices_without_gap,
    "I14": doubt_is_somebodys,
    "P6": evidence_is_judged,
}
