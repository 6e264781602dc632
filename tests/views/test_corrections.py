"""A record is put right by a new line: shown word for word before it is written, signed by two where the law wants two."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from app.db import atomically, db
from app.domain import custody, ledger, photos, remedies, scans, tasks
from app.domain.cases import CaseState
from app.domain.hands import BY_ROLE
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import GRANTS, User
from app.domain.remedies import Remedy
from app.domain.scans import Ruling, ScanExtra, ScanRow
from app.domain.steps import STEPS, By
from app.domain.tasks import Task, TaskKind
from tests.conftest import signing_in
from tests.inspecting import faults
from tests.test_race import rush
from tests.views.test_desk import seen
from tests.world import MONDAY, Phone, World

pytestmark = pytest.mark.usefixtures("monday")

SECOND = {"second_login": "dispatcher1", "second_secret": World.PASSWORD}
SIGHTING = "Chị Sen thấy ở kệ 3 bưu cục, 9:10"


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
    ("second", "field", "says"),
    [
        ({}, "second_secret", "Người thứ hai điền ở đây"),
        ({"second_login": "supervisor1", "second_secret": World.PASSWORD}, "second_login", "phải là người khác"),
        ({"second_login": "courier1", "second_secret": World.PIN}, "second_login", "hoặc là bưu tá"),
        ({"second_login": "dispatcher1", "second_secret": "wrong"}, "second_secret", "của người thứ hai chưa đúng"),
    ],
)
def test_without_the_right_second_person_nothing_is_written(
    world: World, sign_in: Any, second: dict[str, str], field: str, says: str
) -> None:
    quarrel, client = Quarrel(world), sign_in(world.supervisor)
    facts = settling(client, quarrel)
    answer = client.post(url(quarrel.number, "settle"), data=facts | second)
    assert answer.status_code == 422 and re.search(f'href="#{field}">[^<]*{says}', answer.text)
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


def test_one_person_at_a_colleagues_open_screen_cannot_sign_for_both(
    world: World, sign_in: Any, monday: time_machine.Traveller
) -> None:
    quarrel, client = Quarrel(world), sign_in(world.supervisor)
    monday.shift(timedelta(minutes=6))
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


def unproven(world: World, phone: Phone) -> Packet:
    packet = world.packet()
    assert world.record(phone.scan(packet, "collect")).why == "collect_unproven"
    return world.fresh(packet)


def unverified(world: World, phone: Phone) -> Packet:
    packet = world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    facts = {"giver": phone.party, "taker": phone.party, "proof": [("WET_CLAIMED", "")]}
    world.record(phone.scan(world.fresh(packet), "deliver", **facts))
    assert world.fresh(packet).state is State.DELIVERED_UNVERIFIED
    return world.fresh(packet)


def picture(side: int = 40) -> tuple[io.BytesIO, str]:
    data = io.BytesIO()
    Image.new("RGB", (side, side), "brown").save(data, "JPEG")
    return io.BytesIO(data.getvalue()), "bag.jpg"


TYPED = {  # enough for every form, whichever way it is
    "sighting": SIGHTING, "seal": "NP0045821", "old": "NP0045821", "new": "NP0077777", "right": "NP0077777", "paper": "y",
}  # fmt: skip


# ---- every door -------------------------------------------------------------------------------------------------

STAFF = {By.POST: "clerk", By.DESK: "officer", By.DISPATCHER: "dispatcher", By.SUPERVISOR: "supervisor"}
AT_A_PAGE = {(step.event, step.by) for step in STEPS if step.by in {*STAFF, By.CITIZEN}}
# Where people record what is no remedy; a courier's door is the phone, and the server's own word needs none.
DOORS = {
    ("collect", By.POST): "office.accept", ("hand_in", By.POST): "office.hand_in", ("deliver", By.POST): "office.hand_out",
    ("receive", By.DESK): "desk.receive", ("open", By.DESK): "desk.receive", ("deliver", By.DESK): "desk.hand_over",
    ("attest", By.CITIZEN): "tracking.claim", ("confirm", By.CITIZEN): "tracking.claim", ("dispute", By.CITIZEN): "tracking.deny",
}  # fmt: skip
ENTERED = sorted(
    {(event, by) for event, by in AT_A_PAGE if by in STAFF and event in set(Remedy)}
    | {(str(Remedy.CALL_OFF), by) for by in remedies.WISHED_TO}
)


def test_whatever_somebody_at_a_page_may_record_has_a_door_and_the_right_to_open_it(app: Flask) -> None:
    """A new row of STEPS for a person at a page, without one, is red here."""
    assert AT_A_PAGE - set(ENTERED) == set(DOORS)
    for (_event, by), endpoint in DOORS.items():
        (rule,) = (one for one in app.url_map.iter_rules() if one.endpoint == endpoint)
        assert rule.methods and "POST" in rule.methods
        right = app.view_functions[endpoint].right  # type: ignore[attr-defined]
        roles = [role for role, acts_as in BY_ROLE.items() if acts_as is by]
        assert (right is None) if by is By.CITIZEN else all(right in GRANTS[role] for role in roles), endpoint


def concerned(world: World, event: str, by: By) -> Packet:
    """A packet for which this person may enter it."""
    phone = world.phone()
    if event == "settle":
        return Quarrel(world).fresh
    if event == "attest":
        return unproven(world, phone)
    if event == "confirm":
        return unverified(world, phone)
    if event in ("dispute", "seal_change", "damaged"):
        if by is By.DESK:
            packet = world.packet(Way.OUT)
            if event == "dispute":
                world.record(phone.scan(packet, "take"))
            return world.fresh(packet)
        return handed_in(world, phone)
    return world.collected(phone)


@pytest.mark.parametrize(("event", "by"), ENTERED)
def test_each_remedy_is_offered_and_written_by_each_role_the_law_names(
    world: World, sign_in: Any, event: str, by: By
) -> None:
    packet, user = concerned(world, event, by), getattr(world, STAFF[by])
    client, number, seq = sign_in(user), packet.number, world.fresh(packet).seq
    assert f'href="{url(number, event)}"' in client.get(url(number)).text
    page = client.get(url(number, event)).text
    first = dict(reversed(re.findall(r'name="(\w+)" type="radio" value="([^"]+)"', page)))
    facts = TYPED | first | {"head": seen(page)}
    check = client.post(url(number, event), data=facts | {"picture": picture()})
    assert check.status_code == 200, words(check.text)
    carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', check.text))
    signed = {"second_login": "dispatcher1" if by is By.SUPERVISOR else "supervisor1", "second_secret": World.PASSWORD}
    alone = client.post(url(number, event), data=carried | {"step": "write"})
    needs_two = event != Remedy.CALL_OFF and remedies.needs_second(Remedy(event), packet.way)
    assert alone.status_code == (422 if needs_two else 302)
    if needs_two:
        assert world.fresh(packet).seq == seq
        assert client.post(url(number, event), data=carried | signed | {"step": "write"}).status_code == 302
    packet = world.fresh(packet)
    if event == Remedy.CALL_OFF:
        assert (packet.seq, packet.dossier.state) == (seq, CaseState.CANCELLED)
        return
    told = [known.scan for known in scans.of_packets([packet.code])]
    assert [scan.by for scan in told if (scan.event, scan.actor) == (event, user.id)] == [by]
    assert packet.seq > seq
    assert faults(packet) == []


def uploaded(client: FlaskClient, where: str, facts: dict[str, Any]) -> Any:
    """Bytes go as a file; the body stays in memory, where a client of its own would leave it in an open file."""
    parts = {
        name: FileStorage(io.BytesIO(it), "bag.jpg", name) if isinstance(it, bytes) else it
        for name, it in facts.items()
    }
    stream, length, boundary = stream_encode_multipart(parts, use_tempfile=False)
    data = stream.read(length)
    return client.post(where, data=data, content_type=f'multipart/form-data; boundary="{boundary}"')


def test_the_photo_of_a_damaged_bag_comes_first_and_is_seen_with_the_matter(world: World, sign_in: Any) -> None:
    packet, client = handed_in(world, world.phone()), sign_in(world.clerk)
    where = url(packet.number, "damaged")
    facts = {"head": seen(client.get(where).text), "reason": "torn"}
    for wrong, says in (
        ({}, "Chọn ảnh chụp"), ({"photo": "ab" * 32}, "Chọn ảnh chụp"), ({"photo": "x"}, "Chọn ảnh chụp"),
        ({"picture": b"no picture"}, "Không đọc được ảnh này"), ({"picture": b"x" * (photos.LARGEST + 1)}, "lớn hơn 5"),
    ):  # fmt: skip
        for step in ({}, {"step": "write"}):
            answer = uploaded(client, where, facts | wrong | step)
            assert answer.status_code == 422 and says in words(answer.text), says
    assert uploaded(client, where, facts | {"picture": b"x" * (photos.LARGEST + 2**20)}).status_code == 413
    check = client.post(where, data=facts | {"picture": picture()}).text
    carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', check))
    change = client.post(where, data=carried | {"step": "change"}).text
    assert "Đã có một ảnh" in change and carried["photo"] in change
    assert client.post(where, data=carried | {"step": "write"}).status_code == 302
    (task,) = tasks.open_about(world.fresh(packet))
    assert task.kind is TaskKind.DAMAGED
    shown = client.get(f"/exceptions/{task.id}").text
    assert f"/pictures/{packet.number}/{carried['photo']}" in shown
    assert client.get(f"/pictures/{packet.number}/{carried['photo']}").mimetype == "image/jpeg"


def test_a_misread_seal_is_put_right_and_the_story_says_what_is_right(world: World, sign_in: Any) -> None:
    packet, client = handed_in(world, world.phone()), sign_in(world.clerk)
    where = url(packet.number, "amend")
    page = client.get(where).text
    assert "Nhận từ người dân, Thứ Hai, 23/11, 9:00: 3 tờ" in words(page)
    collected = ledger.lines(world.fresh(packet))[0].digest.hex()
    facts = {"head": seen(page), "detail": f"{collected} sheets"}
    for right, says in (
        ("", "Gõ điều đúng"),
        ("0", "từ 1 đến 9999"),
        ("3", "đã ghi đúng như vậy"),
        ("ba", "từ 1 đến 9999"),
    ):
        answer = client.post(where, data=facts | {"right": right})
        assert answer.status_code == 422 and says in words(answer.text), right
    assert client.post(where, data=facts | {"detail": f"{collected} reason", "right": "4"}).status_code == 422
    check = words(client.post(where, data=facts | {"right": "4"}).text)
    assert "Đúng là 4 tờ" in check and "3 tờ" in check
    assert client.post(where, data=facts | {"right": "4", "step": "write"} | SECOND).status_code == 302
    assert "Sửa một chi tiết" in words(client.get(url(packet.number)).text)
    assert "4 tờ" in words(client.get(url(packet.number)).text)


def test_digits_are_tried_five_times_and_a_wrong_one_proves_nothing(world: World, sign_in: Any) -> None:
    packet, client = unproven(world, world.phone()), sign_in(world.officer)
    where, code = url(packet.number, "attest"), world.code(packet)
    wrong = "000000" if code != "000000" else "111111"
    facts = {"head": seen(client.get(where).text), "step": "write"}
    assert client.post(where, data=facts).status_code == 422
    for _ in range(5):
        assert client.post(where, data=facts | {"code": wrong}).status_code in (409, 422)
    assert client.post(where, data=facts | {"code": code}).status_code == 429
    assert "collect_unproven" in world.fresh(packet).flags


# Who may enter what for a packet its courier carries, for one in dispute, and for one held at the post office.
CARRIED = {
    "clerk1": {Remedy.CORRECT, Remedy.SEE, Remedy.AMEND, Remedy.CALL_OFF},
    "dispatcher1": {
        Remedy.CORRECT,
        Remedy.SEE,
        Remedy.CONTEST,
        Remedy.HAND_ON,
        Remedy.LOSE,
        Remedy.AMEND,
        Remedy.CALL_OFF,
    },
    "desk1": {Remedy.CORRECT, Remedy.SEE, Remedy.AMEND},
    "supervisor1": set(),
}
DISPUTED = {"clerk1": {Remedy.SEE}, "dispatcher1": {Remedy.SEE}, "desk1": {Remedy.SEE}, "supervisor1": {Remedy.SETTLE}}
AT_POST = {
    "clerk1": {
        Remedy.CORRECT,
        Remedy.SEE,
        Remedy.CONTEST,
        Remedy.RESEAL,
        Remedy.AMEND,
        Remedy.DAMAGE,
        Remedy.CALL_OFF,
    },
    "dispatcher1": {Remedy.CORRECT, Remedy.SEE, Remedy.CONTEST, Remedy.LOSE, Remedy.AMEND, Remedy.CALL_OFF},
    "desk1": {Remedy.CORRECT, Remedy.SEE, Remedy.AMEND},
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
    packets = [
        world.collected(world.phone(world.second_courier)), Quarrel(world).packet, handed_in(world, phone),
        unproven(world, phone), unverified(world, phone),
    ]  # fmt: skip
    typed = TYPED | {"courier": world.courier.id}
    shown = set()
    for user in (world.clerk, world.dispatcher, world.supervisor):
        client = sign_in(user)
        client.get(f"/language/{language}")
        for packet in packets:
            for remedy in remedies.possible(user, world.fresh(packet), MONDAY):
                page = client.get(url(packet.number, remedy)).text
                offered = re.findall(r'name="(\w+)" type="radio" value="([^"]+)"', page)
                first = dict(reversed(offered))
                data = typed | first | {"head": seen(page), "picture": picture()}
                check = client.post(url(packet.number, remedy), data=data)
                assert check.status_code == 200, (user.login, remedy, words(check.text)[:300])
                assert "%(" not in page + check.text
                shown.add(remedy)
    assert shown == set(Remedy)


def test_an_incident_file_is_opened_from_the_record_of_the_packet_and_leads_back_to_it(
    world: World, sign_in: Any
) -> None:
    packet = world.collected(world.phone())
    record, file = f"/corrections/{packet.number}", f"/incidents/packets/{packet.number}"
    for who in (world.dispatcher, world.supervisor):
        client = sign_in(who)
        assert file in client.get(record).text, "neither has any other page of the packet"
    said = {"sort": "lost", "side": "post", "words": "Không thấy gói"}
    made = client.post(file, data=said, follow_redirects=True)
    assert made.status_code == 200 and f'href="{record}"' in made.text
    assert f'href="{record}"' in client.get("/incidents/").text
    number = made.request.path.removeprefix("/incidents/")
    assert number in client.get(record).text, "whoever looks at the packet hears of the file"
