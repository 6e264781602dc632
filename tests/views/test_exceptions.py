"""The board of exceptions: each office sees its own, every card says whose it is and by when, and nobody is accused."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.db import atomically, db
from app.domain import dispatch, results, scans, tasks, visits, watch
from app.domain.audit import AuditLine, ViewLine
from app.domain.cases import CASES
from app.domain.packets import Packet, Way
from app.domain.steps import EVENTS
from app.domain.tasks import KINDS, Task, TaskKind
from app.views import matters, settling
from tests.conftest import signing_in
from tests.test_race import rush
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("monday")

SECOND = {"second_login": "dispatcher1", "second_secret": World.PASSWORD}


def opened(kind: TaskKind, packet: Packet | None = None, at: datetime = MONDAY, **more: Any) -> int:
    def once() -> int:
        here = db.session.get_one(Packet, packet.id) if packet else None
        return tasks.raise_(kind, at, packet=here, **more).id

    return atomically(once)


def the(task_id: int) -> Task:
    db.session.rollback()
    return tasks.get(task_id)


def disputed(world: World) -> tuple[Packet, int]:
    """Two couriers took the same sealed result from the desk, one of them without a network until ten."""
    packet = world.packet(Way.OUT)
    first = world.phone().scan(packet, "take")
    second = world.phone(world.second_courier).scan(packet, "take", seal="NP0099999", at=MONDAY - timedelta(minutes=40))
    world.record(first)
    world.record(second)
    atomically(watch.look, MONDAY)
    db.session.rollback()
    (task,) = db.session.scalars(sa.select(Task).filter_by(kind=TaskKind.DISPUTED))
    return packet, task.id


def words(client: FlaskClient, path: str = "/exceptions/", **query: Any) -> str:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.text.replace("\u00a0", " ").split())


# ---- the board --------------------------------------------------------------------------------------------------


def test_the_most_urgent_stand_first_and_say_how_much_time_is_left(world: World, sign_in: Any, monday: Any) -> None:
    opened(TaskKind.LOST, world.packet(), MONDAY - timedelta(hours=2))  # to be taken 15 minutes after half past seven
    opened(TaskKind.OLD_ISSUE, world.packet(), MONDAY - timedelta(minutes=40))  # within two hours
    taken = opened(TaskKind.SURPLUS, world.packet())
    atomically(lambda: tasks.take(tasks.get(taken), world.act(world.clerk)))
    page = words(sign_in(world.clerk))
    places = [page.index(word) for word in ("Quá hạn", "Đang tìm một gói", "Đến hạn hôm nay", "Quét phải phiếu cũ", "Sau hôm nay", "không có trong bảng kê")]  # fmt: skip
    order = [page.index(f'id="u-{urgency}"') for urgency in ("overdue", "today", "later")]
    assert order == sorted(order) and min(places) > 0
    assert "quá hạn 1 giờ 15 phút" in page and "còn 1 giờ 20 phút" in page
    assert "còn 2 ngày" in page  # Tuesday is a holiday
    assert "lâu nhất đã 2 giờ" in page


def test_each_office_sees_its_own_and_the_supervisor_all(app: Flask, world: World) -> None:
    enter = signing_in(app)
    at_home, at_desk = world.packet(), world.packet(Way.OUT)
    opened(TaskKind.OLD_ISSUE, at_home)
    opened(TaskKind.OLD_ISSUE, at_desk)
    forged = opened(TaskKind.FORGED_SLIP, at_home)
    numbers = {packet.dossier.number for packet in (at_home, at_desk)}
    seen = {
        user.login: {number for number in numbers if number in words(enter(user))}
        for user in (
            world.clerk,
            world.dispatcher,
            world.officer,
            world.stranger,
            world.strange_officer,
            world.supervisor,
        )
    }
    home, desk = {at_home.dossier.number}, {at_desk.dossier.number}
    assert seen == {"clerk1": home, "dispatcher1": home, "desk1": desk, "clerk2": set(), "desk2": set(), "supervisor1": numbers}  # fmt: skip
    assert enter(world.clerk).get(f"/exceptions/{forged}").status_code == 404
    assert enter(world.supervisor).get(f"/exceptions/{forged}").status_code == 200


def test_the_board_is_narrowed_by_kind_office_and_owner(world: World, sign_in: Any) -> None:
    slip, seal = world.packet(), world.packet(Way.OUT)
    mine = opened(TaskKind.OLD_ISSUE, slip)
    opened(TaskKind.SEAL_MISMATCH, seal)
    client = sign_in(world.supervisor)
    atomically(lambda: tasks.take(tasks.get(mine), world.act(world.supervisor)))

    def shown(**query: Any) -> list[bool]:
        page = words(client, "/exceptions/board", **query)
        return [packet.dossier.number in page for packet in (slip, seal)]

    assert shown() == [True, True]
    assert shown(kind="old_issue") == [True, False]
    assert shown(office=world.desk.id) == [False, True]
    assert shown(office=0) == [False, False]
    assert shown(whose="mine") == [True, False]
    assert shown(whose="nobodys") == [False, True]
    assert shown(kind="nonsense", office="-1", whose="' OR 1=1") == [True, True]


def test_what_is_asked_anew_brings_the_numbers_with_the_cards(world: World, sign_in: Any, monday: Any) -> None:
    client = sign_in(world.clerk)
    assert 'data-live="/exceptions/board?whose=all"' in words(client)
    opened(TaskKind.OLD_ISSUE, world.packet(), MONDAY - timedelta(hours=2))
    for path in ("/exceptions/", "/exceptions/board"):
        page = words(client, path)
        assert re.search(r"<h1[^>]*>\s*Việc cần người xem\s+<span[^>]*>· 1</span>", page), path
        assert "lâu nhất đã 2 giờ" in page and re.search(r"Quét phải phiếu cũ\s+\(1\)", page), path
    assert "<html" not in words(client, "/exceptions/board")
    last = words(
        client, "/exceptions/board", kind="damaged"
    )  # what is asked for stays said when the last of it is closed
    assert re.search(r'<option value="damaged" selected>[^<]+\(0\)', last)


def test_nothing_to_do_is_said(world: World, sign_in: Any) -> None:
    assert "Không có việc nào chờ ở đây" in words(sign_in(world.clerk))


def test_the_counters_name_how_many_wait(world: World, sign_in: Any) -> None:
    opened(TaskKind.OLD_ISSUE, world.packet())
    opened(TaskKind.OLD_ISSUE, world.packet(Way.OUT))
    opened(TaskKind.DAMAGED, world.packet(Way.OUT))
    for user, path, count in ((world.clerk, "/office/queues", 1), (world.officer, "/desk/queues", 2)):
        row = words(sign_in(user), path).split('href="/exceptions/"')[1]
        assert f'<span class="count">{count}</span>' in row


# ---- one matter -------------------------------------------------------------------------------------------------


def test_a_dispute_shows_both_scans_side_by_side_and_accuses_nobody(app: Flask, world: World) -> None:
    packet, task_id = disputed(world)
    page = words(signing_in(app)(world.officer), f"/exceptions/{task_id}")
    for text in (
        packet.dossier.number, "Trần Văn Bưởi (DA\u201101): nhận mang đi", "Lê Thị Cam (DA\u201102): nhận mang đi",
        "NP 0045 821", "NP 0099 999", "chưa từng ghi", "trước lúc ghi nhận 40 phút", "bị nói khác", "đã tin",
        "Chưa biết ai thật sự đang giữ", "Phường Dĩ An chịu trách nhiệm về gói cho đến khi xong việc này",
        "Sổ giao nhận không tự kết luận lỗi của ai", "hỏi ai đã tận mắt thấy gói", "Giám sát phân xử cùng một người thứ hai",
    ):  # fmt: skip
        assert text in page, text
    assert 'name="outcome"' not in page  # a button does not end a dispute
    viewed = db.session.scalars(sa.select(ViewLine).filter_by(page="exceptions.task")).one()
    assert (viewed.user_id, viewed.dossier_id) == (world.officer.id, packet.dossier_id)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_kind_and_every_reason_has_words(world: World, sign_in: Any, language: str) -> None:
    client, packet = sign_in(world.supervisor), world.packet(Way.OUT)
    phone = world.phone()
    world.record(phone.scan(packet, "take"))
    client.get(f"/language/{language}")
    whys = [None, *matters.WHYS, "a_reason_nobody_knows"]
    for kind in TaskKind:
        for why in whys if kind in (TaskKind.HELD, TaskKind.QUARANTINED) else [None]:
            scan = db.session.scalars(sa.select(scans.ScanRow)).first()
            assert scan
            more = {"digest": scan.digest} if kind is TaskKind.CLOCK else {}
            task_id = opened(kind, packet, why=why, seconds=3700, missing=[3], seal="NP1", known="NP2", left=3, **more)
            page = words(client, f"/exceptions/{task_id}")
            assert "%(" not in page and "None" not in page, (kind, why)
            outcome = next(iter(KINDS[kind].outcomes), None)
            assert outcome is None or str(matters.OUTCOMES[outcome])
            atomically(tasks.lower, kind, MONDAY, packet=packet, outcome="settled")
            assert "%(" not in words(client, f"/exceptions/{task_id}")
    assert set(matters.MATTERS) == set(settling.STEPS) == set(KINDS)


def test_what_could_not_be_read_is_shown_as_text_and_runs_nothing(world: World, sign_in: Any) -> None:
    atomically(scans.keep_raw, b"<script>alert(1)</script>\xff", None, MONDAY)
    atomically(watch.look, MONDAY)
    db.session.rollback()
    task = db.session.scalars(sa.select(Task).filter_by(kind=TaskKind.RAW_INBOX)).one()
    page = sign_in(world.supervisor).get(f"/exceptions/{task.id}").text
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page


# ---- taking -----------------------------------------------------------------------------------------------------


def test_who_takes_a_matter_is_named_and_a_colleague_is_told(world: World, sign_in: Any) -> None:
    task_id = opened(TaskKind.DISPUTED, world.packet())
    clerk, dispatcher = sign_in(world.clerk), sign_in(world.dispatcher)
    assert clerk.post(f"/exceptions/{task_id}/take").status_code == 302
    assert "Phạm Thị Ổi" in words(dispatcher)
    refused = dispatcher.post(f"/exceptions/{task_id}/take")
    assert refused.status_code == 409 and "Đồng nghiệp đang giữ việc này" in refused.text
    assert dispatcher.post(f"/exceptions/{task_id}/take", data={"over": "y"}).status_code == 302
    assert the(task_id).owner_id == world.dispatcher.id


# ---- closing ----------------------------------------------------------------------------------------------------


def test_a_matter_without_an_act_of_custody_is_closed_with_an_outcome(app: Flask, world: World) -> None:
    task_id = opened(TaskKind.AFTER_CANCEL, world.packet())
    client = signing_in(app)(world.clerk)
    before = world.fresh_count()
    for wrong in ({}, {"outcome": "looked_at"}, {"outcome": "settled"}):
        assert client.post(f"/exceptions/{task_id}/close", data=wrong).status_code == 422
    assert the(task_id).closed_at is None
    assert client.post(f"/exceptions/{task_id}/close", data={"outcome": "returned_to_citizen"}).status_code == 302
    task = the(task_id)
    assert (task.outcome, task.closed_by_id, task.closed_at) == ("returned_to_citizen", world.clerk.id, MONDAY)
    assert "Giấy tờ đã về tay người dân" in words(client, f"/exceptions/{task_id}")
    assert world.fresh_count() == before  # no line, no scan


def test_a_colleague_was_faster(world: World, sign_in: Any) -> None:
    task_id = opened(TaskKind.SURPLUS, world.packet())
    late = sign_in(world.dispatcher)
    assert sign_in(world.clerk).post(f"/exceptions/{task_id}/close", data={"outcome": "looked_at"}).status_code == 302
    for path, data in (("close", {"outcome": "looked_at"}), ("take", {})):
        answer = late.post(f"/exceptions/{task_id}/{path}", data=data)
        assert answer.status_code == 409 and "Đồng nghiệp vừa đóng việc này" in answer.text
    assert the(task_id).closed_by_id == world.clerk.id


@pytest.mark.parametrize(
    ("second", "status", "says"),
    [
        ({}, 422, "Người thứ hai điền ở đây"),
        ({"second_login": "clerk1", "second_secret": World.PASSWORD}, 422, "phải là người khác"),
        ({"second_login": "clerk2", "second_secret": World.PASSWORD}, 422, "làm ở nơi khác"),
        ({"second_login": "desk1", "second_secret": World.PASSWORD}, 422, "làm ở nơi khác"),
        ({"second_login": "courier1", "second_secret": World.PIN}, 422, "hoặc là bưu tá"),
        ({"second_login": "dispatcher1", "second_secret": "wrong"}, 422, "của người thứ hai chưa đúng"),
        ({"second_login": "nobody9", "second_secret": World.PASSWORD}, 422, "của người thứ hai chưa đúng"),
    ],
)
def test_the_wrong_second_person_closes_nothing(
    world: World, sign_in: Any, second: dict[str, str], status: int, says: str
) -> None:
    task_id = opened(TaskKind.SEAL_MISMATCH, world.packet())
    client = sign_in(world.clerk)
    answer = client.post(f"/exceptions/{task_id}/close", data={"outcome": "counted_complete"} | second)
    assert (answer.status_code, says in answer.text) == (status, True)
    assert the(task_id).closed_at is None
    assert World.PASSWORD not in answer.text


@pytest.mark.parametrize("secret", [World.PASSWORD, World.PIN])
def test_the_second_person_signs_by_password_or_pin(world: World, sign_in: Any, secret: str) -> None:
    task_id, data = opened(TaskKind.DAMAGED, world.packet()), {"outcome": "counted_short"} | SECOND
    answer = sign_in(world.clerk).post(f"/exceptions/{task_id}/close", data=data | {"second_secret": secret})
    assert answer.status_code == 302
    assert the(task_id).outcome == "counted_short"
    line = db.session.scalars(sa.select(AuditLine).filter_by(action="task_close")).one()
    assert (line.user_id, line.details["second"]) == (world.clerk.id, world.dispatcher.id)


def test_guessing_the_second_persons_secret_is_slowed_down(world: World, sign_in: Any) -> None:
    task_id = opened(TaskKind.DAMAGED, world.packet())
    client, data = sign_in(world.clerk), {"outcome": "counted_short"} | SECOND
    for _ in range(8):
        assert client.post(f"/exceptions/{task_id}/close", data=data | {"second_secret": "0"}).status_code == 422
    assert client.post(f"/exceptions/{task_id}/close", data=data).status_code == 429
    assert the(task_id).closed_at is None


def test_of_twenty_who_close_it_at_once_one_has(app: Flask, world: World) -> None:
    task_id = opened(TaskKind.SURPLUS, world.packet())
    enter = signing_in(app)
    clients = [enter(user) for user in (world.clerk, world.dispatcher, world.supervisor) * 4]
    closing = [
        lambda client=client: client.post(f"/exceptions/{task_id}/close", data={"outcome": "looked_at"}).status_code
        for client in clients
    ]
    statuses = rush(app, closing)
    assert sorted(statuses) == [302] + [409] * (len(clients) - 1)  # type: ignore[type-var]
    db.session.rollback()
    assert len(db.session.scalars(sa.select(AuditLine).filter_by(action="task_close")).all()) == 1


def test_every_line_of_a_dossiers_story_has_its_words() -> None:
    text = (Path(__file__).parents[2] / "app/templates/macros/packets.html").read_text()
    told = re.findall(r'"(\w+)": _\(', text[text.index("set EVENTS") : text.index("macro where")])
    assert EVENTS | {f"case_{event}" for event in CASES} <= set(told)


def test_whom_to_call_is_said_with_the_number_and_the_dispatcher_gets_to_the_times(world: World, sign_in: Any) -> None:
    packet = world.packet()
    visit = visits.open_visit(packet.id)
    assert visit
    atomically(dispatch.assign, world.post, [visit.id], world.courier.id, world.act(world.dispatcher))

    def reachable() -> None:
        db.session.merge(world.courier).phone = "+84900000777"

    atomically(reachable)
    task_id = opened(TaskKind.NO_SHOW, packet, office_id=world.post.id)
    times = f"/dispatch/packets/{packet.number}/time"
    for who, leads in ((world.dispatcher, True), (world.supervisor, False), (world.clerk, False)):
        page = sign_in(who).get(f"/exceptions/{task_id}").text
        assert "tel:0900000123" in page and "Nguyễn Thị Mơ" in page
        assert "tel:0900000777" in page and world.courier.name in page
        assert (times in page) is leads
    sign_in(world.dispatcher).post(f"/exceptions/{task_id}/close", data={"outcome": "visit_set"})
    assert "tel:" not in sign_in(world.dispatcher).get(f"/exceptions/{task_id}").text, "nobody is to be called any more"


def test_those_who_scanned_can_be_called(world: World, sign_in: Any) -> None:
    _packet, task_id = disputed(world)

    def reachable() -> None:
        db.session.merge(world.courier).phone = "+84900000777"
        db.session.merge(world.second_courier).phone = "+84900000778"

    atomically(reachable)
    page = sign_in(world.supervisor).get(f"/exceptions/{task_id}").text
    assert page.count("tel:0900000777") == page.count("tel:0900000778") == 1


def test_a_closed_matter_says_what_was_unknown_then_and_holds_nobody_to_it(world: World, sign_in: Any) -> None:
    packet = world.packet(Way.OUT)
    task_id = opened(TaskKind.OLD_ISSUE, packet, office_id=world.post.id)
    page = sign_in(world.dispatcher)
    before = page.get(f"/exceptions/{task_id}").text
    assert "Điều chưa biết" in before and "cho đến khi xong việc này" in before
    page.post(f"/exceptions/{task_id}/close", data={"outcome": KINDS[TaskKind.OLD_ISSUE].outcomes[0]})
    after = page.get(f"/exceptions/{task_id}").text
    assert "Lúc đó chưa biết" in after and "Lúc đó đã biết" in after
    assert "Điều chưa biết" not in after and "cho đến khi xong việc này" not in after
    assert f"{world.desk.name} chịu trách nhiệm về gói." in after


def test_a_matter_that_closed_by_itself_names_no_machine(world: World, sign_in: Any) -> None:
    task_id = opened(TaskKind.OLD_ISSUE, world.packet(), office_id=world.post.id)

    def by_itself() -> None:
        task = db.session.get_one(Task, task_id)
        task.closed_at, task.outcome = MONDAY, KINDS[TaskKind.OLD_ISSUE].outcomes[0]

    atomically(by_itself)
    page = sign_in(world.dispatcher).get(f"/exceptions/{task_id}").text
    assert "tự đóng, không còn gì phải làm" in page and "máy chủ" not in page


def test_whoever_sees_to_a_changed_number_reads_when_its_codes_come_and_which_visit_is_to_be_moved(
    world: World, sign_in: Any
) -> None:
    packet = world.packet(Way.OUT)
    visit = visits.open_visit(packet.id)
    assert visit
    at = visits.starts_at(visit.slot.day, visit.slot.opens) - timedelta(hours=3)

    def change() -> None:
        held = db.session.get_one(Packet, packet.id)
        facts = {"phone": "0900 000 777", "second_phone": "", "street": held.dossier.citizen.street}
        results.reconfirm(held.dossier, world.act(world.officer, at), "reached", **facts)

    atomically(change)
    (task,) = tasks.open_about(world.fresh(packet))
    client = sign_in(world.dispatcher)
    page = words(client, f"/exceptions/{task.id}")
    ends = at + timedelta(days=1)
    assert f"Mã cho số mới gửi lúc {matters.language.moment(ends)}".replace("\u00a0", " ") in page
    assert "Giờ hẹn 8:00–10:00" in page and "trước lúc đó: hẹn giờ khác" in page
    assert f"/dispatch/packets/{packet.number}/time" in page
    atomically(dispatch.rebook, world.post, packet, later(world, ends), world.act(world.dispatcher, at))
    assert "trước lúc đó" not in words(client, f"/exceptions/{task.id}")


def later(world: World, than: datetime) -> str:
    offers = visits.offers(world.post, MONDAY)
    return next(one.key for one in offers if one.left and visits.starts_at(one.day, one.opens) >= than)
