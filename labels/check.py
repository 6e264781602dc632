"""What an item must say before it is drawn, and how a field that cannot be printed is named."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from labels import fonts, places
from labels.sheet import Overrun, Uncodable


class BadField(ValueError):
    """One field of an item cannot be printed as it is; `.field` says which, for instance "sender.name"."""

    def __init__(self, field: str, why: str) -> None:
        self.field = field
        super().__init__(f"{field} {why}")


class Field(NamedTuple):
    """One required field of a form: its name, its source in law, and the strings of an item that must be on
    paper for it. A field not yet known has its caption alone: the line to write on."""

    name: str
    basis: str
    printed: Callable[[Any], tuple[str, ...]]


def check(item: Any, kind: type) -> None:
    """Look at every field of `item`: a field without a default must say something, counts are not negative, times
    have a zone, every character has a glyph.

    Raises BadField or MissingGlyph, both of which name the field.
    """
    if not isinstance(item, kind):
        raise BadField(type(item).__name__, f"is not what this format prints: {kind.__name__}")
    _look_into(item, "")


class Hint(NamedTuple):
    """What a field may hold: its type, the types inside a tuple, whether it may be None."""

    kind: Any
    inside: tuple["Hint", ...]
    optional: bool


def _look_into(item: Any, path: str) -> None:
    kind: Any = type(item)
    for name, hint, needed in _plan(kind):
        _look(getattr(item, name), hint, needed, path + name)


@lru_cache(maxsize=64)
def _plan(kind: Any) -> tuple[tuple[str, Hint, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (field.name, _hint(hints[field.name]), field.default is MISSING and field.default_factory is MISSING)
        for field in fields(kind)
    )


def _hint(hint: Any) -> Hint:
    either = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    inside = tuple(_hint(part) for part in get_args(either[0]) if part is not Ellipsis)
    return Hint(get_origin(either[0]) or either[0], inside, NoneType in either)


def _look(value: Any, hint: Hint, needed: bool, field: str) -> None:
    kind = hint.kind
    if value is None:
        if not hint.optional:
            raise BadField(field, "is missing")
    elif not isinstance(value, kind) or (kind is int and value.__class__ is bool):
        raise BadField(field, f"is a {type(value).__name__}, not a {kind.__name__}")
    elif kind is str:
        _text(value, needed, field)
    elif kind is int:
        if value < 0:
            raise BadField(field, f"is negative: {value}")
    elif kind is tuple:
        if needed and not value:
            raise BadField(field, "is missing")
        for number, part in enumerate(value, 1):
            _look(part, hint.inside[min(number, len(hint.inside)) - 1], needed, f"{field}[{number}]")
    elif kind is datetime:
        if value.tzinfo is None:
            raise BadField(field, "is a time without a zone")
    elif is_dataclass(value):
        _look_into(value, f"{field}.")


def _text(value: str, needed: bool, field: str) -> None:
    if needed and not fonts.clean(value):
        raise BadField(field, "is missing")
    if absent := fonts.missing(value):
        raise fonts.MissingGlyph(absent[0], value, field)


@contextmanager
def fitting(item: Any) -> Iterator[None]:
    """While `item` is drawn: what would leave its page, or no code can carry, is refused by its field. Raises BadField."""
    try:
        yield
    except Uncodable as uncodable:
        found = (path for path, text in _said(item, "") if _bare(text) == _bare(uncodable.text))
        raise BadField(next(found, type(item).__name__), uncodable.why) from uncodable
    except Overrun as over:
        there = over.text.replace(places.TOGETHER, " ")
        said = [one for one in _said(item, "") if not there or one[1] in there or there in one[1]]
        path, text = max(said or _said(item, ""), key=lambda one: len(one[1]))
        raise BadField(path, f"is too long for this paper ({len(text)} letters)") from over


def _bare(text: str) -> str:
    """A number as bars may stand without its dashes."""
    return text.replace("-", "")


def _said(item: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text of an item as it is drawn, and where it stands."""
    if isinstance(item, str):
        if text := fonts.clean(item):
            yield path, text.replace(places.TOGETHER, " ")
    elif isinstance(item, tuple):
        for number, part in enumerate(item, 1):
            yield from _said(part, f"{path}[{number}]")
    elif is_dataclass(item):
        for field in fields(item):
            yield from _said(getattr(item, field.name), f"{path}.{field.name}".strip("."))
