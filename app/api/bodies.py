"""What an API call brings: JSON from our own pages or from no page at all, no larger than its door allows."""

from typing import Any, TypeVar

from flask import abort, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from app.errors import Invalid

Body = TypeVar("Body", bound=BaseModel)
SMALL = 16 * 1024
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


def same_site() -> None:
    """403 when a page of another site sends this: there are no cookies here, and there is no reason either."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        abort(403)


def check(largest: int) -> bytes:
    """The bytes sent. 403 from another site (as `same_site`), 413 when there are too many, 415 unless they claim to be JSON."""
    same_site()
    if request.mimetype != "application/json":
        abort(415)
    request.max_content_length = largest
    return request.get_data()


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
