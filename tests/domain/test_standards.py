"""What partners are told of the record: every step in the words of EPCIS and the post, every correction as one, nobody's name."""

import csv
import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db, now
from app.domain import corrections, custody, ledger, standards
from app.domain.audit import AuditLine
from app.domain.bodies import Extra
from app.domain.ledger import Handoff
from app.domain.manifests import Manifest, ManifestLine
from app.domain.packets import Packet, State, Way
from app.domain.people import Citizen, User
from app.domain.places import Office
from app.domain.scans import ScanExtra, ScanRow, Verdict
from app.domain.standards import NAMES, OUTCOME, Named, Range, named
from app.domain.steps import EVENTS, IN_DESK, OUT, STEPS
from app.integrations import epcis
from tests.domain.test_corrections import Quarrel, amend, by_two, correct, passed_on
from tests.domain.test_desk import receive, submitted
from tests.domain.test_manifests import Handing
from tests.epcis import DISPOSITIONS, faults
from tests.epcis import STEPS as BIZ_STEPS
from tests.world import MONDAY, World

Event = dict[str, Any]
ALL = Range()


def codes() -> dict[str, str]:
    return {each.party_id: each.code for each in db.session.scalars(sa.select(Office))}


def document(within: Range = ALL) -> dict[str, Any]:
    """The whole of it; and it is one, by all its rules."""
    db.session.rollback()
    file = io.StringIO()
    assert sum(epcis.write_epcis(file, within, codes(), MONDAY)) >= 0
    found: dict[str, Any] = json.loads(file.getvalue())
    return found


def events(within: Range = ALL) -> list[Event]:
    found: list[Event] = document(within)["epcisBody"]["eventList"]
    return found


def rows(within: Range = ALL) -> list[dict[str, str]]:
    db.session.rollback()
    file = io.StringIO()
    list(epcis.write_emsevt(file, within, codes(), MONDAY))
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def kinds(found: list[Event]) -> list[tuple[str, str, str]]:
    """Of each: our event, step and disposition; a * before what is told as wrong."""
    return [
        (("*" if "errorDeclaration" in each else "") + each["hs:event"], each["bizStep"], each["disposition"])
        for each in found
        if each["type"] == "ObjectEvent"
    ]


# ---- the table --------------------------------------------------------------------------------------------------


def test_every_step_of_the_law_has_its_words(app: Flask) -> None:
    assert set(NAMES) == EVENTS and set(OUTCOME) == set(State)
    for step in STEPS:
        for way in step.ways:
            for state in [step.target] if step.target else State:
                said = named(step.event, way, state)
                assert said.step in BIZ_STEPS and said.disposition in DISPOSITIONS, step
                assert said.postal in (None, "EMA", "EMG", "EMH", "EMI")


def test_what_only_one_way_has_a_postal_code_for() -> None:
    assert [named("receive", way, State.AT_DESK).postal for way in Way] == ["EMI", None, "EMI"]
    assert [named("miss", way, State.CARRIED).postal for way in Way] == [None, "EMH", None]
    assert named("deliver", Way.OUT, State.DELIVERED) == ("accepting", "available", "EMI", frozenset(Way))
    assert named("deliver", Way.OUT, State.DELIVERED_UNVERIFIED)[:3] == ("holding", "in_transit", None)
    assert named("settle", Way.OUT, State.LOST)[:2] == ("inspecting", "unknown")


# ---- histories --------------------------------------------------------------------------------------------------


def test_a_packet_from_home_to_the_desk(world: World) -> None:
    packet = submitted(world)
    told = document()
    assert list(faults(told)) == []
    collect, received, opened, _list = told["epcisBody"]["eventList"]
    assert kinds([collect, received, opened]) == [
        ("collect", "collecting", "in_transit"), ("receive", "receiving", "in_progress"),
        ("open", "unpacking", "completeness_verified"),
    ]  # fmt: skip
    line = ledger.lines(packet)[0]
    assert collect["eventID"] == f"urn:hosotannha:line:{line.hash.hex()}"
    assert collect["epcList"] == [f"urn:hosotannha:packet:{packet.number}"]
    assert (collect["eventTime"], collect["eventTimeZoneOffset"]) == ("2026-11-23T09:00:00.000+07:00", "+07:00")
    assert (collect["hs:seal"], collect["hs:sheets"], collect["hs:emsevt"]) == ("NP0045821", 3, "EMA")
    assert collect["sourceList"] == [{"type": "possessing_party", "source": "urn:hosotannha:party:citizen"}]
    courier = f"urn:hosotannha:party:{world.courier.party_id}"
    assert collect["destinationList"] == [{"type": "possessing_party", "destination": courier}]
    assert "readPoint" not in collect and "bizLocation" not in collect
    desk = f"urn:hosotannha:office:{world.desk.code}"
    assert received["readPoint"] == received["bizLocation"] == {"id": desk}
    assert received["sourceList"][0]["source"] == courier
    assert "sourceList" not in opened and opened["bizLocation"] == {"id": desk}
    assert [(row["item"], row["event"], row["office"]) for row in rows()] == [
        (packet.number, "EMA", ""), (packet.number, "EMI", world.desk.code),
    ]  # fmt: skip


def test_a_bag_in_which_something_is_missing_says_so(world: World) -> None:
    packet = world.collected(world.phone())
    receive(world, packet, counts={1: 1, 2: 0, 4: 1})
    assert ("open", "unpacking", "mismatch_quantity") in kinds(events())


def test_a_list_is_what_was_seen_together(world: World) -> None:
    handing = Handing(world, 3)
    handing.receive(handing.takes(*handing.packets[:2]))
    told = document()
    assert list(faults(told)) == []
    *_, bag = told["epcisBody"]["eventList"]
    receipt = db.session.scalars(sa.select(Manifest.receipt_no)).one()
    assert (bag["type"], bag["action"], bag["parentID"]) == (
        "AggregationEvent", "OBSERVE", f"urn:hosotannha:manifest:{receipt}",
    )  # fmt: skip
    assert bag["childEPCs"] == [f"urn:hosotannha:packet:{packet.number}" for packet in handing.packets[:2]]
    assert (bag["bizStep"], bag["readPoint"]) == ("departing", {"id": f"urn:hosotannha:office:{world.desk.code}"})


def test_nobody_came_and_both_codes_are_told(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    held = world.fresh(packet)
    world.record(
        phone.scan(held, "miss", taker=phone.party, parent=None, reason="nobody_home", next="another_day", seal=None)
    )
    (row,) = rows()
    assert (row["event"], row["reason"], row["action"], row["office"]) == ("EMH", "nobody_home", "another_day", "")
    missed = events()[-1]
    assert (missed["hs:reason"], missed["hs:next"], missed["bizStep"]) == ("nobody_home", "another_day", "holding")


@pytest.mark.parametrize("year", [1, 1905, 1970, 2031, 9999])
def test_a_phone_whose_clock_is_beside_itself_breaks_no_file(world: World, year: int) -> None:
    packet = world.packet(Way.OUT)
    at = (
        datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
        if year > 1
        else datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    )
    assert world.record(world.phone().scan(packet, "take", at=at)).verdict == "applied"
    told = document()
    assert list(faults(told)) == [] and len(rows()) == 0
    (took,) = told["epcisBody"]["eventList"]
    assert took["eventTime"][:4] == {1: "2026", 1905: "2026", 1970: "1971", 2031: "2032", 9999: "2026"}[year]
    assert took["eventTimeZoneOffset"] == "+07:00"


# ---- corrections ------------------------------------------------------------------------------------------------


def declared(found: list[Event]) -> list[tuple[str, str, str, list[str]]]:
    return [
        (each["hs:event"], each["eventID"], each["errorDeclaration"]["reason"], each["errorDeclaration"]["correctiveEventIDs"])
        for each in found
        if "errorDeclaration" in each
    ]  # fmt: skip


def test_what_is_taken_back_is_told_once_more_as_what_never_was(world: World) -> None:
    packet = world.packet(Way.OUT)
    world.record(world.phone().scan(packet, "take"))
    correct(world, world.fresh(packet))
    told = document()
    assert list(faults(told)) == []
    took, corrected, wrong = told["epcisBody"]["eventList"]
    assert declared([wrong]) == [("take", took["eventID"], "did_not_occur", [corrected["eventID"]])]
    assert {key: wrong[key] for key in took} == took  # the same event, word for word
    assert (corrected["bizStep"], corrected["disposition"]) == ("inspecting", "container_closed")
    assert wrong["errorDeclaration"]["declarationTime"] == corrected["recordTime"]


def test_a_settlement_for_the_other_side_says_what_never_was(world: World) -> None:
    quarrel = Quarrel(world)
    assert declared(events()) == []  # it is contested, and not decided
    quarrel.settle(holder=quarrel.other.party, tip=quarrel.second.digest)
    told = document()
    assert list(faults(told)) == []
    found = told["epcisBody"]["eventList"]
    assert [name for name, *_ in kinds(found)] == ["take", "deliver", "dispute", "settle", "*take", "*deliver"]
    settled = found[3]["eventID"]
    assert declared(found) == [
        ("take", found[0]["eventID"], "did_not_occur", [settled]), ("deliver", found[1]["eventID"], "did_not_occur", [settled]),
    ]  # fmt: skip


def test_a_settlement_that_confirms_what_was_written_takes_nothing_back(world: World) -> None:
    quarrel = Quarrel(world)
    quarrel.settle(state=State.DELIVERED_UNVERIFIED, tip=quarrel.behind.digest)
    assert declared(events()) == []


def test_each_decision_takes_back_its_own_and_no_others(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    for _ in range(2):
        world.record(phone.scan(world.fresh(packet), "take"))
        correct(world, world.fresh(packet))
    found = events()
    assert list(faults(document())) == []
    assert [name for name, *_ in kinds(found)] == ["take", "correct", "*take"] * 2


def test_what_was_taken_back_before_a_quarrel_is_not_taken_back_by_its_end(world: World) -> None:
    packet, one, other = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    world.record(one.scan(packet, "take"))
    correct(world, world.fresh(packet))
    packet = world.fresh(packet)
    first, second = one.scan(packet, "take"), other.scan(packet, "take")
    for scan in (first, second):
        world.record(scan)
    held = world.fresh(packet)
    atomically(
        corrections.settle, held, world.act(world.supervisor), head=held.head, state=State.CARRIED, holder=other.party,
        sighting="ở kệ 3", reason="packet_seen", second=world.dispatcher, tip=second.digest,
    )  # fmt: skip
    assert [name for name, *_ in kinds(events())] == [
        "take", "correct", "*take", "take", "dispute", "settle", "*take",
    ]  # fmt: skip
    assert list(faults(document())) == []


def test_a_detail_declared_wrong_is_told_as_wrong_and_then_as_it_is(world: World) -> None:
    packet = world.collected(world.phone())
    act, sides = world.act(world.clerk), {"giver": packet.holder_id, "taker": world.post.party_id}
    atomically(custody.enter, packet, "hand_in", act, parent=packet.head, seal="NP0045827", proof=[], **sides)
    handed_in = world.fresh(packet).head
    amend(world, packet, handed_in, "seal", "NP0045822")
    amend(world, packet, handed_in, "seal", "NP0045821")
    told = document()
    assert list(faults(told)) == []
    _, was, wrong, right, wrong_again, at_last = told["epcisBody"]["eventList"]
    assert [each["hs:seal"] for each in (was, wrong, right, wrong_again, at_last)] == [
        "NP0045827", "NP0045827", "NP0045822", "NP0045822", "NP0045821",
    ]  # fmt: skip
    assert declared([wrong, wrong_again]) == [
        ("hand_in", was["eventID"], "incorrect_data", [right["eventID"]]),
        ("hand_in", right["eventID"], "incorrect_data", [at_last["eventID"]]),
    ]
    assert {each["eventTime"] for each in (was, wrong, right, at_last)} == {was["eventTime"]}
    assert [row["event"] for row in rows()] == ["EMA", "EMG"]  # told once: a seal is nothing to the post's codes


def test_what_was_amended_and_then_taken_back_never_was_as_amended(world: World) -> None:
    packet = world.collected(world.phone())
    act, sides = world.act(world.clerk), {"giver": packet.holder_id, "taker": world.post.party_id}
    atomically(custody.enter, packet, "hand_in", act, parent=packet.head, seal="NP0045827", proof=[], **sides)
    amend(world, packet, world.fresh(packet).head, "seal", "NP0045821")
    correct(world, world.fresh(packet))
    found = events()
    assert list(faults(document())) == []
    assert found[-1]["hs:seal"] == "NP0045821" and found[-1]["eventID"] == found[3]["eventID"]
    assert [row["event"] for row in rows()] == ["EMA"]


@pytest.mark.parametrize("verb", ["settle", "correct", "lose", "hand_on", "reseal", "damage", "amend"])
def test_whatever_people_enter_is_told(world: World, verb: str) -> None:
    packet = passed_on(world, to_the_post=verb in ("reseal", "damage"))
    by_two(world, verb, packet)
    told = document()
    assert list(faults(told)) == []
    ids = {line.hash.hex() for line in ledger.lines(packet)}
    assert {each["eventID"].rpartition(":")[2] for each in told["epcisBody"]["eventList"]} == ids


# ---- nobody's name ----------------------------------------------------------------------------------------------


def private() -> Iterator[str]:
    """Whatever is known of people, and whatever they wrote."""
    for table, columns in (
        (Citizen, ("name", "phone", "second_name", "second_phone", "street", "notes", "party_id")), (User, ("name", "login", "phone")),
        (ScanExtra, ("free_text", "salt")), (ManifestLine, ("remark",)), (Office, ("name", "address", "phone")),
    ):  # fmt: skip
        for row in db.session.scalars(sa.select(table)):
            yield from (str(value) for column in columns if (value := getattr(row, column, None)))


def test_no_name_phone_address_or_note_of_anybody_is_in_either_file(world: World) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    extra = Extra(free_text="bà Mận nhà số 12", salt="c2FsdA==", place=[10.9, 106.7])
    world.record(phone.scan(packet, "sighting", taker=packet.holder_id, parent=None, extra=extra, seal="Trần Mận 12",
                            reason="gọi 0900000123"))  # fmt: skip
    receive(world, world.fresh(packet), remark="túi rách, ông Tư nói")
    by_two(world, "settle", passed_on(world))
    by_two(world, "damage", passed_on(world, to_the_post=True))
    Quarrel(world).settle()
    text = json.dumps(document(), ensure_ascii=False) + json.dumps(rows(), ensure_ascii=False)
    told = [each for each in private() if len(each) > 2]
    assert len(told) > 20 and any("bà Mận" in each for each in told)
    assert [each for each in told if each in text] == []
    assert not [each for each in ("Mận", "0900", "chị Sen", "10.9", "rách") if each in text]


# ---- which of it ------------------------------------------------------------------------------------------------


def test_days_and_one_office(world: World) -> None:
    submitted(world)
    packet = world.packet(Way.OUT)
    world.record(world.phone().scan(packet, "take"), at=MONDAY + timedelta(days=1))
    assert len(events()) == 5
    assert kinds(events(Range(since=MONDAY + timedelta(hours=1)))) == [("take", "departing", "in_transit")]
    assert len(events(Range(until=MONDAY + timedelta(hours=1)))) == 4
    assert len(events(Range(office=world.desk))) == len(events(Range(office=world.post))) == 5
    far = db.session.scalars(sa.select(Office).where(Office.id.not_in([world.desk.id, world.post.id]))).first()
    assert far and events(Range(office=far)) == [] and list(faults(document(Range(office=far)))) == []
    assert standards.count(Range()) == 4 and standards.count(Range(office=far)) == 0


def test_from_the_terminal(app: Flask, world: World, tmp_path: Path) -> None:
    submitted(world)
    db.session.rollback()
    runner, file = app.test_cli_runner(), tmp_path / "out.json"
    result = runner.invoke(args=["custody", "export", "--office", world.post.code, "--since", "2026-11-23", "--until", "2026-11-23", str(file)])  # fmt: skip
    assert result.exit_code == 0, result.output
    assert f"{file} written: 4 events" in result.output and list(tmp_path.iterdir()) == [file]
    assert list(faults(json.loads(file.read_text()))) == []
    assert runner.invoke(args=["custody", "export", "--format", "emsevt", str(tmp_path / "out.csv")]).exit_code == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == ",".join(epcis.COLUMNS)
    db.session.rollback()
    noted = db.session.scalars(sa.select(AuditLine).filter_by(action="exported").order_by(AuditLine.id)).all()
    assert [(each.subject, each.details["office"], each.details["events"]) for each in noted] == [
        ("epcis", world.post.code, 4), ("emsevt", None, 2),
    ]  # fmt: skip
    wrong = runner.invoke(args=["custody", "export", "--office", "nowhere", str(tmp_path / "no.json")])
    assert wrong.exit_code == 2 and not (tmp_path / "no.json").exists()


# ---- many -------------------------------------------------------------------------------------------------------


def multiply(packet: Packet, times: int) -> None:
    """The first line of a packet so often again, under other hashes: nothing here looks at chains."""

    def put() -> None:
        line, scan = ledger.lines(packet)[0], db.session.get_one(ScanRow, ledger.lines(packet)[0].digest)
        names = [n.to_bytes(32, "big") for n in range(1, times + 1)]
        as_row = {
            "packet_code": None,
            "body": scan.body,
            "sig": scan.sig,
            "sig_ok": True,
            "recorded_at": scan.recorded_at,
        }
        as_line = {"packet_id": packet.id, "kind": "note", "event": line.event, "giver_id": line.giver_id, "taker_id": line.taker_id,
                   "state": line.state, "follows": None, "recorded_at": line.recorded_at}  # fmt: skip
        ruled = {"nth": 1, "verdict": "applied", "by": "server", "at": line.recorded_at}
        db.session.execute(sa.insert(ScanRow), [as_row | {"digest": name} for name in names])
        db.session.execute(sa.insert(Verdict), [ruled | {"digest": name} for name in names])
        db.session.execute(
            sa.insert(Handoff),
            [as_line | {"seq": n, "digest": name, "prev_hash": name, "hash": name} for n, name in enumerate(names, 2)],
        )

    atomically(put)


class Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def test_a_long_record_takes_no_more_memory_than_a_short_one(world: World) -> None:
    packet = world.collected(world.phone())
    multiply(packet, 6000)
    db.session.rollback()
    peaks = []
    for within in (Range(until=MONDAY - timedelta(days=1)), Range()):
        tracemalloc.start()
        written = sum(epcis.write_epcis(Nowhere(), within, codes(), now()))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert written == 6001
    assert peaks[1] < peaks[0] + 6 * 2**20, peaks  # the rows of one page; all of them would be 15 MB and more


# ---- the planted bugs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("bizStep", "collected", "bizStep"), ("disposition", "lost", "disposition"), ("foo", 1, "key foo"), ("eventTimeZoneOffset", "+7:00", "offset"),
        ("eventTime", "2026-11-23", "eventTime"), ("action", "SEEN", "action"), ("epcList", ["HS-1"], "uri"), ("epcList", [], "of nothing"),
        ("bizStep", "urn:epcglobal:cbv:bizstep:receiving", "bizStep"),
        ("errorDeclaration", {"declarationTime": "2026-11-23T02:00:00Z", "reason": "typo", "correctiveEventIDs": []}, "reason typo"),
    ],
)  # fmt: skip
def test_what_the_published_schema_lets_through_is_noticed_here(
    world: World, path: str, value: Any, fault: str
) -> None:
    world.collected(world.phone())
    told = document()
    told["epcisBody"]["eventList"][0][path] = value
    assert any(fault in each for each in faults(told))


def test_a_list_without_its_name_is_noticed(world: World) -> None:
    submitted(world)
    told = document()
    del told["epcisBody"]["eventList"][-1]["parentID"]
    assert any("uri None" in each for each in faults(told))


def test_the_page_for_partners_shows_the_table_that_is() -> None:
    text = Path("docs/export.md").read_text()
    shown = {row[0]: row[1:] for row in re.findall(r"^\| (\w+) \| (\w+) \| ([^|]+) \| ?([^|]*?) ?\|$", text, re.M)}
    ways = {frozenset(Way): "", IN_DESK: " (in, between)", OUT: " (out)"}
    assert shown.pop("event")
    assert shown == {
        event: (said.step, _disposition(event, said), f"{said.postal}{ways[said.ways]}" if said.postal else "")
        for event, said in NAMES.items()
        if event != "amend"
    }


def _disposition(event: str, said: Named) -> str:
    by_count = "completeness_verified, mismatch_quantity; container_open where nobody counts"
    return said.disposition or (by_count if event == "open" else "by outcome")
