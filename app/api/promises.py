"""What a door promises, written beside its view: openapi.py publishes it, and the tests hold every answer to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from app.api.bodies import SMALL

View = TypeVar("View", bound=Callable[..., Any])
Told = type[BaseModel] | str | None  # JSON of this shape, another kind of data, or nothing


@dataclass(frozen=True)
class Promise:
    """`says`: what an answer of each status holds. `takes`: JSON of this shape, or the kinds of data, of `largest` bytes.
    `refuses`: the keys of problems by status, beside those that every such door has. `asks`: what may stand behind the
    question mark. `again`: what comes of the same request sent twice."""

    says: Mapping[int, Told]
    takes: type[BaseModel] | tuple[str, ...] | None = None
    largest: int = SMALL
    refuses: Mapping[int, str] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    again: str = ""
    is_open: bool = False  # needs no token


def promises(says: Mapping[int, Told], **more: Any) -> Callable[[View], View]:
    promise = Promise(says, **more)

    def mark(view: View) -> View:
        view.promise = promise  # type: ignore[attr-defined]
        return view

    return mark
