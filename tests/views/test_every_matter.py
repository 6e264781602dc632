"""Every kind of matter, raised as it really comes about: on the board in words, with an owner, a deadline, and a way out
that whoever it belongs to can go from its page."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from app import worker
from app.db import atomically, db
from app.domain import (
    audit,
    bodies,
    checkpoints,
    corrections,
    dossiers,
    incidents,
    numbers,
    outbox,
    packets,
    petitions,
    remittances,
    results,
    scans,
    staff,
    visits,
    watch,
)
from app.domain.codes import Purpose
from app.domain.devices import Device
from app.domain.manifests import Found
from app.domain.notes import Head
from app.domain.outbox import Message
from app.domain.packets import Packet, Way
from app.domain.people import Role
from app.domain.tasks import KINDS, Keeper, Task, TaskKind
from app.views import matters, settling
from tests.conftest import signing_in
from tests.domain.test_corrections import Quarrel
from tests.domain.test_desk import receive
from tests.domain.test_incidents import opened as opened_file
from tests.domain.test_manifests import Handing
from tests.domain.test_money import paid
from tests.domain.test_money import settle as settle_money
from tests.domain.test_remittances import hand_over as hand_fees_over
from tests.domain.test_watch import owing
from tests.forging import superuser
from tests.journeys.pages import Visitor
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("monday")

K = TaskKind
HOUR = timedelta(hours=1)
SIGHTING = "Chị Sen thấy ở kệ 3 bưu cục, 9:10"


def look(world: World, later: timedelta = timedelta()) -> None:
    atomically(watch.look, MONDAY + later)


# ---- how each comes about ---------------------------------------------------------------------------------------


def held(world: World) -> None:
    world.record(world.phone().scan(world.packet(), "collect", seal=None))


def disputed(world: World) -> None:
    packet = world.packet(Way.OUT)
    for claim in [world.phone(courier).scan(packet, "take") for courier in (world.courier, world.second_courier)]:
        world.record(claim)


def quarantined(world: World) -> None:
    world.record(bodies.parse(world.phone().scan(world.packet(), "collect").body, b"x" * 64))


def lost(world: World) -> None:
    packet = world.collected(world.phone())
    act, facts = world.act(world.dispatcher), {"head": packet.head, "reason": "not_found", "second": world.clerk}
    atomically(corrections.lose, packet, act, **facts)


def missing(world: World) -> None:
    handing = Handing(world, 2)
    handing.receive(handing.takes(handing.packets[0]))


def surplus(world: World) -> None:
    handing = Handing(world, 2)
    handing.receive(handing.takes(*handing.packets), handing.listed(handing.codes[:1]))


def damaged(world: World) -> None:
    handing = Handing(world, 1)
    torn = {handing.codes[0]: Found("NP0045821", is_intact=False, remark="rách")}
    handing.receive(handing.takes(*handing.packets), found=torn)


def collected_unproven(world: World) -> None:
    assert world.record(world.phone().scan(world.packet(), "collect")).why == "collect_unproven"


def delivered_unverified(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    facts = {"giver": phone.party, "taker": phone.party, "proof": [("WET_CLAIMED", "")]}
    world.record(phone.scan(world.fresh(packet), "deliver", **facts))
    look(world)


def another_seal(world: World) -> None:
    world.record(world.phone().scan(world.packet(Way.OUT), "take", seal="NP0099999"))


def both_slips(world: World) -> None:
    giver, packet = world.phone(), world.packet(Way.OUT)
    world.record(giver.scan(packet, "take"))
    atomically(packets.issue_slip, world.fresh(packet), 25942, world.act())
    offered = [("PEER", giver.offer(world.fresh(packet)))]
    world.record(world.phone(world.second_courier).scan(world.fresh(packet), "transfer", proof=offered, issue=2))


def called_off(world: World) -> None:
    packet = world.collected(world.phone())
    atomically(corrections.call_off, packet, world.act())


def repeated_perhaps(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    for parent in (packet.genesis.hex(), None):
        world.record(phone.scan(packet, "take", giver=world.desk.party_id, parent=parent))


def late_after_settlement(world: World) -> None:
    quarrel = Quarrel(world)
    packet = quarrel.settle(holder=quarrel.other.party, tip=quarrel.second.digest)
    facts = {"giver": world.desk.party_id, "parent": packet.genesis.hex()}
    world.record(world.phone(world.courier).scan(packet, "take", **facts))


def after_its_time(world: World) -> None:
    """Nobody can say whether the phone scanned it before it was taken out of service."""
    phone = world.phone()
    atomically(lambda: setattr(db.session.get_one(Device, phone.device_id), "revoked_at", MONDAY - HOUR))
    assert world.record(phone.scan(world.packet(Way.OUT), "take", at=MONDAY - 2 * HOUR)).why == "device_revoked"


def not_me(world: World) -> None:
    """One courier delivered three packets; of one the citizen says: it was not me."""
    phone, brought = world.phone(), [world.packet(Way.OUT) for _ in range(3)]
    for packet in brought:
        world.record(phone.scan(packet, "take"))
        proof, home = [("CODE", world.code(packet, Purpose.DELIVER))], packet.dossier.citizen.party_id
        assert world.record(phone.scan(world.fresh(packet), "deliver", taker=home, proof=proof)).verdict == "applied"
    packet = world.fresh(brought[0])
    said = {"head": packet.head, "line": packet.head, "reason": "not_me", "actor": packet.dossier.citizen.party_id}
    atomically(corrections.contest, packet, world.act(), **said)


def clock_off(world: World) -> None:
    world.record(world.phone().scan(world.packet(Way.OUT), "take", at=MONDAY + HOUR))


def gap(world: World) -> None:
    owing(world, world.phone())
    look(world, 2 * HOUR)


def frozen(world: World) -> None:
    phone, one, other = world.phone(), world.packet(Way.OUT), world.packet(Way.OUT)
    world.record(phone.scan(one, "take"))
    phone.n -= 1
    world.record(phone.scan(other, "take"))


def forged_slip(world: World) -> None:
    token = world.packet().slip.token
    forged = token[:60] + ("0" if token[60] != "0" else "1") + token[61:]
    packet = world.packet()
    world.record(world.phone().scan(packet, "collect", proof=[("SLIP", forged)]))


def fork_of_log(world: World) -> None:
    atomically(checkpoints.alarm, [Head(7, b"x" * 32)], world.phone().device_id, MONDAY)


def unreadable(world: World) -> None:
    atomically(scans.keep_raw, b"{", world.phone().device_id, MONDAY)
    look(world)


def law_broken(world: World) -> None:
    packet = world.collected(world.phone())
    with superuser() as raw:
        raw.execute(sa.update(Packet).where(Packet.id == packet.id).values(holder_id=world.desk.party_id))
    assert worker.check_laws() == 1


def numbers_low(world: World) -> None:
    atomically(numbers.load_pool, "RR", 1, 10, MONDAY)
    atomically(lambda: [numbers.take_s10() for _ in range(10)])
    look(world)


def log_unsigned(world: World) -> None:
    world.collected(world.phone())
    atomically(audit.note, "laws_checked", "night", world.act(None, MONDAY - 30 * HOUR), raised=0)
    atomically(watch.look, MONDAY + 30 * HOUR)


def disk_fills(world: World) -> None:
    atomically(watch.look, MONDAY, 85)


def disk_full(world: World) -> None:
    atomically(watch.look, MONDAY, 95)


def unheard(world: World) -> None:
    packet = world.packet()

    def give_up() -> None:
        dossiers.tell(db.session.get_one(Packet, packet.id).dossier, "lost", MONDAY)
        db.session.flush()
        message = db.session.scalars(sa.select(Message)).one()
        outbox.failed(message.id, "HTTP 400", MONDAY + outbox.PATIENCE + HOUR)

    atomically(give_up)
    atomically(watch.look, MONDAY + outbox.PATIENCE + 2 * HOUR)


def counted_otherwise(world: World) -> None:
    receive(world, world.collected(world.phone()), counts={1: 1, 2: 0, 4: 1})


def nobody_came(world: World) -> None:
    packet = world.packet()
    visit = visits.open_visit(packet.id)
    assert visit
    atomically(watch.look, visits.starts_at(visit.slot.day, visit.slot.closes) + HOUR)


def fee_back(world: World) -> None:
    packet = paid(world, world.phone())
    settle_money(world)
    made = hand_fees_over(world)
    atomically(remittances.receive, made, world.act(world.officer), made.amount, "BL-1")
    facts = {"head": packet.head, "reason": "wrong_packet", "second": world.dispatcher}
    atomically(lambda: corrections.correct(world.fresh(packet), world.act(world.clerk), **facts))


def fee_owed(world: World) -> None:
    atomically(corrections.call_off, paid(world, world.phone()), world.act(world.clerk))


def file_due(world: World) -> None:
    opened_file(world)
    atomically(watch.look, MONDAY + 7 * 24 * HOUR)


def number_changed(world: World) -> None:
    packet = world.packet(Way.OUT)
    facts = {"phone": "0900 000 777", "second_phone": "", "street": packet.dossier.citizen.street}
    atomically(lambda: results.reconfirm(packet.dossier, world.act(world.officer), "reached", **facts))


def left(world: World) -> None:
    world.collected(world.phone())
    atomically(staff.end, world.courier, world.act(world.admin), knows=True)


def asked_about_data(world: World) -> None:
    atomically(petitions.ask, world.packet().dossier, petitions.Kind.CORRECT, "Tên viết sai", world.act())


ARISES: dict[TaskKind, Callable[[World], None]] = {
    K.HELD: held, K.DISPUTED: disputed, K.QUARANTINED: quarantined, K.LOST: lost, K.MISSING: missing,
    K.SURPLUS: surplus, K.COLLECT_UNPROVEN: collected_unproven, K.DELIVERY_UNVERIFIED: delivered_unverified,
    K.SEAL_MISMATCH: another_seal, K.DAMAGED: damaged, K.OLD_ISSUE: both_slips, K.AFTER_CANCEL: called_off,
    K.UNSURE_REPEAT: repeated_perhaps, K.AFTER_SETTLE: late_after_settlement, K.DOUBTED: after_its_time, K.SIMILAR: not_me, K.CLOCK: clock_off, K.DEVICE_GAP: gap,
    K.DEVICE_FROZEN: frozen, K.FORGED_SLIP: forged_slip, K.FORK_OF_LOG: fork_of_log, K.LAW_BROKEN: law_broken,
    K.LEAVER: left, K.COUNT: counted_otherwise, K.NO_SHOW: nobody_came, K.FEE_BACK: fee_back, K.FEE_OWED: fee_owed, K.RAW_INBOX: unreadable, K.NUMBERS_LOW: numbers_low,
    K.LOG_UNSIGNED: log_unsigned, K.UNHEARD: unheard, K.DISK_FILLS: disk_fills, K.DISK_FULL: disk_full,
    K.NUMBER_CHANGED: number_changed, K.FILE_DUE: file_due, K.PETITION: asked_about_data,
}  # fmt: skip


# ---- how each ends ----------------------------------------------------------------------------------------------


def settle(page: Visitor, world: World, packet: Packet) -> None:
    """By two people, for what one of them has seen."""
    assert page.page
    page.open(f"/corrections/{packet.number}/settle")
    endings = re.findall(r'name="ending"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="ending"', page.page.text)
    at_post = next(a or b for a, b in endings if (a or b).startswith("AT_POST"))
    page.send(to="/settle", ending=at_post, sighting=SIGHTING, reason="packet_seen", step="check")
    second = {"second_login": "dispatcher1", "second_secret": World.PASSWORD}
    page.send(to="/settle", step="write", password=World.PASSWORD, **second)


def prove(page: Visitor, world: World, packet: Packet) -> None:
    """A clerk has the signed slip in hand."""
    page.open(f"/office/packets/{packet.number}").send(to="/confirm", paper="y")


def admit(page: Visitor, world: World, packet: Packet) -> None:
    """A supervisor has asked, and lets the scan count."""
    page.send(to="/admit")
    assert world.fresh(packet).holder_id == world.courier.party_id


def take_in(page: Visitor, world: World, packet: Packet) -> None:
    """It lay at the post office: a clerk scans it there."""
    page.open(f"/office/packets/{packet.number}").send(to="/hand-in", seal="NP0045821")
    look(world)
    assert world.fresh(packet).holder_id == world.post.party_id


def answer(page: Visitor, world: World, packet: Packet) -> None:
    """The side that had not been heard, and how it ended."""
    (file,) = incidents.about(packet)
    page.open(f"/incidents/{file.number}").send(to="/say", side="post", words="Túi còn nguyên khi giao")
    page.send(to="/close", outcome="unfounded", fault="nobody", words="Giấy tờ đủ, đã xin lỗi")
    look(world)


def give_the_last_word(page: Visitor, world: World, packet: Packet) -> None:
    """A supervisor gives the last word on the page of the request."""
    page.open("/requests/1").send(to="/requests/1", outcome="refused", words="Tên ghi đúng như căn cước.")


SETTLES: dict[TaskKind, tuple[str, Callable[[Visitor, World, Packet], None]]] = {
    K.DISPUTED: ("settle", settle), K.LOST: ("settle", settle), K.DELIVERY_UNVERIFIED: ("/office/packets/", prove),
    K.DOUBTED: ("/admit", admit), K.LEAVER: ("/office/packets/", take_in),
    K.FILE_DUE: ("/incidents/SC-", answer), K.PETITION: ("/requests/1", give_the_last_word),
}  # fmt: skip
WHO = {K.DISPUTED: Role.SUPERVISOR, K.LOST: Role.SUPERVISOR}  # who decides, when it is not whose matter it is


def card(page: Visitor, task: Task) -> str:
    """The words of this task's card on the board."""
    assert page.open("/exceptions/").page
    (article,) = re.findall(rf'<article(?:(?!</article>).)*"/exceptions/{task.id}".*?</article>', page.page.text, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", article).replace("\u00a0", " ").split())


def test_a_matter_of_a_phone_says_whose_it_is_and_leads_there(world: World) -> None:
    ARISES[K.DEVICE_GAP](world)
    db.session.rollback()
    task = db.session.scalars(sa.select(Task).filter_by(kind=K.DEVICE_GAP)).one()
    clerk = signing_in(world.app)(world.clerk)
    page = clerk.get(f"/exceptions/{task.id}").text
    assert world.courier.name in page.split("<main")[1] and f"/phones/{task.device_id}" in page
    assert clerk.get(f"/phones/{task.device_id}").status_code == 200


def test_papers_that_nobody_came_for_are_at_home_and_not_looked_for(world: World) -> None:
    nobody_came(world)
    db.session.rollback()
    said = card(Visitor(signing_in(world.app)(world.clerk)), db.session.scalars(sa.select(Task)).one())
    assert "Giấy tờ vẫn ở nhà" in said and "Theo sổ" not in said


@pytest.mark.parametrize("kind", [K.PETITION, K.UNHEARD])
def test_where_papers_are_is_not_doubted_for_what_was_asked_or_not_heard(world: World, kind: TaskKind) -> None:
    ARISES[kind](world)
    db.session.rollback()
    task = db.session.scalars(sa.select(Task).filter_by(kind=kind)).one()
    whose = world.clerk if task.office_id else world.supervisor
    said = card(Visitor(signing_in(world.app)(whose)), task)
    assert "Giấy tờ ở người dân" in said and "Theo sổ" not in said


@pytest.mark.parametrize("kind", TaskKind)
def test_a_matter_is_told_owned_due_and_can_be_settled(world: World, kind: TaskKind) -> None:
    ARISES[kind](world)
    db.session.rollback()
    task = db.session.scalars(sa.select(Task).filter_by(kind=kind, closed_at=None)).one()
    rule = KINDS[kind]
    staff = {world.post.id: world.clerk, world.desk.id: world.officer, None: world.supervisor}
    whose = staff[task.office_id]
    assert (task.office_id is None) == (rule.keeper is Keeper.SUPERVISOR)
    enter = signing_in(world.app)
    page = Visitor(enter(world.supervisor if kind in WHO else whose))

    said = card(Visitor(enter(whose)), task)
    with world.app.test_request_context(), force_locale("vi"):
        title, steps, closes = matters.title(kind), settling.steps(task), [matters.OUTCOMES[o] for o in rule.outcomes]
        texts = [title, *steps, *map(str, closes)]
    assert title in said and "%(" not in said
    assert (task.office.name if task.office else "Giám sát") in said and "chưa ai nhận" in said
    assert re.search(r"còn \d|đến hạn bây giờ|quá hạn", said), said

    page.open(f"/exceptions/{task.id}").sees(*texts).send(to=f"/exceptions/{task.id}/take")
    assert page.page
    if kind in SETTLES:
        named, go = SETTLES[kind]
        assert task.packet and named in page.page.text
        go(page, world, task.packet)
    else:
        second = {"second_login": "dispatcher1", "second_secret": World.PASSWORD} if rule.two else {}
        page.send(to=f"/exceptions/{task.id}/close", outcome=rule.outcomes[0], **second)
    db.session.rollback()
    task = db.session.get_one(Task, task.id)
    assert task.closed_at is not None and task.outcome
    page.open(f"/exceptions/{task.id}").sees(title)
    assert f'"/exceptions/{task.id}"' not in page.client.get("/exceptions/").text


@pytest.mark.parametrize("kind", TaskKind)
def test_every_way_out_that_is_offered_can_be_opened(world: World, kind: TaskKind) -> None:
    ARISES[kind](world)
    db.session.rollback()
    task = db.session.scalars(sa.select(Task).filter_by(kind=kind, closed_at=None)).one()
    staff = {world.post.id: (world.clerk, world.dispatcher), world.desk.id: (world.officer,), None: ()}
    for user in (*staff[task.office_id], world.supervisor):
        client = signing_in(world.app)(user)
        acts = re.search(r'<ul class="acts">.*?</ul>', client.get(f"/exceptions/{task.id}").text, re.S)
        for href in re.findall(r'<a href="([^"]+)"', acts[0] if acts else ""):
            assert client.get(href).status_code == 200, (user.login, href)
