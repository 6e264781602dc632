"""Answers: what several views give, files and addresses, a refusal at its field, and how often one may ask."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any

from flask import Response, current_app, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app import security
from app.db import atomically
from app.domain import sessions
from app.errors import Refused, TooMany
from app.sentences import sentence

SEE_OTHER = 303  # after a form: look there
TRIES, WINDOW = 5, timedelta(minutes=15)

# The field a refusal belongs to; whatever is not named here is said on top of the page.
FIELDS = {
    "seal_form": "seal", "seal_used": "seal", "remark_needed": "remark", "pin_wrong": "pin", "pin_empty": "pin", "pin_needs_courier": "on_paper",
    "presence_wrong": "password", "presence_empty": "password", "official_code": "code", "official_code_taken": "code", "due_past": "due_on",
    "proof_needed": "code", "letter_needed": "letter", "old_papers_needed": "old", "money_amount": "counted", "money_two_counts": "counted", "money_reason": "reason",
    "money_no_word": "pin", "paper_time": "time", "paper_reason": "reason", "counts_missing": "sheets", "custody_proof_missing": "code", "reprint_reason": "reason",
    "proof_unsaid": "proof", "paid_how": "paid_by", "receipt_needed": "receipt", "word_needed": "word",
}  # fmt: skip


def file_answer(data: bytes, type_: str, name: str) -> Response:
    """A file a browser shows, under `name` where it is kept."""
    answer = make_response(data)
    answer.headers["Content-Type"] = type_
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def base_url() -> str:
    """The address that is printed in every code."""
    url: str = current_app.extensions["settings"].base_url
    return url


def throttle(purpose: str, key: bytes, *limits: tuple[int, timedelta]) -> None:
    """Count one try in every window. Raises TooMany("wait_a_little")."""
    act = security.act()
    for limit, window in limits:
        digest = act.keys.digest(f"{purpose}-{window}", key)
        try:
            atomically(sessions.count, digest, limit, window, act.at)
        except TooMany as many:
            seconds = many.values["seconds"]
            raise TooMany("wait_a_little", seconds=seconds, minutes=-(-seconds // 60)) from many


@contextmanager
def secret(purpose: str, subject: str, *, is_typed: bool = True) -> Iterator[None]:
    """What is done inside wants somebody's secret, typed at our screen: one more try at it, all forgotten when it was right.

    Raises TooMany after five tries in a quarter of an hour.
    """
    doing = security.act()
    tries = doing.keys.digest(purpose, subject)
    if is_typed:
        atomically(sessions.count, tries, TRIES, WINDOW, doing.at)
    yield
    if is_typed:
        atomically(sessions.forget, tries)


def complain(form: FlaskForm, refusal: Refused, fields: dict[str, str] | None = None) -> int:
    """Say a refusal at the field it is about, or on top; the status of the answer."""
    said, field = sentence(refusal), (FIELDS | (fields or {})).get(refusal.key, "")
    if refusal.key == "custody_proof_missing":
        said = _("These digits are not right. Look at the message again, or have the slip signed.")
    if field in form:
        form[field].errors = [*form[field].errors, said]
        return refusal.status if refusal.status == 429 else 422
    form.form_errors.append(said)
    return refusal.status


def fingerprint(form: FlaskForm) -> str:
    """Of what a form holds, so that it can say what it was filled in from: its field `seen`."""
    return sha256(json.dumps(_held(form), default=str, sort_keys=True).encode()).hexdigest()[:16]


def _held(form: FlaskForm) -> dict[str, Any]:
    held = {field.name: field.data for field in form if field.name not in ("seen", "csrf_token")}
    return {name: _plainly(data) for name, data in held.items()}


def _plainly(data: Any) -> Any:
    """However it is ticked or spaced."""
    return (
        sorted(data) if isinstance(data, list) else " ".join(data.split()) if isinstance(data, str) else data
    ) or None


def check_seen(form: FlaskForm, now: FlaskForm) -> None:
    """Raises Refused("changed_meanwhile") where the form was filled in from something else than what is so `now`.

    Not where it says what is so already, as when it is pressed twice; and sent once more, it is meant.
    """
    shown = form.seen.raw_data[0] if form.seen.raw_data else ""
    form.seen.data = fingerprint(now)
    if shown not in ("", form.seen.data) and _held(form) != _held(now):
        raise Refused("changed_meanwhile")


def seen_next(after: str, page: Callable[[], tuple[str, int]]) -> ResponseReturnValue:
    """What is shown once a form was obeyed: `page`, whose own address is `after`. A form that stays on its page
    (desk.js) prefers the page as the answer (RFC 7240), which spares it the second way; all others are sent there."""
    if "return=representation" not in request.headers.get("Prefer", ""):
        return redirect(after)
    return *page(), {"Content-Location": after, "Preference-Applied": "return=representation"}
