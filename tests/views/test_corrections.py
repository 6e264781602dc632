"""A record is put right by a new line: shown word for word before it is written, signed by two where the law wants two."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.db import atomically, db
from app.domain import custody, ledger, remedies, scans, tasks
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.remedies import Remedy
from app.domain.scans import Ruling, ScanExtra, ScanRow
from app.domain.tasks import Task, TaskKind
from tests.conftest import signing_in
from tests.inspecting import faults
from tests.test_race import rush
from tests.views.test_desk import seen
from tests.world import MONDAY, Phone, World

SECOND = {"second_login": "dispatcher1", "second_secret": World.PASSWORD}
SIGHTING = "Chị Sen thấy ở kệ 3 bưu cục, 9:10"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=False) as moving:
        yield moving


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("\u00a0", " ").split())


class Quarrel:
    """Two couriers say they took one result from the desk."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.packet = world.packet(Way.OUT)
        self.one, self.other = world.phone(), world.phone(world.second_courier)
        self.first, self.second = self.one.scan(self.packet, "take"), self.other.scan(self.packet, "take")
        for scan in (self.first, self.second):
            world.record(scan)
        self.number = self.packet.number

    @property
    def fresh(self) -> Packet:
        return self.world.fresh(self.packet)

    def events(self) -> list[str]:
        return [line.event for line in ledger.lines(self.fresh)]

    def facts(self, page: str, **over: str) -> dict[str, str]:
        found = next(e for e in remedies.endings(self.fresh) if e.tip == self.second.digest)
        return {"head": seen(page), "ending": found.key, "sighting": SIGHTING, "reason": "packet_seen"} | over


def url(number: str, act: str = "") -> str:
    return f"/corrections/{number}" + (f"/{act}" if act else "")


def settling(client: FlaskClient, quarrel: Quarrel) -> dict[str, str]:
    """The facts as typed, after the page that shows what will be written."""
    facts = quarrel.facts(client.get(url(quarrel.number, "settle")).text)
    assert client.post(url(quarrel.number, "settle"), data=facts).status_code == 200
    return facts | {"step": "write"}


def test_a_supervisor_settles_a_dispute_with_a_second_person(app: Flask, world: World) -> None:
    quarrel, client = Quarrel(world), signing_in(app)(world.supervisor)
    form = words(client.get(url(quarrel.number, "settle")).text)
    for choice in ("Trần Văn Bưởi (DA-01) đang mang gói, đúng như lượt quét", "Gói nằm ở Bưu cục Dĩ An", "Gói mất hẳn"):
        assert choice in form, choice
    facts = quarrel.facts(client.get(url(quarrel.number, "settle")).text)
    check = words(client.post(url(quarrel.number, "settle"), data=facts).text)
    for said in (
        f"số 3 của gói {quarrel.number}", "Phường Dĩ An", "Lê Thị Cam (DA-02)", SIGHTING, "Lý do",
        "Lượt kia để riêng và vẫn được giữ", "Người dân nhận tin nguyên văn", "Người thứ hai cũng đọc trang này",
    ):  # fmt: skip
        assert said in check, said
    assert quarrel.fresh.dossier.secret not in check  # the citizen's link is not the staff's
    assert quarrel.events() == ["take", "dispute"]  # nothing yet
    answer = client.post(url(quarrel.number, "settle"), data=facts | SECOND | {"step": "write"})
    assert answer.status_code == 302
    packet = quarrel.fresh
    assert (packet.state, packet.holder_id) == (State.CARRIED, quarrel.other.party)
    assert quarrel.events() == ["take", "dispute", "settle"]
    assert [v.verdict for v in (scans.latest(quarrel.first.digest), scans.latest(quarrel.second.digest)) if v] == [
        Ruling.QUARANTINED, Ruling.DUPLICATE,
    ]  # fmt: skip
    assert faults(packet) == []
    assert db.session.scalars(sa.select(Task.closed_at).filter_by(kind=TaskKind.DISPUTED)).one() == MONDAY
    told = db.session.scalars(sa.select(Message).filter_by(kind="settled")).one()
    assert told.values["number"] == packet.dossier.number
    after = words(client.get(url(quarrel.number)).text)
    assert "Hai người đã phân xử" in after


def test_what_the_citizen_is_told_of_a_packet_given_up_for_lost_is_shown_before_it_is_written(
    world: World, sign_in: Any
) -> None:
    quarrel, client = Quarrel(world), sign_in(world.supervisor)
    gone = next(ending for ending in remedies.endings(quarrel.fresh) if ending.state is State.WRITTEN_OFF)
    facts = quarrel.facts(client.get(url(quarrel.number, "settle")).text, ending=gone.key, reason="gone")
    check = words(client.post(url(quarrel.number, "settle"), data=facts).text)
    assert f"Gói {quarrel.fresh.dossier.number} đã mất" in check and "đã làm rõ" not in check


def test_the_words_of_a_sighting_stand_beside_the_scan_and_only_their_hash_in_it(world: World, sign_in: Any) -> None:
    quarrel, client = Quarrel(world), sign_in(world.officer)
    page = client.get(url(quarrel.number, "sighting")).text
    facts = {"head": seen(page), "seal": "np 0045 821", "sighting": SIGHTING}
    assert "NP 0045 821" in words(client.post(url(quarrel.number, "sighting"), data=facts).text)
    assert client.post(url(quarrel.number, "sighting"), data=facts | {"step": "write"}).status_code == 302
    line = ledger.lines(quarrel.fresh)[-1]
    assert (line.event, line.kind, quarrel.fresh.state) == ("sighting", "note", State.DISPUTED)
    extra, row = db.session.get_one(ScanExtra, line.digest), db.session.get_one(ScanRow, line.digest)
    assert extra.free_text == SIGHTING and b"Sen" not in row.body
    (task,) = tasks.open_about(quarrel.fresh)
    shown = words(sign_in(world.supervisor).get(f"/exceptions/{task.id}").text)
    assert SIGHTING in shown and "Võ Văn Mít" in shown


@pytest.mark.parametrize(
    ("second", "status", "says"),
    [
        ({}, 422, "Người thứ hai điền ở đây"),
        ({"second_login": "supervisor1", "second_secret": World.PASSWORD}, 422, "phải là người khác"),
        ({"second_login": "courier1", "second_secret": World.PIN}, 422, "hoặc là bưu tá"),
        ({"second_login": "dispatcher1", "second_secret": "wrong"}, 422, "của người thứ hai chưa đúng"),
    ],
)
def test_without_the_right_second_person_nothing_is_written(
    world: World, sign_in: Any, second: dict[str, str], status: int, says: str
) -> None:
    quarrel, client = Quarrel(world), sign_in(world.supervisor)
    facts = settling(client, quarrel)
    answer = client.post(url(quarrel.number, "settle"), data=facts | second)
    assert (answer.status_code, says in answer.text) == (status, True)
    assert SIGHTING in answer.text and World.PASSWORD not in answer.text  # what was typed stays, the secret does not
    assert quarrel.events() == ["take", "dispute"]


def test_another_offices_colleague_is_no_second_person_for_a_clerk(world: World, sign_in: Any) -> None:
    packet = world.collected(world.phone())
    client = sign_in(world.clerk)
    facts = {"head": seen(client.get(url(packet.number, "correct")).text), "reason": "wrong_packet", "step": "write"}
    for login in ("clerk2", "desk1"):
        data = facts | {"second_login": login, "second_secret": World.PASSWORD}
        answer = client.post(url(packet.number, "correct"), data=data)
        assert answer.status_code == 422 and "làm ở nơi khác" in answer.text
    assert world.fresh(packet).seq == 1


def test_guessing_is_slowed_down(world: World, sign_in: Any) -> None:
    quarrel, client = Quarrel(world), sign_in(world.supervisor)
    facts = settling(client, quarrel) | SECOND
    for _ in range(8):
        assert client.post(url(quarrel.number, "settle"), data=facts | {"second_secret": "0"}).status_code == 422
    assert client.post(url(quarrel.number, "settle"), data=facts).status_code == 429
    assert quarrel.events() == ["take", "dispute"]


def test_one_person_at_a_colleagues_open_screen_cannot_sign_for_both(world: World, sign_in: Any, clock: Any) -> None:
    quarrel, client = Quarrel(world), sign_in(world.supervisor)
    clock.shift(timedelta(minutes=6))
    page = client.post(
        url(quarrel.number, "settle"), data=quarrel.facts(client.get(url(quarrel.number, "settle")).text)
    )
    assert 'name="password"' in page.text
    facts = quarrel.facts(client.get(url(quarrel.number, "settle")).text) | SECOND | {"step": "write"}
    for password, told in (({}, "Chưa nhập mật khẩu"), ({"password": "guess"}, "Mật khẩu chưa đúng")):
        answer = client.post(url(quarrel.number, "settle"), data=facts | password)
        assert answer.status_code == 422 and told in answer.text
    assert quarrel.events() == ["take", "dispute"]
    assert client.post(url(quarrel.number, "settle"), data=facts | {"password": World.PASSWORD}).status_code == 302


@pytest.mark.parametrize("when", ["before the check", "before the writing"])
def test_a_page_older_than_the_packet_writes_nothing(world: World, sign_in: Any, when: str) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    world.record(phone.scan(packet, "take"))
    client = sign_in(world.dispatcher)
    facts = {"head": seen(client.get(url(packet.number, "lost")).text), "reason": "not_found"}
    if when == "before the writing":
        assert client.post(url(packet.number, "lost"), data=facts).status_code == 200
        facts |= {"second_login": "clerk1", "second_secret": World.PASSWORD, "step": "write"}
    fresh = world.fresh(packet)
    world.record(phone.scan(fresh, "deliver", giver=phone.party, taker=phone.party, proof=[("WET_CLAIMED", "")]))
    answer = client.post(url(packet.number, "lost"), data=facts)
    assert answer.status_code == 409 and "đã" in answer.text
    assert world.fresh(packet).state is State.DELIVERED_UNVERIFIED
    assert f'value="{world.fresh(packet).head.hex()}"' in answer.text  # the form shows the packet as it is now


def test_of_two_who_settle_at_once_one_line_is_written(app: Flask, world: World) -> None:
    quarrel, enter = Quarrel(world), signing_in(app)
    clients = [enter(world.supervisor) for _ in range(6)]
    facts = [settling(client, quarrel) | SECOND for client in clients]
    at_once = [
        lambda client=client, data=data: client.post(url(quarrel.number, "settle"), data=data).status_code
        for client, data in zip(clients, facts, strict=True)
    ]
    statuses = rush(app, at_once)
    assert sorted(statuses) == [302] + [409] * (len(clients) - 1)  # type: ignore[type-var]
    assert quarrel.events().count("settle") == 1
    assert faults(quarrel.fresh) == []


def test_a_record_entered_by_mistake_is_taken_back_by_two(app: Flask, world: World) -> None:
    world = world
    packet = world.collected(world.phone())
    client = signing_in(app)(world.clerk)
    facts = {"head": seen(client.get(url(packet.number, "correct")).text), "reason": "wrong_packet"}
    check = words(client.post(url(packet.number, "correct"), data=facts).text)
    assert "Trần Văn Bưởi (DA-01)" in check and "Nguyễn Thị Mơ, người dân" in check
    answer = client.post(url(packet.number, "correct"), data=facts | SECOND | {"step": "write"})
    assert answer.status_code == 302
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.WAITING, packet.origin_id)
    assert [line.event for line in ledger.lines(packet)] == ["collect", "correct"]


def test_lost_and_found_again(world: World, sign_in: Any) -> None:
    packet = world.collected(world.phone())
    dispatcher, supervisor = sign_in(world.dispatcher), sign_in(world.supervisor)
    lost = {"head": seen(dispatcher.get(url(packet.number, "lost")).text), "reason": "not_found", "step": "write"}
    signed = {"second_login": "clerk1", "second_secret": World.PASSWORD}
    assert dispatcher.post(url(packet.number, "lost"), data=lost | signed).status_code == 302
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.LOST, world.courier.party_id)
    found = {
        "head": seen(supervisor.get(url(packet.number, "settle")).text), "reason": "packet_seen", "sighting": SIGHTING,
        "ending": f"AT_POST:{world.post.party_id}:", "step": "write",
    }  # fmt: skip
    assert supervisor.post(url(packet.number, "settle"), data=found | SECOND).status_code == 302
    assert (world.fresh(packet).state, world.fresh(packet).holder_id) == (State.AT_POST, world.post.party_id)
    db.session.rollback()
    assert not tasks.open_about(packet)


def test_a_dispatcher_records_that_another_courier_has_it(world: World, sign_in: Any) -> None:
    packet = world.collected(world.phone())
    client = sign_in(world.dispatcher)
    page = client.get(url(packet.number, "transfer")).text
    assert "DA-02" in page and "DA-01" not in page.split("<form class")[1].split("</form>")[0]  # not who has it already
    facts = {"head": seen(page), "courier": world.second_courier.id, "sighting": SIGHTING, "reason": "phone_dead"}
    assert "Lê Thị Cam (DA-02)" in words(client.post(url(packet.number, "transfer"), data=facts).text)
    assert client.post(url(packet.number, "transfer"), data=facts | {"step": "write"}).status_code == 302
    assert world.fresh(packet).holder_id == world.second_courier.party_id


def test_who_held_it_may_say_that_a_record_is_not_true(world: World, sign_in: Any) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    world.record(phone.scan(packet, "take"))
    client = sign_in(world.officer)
    page = client.get(url(packet.number, "dispute")).text
    facts = {"head": seen(page), "line": world.fresh(packet).head.hex(), "reason": "not_handed_over"}
    assert "Phường Dĩ An" in words(client.post(url(packet.number, "dispute"), data=facts).text)
    assert client.post(url(packet.number, "dispute"), data=facts | {"step": "write"}).status_code == 302
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.DISPUTED, world.desk.party_id)
    assert [task.kind for task in tasks.open_about(packet)] == [TaskKind.DISPUTED]


def handed_in(world: World, phone: Phone) -> Packet:
    packet = world.collected(phone)
    hand = {"giver": phone.party, "taker": world.post.party_id}
    act = world.act(world.clerk)
    atomically(custody.enter, packet, "hand_in", act, parent=packet.head, seal="NP0045821", proof=[], **hand)
    return world.fresh(packet)


def test_two_people_put_a_new_seal_on(world: World, sign_in: Any) -> None:
    packet, client = handed_in(world, world.phone()), sign_in(world.clerk)
    page = client.get(url(packet.number, "seal_change")).text
    assert 'value="NP 0045 821"' in page
    facts = {"head": seen(page), "old": "NP 0045 821", "new": "NP 0077 777"}
    wrong = client.post(url(packet.number, "seal_change"), data=facts | {"new": "77"})
    assert wrong.status_code == 422 and "NP 0045 821" in wrong.text
    assert client.post(url(packet.number, "seal_change"), data=facts).status_code == 200
    answer = client.post(url(packet.number, "seal_change"), data=facts | SECOND | {"step": "write"})
    assert (answer.status_code, world.fresh(packet).seals) == (302, ["NP0045821", "NP0077777"])


def test_what_is_missing_is_asked_for_and_what_was_never_offered_is_refused(world: World, sign_in: Any) -> None:
    quarrel, client = Quarrel(world), sign_in(world.supervisor)
    facts = quarrel.facts(client.get(url(quarrel.number, "settle")).text)
    for wrong in (
        {"sighting": "  "}, {"reason": ""}, {"reason": "because"}, {"ending": ""}, {"ending": f"DELIVERED:{world.desk.party_id}:"},
        {"sighting": "x" * 501},
    ):  # fmt: skip
        for step in ({}, {"step": "write"} | SECOND):
            assert client.post(url(quarrel.number, "settle"), data=facts | wrong | step).status_code == 422, wrong
    assert client.post(url(quarrel.number, "settle"), data=facts | {"head": "zz"}).status_code == 409
    assert client.post(url(quarrel.number, "rewrite"), data=facts).status_code == 404
    assert quarrel.events() == ["take", "dispute"]


def test_change_something_leads_back_with_what_was_typed(world: World, sign_in: Any) -> None:
    quarrel, client = Quarrel(world), sign_in(world.supervisor)
    facts = settling(client, quarrel) | {"step": "change"}
    page = client.post(url(quarrel.number, "settle"), data=facts)
    assert page.status_code == 200 and SIGHTING in page.text and "<textarea" in page.text


# Who may enter what for a packet its courier carries, for one in dispute, and for one held at the post office.
CARRIED = {
    "clerk1": {Remedy.CORRECT, Remedy.SEE},
    "dispatcher1": {Remedy.CORRECT, Remedy.SEE, Remedy.CONTEST, Remedy.HAND_ON, Remedy.LOSE},
    "desk1": {Remedy.CORRECT, Remedy.SEE},
    "supervisor1": set(),
}
DISPUTED = {"clerk1": {Remedy.SEE}, "dispatcher1": {Remedy.SEE}, "desk1": {Remedy.SEE}, "supervisor1": {Remedy.SETTLE}}
AT_POST = {
    "clerk1": {Remedy.CORRECT, Remedy.SEE, Remedy.CONTEST, Remedy.RESEAL},
    "dispatcher1": {Remedy.CORRECT, Remedy.SEE, Remedy.CONTEST, Remedy.LOSE},
    "desk1": {Remedy.CORRECT, Remedy.SEE},
    "supervisor1": set(),
}


@pytest.mark.parametrize("where", ["carried", "disputed", "at post"])
def test_each_role_is_offered_what_the_law_lets_it_enter(world: World, sign_in: Any, where: str) -> None:
    packet, offered = {
        "carried": lambda: (world.collected(world.phone()), CARRIED),
        "disputed": lambda: (Quarrel(world).packet, DISPUTED),
        "at post": lambda: (handed_in(world, world.phone()), AT_POST),
    }[where]()
    number, seq = packet.number, world.fresh(packet).seq
    people: list[User] = [world.clerk, world.dispatcher, world.officer, world.supervisor]
    for user in people:
        client = sign_in(user)
        page = client.get(url(number)).text
        for remedy in Remedy:
            may = remedy in offered[user.login]
            assert (f"{url(number)}/{remedy}" in page) == may, (user.login, remedy)
            assert client.get(url(number, remedy)).status_code == (200 if may else 302), (user.login, remedy)
            if not may:
                assert client.post(url(number, remedy), data={"step": "write"} | SECOND).status_code == 302
    for user in (world.stranger, world.strange_officer):
        client = sign_in(user)
        for act in ("", *Remedy):
            assert client.get(url(number, act)).status_code == 404
            assert not act or client.post(url(number, act), data={}).status_code == 404
    assert sign_in(world.courier).get(url(number)).status_code == 403
    assert world.fresh(packet).seq == seq


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_has_its_words_in_both_languages(world: World, sign_in: Any, language: str) -> None:
    """No gap in any form or check, whoever may enter it."""
    phone = world.phone()
    packets = [world.collected(world.phone(world.second_courier)), Quarrel(world).packet, handed_in(world, phone)]
    typed = {
        "sighting": SIGHTING, "seal": "NP0045821", "old": "NP0045821", "new": "NP0077777", "courier": world.courier.id,
    }  # fmt: skip
    shown = set()
    for user in (world.clerk, world.dispatcher, world.supervisor):
        client = sign_in(user)
        client.get(f"/language/{language}")
        for packet in packets:
            for remedy in remedies.possible(user, world.fresh(packet), MONDAY):
                page = client.get(url(packet.number, remedy)).text
                offered = re.findall(r'name="(\w+)" type="radio" value="([^"]+)"', page)
                first = dict(reversed(offered))
                check = client.post(url(packet.number, remedy), data=typed | first | {"head": seen(page)})
                assert check.status_code == 200, (user.login, remedy, words(check.text)[:300])
                assert "%(" not in page + check.text
                shown.add(remedy)
    assert shown == set(Remedy)
