"""The published document says what the doors do: every address, every limit, every refusal, and nothing else.

That every answer and every request of all these tests fits it is looked at wherever one is sent: tests/contract.py.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api import devices, openapi, scans
from app.demo import cast
from app.domain import bodies, tokens
from app.domain.packets import Way
from app.domain.scans import Ruling
from app.errorpages import PAGES
from app.sentences import SENTENCES
from tests import contract
from tests.api.conftest import Line
from tests.world import MONDAY, World

URL = "/api/v1/openapi.json"
pytestmark = pytest.mark.dialects("sqlite")


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get(URL).get_json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def address(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


def test_it_is_an_openapi_document(document: dict[str, Any]) -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_address_and_method_is_in_it_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    there = {
        (re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == there
    assert len(there) > 15


def test_a_view_that_promises_nothing_cannot_be_published(app: Flask) -> None:
    app.view_functions["api_day.today"] = lambda: "hello"
    with pytest.raises(AttributeError, match="promise"):
        openapi.document(app)


def test_anybody_may_keep_a_copy_and_is_told_when_it_has_changed(app: Flask) -> None:
    client = app.test_client()
    first = client.get(URL)
    assert (first.status_code, first.mimetype) == (200, "application/json")
    tag, is_weak = first.get_etag()
    assert tag and not is_weak
    assert first.cache_control.public and not first.cache_control.no_store
    again = client.get(URL, headers={"If-None-Match": f'"{tag}"'})
    assert (again.status_code, again.data) == (304, b"")
    app.extensions["openapi"] = first.data + b" "
    assert client.get(URL, headers={"If-None-Match": f'"{tag}"'}).status_code == 200


def test_it_says_who_must_bring_a_token(app: Flask, document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        answer = app.test_client().open(address(path), method=method)
        assert (answer.status_code == 401) == bool(operation["security"]), (path, method, answer.status_code)
    assert {path for path, _, each in operations(document) if not each["security"]} == {"/api/v1/devices", URL}


def test_it_says_how_much_a_door_takes_to_the_byte(wire: Line, document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert ("requestBody" in operation) == ("x-largest-body" in operation)
        if "requestBody" in operation:
            largest, (kind, *_) = operation["x-largest-body"], operation["requestBody"]["content"]
            headers = wire.headers | {"Content-Type": kind}
            for size, refused in ((largest, False), (largest + 1, True)):
                answer = wire.client.open(address(path), method=method, data=b"x" * size, headers=headers)
                assert (answer.status_code == 413) == refused, (path, size, answer.status_code)


def test_every_refusal_it_names_has_its_sentence(document: dict[str, Any]) -> None:
    known = {*SENTENCES, *(key for key, *_ in PAGES.values())}
    named = {key for _, _, each in operations(document) for key in keys(each)}
    assert named - known == set() and len(named) > 30


def keys(operation: dict[str, Any]) -> Iterator[str]:
    for answer in operation["responses"].values():
        for content in answer.get("content", {}).values():
            for part in content.get("schema", {}).get("allOf", []):
                yield from part.get("properties", {}).get("key", {}).get("enum", [])


def test_it_names_what_may_stand_behind_the_question_mark(document: dict[str, Any]) -> None:
    text = "".join(path.read_text() for path in Path("app/api").glob("*.py"))
    named = {
        part["name"] for _, _, each in operations(document) for part in each["parameters"] if part["in"] == "query"
    }
    assert named == set(re.findall(r"request\.args\.get\(\"(\w+)\"", text)) and named


def test_each_door_says_what_it_is_for_and_what_comes_of_sending_again(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert len(operation["summary"]) > 12, path
        assert ("Sent again: " in operation["description"]) == (method == "post"), path


def test_it_names_nobody(document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False)
    assert not re.search(r"(\+84|\b0)[\s.]?\d{3}[\s.]?\d{3}[\s.]?\d{2,3}\b", text)
    assert [each.name for each in cast.STAFF if each.name in text] == []


# ---- what a device signs ----------------------------------------------------------------------------------------

WRONG: tuple[Any, ...] = (
    5,
    -1,
    0,
    2**53,
    True,
    1.5,
    "",
    "x" * 300,
    "a\nb",
    "2026-03-02T08:00:00",
    [],
    {},
    [5],
    [{"kind": 5}],
)
READ_LOOSELY = {"v", "slips_until", "pin"}  # of these something else is taken, and what it means is asked elsewhere


@pytest.mark.parametrize("field", ["v", "id", "device", "n", "back", "code", "issue", "event", "giver", "taker", "actor",
                                   "parent", "at", "seal", "sheets", "proof", "reason", "next", "visit"])  # fmt: skip
def test_a_body_that_fits_is_read_whole_and_one_that_does_not_is_malformed(
    world: World, wire: Line, field: str
) -> None:
    said = json.loads(wire.phone.body(world.packet(Way.OUT), "take"))
    fits = contract.validator(contract.SCAN).is_valid
    without = {name: value for name, value in said.items() if name != field}
    tried = [said, without, without | {field: None}, *(without | {field: value} for value in WRONG)]
    for body in tried:
        read = bodies.parse(json.dumps(body).encode(), b"")
        assert not (fits(body) and read.malformed), body
        assert fits(body) or read.malformed or field in READ_LOOSELY, body
    assert fits(said)


def test_the_newest_version_of_bodies_is_the_published_one(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]["ScanBody"]["properties"]["v"]["const"] == contract.PUBLISHED
    assert max(bodies.VERSIONS) == contract.PUBLISHED


def test_every_field_that_is_read_of_a_body_is_in_the_document(document: dict[str, Any]) -> None:
    """Those that only the server's own device writes, when people decide at a page, are none of a partner's business."""
    ours = {"by", "party", "tip", "state", "manifest"}
    text = Path("app/domain/bodies.py").read_text()
    read = set(re.findall(r"reader\.\w+\(\"(\w+)\"|raw(?:\.get\(|\[)\"(\w+)\"", text))
    named = set(document["components"]["schemas"]["ScanBody"]["properties"])
    assert {one or other for one, other in read} - named - ours - {"at", "proof"} == set()


def test_what_a_door_does_not_read_may_be_sent_all_the_same(wire: Line) -> None:
    assert wire.post("/api/v1/scans", {"": None, "more": 1}).status_code == 200


# ---- the planted bugs: what is not promised is noticed ----------------------------------------------------------


def test_a_field_nobody_promised_is_noticed(wire: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    real = devices.told
    monkeypatch.setattr(devices, "told", lambda device: real(device) | {"more": 1})
    with pytest.raises(AssertionError, match="more"):
        wire.get("/api/v1/devices/me")
    monkeypatch.setattr(devices, "told", lambda device: {k: v for k, v in real(device).items() if k != "label"})
    with pytest.raises(AssertionError, match="label"):
        wire.get("/api/v1/devices/me")


def test_a_refusal_nobody_promised_is_noticed(wire: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(device: Any) -> None:
        raise devices.NotAllowed("phone_not_yours")

    monkeypatch.setattr(devices, "told", refuse)
    with pytest.raises(AssertionError, match="403"):
        wire.get("/api/v1/devices/me")
    with pytest.raises(AssertionError, match="phone_not_yours"):
        wire.get("/api/v1/devices")


# ---- docs/api.md -------------------------------------------------------------------------------------------------


def test_what_the_page_for_partners_shows_is_taken_and_receipted(world: World, wire: Line) -> None:
    text = Path("docs/api.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
    shown: dict[str, Any] = {}
    exec(code, shown)
    packet = wire.post("/api/v1/lookups", {"code": tokens.b32(world.packet(Way.OUT).code)}).json
    device = {"device": wire.phone.device_id, "party": wire.phone.party, "actor": wire.phone.actor}
    body = shown["scan"](device, 1, None, packet, "take", MONDAY.isoformat(), seal="NP0045821")
    scan = shown["signed"](wire.phone.key, body)
    first = wire.post("/api/v1/scans", {"scans": [scan]}).json
    (result,) = first["results"]
    assert (result["verdict"], result["digest"]) == ("applied", shown["digest"](scan))
    lines = ("receipt-v1", result["digest"], device["device"], "1", result["recorded_at"])
    seen = hashlib.sha256((first["checkpoint"] or "").encode()).hexdigest()
    said = "\n".join((*lines, seen)).encode()
    assert tokens.signed_by(world.keys.receipt.public_key(), base64.b64decode(result["receipt"]), said)
    assert wire.post("/api/v1/scans", {"scans": [scan]}).json["results"] == [result]


def test_the_page_for_partners_names_the_verdicts_and_limits_that_are(app: Flask) -> None:
    text = Path("docs/api.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.M)) == set(Ruling)
    assert f"up to {scans.BATCH} scans and {scans.LARGEST // 1024} KiB" in text
    named = {f"/api/v1{path.removeprefix('/api/v1')}" for path in re.findall(r"(?:GET|POST) (/[\w/.]+)", text)}
    assert named - set(contract.DOCUMENT["paths"]) == set()
