"""Every URL × every role × own and other office. A URL this walk does not know is a failure: add it to OBJECTS or SENT."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.db import Base, atomically, db, now
from app.domain import (
    dispatch,
    editions,
    filters,
    forms,
    imports,
    incidents,
    manifests,
    people,
    petitions,
    procedures,
    remittances,
    retention,
    stickers,
    tasks,
    tokens,
    visits,
)
from app.domain.audit import ViewLine
from app.domain.calendar import today
from app.domain.dossiers import Dossier
from app.domain.passkeys import Passkey
from app.domain.people import GRANTS, Right, Role, User
from app.domain.remedies import Remedy
from app.domain.tasks import TaskKind
from app.views.decisions import PAGES
from tests.conftest import signing_in
from tests.domain.test_money import BANK, paid
from tests.world import World

# Arguments that name somebody's things, and those that are everybody's.
OBJECTS = {
    "number",
    "receipt",
    "round_id",
    "task_id",
    "device_id",
    "courier_id",
    "visit_id",
    "roll_id",
    "user_id",
    "filter_id",
    "incident",
    "remittance",
    "passkey_id",
    "petition",
}
COMMON = {
    "act",
    "day",
    "code",
    "secret",
    "token",
    "to",
    "filename",
    "paper",
    "sheet",
    "kind",
    "step",
    "form",
    "sha256",
    "version",
    "suffix",
    "import_id",
    "office",
    "ward",
    "first",
}

# What a phone says at each door that asks for something to be said.
SENT: dict[str, Callable[["Walk"], Any]] = {
    "api_devices.enrol":    lambda walk: {"user": "nobody", "password": "none", "public_key": "AAAA"},
    "api_devices.renew":    lambda walk: {"proof": "AAAA"},
    "api_devices.prove":    lambda walk: {"password": "none"},
    "api_devices.retire":   lambda walk: {"why": "lost"},
    "api_files.upload":     lambda walk: {},
    "api_scans.upload":     lambda walk: {"scans": []},
    "api_day.start":        lambda walk: {},
    "api_day.look_up":      lambda walk: {"number": walk.number},
    "api_manifests.receive": lambda walk: walk.bag(),
    "api_manifests.confirm": lambda walk: {"side": "taker", "sig": "AAAA"},
    "api_till.declare":     lambda walk: {"key": "k" * 32, "amount": 0, "at": "2026-11-23T09:00:00+07:00", "sig": "AAAA"},
}  # fmt: skip
# What the stranger's phone is answered where it names no thing in the address: 404 and 422 say nothing, the rest is its own.
ANSWERED = {
    "api_devices.renew": 422, "api_devices.prove": 422, "api_scans.upload": 200, "api_files.upload": 415, "api_day.look_up": 404, "api_manifests.receive": 422,
    "api_till.declare": 422,
}  # fmt: skip
# What one's own is answered where it is not 200: what was said there has no signature, no right password, no picture.
LET_IN = {
    "api_devices.renew": 422, "api_devices.prove": 422, "api_manifests.confirm": 422, "api_till.declare": 422, "api_files.upload": 415,
    "api_manifests.receive": 201,
}  # fmt: skip


PASSING = {"sessions", "throttles", "challenges"}


class Walk:
    """A world with one collected packet, and everybody signed in."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        self.only: str | None = None  # the one endpoint to walk to, where the walk itself is tried
        phone = world.phone()
        packet = world.collected(phone)
        self.sha256 = world.photographed(phone, packet).hex()
        self.packet, self.number, self.secret, self.code = (
            packet,
            packet.number,
            packet.dossier.secret,
            tokens.b32(packet.code),
        )
        act = world.act(world.officer)
        found = manifests.Found("NP0045821")
        manifest = atomically(manifests.of_one, packet, world.desk.party_id, packet.head, found, act.at)
        self.receipt = manifest.receipt_no
        other = visits.current(world.packet().id)
        assert other
        self.day = atomically(_coming, other).isoformat()
        atomically(dispatch.assign, world.post, [other.id], world.courier.id, world.act(world.dispatcher))
        round_ = visits.round_of(world.courier, other.slot.day)
        assert round_
        self.round_id, self.visit_id = round_.id, other.id
        self.roll_id = atomically(stickers.print_roll, world.post, 1, world.act(world.clerk)).id
        self.tasks = {
            office.id: atomically(
                tasks.raise_, TaskKind.OLD_ISSUE, act.at, packet=packet, office_id=office.id, device_id=each
            ).id
            for office, each in ((world.post, None), (world.desk, phone.device_id))
        }
        papers = [{"name": "Tờ khai", "form": "original", "sheets": 1}]
        atomically(forms.give, packet.dossier, "receipt", act, due_on="2026-11-27", papers=papers)
        sort, side = incidents.Sort.LOST, incidents.Side.POST
        self.incident = atomically(incidents.open_, packet, world.act(world.clerk), sort, side, "Không thấy gói").number
        paid(world, world.phone(), BANK)
        fees = remittances.owed(world.post)[0].amount
        self.remittance = atomically(
            remittances.hand_over, world.desk.id, world.act(world.clerk), "k" * 32, expected=fees
        ).number
        edition = procedures.says(db.session.merge(world.procedure))
        drafted = atomically(editions.keep, "1.004859", edition, 0, world.act(world.admin))
        self.import_id = atomically(imports.take, [(drafted.code, edition)], world.act(world.admin)).id
        narrowed = filters.Narrowing("Hộ tịch")
        self.filter_id = atomically(filters.keep, "Hộ tịch", "work", narrowed, world.act(world.officer)).id
        self.petition = atomically(
            petitions.ask, packet.dossier, petitions.Kind.CORRECT, "Tên viết sai", world.act()
        ).id
        self.token, self.device_id = phone.token, phone.device_id
        self.strange_token = world.phone(world.strange_courier).token
        far = world.other_post
        self.strange_dispatcher = atomically(
            people.hire, "dispatcher9", "Kiều Thị Quế", Role.DISPATCHER, far, World.PASSWORD
        )
        strange_supervisor = atomically(
            people.hire, "supervisor9", "Quách Văn Mơ", Role.SUPERVISOR, None, World.PASSWORD, units=[far, world.other_desk]
        )  # fmt: skip
        strange_lead = atomically(people.hire, "lead9", "Mạc Thị Sấu", Role.LEAD, world.other_desk, World.PASSWORD)
        enter = signing_in(app)
        staff = (world.courier, world.clerk, world.officer, world.lead, world.dispatcher, world.supervisor, world.admin)
        self.own = {user.role: enter(user) for user in staff}
        strangers = (
            world.stranger,
            world.strange_officer,
            self.strange_dispatcher,
            world.strange_courier,
            strange_lead,
            strange_supervisor,
        )
        self.strangers: dict[Role, FlaskClient] = {user.role: enter(user) for user in strangers}
        self.strange_offices = {user.role: user.office_id for user in strangers}
        self.passkeys = {user.role: atomically(_passkey, user.id) for user in staff}
        # What no stranger may read: numbers, names, where and how somebody is reached.
        self.private = (
            self.number, self.secret, self.receipt, self.device_id, "Nguyễn Thị Mơ", "Mẫu Đơn", "900000123", "900 000 123",
            world.courier.name, world.clerk.name, world.officer.name, world.dispatcher.name,
        )  # fmt: skip

    def bag(self) -> dict[str, Any]:
        return {"key": "k" * 32, "giver": self.world.desk.party_id, "expected": [self.code], "scans": []}

    def urls(self, rule: Rule, role: Role | None = None) -> list[str]:
        """The addresses of this rule for things that `role` may see; a desk's tasks are no post office's."""
        whose = self.world.desk if role in (Role.OFFICER, Role.LEAD) else self.world.post
        values: dict[str, list[Any]] = {
            "task_id": [self.tasks[whose.id]], "act": list(Remedy), "number": [self.number], "receipt": [self.receipt],
            "round_id": [self.round_id], "day": [self.day], "device_id": [self.device_id],
            "courier_id": [self.world.courier.id], "user_id": [self.world.courier.id], "filter_id": [self.filter_id], "visit_id": [self.visit_id], "roll_id": [self.roll_id], "incident": [self.incident], "remittance": [self.remittance], "petition": [self.petition], "passkey_id": [self.passkeys[role or Role.COURIER]], "code": ["1.004859"], "secret": [self.secret],
            "token": ["X" * 133], "to": ["en"], "filename": ["no.txt"], "paper": ["slips"], "sheet": ["label"], "kind": ["label"], "step": list(PAGES), "form": ["receipt"], "sha256": [self.sha256],
            "version": [1], "suffix": ["csv"], "import_id": [self.import_id], "office": [self.world.post.code], "ward": ["25942"], "first": ["2025-07-01"],
        }  # fmt: skip
        unknown = rule.arguments - OBJECTS - COMMON
        assert not unknown, f"{rule.rule}: say in this walk what {unknown} is, and whose"
        names = sorted(rule.arguments)
        with self.app.test_request_context():
            bound = self.app.url_map.bind("localhost")
            every = product(*(values[name] for name in names))
            return [str(bound.build(rule.endpoint, dict(zip(names, chosen, strict=True)))) for chosen in every]

    def rules(self) -> Iterator[tuple[Rule, str, Right | None]]:
        for rule in self.app.url_map.iter_rules():
            if rule.endpoint == "static" or self.only not in (None, rule.endpoint):
                continue
            right = self.app.view_functions[rule.endpoint].right  # type: ignore[attr-defined]
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, right

    def pages(self) -> Iterator[tuple[Rule, str, Right]]:
        """What only staff may open."""
        for rule, method, right in self.rules():
            if right is not None and not rule.rule.startswith("/api/"):
                yield rule, method, right

    def calls(self) -> Iterator[tuple[Rule, str, Right | None, Any]]:
        """The doors of phones, and what is said there."""
        for rule, method, right in self.rules():
            if rule.rule.startswith("/api/"):
                assert method == "GET" or rule.endpoint in SENT, f"{rule.rule}: say in SENT what a phone says there"
                yield rule, method, right, None if method == "GET" else SENT[rule.endpoint](self)

    def call(self, url: str, method: str, said: Any, token: str | None, **more: Any) -> TestResponse:
        client = more.pop("client", None) or self.app.test_client()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return client.open(url, method=method, json=said, headers=headers, **more)

    def everything(self) -> dict[tuple[str, Any], dict[str, Any]]:
        """Every row there is but who is signed in, and what was asked how often."""
        db.session.rollback()
        found = {}
        for table in Base.metadata.sorted_tables:
            for row in db.session.execute(sa.select(table)).mappings() if table.name not in PASSING else ():
                found[table.name, tuple(row[key] for key in table.primary_key.columns)] = dict(row)
        return found

    def reveals_nothing(self, answer: TestResponse, *said: str) -> None:
        """No private word is in this answer, but for what the asker had typed themselves."""
        found = [word for word in self.private if word in answer.text and not any(word in each for each in said)]
        assert not found, (answer.request.path, answer.request.query_string, found)


def _passkey(user_id: str) -> str:
    facts = {"credential": user_id.encode(), "public_key": b"", "sign_count": 0, "transports": [], "name": "phone"}
    passkey = Passkey(user_id=user_id, created_at=now(), **facts)
    db.session.add(passkey)
    db.session.flush()
    return passkey.id


def _coming(visit: visits.Visit) -> date:
    """The visit is one of the days to come by the real clock: what can still be changed on it is walked through too."""
    visit.slot.day = today(now()) + timedelta(days=2)
    return visit.slot.day


@pytest.fixture
def walk(app: Flask, world: World) -> Walk:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return Walk(app, world)


def test_nobody_gets_in_without_a_right_and_no_page_breaks(walk: Walk) -> None:
    nobody = walk.app.test_client()
    for rule, method, right in walk.rules():
        for url in walk.urls(rule):
            status = nobody.open(url, method=method).status_code
            if right is None:
                assert status < 500, (method, url, status)
            elif url.startswith("/api/") or method != "GET":
                assert status == 401, (method, url, status)
            else:
                assert status == 302, (method, url, status)


@pytest.mark.dialects("sqlite")
def test_no_page_breaks_over_what_was_let_go_of(walk: Walk) -> None:
    """Names, streets and telephones of every dossier are gone: nobody's page minds, and the citizen's link is no link."""
    ids = list(db.session.scalars(sa.select(Dossier.id)))
    for step in (retention._restrict, retention._erase):  # whatever stands against it
        atomically(step, ids, now())
    gone = ("Nguyễn Thị Mơ", "Mẫu Đơn", "900000123", "900 000 123")
    links = {rule.endpoint for rule, _, right in walk.rules() if right is None and "secret" in rule.arguments}
    for rule, method, right in walk.rules():
        for url in walk.urls(rule) if method == "GET" else ():
            for role, client in walk.own.items() if right else [(None, walk.app.test_client())]:
                answer = client.get(url)
                assert answer.status_code < 500, (role, url, answer.status_code)
                assert not [word for word in gone if word.encode() in answer.data], (role, url)
                assert rule.endpoint not in links or answer.status_code == 404, url


@pytest.mark.dialects("sqlite")  # who may is no question to a database
def test_each_role_enters_its_own_doors_and_no_others(walk: Walk) -> None:
    for rule, method, right in walk.pages():
        for role, client in walk.own.items():
            for url in walk.urls(rule, role):
                if right not in GRANTS[role]:
                    assert client.open(url, method=method).status_code == 403, (role, method, url)
                elif method == "GET":
                    assert client.get(url).status_code in (200, 302, 422), (role, url)  # 422: an empty search


def test_another_offices_things_are_not_there(walk: Walk) -> None:
    """The same answer as for what does not exist; and nothing of it is on any of the stranger's pages."""
    before = walk.world.fresh_count()
    for rule, method, right in walk.pages():
        for role, client in walk.strangers.items():
            for url in walk.urls(rule):
                answer = client.open(url, method=method, data={"head": "00", "seal": "NP1"})
                if right not in GRANTS[role]:
                    assert answer.status_code == 403, (role, method, url)
                elif rule.arguments & OBJECTS:
                    assert answer.status_code == 404, (role, method, url, answer.status_code)
                walk.reveals_nothing(answer, url)
    assert walk.world.fresh_count() == before


@pytest.mark.dialects("sqlite")  # the pages' queries run on both in `test_another_offices_things_are_not_there`
def test_no_question_in_an_address_brings_another_offices_things_to_a_page(walk: Walk) -> None:
    """Names, numbers, phones and offices of others, put to every page in every field that any page reads."""
    world = walk.world
    named = (walk.number, "Nguyễn Thị Mơ", "0900000123", world.courier.name)
    offices = (str(world.post.id), str(world.desk.id), world.post.code, world.desk.code)
    more = {"courier": world.courier.id, "giver": world.courier.party_id, "whose": "all"}
    asked = [{"code": name, "office": office} | more for name, office in zip(named, offices, strict=True)]
    for rule, method, right in walk.pages():
        if method != "GET" or rule.arguments & OBJECTS:
            continue
        for role, client in walk.strangers.items():
            for url, query in product(walk.urls(rule), asked if right in GRANTS[role] else ()):
                walk.reveals_nothing(client.get(url, query_string=query, follow_redirects=True), *query.values())


@pytest.mark.dialects("sqlite")
def test_no_form_shows_or_changes_another_offices_things(walk: Walk) -> None:
    """Their numbers, slips, people and visits, written into every form that names nothing in its address."""
    world, before = walk.world, walk.everything()
    packet = world.fresh(walk.packet)
    theirs, nobody = world.strange_courier, "nobody"
    couriers = (world.courier.id, theirs.id, nobody, theirs.id)
    names = (walk.number, packet.slip.token, packet.dossier.number, world.courier.name)
    for named, courier in zip(names, couriers, strict=True):
        printed = (walk.number,) if named == packet.slip.token else ()  # whoever reads a slip reads its number
        said = {
            **dict.fromkeys(("code", "text", "number", "name", "q", "where", "holder", "receipt"), named),
            **dict.fromkeys(("courier", "who", "to", "user"), courier),
            **dict.fromkeys(("office", "desk", "post"), str(world.post.id)),
            **dict.fromkeys(("visit", "id", "line", "filter"), str(walk.visit_id)),
            f"seal-{packet.dossier.number}": "NP0045821", "seal": "NP0045821", "password": World.PASSWORD, "expected": "15000", "amount": "15000",
            "day": walk.day, "key": "k" * 32, "reason": "moved", "proof": "WET", "on_paper": "y",
        }  # fmt: skip
        for rule, method, right in walk.pages():
            if method == "GET" or rule.arguments & OBJECTS:
                continue
            for role, client in walk.strangers.items():
                for url in walk.urls(rule) if right in GRANTS[role] else ():
                    answer = client.open(url, method=method, data=said, follow_redirects=True)
                    assert answer.status_code < 500, (role, url)
                    walk.reveals_nothing(answer, url, *said.values(), *printed)
    after = walk.everything()
    assert {at: (row, after.get(at)) for at, row in before.items() if after.get(at) != row} == {}


@pytest.mark.dialects("sqlite")
def test_every_page_that_names_a_citizen_is_in_the_log_of_views(walk: Walk) -> None:
    """Citizens are told so (`/privacy`) and shown it (`/t/…/looks`)."""
    said = ("Nguyễn Thị Mơ", "Mẫu Đơn", "900 000 123")
    named = 0
    for rule, method, right in walk.pages():
        for role, client in walk.own.items() if method == "GET" else ():
            for url in walk.urls(rule, role) if right in GRANTS[role] else ():
                atomically(db.session.execute, sa.delete(ViewLine))
                answer = client.get(url)
                page = answer.text.replace("\u00a0", " ") if answer.mimetype == "text/html" else ""
                if any(word in page for word in said):
                    named += 1
                    db.session.rollback()
                    assert db.session.scalars(sa.select(ViewLine)).all(), (
                        f"{url} names somebody to the {role}, unlogged"
                    )
    assert named > 15


def test_what_is_no_offices_is_for_those_who_see_all(walk: Walk) -> None:
    act = walk.world.act()
    nobodys = atomically(tasks.raise_, TaskKind.RAW_INBOX, act.at, office_id=None).id
    whole = walk.own[Role.SUPERVISOR]
    for role, client in (*walk.own.items(), *walk.strangers.items()):
        status = client.get(f"/exceptions/{nobodys}").status_code
        assert status == (200 if client is whole else 404 if Right.EXCEPTIONS in GRANTS[role] else 403), role


@pytest.mark.dialects("sqlite")
def test_no_private_word_is_in_a_log(walk: Walk, capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever opens whatever, is let in or not, and asks for somebody: the log says the pattern of the address and no more."""
    walk.app.testing = False
    asked = {"q": "Nguyễn Thị Mơ", "code": walk.number, "name": "0900000123"}
    for rule, method, right in walk.rules():
        said = SENT[rule.endpoint](walk) if rule.endpoint in SENT else None
        role = next(role for role in walk.own if right is None or right in GRANTS[role])
        for url in walk.urls(rule, role) if method == "GET" else ():
            walk.own[role].get(url, query_string=asked)
        for url in walk.urls(rule) if rule.rule.startswith("/api/") else ():
            walk.call(url, method, said, walk.token, query_string=asked)
    log = capfd.readouterr().err
    assert log.count('"event": "request"') > 100 and '"role": "clerk"' in log
    secrets = (*walk.private, walk.token, walk.code, walk.world.courier.id)
    assert [word for word in secrets if word in log] == []


# ---- phones -----------------------------------------------------------------------------------------------------


def test_a_phone_calls_with_its_own_token_and_a_page_with_none(walk: Walk) -> None:
    """No cookie opens a door of the phones, and no word but a registered phone's."""
    for rule, method, _right, said in walk.calls():
        for url in walk.urls(rule):
            if rule.endpoint in ("api_devices.enrol", "api_openapi.openapi"):  # who has no token yet; what is published
                continue
            assert walk.call(url, method, said, None).status_code == 401, (method, url)
            assert walk.call(url, method, said, "wrong").status_code == 401, (method, url)
            for role, client in walk.own.items():
                assert walk.call(url, method, said, None, client=client).status_code == 401, (role, method, url)


def test_another_courier_sees_nothing_and_starts_nothing(walk: Walk) -> None:
    before = walk.world.fresh_count()
    for rule, method, right, said in walk.calls():
        for url in walk.urls(rule):
            answer = walk.call(url, method, said, walk.strange_token)
            if rule.arguments & OBJECTS:
                assert answer.status_code == 404, (method, url, answer.status_code)
            elif method == "GET":
                assert answer.status_code == 200, (url, answer.status_code)
            elif right is not None or rule.endpoint in ANSWERED:
                assert answer.status_code == ANSWERED[rule.endpoint], (url, answer.status_code, answer.text)
            walk.reveals_nothing(answer, url, str(said))
    giver = walk.call(f"/api/v1/manifests?giver={walk.world.courier.party_id}", "GET", None, walk.strange_token)
    assert giver.json == {"giver": walk.world.courier.party_id, "packets": []}
    assert walk.world.fresh_count() == before


def test_ones_own_phone_is_let_in_everywhere(walk: Walk) -> None:
    """What the stranger is refused is refused for who they are."""
    for rule, method, _right, said in walk.calls():
        if rule.endpoint in ("api_devices.enrol", "api_devices.retire"):
            continue
        for url in walk.urls(rule):
            status = walk.call(url, method, said, walk.token).status_code
            assert status == LET_IN.get(rule.endpoint, 200), (url, status)


def test_who_has_left_is_told_nothing_by_the_phone_that_was_theirs(walk: Walk) -> None:
    def leave() -> None:
        db.session.get_one(User, walk.world.courier.id).disabled_at = walk.world.act().at

    atomically(leave)
    for rule, method, right, said in walk.calls():
        for url in walk.urls(rule):
            answer = walk.call(url, method, said, walk.token)
            if right is not None:
                assert answer.status_code == 401, (method, url)
            elif rule.endpoint != "api_devices.mine":
                walk.reveals_nothing(answer)


def test_a_demotion_takes_effect_at_the_next_request(walk: Walk) -> None:
    def demote() -> None:
        db.session.get_one(User, walk.world.officer.id).role = Role.CLERK

    atomically(demote)
    assert walk.own[Role.OFFICER].get("/desk/").status_code == 403


SUMMARY = re.compile(r'class="govuk-error-summary".*?</ul>', re.S)


@pytest.mark.dialects("sqlite")  # what a page says
def test_the_faults_of_a_form_are_listed_in_the_order_of_its_page(walk: Walk) -> None:
    """Every form of staff, sent empty. A step that is not open has no form on the page its faults are told on."""
    last = ("end", "close", "retire", "discard", "withdraw", "reject")  # they may leave nothing to ask for
    pages = sorted(walk.pages(), key=lambda page: (page[0].rule.rsplit("/", 1)[-1] in last, page[0].rule))
    forms, wrong = 0, []
    for rule, method, right in pages:
        role = next((role for role in walk.own if right in GRANTS[role]), None)
        if method != "POST" or role is None or rule.endpoint.startswith("sessions."):
            continue
        if rule.endpoint == "desk.receive":  # one form, whose papers stand above the seal here and below it in a count
            continue
        for url in walk.urls(rule, role):
            page = walk.own[role].post(url, data={}).text
            if found := SUMMARY.search(page):
                forms += 1
                places = [page.find(f'id="{each}"') for each in re.findall(r'href="#([^"]+)"', found[0])]
                places = [place for place in places if place >= 0]
                if places != sorted(places):
                    wrong.append(url)
    assert not wrong
    assert forms >= 30, forms


# ---- the walk itself --------------------------------------------------------------------------------------------

PLANTED = {
    # a page or a door that reads whatever it is given, or shows to everybody what is there
    "desk.packet": (Right.DESK, test_another_offices_things_are_not_there),
    "phones.home": (Right.PHONES, test_another_offices_things_are_not_there),
    "office.find": (Right.COUNTER, test_no_question_in_an_address_brings_another_offices_things_to_a_page),
    "counts.first": (Right.DESK, test_no_form_shows_or_changes_another_offices_things),
    "api_day.today": (Right.SCAN, test_another_courier_sees_nothing_and_starts_nothing),
    "api_manifests.show": (Right.SCAN, test_another_courier_sees_nothing_and_starts_nothing),
}


@pytest.mark.dialects("sqlite")
def test_the_walk_notices_a_door_without_a_scope(walk: Walk) -> None:
    def leak(**given: Any) -> str:
        return f"{walk.number} belongs to somebody"

    for endpoint, (right, notices) in PLANTED.items():
        walk.only = endpoint
        notices(walk)
        honest, leak.right = walk.app.view_functions[endpoint], right  # type: ignore[attr-defined]
        walk.app.view_functions[endpoint] = leak
        with pytest.raises(AssertionError):
            notices(walk)
        walk.app.view_functions[endpoint] = honest


@pytest.mark.dialects("sqlite")
def test_the_walk_notices_an_address_it_does_not_know(walk: Walk) -> None:
    def shelf(**given: Any) -> str:
        return "nothing"

    walk.only, shelf.right = "shelf", Right.WORK  # type: ignore[attr-defined]
    walk.app.view_functions["shelf"] = shelf
    walk.app.url_map.add(Rule("/desk/shelves/<shelf>", endpoint="shelf", methods=["GET"]))
    with pytest.raises(AssertionError, match="say in this walk what {'shelf'} is"):
        test_another_offices_things_are_not_there(walk)
    walk.app.url_map.add(Rule("/api/v1/shelves", endpoint="shelf", methods=["POST"]))
    with pytest.raises(AssertionError, match="/api/v1/shelves: say in SENT"):
        test_another_courier_sees_nothing_and_starts_nothing(walk)
