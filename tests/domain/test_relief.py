"""A courier falls ill: only their visits move, each says why, nothing they carry goes without its packet."""

from datetime import datetime
from itertools import permutations

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import corrections, day, dispatch, people, relief, rounds, visits
from app.domain.audit import AuditLine
from app.domain.ledger import Handoff
from app.domain.outbox import Message
from app.domain.packets import Packet, Way
from app.domain.people import Role, User
from app.domain.relief import Relief
from app.domain.visits import Visit, VisitState
from app.errors import Missing, Refused
from tests.domain.test_rounds import give, morning, order, visit_of
from tests.world import World


def third(world: World) -> User:
    where = db.session.merge(world.post)
    return atomically(people.hire, "courier3", "Vũ Thị Cúc", Role.COURIER, where, World.PASSWORD, badge="BT-0303")


def look(world: World, packet: Packet, at: datetime | None = None, courier: User | None = None) -> Relief:
    visit = visit_of(packet)
    return relief.look(world.post, (courier or world.courier).id, visit.slot.day, at or morning(packet, 7))


def set_out(world: World, packet: Packet, at: datetime) -> None:
    round_ = visit_of(packet).round
    assert round_
    atomically(day.set_out, round_.id, world.act(db.session.get_one(User, round_.courier_id), at))


def take_over(world: World, found: Relief, at: datetime) -> list[Visit]:
    chosen: dict[int, str | None] = {one.visit.id: one.courier.id if one.courier else None for one in found.proposals}
    the_day = found.proposals[0].visit.slot.day if found.proposals else found.stays[0].slot.day
    act = world.act(world.dispatcher, at)
    return atomically(relief.relieve, world.post, found.courier.id, the_day, chosen, act)


def far_away(packet: Packet, north: float) -> None:
    def move() -> None:
        citizen = visit_of(packet).packet.dossier.citizen
        citizen.lat += north

    atomically(move)


def test_removing_one_courier_moves_only_that_couriers_visits_and_each_move_has_its_reason(world: World) -> None:
    mine, others = [world.packet() for _ in range(3)], [world.packet() for _ in range(2)]
    for packet in others[1], mine[1]:
        far_away(packet, 0.02)
    give(world, world.courier, *mine)
    give(world, world.second_courier, *others)
    set_out(world, others[0], morning(others[0], 7, 45))
    set_out(world, mine[0], morning(mine[0], 7, 45))
    before = order(*others)
    found = look(world, mine[0], morning(mine[0], 8, 5))
    assert [one.visit.packet_id for one in found.proposals] == [packet.id for packet in (mine[0], mine[2], mine[1])]
    assert {one.courier and one.courier.id for one in found.proposals} == {world.second_courier.id}
    assert all(one.broken is None and one.arrives_at for one in found.proposals)
    assert [one.detour > 1_000 for one in found.proposals] == [False, False, True], "one home lies two kilometres off"
    moved = take_over(world, found, morning(mine[0], 8, 6))
    assert {visit.packet_id for visit in moved} == {packet.id for packet in mine}
    assert all(visit_of(packet).courier.id == world.second_courier.id for packet in (*mine, *others))  # type: ignore[union-attr]
    places = order(*others)
    assert sorted(places, key=lambda each: each or 0) == places and before == sorted(before, key=lambda each: each or 0)
    for one in found.proposals:  # what was said is what came of it, but for the minute that went by
        visit = visit_of(db.session.get_one(Packet, one.visit.packet_id))
        assert (
            one.arrives_at
            and visit.arrives_at
            and visit.arrives_at <= visits.starts_at(visit.slot.day, visit.slot.closes)
        )
    note = db.session.scalar(sa.select(AuditLine).filter_by(action="relieve"))
    the_day = visit_of(mine[0]).slot.day
    assert note and (note.user_id, note.subject) == (world.dispatcher.id, f"courier {world.courier.id}")
    assert note.details == {"day": the_day.isoformat(), "moved": 3}


def test_colleagues_on_the_way_are_announced_at_once_and_those_still_here_when_they_set_out(world: World) -> None:
    packets = [world.packet() for _ in range(2)]
    give(world, world.courier, packets[0])
    set_out(world, packets[0], morning(packets[0], 7, 45))
    give(world, world.second_courier, packets[1])
    set_out(world, packets[1], morning(packets[1], 7, 45))

    def told() -> int:
        kinds = sa.select(sa.func.count()).select_from(Message).filter_by(kind="courier_today")
        return db.session.scalar(kinds) or 0

    assert told() == 2
    take_over(world, look(world, packets[0], morning(packets[0], 8)), morning(packets[0], 8))
    assert told() == 3 and visit_of(packets[0]).state == VisitState.EN_ROUTE
    here = third(world)
    chosen: dict[int, str | None] = {visit_of(packet).id: here.id for packet in packets}
    the_day = visit_of(packets[0]).slot.day
    act = world.act(world.dispatcher, morning(packets[0], 8, 10))
    atomically(relief.relieve, world.post, world.second_courier.id, the_day, chosen, act)
    assert told() == 3 and {visit_of(packet).state for packet in packets} == {VisitState.ASSIGNED}
    set_out(world, packets[0], morning(packets[0], 8, 15))
    assert told() == 5


def test_what_is_in_the_bag_stays_and_goes_along_when_the_packet_changes_hands(world: World) -> None:
    held, other = world.packet(Way.OUT), world.packet()
    assert world.record(world.phone().scan(held, "take")).verdict == "applied"
    give(world, world.courier, held, other)
    set_out(world, other, morning(other, 7, 45))
    found = look(world, other, morning(other, 8))
    assert [visit.packet_id for visit in found.stays] == [held.id] and found.bag == 1
    assert [one.visit.packet_id for one in found.proposals] == [other.id]
    take_over(world, found, morning(other, 8))
    assert visit_of(held).courier == world.courier, "nobody else can bring it"
    packet = world.fresh(held)
    atomically(
        corrections.hand_on, packet, world.act(world.dispatcher, morning(other, 9)), head=packet.head,
        courier=db.session.get_one(User, world.second_courier.id), sighting="NP0045821", reason="courier_ill",
    )  # fmt: skip
    visit = visit_of(held)
    assert visit.courier == db.session.get_one(User, world.second_courier.id)
    assert visit.arrives_at and (visit.state, visit.position) == (VisitState.ASSIGNED, 2)


def test_a_packet_passed_from_phone_to_phone_takes_its_visit_along_and_one_taken_at_a_counter_does_not(
    world: World,
) -> None:
    passed, planned = world.packet(Way.OUT), world.packet(Way.OUT)
    giver, taker = world.phone(), world.phone(db.session.get_one(User, world.second_courier.id))
    assert world.record(giver.scan(passed, "take")).verdict == "applied"
    give(world, world.courier, passed, planned)
    packet = world.fresh(passed)
    outcome = world.record(taker.scan(packet, "transfer", giver=giver.party, proof=[("PEER", giver.offer(packet))]))
    assert outcome.verdict == "applied", outcome
    assert visit_of(passed).courier == db.session.get_one(User, world.second_courier.id)
    assert world.record(taker.scan(world.fresh(planned), "take")).verdict == "applied"
    assert visit_of(planned).courier == db.session.get_one(User, world.courier.id), (
        "who takes it may only bring it to the office"
    )


def test_nobody_left_in_time_is_said_and_by_whom_it_would_be_least_late(world: World) -> None:
    packet = world.packet()
    give(world, world.courier, packet)
    [one] = look(world, packet, morning(packet, 11)).proposals
    assert (one.broken, one.courier) == ("late", db.session.get_one(User, world.second_courier.id))
    assert one.arrives_at and one.arrives_at > morning(packet, 11)
    found = look(world, packet, morning(packet, 8))
    atomically(
        relief.relieve, world.post, world.second_courier.id, visit_of(packet).slot.day, {}, world.act(world.dispatcher)
    )
    [nobody] = look(world, packet, morning(packet, 8)).proposals
    assert found.proposals[0].courier and (nobody.courier, nobody.arrives_at) == (None, None)


def test_who_goes_no_further_is_given_nothing_by_hand_or_plan_until_they_can_again(world: World) -> None:
    packet = world.packet()
    the_day = visit_of(packet).slot.day
    act = world.act(world.dispatcher)
    atomically(relief.relieve, world.post, world.courier.id, the_day, {}, act)
    with pytest.raises(Refused, match="courier_stopped$"):
        atomically(dispatch.assign, world.post, [visit_of(packet).id], world.courier.id, act)
    assert visit_of(packet).courier is None
    assert [one.key for one in dispatch.problem(world.post, the_day).couriers] == [world.second_courier.id]
    held = world.packet(Way.OUT)
    assert world.record(world.phone().scan(held, "take")).verdict == "applied"
    plan = dispatch.routes.plan(dispatch.problem(world.post, the_day), iterations=10)
    atomically(dispatch.adopt, world.post, the_day, plan, act)
    assert visit_of(held).courier is None
    for courier in (world.courier, world.second_courier):  # who never stopped has nothing to resume
        atomically(relief.resume, world.post, courier.id, the_day, act)
    [note] = db.session.scalars(sa.select(AuditLine).filter_by(action="resume"))
    assert (note.user_id, note.subject) == (world.dispatcher.id, f"courier {world.courier.id}")
    assert note.details == {"day": the_day.isoformat()}
    assert atomically(dispatch.assign, world.post, [visit_of(packet).id], world.courier.id, act) == 1


def test_only_the_couriers_own_open_visits_are_taken_and_only_by_their_office(world: World) -> None:
    mine, other = world.packet(), world.packet()
    give(world, world.courier, mine)
    give(world, world.second_courier, other)
    the_day, act = visit_of(mine).slot.day, world.act(world.dispatcher)
    ids: dict[int, str | None] = {visit_of(mine).id: world.second_courier.id, visit_of(other).id: None}
    [moved] = atomically(relief.relieve, world.post, world.courier.id, the_day, ids, act)
    assert moved.packet_id == mine.id and visit_of(other).courier
    for office, who in (world.other_post, world.courier), (world.post, world.strange_courier):
        with pytest.raises(Missing, match="courier_unknown$"):
            atomically(relief.relieve, office, who.id, the_day, {}, act)
    with pytest.raises(Missing, match="courier_unknown$"):
        atomically(
            relief.relieve, world.post, world.second_courier.id, the_day, {visit_of(mine).id: "nobody-known"}, act
        )
    assert not visits.round_of(db.session.get_one(User, world.second_courier.id), the_day).stopped_at  # type: ignore[union-attr]


def test_a_late_word_of_whoever_was_taken_off_ends_nothing_and_a_collection_of_theirs_counts(world: World) -> None:
    first, second = world.packet(), world.packet()
    give(world, world.courier, first, second)
    set_out(world, first, morning(first, 7, 45))
    take_over(world, look(world, first, morning(first, 8)), morning(first, 8))
    phone = world.phone()
    missed = phone.scan(
        world.fresh(first), "miss", morning(first, 8, 5), taker=first.holder_id, parent=None, reason="nobody_home",
        next="another_day",
    )  # fmt: skip
    world.record(missed, morning(first, 8, 10))
    assert visit_of(first).state in visits.OPEN
    world.collected(phone, second)
    assert visit_of(second).state == VisitState.DONE


def test_who_moves_to_another_time_is_not_put_on_a_stopped_round(world: World) -> None:
    packet = world.packet()
    give(world, world.courier, packet)
    visit = visit_of(packet)
    atomically(relief.relieve, world.post, world.courier.id, visit.slot.day, {}, world.act(world.dispatcher))
    offer = next(
        one
        for one in visits.offers(world.post, world.act().at)
        if one.day == visit.slot.day and one.opens > visit.slot.opens
    )
    moved = atomically(rounds.move, visit_of(packet), offer, world.post, world.act())
    assert moved.courier is None


def test_many_visits_are_shared_fairly(world: World) -> None:
    def room() -> None:
        db.session.merge(world.post).slot_places = 20

    atomically(room)
    here = third(world)
    packets = [world.packet() for _ in range(10)]
    give(world, world.courier, *packets)
    found = look(world, packets[0])
    counts = [
        sum(one.courier is not None and one.courier.id == who for one in found.proposals)
        for who in (world.second_courier.id, here.id)
    ]
    assert sorted(counts) == [4, 6]


def passed_on(world: World, packet: Packet, giver: User, taker: User) -> None:
    before, after = world.phone(giver), world.phone(taker)
    held = world.fresh(packet)
    over = after.scan(held, "transfer", giver=before.party, proof=[("PEER", before.offer(held))])
    assert world.record(over).verdict == "applied"


def test_a_visit_follows_its_packet_only_from_the_round_of_whoever_gave_it(world: World) -> None:
    first, second, here = world.courier, world.second_courier, third(world)
    result, papers = world.packet(Way.OUT), world.collected(world.phone(first))
    passed_on(world, papers, first, second)  # no visit waits for papers on their way in
    assert world.record(world.phone(first).scan(world.fresh(result), "take")).verdict == "applied"
    passed_on(world, result, first, second)
    assert visit_of(result).courier is None, "it was on nobody's round"
    give(world, second, result)
    passed_on(world, result, second, first)
    passed_on(world, result, first, here)
    assert visit_of(result).courier == db.session.get_one(User, here.id)
    passed_on(world, result, here, db.session.get_one(User, world.strange_courier.id))
    assert visit_of(result).courier == db.session.get_one(User, here.id), "another office's courier has no round here"


def test_whoever_takes_a_packet_over_under_way_is_announced(world: World) -> None:
    held, other = world.packet(Way.OUT), world.packet()
    assert world.record(world.phone().scan(held, "take")).verdict == "applied"
    give(world, world.courier, held)
    give(world, world.second_courier, other)
    for packet in held, other:
        set_out(world, packet, morning(packet, 7, 45))
    numbers = sa.select(Message.values).filter_by(kind="courier_today").order_by(Message.id)
    before = len(list(db.session.scalars(numbers)))
    passed_on(world, held, world.courier, world.second_courier)
    told = list(db.session.scalars(numbers))[before:]
    assert [each["number"] for each in told] == [held.dossier.number]
    assert visit_of(held).state == VisitState.EN_ROUTE


def test_whoever_takes_a_packet_over_before_setting_out_is_not(world: World) -> None:
    held = world.packet(Way.OUT)
    assert world.record(world.phone().scan(held, "take")).verdict == "applied"
    give(world, world.courier, held)
    passed_on(world, held, world.courier, world.second_courier)
    assert not list(db.session.scalars(sa.select(Message.id).where(Message.kind.startswith("courier_"))))


@pytest.mark.dialects("sqlite")
@pytest.mark.usefixtures("laws_hold")
def test_a_whole_bag_handed_on_ends_alike_in_every_order_told_twice_and_what_is_missing_stays_with_the_giver(
    world: World,
) -> None:
    """Both phones tell both signatures; the giver goes on with what was not scanned."""
    before, after = world.phone(), world.phone(world.second_courier)
    orders = set(permutations(("first", "first", "second", "second", "missing")))
    for told in sorted(each for each in orders if each.index("first") < each.index("second")):  # the two are alike
        bag = {name: world.packet(Way.OUT) for name in ("first", "second", "missing")}
        for packet in bag.values():
            assert world.record(before.scan(packet, "take")).verdict == "applied"
        give(world, world.courier, *bag.values())
        scans = {
            name: after.scan(held, "transfer", giver=before.party, proof=[("PEER", before.offer(held)), ("LISTED", "")])
            for name in ("first", "second")
            if (held := world.fresh(bag[name]))
        }
        scans["missing"] = before.scan(
            world.fresh(bag["missing"]), "miss", parent=None, reason="nobody_home", next="later_today",
            taker=before.party,
        )  # fmt: skip
        verdicts = [world.record(scans[name]).verdict for name in told]
        assert verdicts == ["applied"] * 5, "told again it is the same answer"
        holders = {name: world.fresh(packet).holder_id for name, packet in bag.items()}
        assert holders == {"first": after.party, "second": after.party, "missing": before.party}, told
        assert ledger_of(bag["first"]) == ledger_of(bag["second"]) == ["take", "transfer"], told
        assert {name: visit_of(packet).courier for name, packet in bag.items() if name != "missing"} == {
            name: db.session.get_one(User, world.second_courier.id) for name in ("first", "second")
        }


def ledger_of(packet: Packet) -> list[str]:
    return list(db.session.scalars(sa.select(Handoff.event).filter_by(packet_id=packet.id).order_by(Handoff.seq)))
