"""The draft of this browser: it holds the secret, the table the answers."""

from typing import Any

from flask import Response, current_app, request

from app.db import now
from app.domain import drafts
from app.domain.dossiers import Dossier


def _cookie() -> str:
    return "__Host-hs-draft" if current_app.config["SESSION_COOKIE_SECURE"] else "hs-draft"


def secret() -> str:
    """ "" where no booking has been begun."""
    return request.cookies.get(_cookie(), "")


def answers() -> dict[str, Any] | None:
    """Of the booking in progress here; None when there is none, or its day is over."""
    return drafts.get(secret(), now())


def remember(answer: Response, begun: str) -> Response:
    """The answer, after which this browser holds the secret of the draft that was begun."""
    answer.set_cookie(
        _cookie(), begun, max_age=int(drafts.LIFE.total_seconds()), httponly=True, samesite="Lax", path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip
    return answer


def is_known(dossier: Dossier) -> bool:
    """Whether who sends it was said in this browser, or has been shown here; not once the number has changed hands."""
    return dossier.citizen.bound_at is None and drafts.knows(secret(), dossier.id, now())
