"""Every answer of the API that any test gets is what openapi.json promises, and every request that was understood too.

The document allows fields that come later; here an answer has those that are written, and no others. What is sent may have
any: nobody reads them.
"""

import base64
import json
from functools import cache
from typing import Any

from flask import Flask, Response, request
from jsonschema import Draft202012Validator

from app.api import openapi
from app.domain import bodies
from app.errors import Invalid

PUBLISHED = 1  # version of bodies that the document describes
FORGIVEN = {"since", "pin", "extras"}  # what cannot be read of these costs nothing: whatever stands there is taken


def hold(app: Flask) -> None:
    """From now on, for this application of the tests."""
    if not DOCUMENT:
        DOCUMENT.update(openapi.document(app))
    app.after_request(held)


def held(answer: Response) -> Response:
    if request.url_rule is None or not request.path.startswith(openapi.PREFIX) or request.method in ("HEAD", "OPTIONS"):
        return answer
    path, method = openapi.path_of(request.url_rule), request.method.lower()
    said = ("paths", path, method, "responses", str(answer.status_code))
    promised = look(*said)
    assert promised, (
        f"{method} {path} answers {answer.status_code}, which is not in the document: {answer.get_data()!r}"
    )
    for name, header in promised.get("headers", {}).items():
        assert name in answer.headers, (path, name)
        fits((*said, "headers", name, "schema"), _typed(header, answer.headers[name]))
    kinds = promised.get("content", {})
    assert answer.mimetype in kinds or answer.status_code == 304, (path, answer.status_code, answer.mimetype)
    if answer.mimetype.endswith("json") and kinds.get(answer.mimetype):
        fits((*said, "content", answer.mimetype, "schema"), answer.json)
    if answer.status_code < 300 and request.mimetype == "application/json":
        taken = ("paths", path, method, "requestBody", "content", "application/json", "schema")
        if look(*taken):
            fits(taken, _understood(request.get_json()))
    return answer


def _typed(header: Any, value: str) -> Any:
    return int(value) if header["schema"]["type"] == "integer" else value


def _understood(sent: Any) -> Any:
    """Without what may be anything; and the scans' own bodies are looked at here."""
    for scan in sent.get("scans", []):
        body = base64.b64decode(scan["body"])
        try:
            read = bodies.parse(body, b"")
        except Invalid:
            continue
        if not read.malformed and read.version == PUBLISHED:
            fits(SCAN, json.loads(body) | {"pin": None})
    return {
        key: [_known(each) for each in value] if key == "scans" else value
        for key, value in sent.items()
        if key not in FORGIVEN
    }


def _known(scan: dict[str, Any]) -> dict[str, Any]:
    """A signature that is none is a wrong one, and the verdict says so."""
    sig = scan.get("sig") if isinstance(scan.get("sig"), str) else ""
    return {key: value for key, value in scan.items() if key not in FORGIVEN} | {"sig": sig}


# ---- the document, as strict as a test wants it ------------------------------------------------------------------

SCAN = ("components", "schemas", "ScanBody")
DOCUMENT: dict[str, Any] = {}  # the same for every application there is


def look(*path: str) -> Any:
    found: Any = DOCUMENT
    for part in path:
        found = found.get(part, {})
    return found


def fits(path: tuple[str, ...], said: Any) -> None:
    wrong = [f"{'.'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator(path).iter_errors(said)]
    assert wrong == [], (path, wrong)


@cache
def validator(path: tuple[str, ...]) -> Draft202012Validator:
    whole = look(*path) | {"components": DOCUMENT["components"]}
    strict = tightened(whole) if "responses" in path else whole  # what is sent may say more than we know
    return Draft202012Validator(strict, format_checker=Draft202012Validator.FORMAT_CHECKER)


def tightened(node: Any) -> Any:
    if isinstance(node, list):
        return [tightened(each) for each in node]
    if not isinstance(node, dict):
        return node
    shut = {"additionalProperties": False} if node.get("type") == "object" and "properties" in node else {}
    return shut | {key: tightened(value) for key, value in node.items()}
