"""Every URL × every role × own and other office. A URL this walk does not know is a failure: add it to OBJECTS."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.db import atomically, db
from app.domain import dispatch, manifests, people, tasks, visits
from app.domain.people import GRANTS, Right, Role, User
from app.domain.tasks import TaskKind
from tests.conftest import signing_in
from tests.world import World

# Arguments that name somebody's things, and those that are everybody's.
OBJECTS = {"number", "receipt", "round_id", "task_id", "device_id", "courier_id"}
COMMON = {"act", "day", "code", "secret", "token", "to", "filename"}


class Walk:
    """A world with one collected packet, and everybody signed in."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        phone = world.phone()
        packet = world.collected(phone)
        self.number, self.secret = packet.number, packet.dossier.secret
        act = world.act(world.officer)
        found = manifests.Found("NP0045821")
        manifest = atomically(manifests.of_one, packet, world.desk.party_id, packet.head, found, act.at)
        self.receipt = manifest.receipt_no
        other = visits.current(world.packet().id)
        assert other
        self.day = other.slot.day.isoformat()
        atomically(dispatch.assign, world.post, [other.id], world.courier.id, world.act(world.dispatcher))
        round_ = visits.round_of(world.courier, other.slot.day)
        assert round_
        self.round_id = round_.id
        self.tasks = {
            office.id: atomically(
                tasks.raise_, TaskKind.OLD_ISSUE, act.at, packet=packet, office_id=office.id, device_id=each
            ).id
            for office, each in ((world.post, None), (world.desk, phone.device_id))
        }
        self.token, self.device_id = phone.token, phone.device_id
        self.strange_token = world.phone(world.strange_courier).token
        far = world.other_post
        self.strange_dispatcher = atomically(
            people.hire, "dispatcher9", "Kiều Thị Quế", Role.DISPATCHER, far, World.PASSWORD
        )
        enter = signing_in(app)
        staff = (world.courier, world.clerk, world.officer, world.dispatcher, world.supervisor, world.admin)
        self.own = {user.role: enter(user) for user in staff}
        self.strangers: dict[Role, FlaskClient] = {
            user.role: enter(user) for user in (world.stranger, world.strange_officer, self.strange_dispatcher)
        }

    def url(self, rule: Rule, role: Role | None = None) -> str:
        """The address of this rule for things that `role` may see; a desk's tasks are no post office's."""
        whose = self.world.desk if role is Role.OFFICER else self.world.post
        values: dict[str, Any] = {
            "task_id": self.tasks[whose.id], "act": "correct",
            "number": self.number, "receipt": self.receipt, "round_id": self.round_id, "day": self.day,
            "device_id": self.device_id, "courier_id": self.world.courier.id,
            "code": "1.004859", "secret": self.secret, "token": "X" * 133, "to": "en", "filename": "no.txt",
        }  # fmt: skip
        unknown = rule.arguments - OBJECTS - COMMON
        assert not unknown, f"{rule.rule}: say in this walk what {unknown} is, and whose"
        with self.app.test_request_context():
            return str(self.app.url_map.bind("localhost").build(rule.endpoint, {k: values[k] for k in rule.arguments}))

    def rules(self) -> Iterator[tuple[Rule, str, Right | None]]:
        for rule in self.app.url_map.iter_rules():
            if rule.endpoint == "static":
                continue
            right = self.app.view_functions[rule.endpoint].right  # type: ignore[attr-defined]
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, right


@pytest.fixture
def walk(app: Flask, world: World) -> Walk:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return Walk(app, world)


def test_nobody_gets_in_without_a_right_and_no_page_breaks(walk: Walk) -> None:
    nobody = walk.app.test_client()
    for rule, method, right in walk.rules():
        url = walk.url(rule)
        status = nobody.open(url, method=method).status_code
        if right is None:
            assert status < 500, (method, url, status)
        elif url.startswith("/api/") or method != "GET":
            assert status == 401, (method, url, status)
        else:
            assert status == 302, (method, url, status)


def test_each_role_enters_its_own_doors_and_no_others(walk: Walk) -> None:
    for rule, method, right in walk.rules():
        url = walk.url(rule)
        if right is None or url.startswith("/api/") or method != "GET":
            continue
        for role, client in walk.own.items():
            status = client.get(walk.url(rule, role)).status_code
            if right in GRANTS[role]:
                assert status in (200, 302, 422), (role, url, status)  # 422: an empty search
            else:
                assert status == 403, (role, url, status)


def test_another_offices_things_are_not_there(walk: Walk) -> None:
    """The same answer as for what does not exist; and the packet's number is on none of the stranger's pages."""
    before = walk.world.fresh_count()
    for rule, method, right in walk.rules():
        url = walk.url(rule)
        if right is None or url.startswith("/api/"):
            continue
        for role, client in walk.strangers.items():
            if right not in GRANTS[role]:
                if method != "GET":
                    assert client.open(url, method=method).status_code == 403, (role, url)
                continue
            answer = client.open(url, method=method, data={"head": "00", "seal": "NP1"})
            if rule.arguments & OBJECTS:
                assert answer.status_code == 404, (role, method, url, answer.status_code)
            elif method == "GET":
                assert walk.number not in answer.text, (role, url)
    assert walk.world.fresh_count() == before


def test_another_courier_sees_nothing_and_starts_nothing(walk: Walk) -> None:
    client = walk.app.test_client()
    stranger = {"Authorization": f"Bearer {walk.strange_token}"}
    day = client.get("/api/v1/day", headers=stranger)
    assert day.status_code == 200 and walk.number not in day.text and "Nguyễn Thị Mơ" not in day.text
    assert client.post("/api/v1/lookups", json={"number": walk.number}, headers=stranger).status_code == 404
    assert client.post(f"/api/v1/rounds/{walk.round_id}/start", json={}, headers=stranger).status_code == 404
    own = {"Authorization": f"Bearer {walk.token}"}
    assert client.post("/api/v1/lookups", json={"number": walk.number}, headers=own).status_code == 200
    assert client.post(f"/api/v1/rounds/{walk.round_id}/start", json={}, headers=own).status_code == 200


def test_a_demotion_takes_effect_at_the_next_request(walk: Walk) -> None:
    def demote() -> None:
        db.session.get_one(User, walk.world.officer.id).role = Role.CLERK

    atomically(demote)
    assert walk.own[Role.OFFICER].get("/desk/").status_code == 403


def test_the_walk_notices_a_page_without_a_scope(walk: Walk) -> None:
    """The planted bug: a desk page that reads whatever number it is given."""

    def leak(number: str) -> str:
        return f"{number} belongs to somebody"

    leak.right = Right.DESK  # type: ignore[attr-defined]
    walk.app.view_functions["desk.packet"] = leak
    with pytest.raises(AssertionError):
        test_another_offices_things_are_not_there(walk)
