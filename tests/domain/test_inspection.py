"""What an inspection says, word for word: of an honest past nothing, of whatever is done to it that place and no other."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import worker
from app.db import db
from app.domain import inspection
from app.domain.checkpoints import Checkpoint
from app.domain.codes import Purpose
from app.domain.devices import Device
from app.domain.findings import Report
from app.domain.ledger import Handoff
from app.domain.logbook import Trust
from app.domain.notes import Head, SigningKey
from app.domain.packets import Packet, Way
from app.domain.scans import ScanRow, Verdict
from tests.api.test_checkpoints import Log
from tests.domain.test_stickers import sticker, used
from tests.forging import superuser
from tests.tampering import Forger, missed
from tests.world import MONDAY, World


class Past:
    """Packets that have gone some way, with a name here for each, for its lines and for whatever else was scanned.

    A first checkpoint covers three lines, a second nine, and five have no number yet. `torn` is disputed, `label` and
    `other` are stickers, `blank` one that nobody has used.
    """

    def __init__(self, world: World) -> None:
        log, phone, rival = Log(world.app), world.phone(), world.phone(world.second_courier)
        coming, going, torn, late = world.collected(phone), *(world.packet(Way.OUT) for _ in range(3))
        label, other, blank = (sticker(world) for _ in range(3))
        take, echo = phone.scan(going, "take"), phone.scan(going, "take")
        early = rival.scan(going, "take", parent="78" * 32)
        for scan in (take, echo, early, missed(phone, coming)):
            world.record(scan)
        log.sign()
        world.record(used(world, phone, label, world.packet()))
        claims = [who.scan(torn, "take") for who in (phone, rival)]
        for scan in (missed(phone, world.fresh(label)), *claims):
            world.record(scan)
        for _ in range(2):
            world.record(missed(phone, world.fresh(coming)))
        log.sign()
        world.record(missed(phone, world.fresh(label)))
        named = {"giver": rival.party, "taker": world.post.party_id}  # a note moves nothing, whoever it names
        world.record(phone.scan(world.fresh(coming), "sighting", **named))
        code, going = world.code(going, Purpose.DELIVER), world.fresh(going)
        world.record(phone.scan(going, "deliver", taker=going.dossier.citizen.party_id, proof=[("CODE", code)]))
        world.record(phone.scan(late, "take"))
        world.record(used(world, phone, other, world.packet()))
        own = {
            "coming": coming, "going": going, "torn": torn, "late": late, "label": label, "other": other, "blank": blank,
        }  # fmt: skip
        self.ids = {name: packet.id for name, packet in own.items()}
        self.names = {packet.number: name for name, packet in own.items()}
        with db.engine.connect() as connection:
            lines = connection.execute(sa.select(Packet.number, Handoff.seq, Handoff.digest).join_from(Handoff, Packet))
            self.scans = {f"{self.names[number]} {seq}": digest for number, seq, digest in lines}
        self.scans |= {"echo": echo.digest, "early": early.digest, "claim": claims[1].digest}
        self.names |= {digest.hex(): name for name, digest in self.scans.items()}
        self.names |= {phone.device_id: "phone", rival.device_id: "rival"}
        self.log = worker.trust().key.name
        self.rival, self.forger = rival.device_id, Forger(0)

    def look(
        self, inside: sa.Connection | None = None, of: str | None = None, trust: Trust | None = None, **how: Any
    ) -> Report:
        return inspection.inspect(trust or self.trust(), self.ids[of] if of else None, inside=inside, **how)

    def trust(self, **other: Any) -> Trust:
        """What is known outside the database, five minutes later."""
        known = worker.trust()
        return replace(known, **({"at": known.at + timedelta(minutes=5)} | other))

    def said(self, report: Report) -> list[str]:
        """Every fault, and every remark but the one that is true of an honest past."""
        remarks = (f"{remark.packet or 'log'}: {remark.where}: remark: {remark.what}" for remark in report.remarks)
        read = [re.sub(r"[\w-]{14,}", lambda it: self.names.get(it[0], it[0]), str(each)) for each in report.faults]
        read = [each.replace(self.log, "LOG") for each in read]
        return sorted(read + [remark for remark in remarks if remark != TAIL.format(5)])


TAIL = "log: tail: remark: {} lines have no number in the log yet"


@pytest.fixture
def past(world: World) -> Past:
    return Past(world)


def counted(report: Report) -> list[int]:
    return [report.packets, report.lines, report.scans, report.numbered, report.leaves, report.checkpoints]


def test_of_an_honest_past_nothing_is_said_and_everything_counted(past: Past) -> None:
    whole = [9, 14, 17, 9, 9, 2]
    for how, count in (
        ({}, whole),
        ({"full": True}, whole),
        ({"since": 3}, [9, 14, 14, 9, 9, 2]),
        ({"since": 3, "full": True}, [9, 14, 14, 9, 9, 2]),
        ({"evidence": False}, [9, 14, 0, 9, 9, 2]),
        ({"of": "coming"}, [1, 5, 5, 4, 9, 2]),
        ({"of": "label", "full": True}, [1, 3, 3, 2, 9, 2]),
        ({"of": "blank", "full": True}, [1, 0, 0, 0, 9, 2]),
    ):
        report = past.look(**how)
        assert (past.said(report), counted(report)) == ([], count), how
    assert [str(remark) for remark in past.look().remarks] == [TAIL.format(5).replace("remark: ", "")]


# ---- what is done to it -----------------------------------------------------------------------------------------

Change = Callable[[sa.Connection, Past], Any]


def of_line(name: str, *seqs: int, **values: object) -> Change:
    """Lines of a packet with other values; without any, gone."""

    def change(raw: sa.Connection, past: Past) -> None:
        it = sa.and_(Handoff.packet_id == past.ids[name], Handoff.seq.in_(seqs))
        raw.execute(sa.update(Handoff).where(it).values(values) if values else sa.delete(Handoff).where(it))

    return change


def of_scan(name: str, **values: object) -> Change:
    def change(raw: sa.Connection, past: Past) -> None:
        it = ScanRow.digest == past.scans[name]
        raw.execute(sa.update(ScanRow).where(it).values(values) if values else sa.delete(ScanRow).where(it))

    return change


def of_row(name: str, **values: object) -> Change:
    return lambda raw, past: raw.execute(sa.update(Packet).where(Packet.id == past.ids[name]).values(values))


def no_row(name: str) -> Change:
    return lambda raw, past: raw.execute(sa.delete(Packet).where(Packet.id == past.ids[name]))


def unjudged(*names: str) -> Change:
    return lambda raw, past: raw.execute(sa.delete(Verdict).where(Verdict.digest.in_([past.scans[n] for n in names])))


def run(*statements: Any) -> Change:
    def change(raw: sa.Connection, past: Past) -> None:
        for statement in statements:
            raw.execute(sa.text(statement) if isinstance(statement, str) else statement)

    return change


def chained_anew(name: str, seq: int, **values: object) -> Change:
    """By somebody who works out every hash, leaf and row that follows from it."""

    def change(raw: sa.Connection, past: Past) -> None:
        chain = past.forger.chain_of(past.ids[name])
        past.forger.write(raw, past.ids[name], [row | values if row["seq"] == seq else row for row in chain])

    return change


def both(one: Change, other: Change) -> Change:
    return lambda raw, past: (one(raw, past), other(raw, past))


EXCHANGED = (f"UPDATE leaves SET n = {new} WHERE n = {old}" for old, new in ((0, -1), (1, 0), (-1, 1)))
CHANGED, UNLIKE = "changed after it was written", "row: its state, holder or head is not what its lines say"
NO_NUMBER, ENDS = "its number in the log is gone", "the ledger ends before the packet's own mark"
OTHERWISE, HOLE = (
    "says something else than the scan that made it",
    "log: device phone: 13 of its first 14 scans are there",
)

NAMED: dict[str, tuple[Change, list[str]]] = {
    "a line's event": (of_line("coming", 2, event="decline"), [f"coming: line 2: {CHANGED}"]),
    "the newest line's event": (of_line("coming", 5, event="decline"), [f"coming: line 5: {CHANGED}"]),
    "the state after a line": (of_line("coming", 1, state="AT_DESK"), [f"coming: line 1: {CHANGED}"]),
    "a line's time by a microsecond": (
        of_line("coming", 1, recorded_at=MONDAY + timedelta(microseconds=1)), [f"coming: line 1: {CHANGED}"],
    ),
    "a line's time by a month": (
        of_line("coming", 2, recorded_at=MONDAY + timedelta(days=30)), [f"coming: line 2: {CHANGED}"],
    ),
    "a line's hash": (of_line("coming", 1, hash=b"\0" * 32), [f"coming: line 1: {CHANGED}"]),
    "a line's past": (of_line("coming", 2, prev_hash=b"\0" * 32), ["coming: line 2: does not follow the line before it"]),
    "a line that is gone": (of_line("coming", 2), [
        "coming: line 2: missing", "log: scan coming 2: the line it made is gone", "log: leaf 1: the line it numbers is gone",
    ]),
    "two lines that are gone": (of_line("coming", 2, 3), [
        "coming: lines 2 to 3: missing",
        "log: scan coming 2: the line it made is gone", "log: scan coming 3: the line it made is gone",
        "log: leaf 1: the line it numbers is gone", "log: leaf 3: the line it numbers is gone",
    ]),
    "the only move, gone": (of_line("coming", 1), [
        "coming: line 1: missing", "log: scan coming 1: the line it made is gone", "log: leaf 0: the line it numbers is gone",
    ]),
    "the newest line, gone": (of_line("coming", 5), [
        f"coming: line 5: {ENDS}", "log: scan coming 5: the line it made is gone", TAIL.format(4),
    ]),
    "the only line, gone": (of_line("late", 1), [
        f"late: line 1: {ENDS}", "log: scan late 1: the line it made is gone", TAIL.format(4),
    ]),
    "a line's own id": (of_line("coming", 1, id=4711), [
        f"coming: line 1: {NO_NUMBER}", "log: leaf 0: the line it numbers is gone", TAIL.format(6),
    ]),
    "the order of two lines in the log": (run(*EXCHANGED), [
        "coming: line 2: numbered before the line before it",
        "log: leaves 0 to 2: are not those that were signed: coming line 2, coming line 1, going line 1",
    ]),
    "a number below nought": (run("UPDATE leaves SET n = -1 WHERE n = 0"), [
        "coming: line 1: numbered before the line before it", "log: leaf 0: missing",
    ]),
    "a leaf": (run("UPDATE leaves SET leaf_hash = (SELECT digest FROM handoffs WHERE id = line_id) WHERE n = 0"), [
        "coming: line 1: leaf 0 is not its hash",
        "log: leaves 0 to 2: are not those that were signed: coming line 1, coming line 2, going line 1",
    ]),
    "a leaf in the middle, gone": (run("DELETE FROM leaves WHERE n = 1"), [
        f"coming: line 2: {NO_NUMBER}", "log: leaf 1: missing", TAIL.format(6),
    ]),
    "the first two leaves, gone": (run("DELETE FROM leaves WHERE n < 2"), [
        f"coming: line 1: {NO_NUMBER}", "log: leaf 0 to 1: missing", TAIL.format(7),
    ]),
    "the last leaf, gone": (run("DELETE FROM leaves WHERE n = 8"), [
        "log: checkpoint 9: the log has only 8 lines: some of leaves 3 to 8 are gone", TAIL.format(6),
    ]),
    "a leaf of no line": (run("UPDATE leaves SET line_id = 4711 WHERE n = 2"), [
        "log: leaf 2: the line it numbers is gone", TAIL.format(6),
    ]),
    "the packet's state": (of_row("coming", state="AT_DESK"), [f"coming: {UNLIKE}"]),
    "the packet's holder": (of_row("coming", holder_id="x"), [f"coming: {UNLIKE}"]),
    "the packet's head": (of_row("coming", head=b"\0" * 32), [f"coming: {UNLIKE}"]),
    "the packet's newest hash": (of_row("coming", line_hash=b"\0" * 32), [f"coming: {UNLIKE}"]),
    "the state of one that has not moved": (of_row("blank", state="CARRIED"), [f"blank: {UNLIKE}"]),
    "the packet's state, a leaf gone as well": (
        both(of_row("coming", state="AT_DESK"), run("DELETE FROM leaves WHERE n = 1")),
        [f"coming: line 2: {NO_NUMBER}", f"coming: {UNLIKE}", "log: leaf 1: missing", TAIL.format(6)],
    ),
    "the packet's mark, set back": (of_row("coming", seq=3), ["coming: row: the packet's own mark has been set back"]),
    "the packet's mark, set forth": (of_row("blank", seq=1), [f"blank: line 1: {ENDS}"]),
    "the first packet's row": (no_row("coming"), ["log: packet 1: has lines and no row", TAIL.format(4)]),
    "the last packet's row": (no_row("other"), ["log: packet 6: has lines and no row", TAIL.format(4)]),
    "the code of a packet": (of_row("late", code=b"0" * 10), ["late: line 1: does not follow the line before it"]),
    "who gave the newest line": (
        chained_anew("coming", 5, giver_id="x"), ["coming: line 5: given by somebody who did not hold it"],
    ),
    "who gave the first line": (
        chained_anew("late", 1, giver_id="x"), ["late: line 1: given by somebody who did not hold it"],
    ),
    "who gave what goes under a sticker": (
        chained_anew("label", 3, giver_id="x"), ["label: line 3: given by somebody who did not hold it"],
    ),
    "a scan's body": (of_scan("coming 2", body=b"{}"), ["coming: line 2: its scan was changed"]),
    "the body of a scan without a line": (of_scan("early", body=b"{}"), ["log: scan early: its scan was changed"]),
    "a scan that is gone": (of_scan("coming 3"), ["coming: line 3: its scan is gone", HOLE]),
    "a duplicate's scan, gone": (of_scan("echo"), ["log: scan echo: was judged and is gone", HOLE]),
    "a duplicate, gone with its verdict": (both(of_scan("echo"), unjudged("echo")), [HOLE]),
    "a scan noted as forged": (of_scan("coming 2", sig_ok=False), [HOLE]),
    "the verdict that made a line": (unjudged("coming 2"), ["coming: line 2: no verdict made it"]),
    "the verdict of a scan that waits": (unjudged("early"), ["log: scan early: has no verdict"]),
    "a verdict between two": (
        run("UPDATE verdicts SET nth = 3 WHERE nth = 2"), ["torn: line 1: a verdict on it is gone"],
    ),
    "a checkpoint's root": (run(sa.update(Checkpoint).where(Checkpoint.size == 3).values(root=b"x" * 32)), [
        "log: checkpoint 3: its row does not say what was signed",
    ]),
    "a checkpoint's note": (run("UPDATE checkpoints SET note = note || 'x' WHERE size = 3"), [
        "log: checkpoint 3: is not what the signer signed",
    ]),
    "the checkpoints' time": (run("UPDATE checkpoints SET at = '2026-01-01 00:00:00.000000'"), [
        "log: checkpoint 3: is not what the signer signed", "log: checkpoint 9: is not what the signer signed",
    ]),
    "a checkpoint's size": (run("UPDATE checkpoints SET size = 2 WHERE size = 3"), [
        "log: checkpoint 2: its row does not say what was signed", "log: checkpoint 3: was signed and is gone",
    ]),
    "a checkpoint's note, and a leaf under it": (
        both(run("UPDATE checkpoints SET note = note || 'x' WHERE size = 3"), run("UPDATE leaves SET leaf_hash = (SELECT digest FROM handoffs WHERE id = line_id) WHERE n = 2")),
        ["going: line 1: leaf 2 is not its hash", "log: checkpoint 3: is not what the signer signed",
         "log: leaves 0 to 2: are not those that were signed: coming line 1, coming line 2, going line 1"],
    ),
    "a checkpoint that is none": (
        run(sa.insert(Checkpoint).values(size=5, root=b"x" * 32, note="signed by nobody", at=MONDAY)), ["log: checkpoint 5: not a checkpoint"],
    ),
    "a checkpoint somebody else signed": (
        run(sa.insert(Checkpoint).values(size=5, root=b"x" * 32, note=SigningKey.new("other").sign(Head(5, b"x" * 32)), at=MONDAY)),
        ["log: checkpoint 5: a checkpoint of other, not of LOG"],
    ),
    "an early checkpoint, gone": (run("DELETE FROM checkpoints WHERE size = 3"), ["log: checkpoint 3: was signed and is gone"]),
    "the newest checkpoint, gone": (run("DELETE FROM checkpoints WHERE size = 9"), ["log: checkpoint 9: was signed and is gone"]),
}  # fmt: skip
LINES = {"coming": 5, "going": 2, "torn": 2, "late": 1, "label": 3, "other": 1}
NAMED_IN_FULL: dict[str, tuple[Change, list[str]]] = {
    "a scan's signature": (of_scan("coming 2", sig=b"\1" * 64), ["coming: line 2: its scan's signature does not hold"]),
    "a scan noted as forged": (of_scan("coming 2", sig_ok=False), [
        "coming: line 2: its scan is well signed, and noted as forged", HOLE,
    ]),
    "which number a scan had": (of_scan("coming 2", n=77), ["coming: line 2: its scan's row does not say what was signed", HOLE]),
    "which packet a scan was of": (
        of_scan("early", packet_code=b"0" * 10), ["log: scan early: its scan's row does not say what was signed"],
    ),
    "a phone that is gone": (lambda raw, past: raw.execute(sa.delete(Device).where(Device.id == past.rival)), [
        f"log: scan {each}: its scan's signature does not hold" for each in ("claim", "early")
    ]),
    "what a line says happened": (chained_anew("coming", 5, event="decline"), [f"coming: line 5: {OTHERWISE}"]),
    "whom a note names": (chained_anew("coming", 5, taker_id="x"), [f"coming: line 5: {OTHERWISE}"]),
    "who took it": (chained_anew("going", 2, taker_id="x"), [f"going: line 2: {OTHERWISE}"]),
    "who answers for what is in dispute": (chained_anew("torn", 2, taker_id="x"), [
        f"torn: line 2: {OTHERWISE}", "log: leaves 3 to 8: are not those that were signed: coming line 3, coming line 4, "
        "torn line 1, torn line 2, label line 1, label line 2",
    ]),
    "who gave what a sticker was put on": (chained_anew("other", 1, giver_id="x"), [f"other: line 1: {OTHERWISE}"]),
    "every signature": (run("ALTER TABLE scans DROP COLUMN sig", "ALTER TABLE scans ADD COLUMN sig bytea"), [
        *(f"{name}: line {seq}: its scan's signature is gone" for name, count in LINES.items() for seq in range(1, count + 1)),
        *(f"log: scan {name}: its scan's signature is gone" for name in ("claim", "early", "echo")),
    ]),
}  # fmt: skip
NAMED_OF_ONE: dict[str, tuple[Change, list[str]]] = {
    "a line's event": NAMED["a line's event"],
    "a line that is gone": (of_line("coming", 2), ["coming: line 2: missing"]),
    "a scan that is gone": (of_scan("coming 3"), ["coming: line 3: its scan is gone"]),
    "the body of another's scan": (of_scan("label 2", body=b"{}"), []),
    "a line's own id": (of_line("coming", 1, id=4711), [f"coming: line 1: {NO_NUMBER}"]),
    "verdicts": (run("DELETE FROM verdicts"), [f"coming: line {seq}: no verdict made it" for seq in range(1, 6)]),
    "the packet's row": (no_row("coming"), ["log: packet 1: has lines and no row"]),
}
NAMED_SINCE: dict[str, tuple[Change, list[str]]] = {
    "the line before": (of_line("going", 1, event="decline"), []),
    "the first line after": (of_line("coming", 3, event="decline"), [f"coming: line 3: {CHANGED}"]),
    "the newest line": (of_line("coming", 5, event="decline"), [f"coming: line 5: {CHANGED}"]),
    "the scan before": (of_scan("going 1", body=b"{}"), []),
    "the first scan after": (of_scan("coming 3", body=b"{}"), ["coming: line 3: its scan was changed"]),
    "a scan without a line": (of_scan("echo", body=b"{}"), ["log: scan echo: its scan was changed"]),
}


def compare(past: Past, cases: Mapping[str, tuple[Change, list[str]]], **how: Any) -> None:
    told = {}
    with superuser() as raw:
        for what, (change, _) in cases.items():
            with raw.begin_nested() as undone:
                change(raw, past)
                told[what] = past.said(past.look(raw, **how))
                undone.rollback()
    assert told == {what: sorted(said) for what, (_, said) in cases.items()}


def test_whatever_is_done_to_the_ledger_is_named_and_nothing_else(past: Past) -> None:
    compare(past, NAMED)


def test_in_full_what_was_signed_is_compared_too(past: Past) -> None:
    compare(past, NAMED_IN_FULL, full=True)


def test_of_one_packet_its_own_faults_are_named(past: Past) -> None:
    compare(past, NAMED_OF_ONE, of="coming")


def test_what_came_since_is_named(past: Past) -> None:
    compare(past, NAMED_SINCE, since=3)


def garbage(cell: str, where: str) -> Change:
    """Bytes that are no text, where a text stands."""
    table, column = cell.split(".")
    return run(f"UPDATE {table} SET {column} = CAST(x'ff00fe' AS TEXT) WHERE {where}")


FIRST, NOTHING = "id = (SELECT min(id) FROM handoffs)", "\ufffd\0\ufffd"
NAMED_ON_SQLITE: dict[str, tuple[Change, list[str]]] = {
    "a line's hash": (garbage("handoffs.hash", FIRST), [f"coming: line 1: {CHANGED}"]),
    "a line's time": (garbage("handoffs.recorded_at", FIRST), [f"coming: line 1: {CHANGED}"]),
    "whose a line is": (garbage("handoffs.packet_id", FIRST), [
        "coming: line 1: missing", f"log: packet {NOTHING}: has lines and no row",
    ]),
    "a packet's code": (garbage("packets.code", "id = 1"), [
        "coming: row: a cell holds what no program of ours wrote", TAIL.format(4),
    ]),
    "a packet's mark": (garbage("packets.seq", "id = 1"), [f"coming: line 6: {ENDS}"]),
    "a leaf": (garbage("leaves.leaf_hash", "n = 0"), ["coming: line 1: leaf 0 is not its hash", "log: leaf 0: changed"]),
    "a scan's digest": (garbage("scans.digest", "n = 3"), [
        "log: scan echo: was judged and is gone", f"log: scan {NOTHING!r}: its scan was changed",
    ]),
    "a scan's body": (garbage("scans.body", "n = 3"), [
        "log: scan echo: a cell of its scan holds what no program of ours wrote",
    ]),
}  # fmt: skip


@pytest.mark.dialects("sqlite")
def test_what_stands_in_a_cell_and_is_nothing_is_named_and_the_rest_is_read(past: Past) -> None:
    compare(past, NAMED_ON_SQLITE)
