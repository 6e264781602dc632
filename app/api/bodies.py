"""What an API call brings: JSON from our own pages or from no page at all, no larger than its door allows, and from a
page that is not too old."""

from typing import Any, TypeVar

from flask import abort, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from app.errors import Invalid, TooOld

Body = TypeVar("Body", bound=BaseModel)
SMALL = 16 * 1024
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
OLDEST_APP = 1  # the oldest version of the phone's page that is understood; words.js says the newest


def new_enough() -> None:
    """426 for a page of an older version; who says no version is a program, and knows what it does."""
    version = request.headers.get("App-Version", "")
    if version.isdecimal() and int(version[:9]) < OLDEST_APP:
        raise TooOld("app_too_old", oldest=OLDEST_APP)


def same_site() -> None:
    """403 when a page of another site sends this: there are no cookies here, and there is no reason either."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        abort(403)


def take(largest: int) -> bytes:
    """The bytes sent. 403 from another site (as `same_site`), 413 when there are too many."""
    same_site()
    request.max_content_length = largest
    return request.get_data()


def says_json() -> bool:
    return request.mimetype == "application/json"


def check(largest: int) -> bytes:
    """The bytes sent, as `take`; 415 unless they claim to be JSON."""
    same_site()
    if not says_json():
        abort(415)
    return take(largest)


def read(model: type[Body], largest: int = SMALL) -> Body:
    """The body as `model`; unknown fields are ignored. Raises BadRequest (no JSON) or Invalid("fields")."""
    return understand(model, check(largest))


def understand(model: type[Body], data: bytes) -> Body:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        found: list[Any] = error.errors(include_input=False, include_url=False)
        if any(each["type"] == "json_invalid" for each in found):
            raise BadRequest from error
        fields = ", ".join(sorted({".".join(str(part) for part in each["loc"]) or "body" for each in found}))
        raise Invalid("fields", fields=fields) from error
