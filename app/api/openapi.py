"""GET /api/v1/openapi.json: the API as its doors promise it, drawn from the addresses there are. Nobody writes it by hand."""

import hashlib
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from werkzeug.routing import BaseConverter, IntegerConverter, Rule

from app.api import promises, shapes
from app.api.promises import Promise, Told
from app.security import public

bp = Blueprint("api_openapi", __name__, url_prefix="/api/v1")
PREFIX = "/api/v1"
REF = "#/components/schemas/{model}"
KEPT = 3600  # seconds a copy may be used without asking; then its ETag saves the bytes

ABOUT = """\
What couriers' phones and partners' systems call. How to begin, with an example: `docs/api.md` of the source.

**Who calls.** A device: it comes into service by `POST /devices`, with a key pair of its own (P-256) whose private half never leaves
it, and from then on sends `Authorization: Bearer <token>`. No cookies are used but `language` (`vi`, the default, or `en`), which
chooses the language of sentences; fields, keys and codes are the same in both.

**Refusals** are `application/problem+json`: go by `status` and `key`. An address that does not exist is 404 `not_found`, another
method 405 `method_not_allowed`. A caller that sends `App-Version` is told 426 when that version is no longer understood.

**Sending again.** Whatever was not answered, or with 429, 500 or 503, may be sent again as it was, after `Retry-After` seconds where
that is said: no act is done twice. 400, 403, 404, 409, 410, 413, 415 and 422 will be the same the next time.
"""


@bp.get("/openapi.json")
@public
@promises.promises({200: "application/json", 304: None}, is_open=True)
def openapi() -> ResponseReturnValue:
    """This document. Its ETag changes with every change of it; anybody may keep a copy."""
    kept = current_app.extensions
    if "openapi" not in kept:
        kept["openapi"] = json.dumps(document(current_app), ensure_ascii=False, separators=(",", ":")).encode()
    response = Response(kept["openapi"], mimetype="application/json")
    response.set_etag(hashlib.sha256(kept["openapi"]).hexdigest())
    response.cache_control.public, response.cache_control.max_age = True, KEPT
    return response.make_conditional(request)


def document(app: Flask) -> dict[str, Any]:
    """OpenAPI 3.1 of every address under /api/v1. Raises AttributeError for a view that promises nothing."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(rules(app), key=lambda rule: rule.rule):
        operation = _operation(rule, app.view_functions[rule.endpoint])
        for method in methods(rule):
            paths.setdefault(path_of(rule), {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hồ sơ tận nhà", "version": "1", "description": ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"device": {"type": "http", "scheme": "bearer"}},
            "schemas": _shapes(app),
        },
    }


def rules(app: Flask) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if rule.rule.startswith(f"{PREFIX}/"))


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def path_of(rule: Rule) -> str:
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule)


def _operation(rule: Rule, view: Any) -> dict[str, Any]:
    promise = _promise(view)
    summary, _, rest = " ".join((inspect.getdoc(view) or "").split()).partition(". ")
    about = [rest, promise.again and f"Sent again: {promise.again}"]
    noun, _, verb = rule.endpoint.removeprefix("api_").partition(".")
    refusals = sorted(refused(promise, view, methods(rule)).items())
    found: dict[str, Any] = {
        "operationId": f"{noun}_{verb}",
        "tags": [noun],
        "summary": summary.rstrip("."),
        "description": "\n\n".join(filter(None, about)),
        "security": [] if promise.is_open else [{"device": []}],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": _part(part)}
              for name, part in rule._converters.items()),
            *({"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
              for name, text in promise.asks.items()),
        ],
        "responses": {
            **{str(status): _answer(status, told, promise) for status, told in promise.says.items()},
            **{str(status): _problem(status, keys) for status, keys in refusals},
        },
    }  # fmt: skip
    if promise.takes:
        kinds = promise.takes if isinstance(promise.takes, tuple) else ("application/json",)
        found["requestBody"] = {
            "required": True,
            "description": f"At most {promise.largest} bytes.",
            "content": {kind: _content(promise.takes) for kind in kinds},
        }
        found["x-largest-body"] = promise.largest
    return found


def _promise(view: Any) -> Promise:
    promise: Promise = view.promise
    return promise


def refused(promise: Promise, view: Any, methods: list[str]) -> dict[int, set[str]]:
    """The keys of problems by status: what this door says itself, and what every door of its kind may say."""
    usual = {500: "broken", 503: "busy", 400: "bad_request"}
    if not promise.is_open:
        usual |= {401: "sign_in_needed", 426: "app_too_old"}
    if view.right is not None:
        usual[403] = "not_your_page"
    if "POST" in methods:
        usual |= {403: f"{usual.get(403, '')} not_allowed", 426: "app_too_old"}
    if promise.takes:
        usual |= {413: "too_large", 415: "media_type"}
    said = {status: {*keys.split()} for status, keys in usual.items()}
    return said | {status: said.get(status, set()) | {*keys.split()} for status, keys in promise.refuses.items()}


def _answer(status: int, told: Told, promise: Promise) -> dict[str, Any]:
    said: dict[str, Any] = {"description": "Not changed" if status == 304 else "Done"}
    if told is not None:
        kind = told if isinstance(told, str) else "application/json"
        said["content"] = {kind: _content(told)}
    if promise.headers:
        schema = {"type": "string", "format": "date-time"}
        said["headers"] = {
            name: {"description": text, "required": True, "schema": schema} for name, text in promise.headers.items()
        }
    return said


def _content(shape: Any) -> dict[str, Any]:
    return {"schema": {"$ref": REF.format(model=shape.__name__)}} if isinstance(shape, type) else {}


def _problem(status: int, keys: set[str]) -> dict[str, Any]:
    known = {"properties": {"status": {"const": status}, "key": {"enum": sorted(keys)}}}
    schema = {"allOf": [{"$ref": REF.format(model="Problem")}, known]}
    found: dict[str, Any] = {
        "description": ", ".join(sorted(keys)),
        "content": {"application/problem+json": {"schema": schema}},
    }
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "seconds", "required": True, "schema": {"type": "integer"}}}
    return found


def _part(part: BaseConverter) -> dict[str, Any]:
    if isinstance(part, IntegerConverter):
        return {"type": "integer", "minimum": 0, "maximum": part.max}
    return {"type": "string", "minLength": 1}


def _shapes(app: Flask) -> dict[str, Any]:
    promised = [_promise(app.view_functions[rule.endpoint]) for rule in rules(app)]
    taken = {each.takes for each in promised if isinstance(each.takes, type)} | {shapes.ScanBody}
    told = {shape for each in promised for shape in each.says.values() if isinstance(shape, type)} | {shapes.Problem}
    wanted: list[tuple[type[BaseModel], Any]] = [(shape, "validation") for shape in taken]
    wanted += [(shape, "serialization") for shape in told]
    _, found = models_json_schema(
        sorted(wanted, key=lambda pair: pair[0].__name__), ref_template=REF, schema_generator=_Plain
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas


class _Plain(GenerateJsonSchema):
    """Without titles: they say no more than the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False
