"""Whatever is sent to a door of the phones: a status that fits, a sentence, and nothing lost. Never a fault of ours."""

import base64
import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.db import db
from app.domain import bodies, tokens
from app.domain.bodies import RAW_LIMIT
from app.domain.packets import Way
from app.domain.scans import RawScan, ScanRow
from tests.api.conftest import Line
from tests.world import World

# Every door that is told something, and what is rightly told there.
DOORS: dict[str, dict[str, Any]] = {
    "/api/v1/scans": {"device": None, "since": "2026-01-01T00:00:00Z", "pin": {"size": 1, "root": "00"}, "scans": []},
    "/api/v1/devices": {"user": "courier1", "password": "no", "public_key": "AAAA", "label": "phone"},
    "/api/v1/devices/me/renew": {"proof": "AAAA"},
    "/api/v1/devices/me/prove": {"password": "no"},
    "/api/v1/devices/{device}/retire": {"why": "lots"},
    "/api/v1/lookups": {"number": "HS-1"},
    "/api/v1/manifests": {"key": "k" * 32, "giver": "p1", "expected": ["0" * 16], "scans": [], "found": {"0" * 16: {}}},
    "/api/v1/money": {"key": "k" * 16, "amount": 0, "at": "2026-01-01T00:00:00Z", "sig": "AAAA"},
    "/api/v1/manifests/BB-1/confirm": {"side": "taker", "sig": "AAAA"},
}
DEEP = "[" * 50_000
RUBBISH: dict[str, bytes] = {
    "nothing": b"", "half": b'{"', "no json": b"hello", "bad utf-8": b'{"user": "\xff\xfe"}', "utf-16": '{"a": 1}'.encode("utf-16"),
    "deep": DEEP.encode(), "deep object": b'{"scans":' * 20_000, "a list": b"[]", "a number": b"1", "null": b"null", "text": b'"text"',
    "huge number": b'{"scans": ' + b"9" * 5000 + b"}", "no number": b'{"scans": 5, "pin": NaN, "key": Infinity}', "nul": b'{"scans": 5, "user": "\\u0000", "number": "\\u0000", "giver": "\\u0000"}',
    "lone surrogate": b'{"user": "\\ud800", "password": "\\ud800", "number": "\\ud800", "sig": "\\ud800"}', "nul byte": b"\x00" * 20,
}  # fmt: skip


def say(line: Line, path: str, data: bytes, kind: str = "application/json", method: str = "POST") -> TestResponse:
    url = path.format(device=line.phone.device_id)
    return line.client.open(url, method=method, data=data, headers=line.headers | {"Content-Type": kind})


def fits(answer: TestResponse) -> None:
    """No fault of ours; and what is refused is refused in a sentence, as problem+json."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.mimetype == "application/problem+json" and answer.json
        assert answer.json["status"] == answer.status_code and answer.json["key"]
        assert len(answer.json["title"]) > 5 and (answer.json["detail"] or answer.status_code == 409)


def kept() -> list[bytes]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(RawScan.bytes).order_by(RawScan.id)))


@pytest.mark.parametrize("what", RUBBISH)
def test_rubbish_is_answered_in_words_at_every_door_and_kept_where_scans_come_in(wire: Line, what: str) -> None:
    data = RUBBISH[what]
    for path in DOORS:
        answer = say(wire, path, data)
        fits(answer)
        assert answer.status_code in (400, 404, 413, 422), (path, answer.status_code, answer.text)
        if path == "/api/v1/scans":
            assert answer.status_code == 400
    assert kept() == [data[:RAW_LIMIT]]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "☃"])
def test_another_form_of_data_is_refused_at_every_door(wire: Line, kind: str) -> None:
    for path, said in DOORS.items():
        answer = say(wire, path, json.dumps(said).encode(), kind.encode().decode("latin-1"))
        fits(answer)
        assert answer.status_code == 415, (path, answer.status_code)
    assert kept() == [json.dumps(DOORS["/api/v1/scans"]).encode()]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_refused_at_every_door(wire: Line, method: str) -> None:
    for path, said in DOORS.items():
        answer = say(wire, path, json.dumps(said).encode(), method=method)
        fits(answer)
        assert answer.status_code == 405, (path, answer.status_code)


def test_too_much_is_refused_at_every_door_and_where_scans_come_in_it_is_kept_by_the_phone(wire: Line) -> None:
    for path, said in DOORS.items():
        answer = say(wire, path, json.dumps(said | {"fill": "x" * 1024 * 1024}).encode())
        fits(answer)
        assert answer.status_code == 413, (path, answer.status_code)
    assert kept() == []


def test_what_nobody_could_read_is_kept_up_to_64_kilobytes(wire: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    long = b"{" + b"x" * (RAW_LIMIT * 2)
    assert say(wire, "/api/v1/scans", long).status_code == 400
    assert kept() == [long[:RAW_LIMIT]]
    assert RAW_LIMIT == 64 * 1024
    monkeypatch.setattr(bodies, "RAW_LIMIT", 10**9)  # the planted bug: bytes without a bound
    say(wire, "/api/v1/scans", long)
    assert kept()[1:] == [long]


NUMBERS = st.integers() | st.sampled_from([2**31, 2**63, 2**64, -(2**63) - 1, 10**400]) | st.floats()
TEXTS = st.text(max_size=20) | st.sampled_from(["\x00", "\ud800", "0" * 16, "x" * 10_000, "é" * 300, "9" * 5000])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(st.data())
def test_no_body_makes_a_fault_of_ours(wire: Line, data: st.DataObject) -> None:
    """A right one with any part of it exchanged for anything, or anything at all."""
    path = data.draw(st.sampled_from(sorted(DOORS)))
    said: Any = dict(DOORS[path])
    said[data.draw(st.sampled_from(sorted(said)))] = data.draw(ANYTHING)
    body = data.draw(
        st.just(json.dumps(said).encode()) | ANYTHING.map(lambda any_: json.dumps(any_).encode()) | st.binary()
    )
    fits(say(wire, path, body))


@MANY
@given(field=st.text(max_size=8) | st.sampled_from(
    ["v", "id", "device", "n", "back", "code", "issue", "event", "giver", "taker", "actor", "parent", "at", "seal", "sheets",
     "proof", "reason", "next", "manifest", "pin", "tip", "state", "by", "party"]), anything=ANYTHING, signed=st.booleans())  # fmt: skip
def test_a_scan_that_is_json_is_kept_and_judged_whatever_it_says(
    world: World, wire: Line, field: str, anything: Any, signed: bool
) -> None:
    phone, before = wire.phone, count()
    fields = json.loads(phone.body(world.packet(Way.OUT), "take"))
    body = json.dumps(fields | {field: anything}).encode()
    sig = phone.sign(body) if signed else b"x" * 64
    item = {
        "body": base64.b64encode(body).decode(),
        "sig": base64.b64encode(sig).decode(),
        "extras": anything if "\\ud800" not in json.dumps(anything) else None,
    }
    answer = wire.post("/api/v1/scans", {"scans": [item]})
    if len(body) > RAW_LIMIT:
        assert answer.status_code == 400
        return
    assert answer.status_code == 200, answer.text
    assert [each["verdict"] for each in answer.json["results"]], body
    assert count() == before + 1 or count() == before + 2, body  # and perhaps the server's own word of a contradiction


def count() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) or 0


QUERIES = st.dictionaries(
    st.sampled_from(["pin", "giver", "since", "q"]), TEXTS.filter(lambda t: "\ud800" not in t), max_size=3
)


@MANY
@given(
    path=st.sampled_from(["/api/v1/day", "/api/v1/manifests", "/api/v1/devices", "/api/v1/devices/me"]), query=QUERIES
)
def test_no_question_makes_a_fault_of_ours(wire: Line, path: str, query: dict[str, str]) -> None:
    client: FlaskClient = wire.client
    fits(client.get(path, query_string=query, headers=wire.headers))


@MANY
@given(
    name=TEXTS.filter(lambda t: "\ud800" not in t and len(t) < 500),
    kind=st.sampled_from(["manifests", "devices", "rounds", "none"]),
)
def test_no_name_of_a_thing_makes_a_fault_of_ours(wire: Line, name: str, kind: str) -> None:
    for path, method in (
        (f"/api/v1/{kind}/{name}", "GET"),
        (f"/api/v1/{kind}/{name}/start", "POST"),
        (f"/api/v1/{kind}/{name}/retire", "POST"),
    ):
        fits(wire.client.open(path, method=method, json={"why": "lost"}, headers=wire.headers))


def test_the_doors_are_all_there_are(world: World) -> None:
    """A new door that is told something stands in DOORS too."""
    told = {
        rule.rule
        for rule in world.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.rule.startswith("/api/")
    }
    known = {path.format(device="<device_id>").replace("BB-1", "<receipt>") for path in DOORS}
    # One is told nothing, the other a picture: test_files has rubbish for it.
    assert told - known == {"/api/v1/rounds/<int(max=2147483647):round_id>/start", "/api/v1/files"}
    assert tokens.b32(bytes(10)) == "0" * 16
