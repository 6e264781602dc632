"""Each law holds for honest histories, and notices the one thing it is there to notice: word for word, and nothing else."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import atomically, db, now
from app.domain import checkpoints, duties, invariants, manifests, tasks, watch
from app.domain.checkpoints import Checkpoint
from app.domain.codes import CodeCheck, Purpose
from app.domain.devices import Device
from app.domain.invariants import Broken, Told
from app.domain.ledger import Handoff
from app.domain.logbook import Trust
from app.domain.manifests import Found, LineResult, Manifest, ManifestLine
from app.domain.packets import Packet, State, Way
from app.domain.people import Unit, User
from app.domain.scans import ScanRow, Verdict
from app.domain.tasks import Task, TaskKind
from tests.forging import superuser
from tests.tampering import missed
from tests.world import MONDAY, World

LATER = MONDAY + timedelta(minutes=1)


class Past:
    """A result that was missed, listed at the desk and delivered against the citizen's code; one in dispute; one that has
    not moved. A scan waits for a person, one for another scan; one matter is of no office."""

    def __init__(self, world: World) -> None:
        phone, rival = world.phone(), world.phone(world.second_courier)
        given, torn, still = (world.packet(Way.OUT) for _ in range(3))
        taken = world.record(phone.scan(given, "take"))
        held = world.record(rival.scan(world.fresh(given), "take"))
        early = world.record(rival.scan(still, "take", parent="78" * 32))
        assert (held.why, early.why) == ("out_of_turn", "parent_unknown")
        for _ in range(2):
            world.record(missed(phone, given))
        atomically(manifests.of_one, world.fresh(given), world.desk.party_id, taken.digest, Found(), MONDAY)
        code, given = world.code(given, Purpose.DELIVER), world.fresh(given)
        gave = phone.scan(given, "deliver", taker=given.dossier.citizen.party_id, proof=[("CODE", code)])
        assert world.record(gave, LATER).verdict == "applied"
        claims = [who.scan(torn, "take") for who in (phone, rival)]
        for claim in claims:
            world.record(claim)
        assert world.fresh(torn).state is State.DISPUTED
        atomically(lambda: tasks.raise_(TaskKind.LAW_BROKEN, MONDAY, laws=["I2"]))
        atomically(checkpoints.sequence)
        self.given, self.torn, self.still = (world.fresh(packet) for packet in (given, torn, still))
        self.held, self.early, self.claim, self.other = held.digest, early.digest, claims[0].digest, claims[1].digest
        self.phone, self.rival = phone.device_id, rival.device_id
        (list_,) = db.session.scalars(sa.select(Manifest.receipt_no))
        named = {self.given.number: "given", self.torn.number: "torn", self.still.number: "still", list_: "the list"}
        scans = {"held": self.held, "early": self.early, "claim": self.claim, "other": self.other}
        spelled = {f"scan {digest.hex()[:8]}:": f"{name}:" for name, digest in scans.items()}
        self.names = named | spelled | {self.phone: "phone", self.rival: "rival"}

    def said(self, found: Iterable[Broken]) -> list[str]:
        said = [str(each) for each in found]
        for name, short in self.names.items():
            said = [each.replace(name, short) for each in said]
        return sorted(said)


@pytest.fixture
def past(world: World) -> Past:
    return Past(world)


def broken(past: Past, world: World, at: datetime | None = None) -> list[str]:
    db.session.rollback()  # what was read before is of another moment
    found = past.said(invariants.broken(trust=Trust(now()), keys=world.keys, at=at))
    db.session.rollback()  # whoever changes tables waits for everybody who has read them
    return found


def test_an_honest_past_breaks_no_law(world: World, past: Past) -> None:
    assert broken(past, world) == []


# ---- what only somebody with the whole database in hand could do -------------------------------------------------

Change = Callable[[World, Past], Any]
TOLD = "and nobody was told"


def of_delivery(**values: object) -> Change:
    def change(world: World, past: Past) -> Any:
        known = {"desk": world.desk.party_id, "genesis": past.given.genesis}
        chosen = {name: known.get(str(value), value) for name, value in values.items()}
        return sa.update(Handoff).where(Handoff.packet_id == past.given.id, Handoff.event == "deliver").values(chosen)

    return change


def of_second_scan(**values: object) -> Change:
    return lambda w, p: sa.update(ScanRow).where(ScanRow.device_id == p.phone, ScanRow.n == 2).values(values)


def of_verdict(**values: object) -> Change:
    return lambda w, p: sa.update(Verdict).where(Verdict.digest == p.held).values(values)


def untold(kind: TaskKind) -> Change:
    return lambda w, p: sa.delete(Task).where(Task.kind == kind)


def closed(kind: TaskKind, who: str) -> Change:
    def change(world: World, past: Past) -> Any:
        by = world.clerk.id if who == "clerk" else None
        return sa.update(Task).where(Task.kind == kind).values(closed_at=MONDAY, outcome="judged", closed_by_id=by)

    return change


def of_torn(world: World, past: Past) -> Any:
    return sa.update(ScanRow).where(ScanRow.digest == past.held).values(packet_code=past.torn.code)


def leaves(*who: str) -> Change:
    def change(world: World, past: Past) -> Any:
        return sa.update(User).where(User.id.in_([getattr(world, each).id for each in who])).values(disabled_at=MONDAY)

    return change


def of_supervisor(**values: object) -> Change:
    return lambda w, p: sa.update(User).where(User.id == w.supervisor.id).values(values)


def answers_for(office: str) -> Change:
    return lambda w, p: sa.insert(Unit).values(user_id=w.supervisor.id, office_id=getattr(w, office).id)


def listed(packet_id: int, result: LineResult) -> Change:
    of = sa.select(Manifest.id).scalar_subquery()
    return lambda w, p: sa.insert(ManifestLine).values(manifest_id=of, packet_id=packet_id, result=result)


POST = ("clerk", "dispatcher")  # who can take a matter there
BREACHES: dict[str, tuple[list[Change], list[str]]] = {
    "a packet whose lines are gone": (
        [lambda w, p: sa.delete(Handoff).where(Handoff.packet_id == p.given.id)],
        ["I10 given: delivered by no line", "I9 given: says DELIVERED, its lines say WAITING"],
    ),
    "two after one": ([of_delivery(follows="genesis")], ["I3 given: two moves follow one"]),
    "what happened": ([of_delivery(event="collect")], ["I9 given: line 4: collect from CARRIED to DELIVERED is no step"]),
    "where it led": ([of_delivery(state="AT_DESK")], [
        "I9 given: line 4: deliver from CARRIED to AT_DESK is no step", "I9 given: says DELIVERED, its lines say AT_DESK",
    ]),
    "who gave": ([of_delivery(giver_id="desk")], ["I9 given: line 4: deliver from CARRIED to DELIVERED is no step"]),
    "who took": ([of_delivery(taker_id="desk")], ["I9 given: line 4: deliver from CARRIED to DELIVERED is no step"]),
    "a code that was wrong": (
        [lambda w, p: sa.update(CodeCheck).values(is_right=False)], ["I10 given: line 4: delivered on the courier's word alone"],
    ),
    "how many were listed": ([lambda w, p: sa.update(Manifest).values(expected=2)], ["I4 the list: counts (2, 1, 0, 0) do not match its lines"]),
    "how many were scanned": ([lambda w, p: sa.update(Manifest).values(scanned=0)], ["I4 the list: counts (1, 0, 0, 0) do not match its lines"]),
    "how many were missing": ([lambda w, p: sa.update(Manifest).values(missing=1)], ["I4 the list: counts (1, 1, 1, 0) do not match its lines"]),
    "how many were too many": ([lambda w, p: sa.update(Manifest).values(surplus=1)], ["I4 the list: counts (1, 1, 0, 1) do not match its lines"]),
    "a list of which one is missing, one held and one too many": (
        [listed(90, LineResult.MISSING), listed(91, LineResult.HELD), listed(92, LineResult.SURPLUS),
         lambda w, p: sa.update(Manifest).values(expected=3, scanned=3, missing=1, surplus=1)], [],
    ),
    "a device's mark": (
        [lambda w, p: sa.update(Device).where(Device.id == p.rival).values(contiguous=9)],
        ["I6 rival: acknowledged up to 9, but number 4 is missing"],
    ),
    "a number left out": ([of_second_scan(n=77)], ["I6 phone: acknowledged up to 5, but number 2 is missing"]),
    "what came before a scan": ([of_second_scan(body=b"{}")], ["I6 phone: scan 2 does not name the one before it"]),
    "a scan nobody judged": (
        [lambda w, p: sa.delete(Verdict).where(Verdict.digest == p.early)], ["P6 early: was stored and never judged"],
    ),
    "a dispute nobody hears of": ([untold(TaskKind.DISPUTED)], [
        f"I12 torn: DISPUTED {TOLD}", f"I14 claim: disputed (two_children) {TOLD}", f"I14 other: disputed (two_children) {TOLD}",
    ]),
    "a dispute the server closed": ([closed(TaskKind.DISPUTED, "server")], [f"I12 torn: DISPUTED {TOLD}"]),
    "a scan nobody hears of": ([untold(TaskKind.HELD)], [f"I14 held: held (out_of_turn) {TOLD}"]),
    "one the server closed": ([closed(TaskKind.HELD, "server")], [f"I14 held: held (out_of_turn) {TOLD}"]),
    "one a person closed": ([closed(TaskKind.HELD, "clerk")], []),
    "one behind no dispute": ([untold(TaskKind.HELD), of_verdict(why="behind_dispute")], [f"I14 held: held (behind_dispute) {TOLD}"]),
    "one behind a dispute": ([untold(TaskKind.HELD), of_verdict(why="behind_dispute"), of_torn], []),
    "another beside a dispute": ([untold(TaskKind.HELD), of_torn], [f"I14 held: held (out_of_turn) {TOLD}"]),
    "one that people decided about": ([untold(TaskKind.HELD), of_verdict(why="settled_against")], []),
    "one that does not count": ([untold(TaskKind.HELD), of_verdict(verdict="quarantined")], [f"I14 held: quarantined (out_of_turn) {TOLD}"]),
    "one that counts": ([untold(TaskKind.HELD), of_verdict(verdict="duplicate")], []),
    "whose matter it was": (
        [lambda w, p: sa.update(Task).where(Task.kind == TaskKind.LAW_BROKEN).values(id=77, owner_id=w.admin.id), leaves("admin")],
        ["I14 task 77: is of somebody who works here no longer"],
    ),
    "an office whose people left": ([leaves(*POST)], []),
    "an office whose people left, and no supervisor of it": (
        [leaves(*POST), of_supervisor(oversees_all=False)], ["I14 office 1: has open matters, and nobody who can take them"],
    ),
    "an office whose people left, and its supervisor": ([leaves(*POST), of_supervisor(oversees_all=False), answers_for("post")], []),
    "an office whose people left, and another's supervisor": (
        [leaves(*POST), of_supervisor(oversees_all=False), answers_for("desk")],
        ["I14 office 1: has open matters, and nobody who can take them"],
    ),
    "an office whose people left but one": ([leaves("clerk"), of_supervisor(oversees_all=False)], []),
    "an office with a clerk alone": ([leaves("dispatcher"), of_supervisor(oversees_all=False)], []),
    "no supervisor": ([leaves("supervisor")], ["I14 office of all: has open matters, and nobody who can take them"]),
    "the supervisor who answers for it, gone": (
        [leaves(*POST, "supervisor"), answers_for("post")],
        ["I14 office 1: has open matters, and nobody who can take them", "I14 office of all: has open matters, and nobody who can take them"],
    ),
}  # fmt: skip


def test_a_law_notices_its_breach_and_no_other_law_does(
    world: World, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {}
    with superuser() as raw:
        raw.execute(sa.text("DROP INDEX IF EXISTS uq_handoffs_one_child"))
        for what, (changes, _) in BREACHES.items():
            with raw.begin_nested() as undone:
                for change in changes:
                    raw.execute(change(world, past))
                with Session(raw) as session:
                    monkeypatch.setattr(invariants, "_snapshot", lambda session=session: nullcontext(session))
                    told[what] = past.said(invariants.broken())
                undone.rollback()
    assert told == {what: said for what, (_, said) in BREACHES.items()}


def test_what_the_inspection_finds_breaks_a_law_too(world: World, past: Past) -> None:
    signed_by_nobody = sa.insert(Checkpoint).values(size=1, root=b"x" * 32, note="signed by nobody", at=MONDAY)
    with superuser() as raw:
        raw.execute(
            sa.update(Handoff).where(Handoff.packet_id == past.given.id, Handoff.seq == 2).values(event="decline")
        )
        raw.execute(signed_by_nobody)
    said = broken(past, world)
    assert "I2 given: line 2: changed after it was written" in said
    assert "I7 log: checkpoint 1: not a checkpoint" in said


def test_one_packets_laws_alone(world: World, past: Past) -> None:
    with superuser() as raw:
        raw.execute(of_delivery(event="collect")(world, past))
        raw.execute(sa.update(Manifest).values(missing=1))
    assert list(invariants.broken(past.still.id, Trust(now()))) == []
    assert {each.law for each in invariants.broken(past.given.id, Trust(now()))} == {"I2", "I9"}
    assert {each.law for each in invariants.broken()} == {"I4", "I9"}, "without trust the ledger is not inspected"


def test_a_packet_that_has_moved_since_is_rebuilt_from_its_scans(world: World, past: Past) -> None:
    with superuser() as raw:
        raw.execute(sa.update(Packet).values(flags=["clock"]))
    other = "its scans come to something else when they are judged in another order"

    def said(**how: Any) -> list[str]:
        return past.said(invariants.broken(keys=world.keys, **how))

    assert past.said(invariants.broken()) == []
    assert said() == [f"I8 given: {other}", f"I8 still: {other}", f"I8 torn: {other}"]
    assert said(since=MONDAY) == [f"I8 given: {other}", f"I8 torn: {other}"]
    assert said(since=LATER) == [f"I8 given: {other}"]
    assert said(since=LATER + timedelta(seconds=1)) == []


def test_however_many_packets_there_are_each_is_looked_at_once(
    world: World, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    for batch in (1, 2, 3):
        monkeypatch.setattr(invariants, "BATCH", batch)
        with invariants._snapshot() as session:
            looked = [told.packet.number for told in invariants._packets(session, None)]
        assert looked == [past.given.number, past.torn.number, past.still.number]


# ---- a packet and what its laws look at ---------------------------------------------------------------------------


def told(past: Past, packet: Packet) -> Told:
    with invariants._snapshot() as session:
        (found,) = invariants._packets(session, packet.id)
        return found


def test_a_packet_nobody_holds_is_noticed(past: Past) -> None:
    waits, gone = told(past, past.torn), told(past, past.given)  # the database would refuse such a row
    assert [list(invariants.held_by_somebody(each)) for each in (waits, gone, replace(gone, parties={}))] == [
        [],
        [],
        [],
    ]
    assert list(invariants.held_by_somebody(replace(waits, parties={}))) == ["nobody answers for it"]


ALONE = ["line 4: delivered on the courier's word alone"]
PROVEN = {("CODE", True), ("DOOR", True)}  # what the citizen had in hand, and it was right
SEEN = {"LOGIN", "WET_SEEN"}  # what somebody else vouches for


def test_a_delivery_stands_on_what_its_courier_could_not_mint(world: World, past: Past) -> None:
    given = told(past, past.given)
    digest = given.lines[-1].digest
    for kind in ("CODE", "DOOR", "LOGIN", "WET_SEEN", "SEAL", None):
        for actor in (world.courier.id, world.officer.id):
            for is_right in (True, False):
                body = {"actor": actor, "proof": [{"kind": kind}] if kind else []}
                right = {digest} if is_right else set[bytes]()
                found = list(invariants.delivered_with_proof(replace(given, bodies={digest: body}, right_codes=right)))
                stands = (kind, is_right) in PROVEN or (kind in SEEN and actor == world.officer.id)
                assert found == ([] if stands else ALONE), (kind, actor, is_right)
    given.lines[-1].event = "settle"
    assert list(invariants.delivered_with_proof(replace(given, bodies={}))) == []


def test_what_is_not_delivered_needs_no_proof(past: Past) -> None:
    assert list(invariants.delivered_with_proof(replace(told(past, past.torn), bodies={}))) == []
    assert list(invariants.delivered_with_proof(replace(told(past, past.given), bodies={}))) == ALONE


NAME, NUMBER = "holds a name or a street", "holds a phone or an identity number"


LONG, SHORT = ("Nguyễn Thị Mơ", "12 đường Mẫu Đơn", "Thìn", "Bưởi"), ("An", "Lan", "", None)
SAID: list[tuple[tuple[str | None, ...], dict[str, Any], str | None]] = [
    (LONG, {"app": "chị NGUYỄN THỊ MƠ ký"}, NAME),
    (LONG, {"proof": [{"kind": "SEAL", "value": "ở 12 đường mẫu đơn"}]}, NAME),
    (LONG, {"app": "thay Bưởi"}, NAME),
    (LONG, {"app": "nhờ Thìn"}, NAME),
    (LONG, {"app": "Lan nhận"}, None),
    (SHORT, {"app": "An nhận"}, None),
    (SHORT, {"app": "Lan nhận"}, None),
    (LONG, {"reason": ["gọi 0900000123"]}, NUMBER),
    (SHORT, {"reason": "căn cước 079123456789"}, NUMBER),
    (LONG, {"reason": "HS-261123-000002-9", "n": 900000123}, None),
]


def test_a_name_or_a_number_in_a_scan_is_noticed(past: Past) -> None:
    still = told(past, past.still)
    for names, body, what in SAID:
        citizen = dict(zip(("name", "street", "second_name", "proxy"), names, strict=True))
        packet: Any = SimpleNamespace(dossier=SimpleNamespace(citizen=SimpleNamespace(**citizen)))
        found = list(invariants.nothing_personal(replace(still, packet=packet, bodies={b"\x12" * 32: body})))
        assert found == ([f"scan 12121212 {what}"] if what else []), body


def test_of_a_blank_sticker_only_numbers_are_looked_for(past: Past) -> None:
    blank: Any = SimpleNamespace(dossier=None)
    bodies = {b"\1" * 32: {"app": "Nguyễn Thị Mơ"}, b"\2" * 32: {"app": "0900000123"}}
    found = list(invariants.nothing_personal(replace(told(past, past.still), packet=blank, bodies=bodies)))
    assert found == [f"scan 02020202 {NUMBER}"]


# ---- whose the matters are ----------------------------------------------------------------------------------------


def test_a_matter_is_not_of_somebody_who_has_left(world: World, past: Past) -> None:
    held = sa.select(Task).filter_by(kind=TaskKind.HELD)
    atomically(lambda: tasks.take(db.session.scalars(held).one(), world.act(world.clerk)))
    assert broken(past, world) == []
    with superuser() as raw:
        raw.execute(leaves("clerk")(world, past))
    (said,) = broken(past, world)
    assert said.endswith(": is of somebody who works here no longer")


def test_what_may_settle_itself_does_not_wait_for_ever(world: World, past: Past) -> None:
    late = MONDAY + duties.LATE + timedelta(hours=1)
    assert broken(past, world, late - timedelta(seconds=1)) == []
    assert broken(past, world, late) == ["I14 early: held (parent_unknown) and nobody was told"], "nobody has looked"
    atomically(watch.look, late)
    assert broken(past, world, late) == []


def test_a_receipt_without_its_scan_is_noticed(past: Past) -> None:
    lost = ["I5 held: a phone has its receipt and it is not here"]

    def said(receipts: dict[bytes, datetime]) -> list[str]:
        db.session.rollback()
        return past.said(invariants.receipts_are_kept(receipts))

    assert said({past.held: MONDAY}) == []
    assert said({past.held: LATER}) == lost
    with superuser() as raw:
        raw.execute(sa.update(ScanRow).where(ScanRow.digest == past.held).values(body=b"{}"))
    assert said({past.held: MONDAY}) == lost
    assert said({b"\x12" * 32: MONDAY}) == ["I5 scan 12121212: a phone has its receipt and it is not here"]


# ---- who hears of it ----------------------------------------------------------------------------------------------


def test_what_is_broken_becomes_one_matter_a_packet_and_one_of_all_else(world: World, past: Past) -> None:
    number = past.given.number
    found = [Broken("I9", number, "x"), Broken("I2", number, "x"), Broken("I7", "log", "x"), Broken("I6", "phone", "x")]
    assert atomically(invariants.report, found, MONDAY) == 2
    query = sa.select(Task).filter_by(kind=TaskKind.LAW_BROKEN).order_by(Task.id)
    of_all, of_packet = db.session.scalars(query).all()
    assert (of_packet.packet_id, of_packet.facts) == (past.given.id, {"laws": ["I2", "I9"]})
    assert (of_all.packet_id, of_all.facts) == (None, {"laws": ["I6", "I7"]})
    for task in (of_packet, of_all):
        atomically(tasks.close, db.session.merge(task), "looked_at", world.act(world.supervisor))
    assert atomically(invariants.report, found, MONDAY) == 0, "what was closed is not raised for the same laws"
    assert atomically(invariants.report, found[:1], MONDAY) == 0
    assert atomically(invariants.report, [*found, Broken("I3", number, "x")], MONDAY) == 1


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(
    ("cell", "kind"),
    [("flags = 'x'", "JSONDecodeError"), ("number = CAST(x'ff00fe' AS TEXT) WHERE id = 1", "OperationalError")],
)
def test_a_cell_that_cannot_be_read_breaks_a_law(past: Past, cell: str, kind: str) -> None:
    with superuser() as raw:
        raw.execute(sa.text(f"UPDATE packets SET {cell}"))
    assert past.said(invariants.broken()) == [f"I7 log: a cell cannot be read: {kind}"]


@pytest.mark.dialects("sqlite")
def test_a_database_that_is_away_breaks_no_law(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("database is locked"))

    monkeypatch.setattr(invariants, "_laws", away)
    with pytest.raises(sa.exc.OperationalError):
        list(invariants.broken())
