"""Printing: whatever is drawn goes through here. A letter the typeface has not is never left out: the paper is refused, and
the words it stands in are named."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import labels
from app.errors import Invalid, Missing
from labels import terms


def pdf(format: str, items: Iterable[Any]) -> bytes:
    """Raises Invalid: `paper_letter`, `paper_field`."""
    with _named():
        return labels.render(format, items)


def zpl(format: str, items: Iterable[Any]) -> bytes:
    """For a thermal printer. Raises as `pdf`."""
    with _named():
        return labels.zpl(format, items).encode()


def drawing(file: BinaryIO, format: str, items: Iterable[Any]) -> Iterator[int]:
    """As `pdf`, into a file, at the pace of whoever asks how many are drawn."""
    with _named():
        yield from labels.drawing(file, format, items)


def unprintable(text: str) -> str:
    """The letters no paper can bear, each once; empty when it can be printed."""
    return labels.missing(text)


def check(text: str) -> None:
    """Whoever types what papers will say is told at once. Raises Invalid("text_letter")."""
    if absent := unprintable(text):
        raise Invalid("text_letter", letters=absent[:20])


def printable(text: str) -> str:
    """For what was kept before letters were looked at, or told on a phone without a network, where nobody could refuse it:
    a letter that no paper can bear keeps no paper from being printed, and is seen to be missing."""
    absent = unprintable(text)
    return "".join(terms.TO_WRITE if letter in absent else letter for letter in text) if absent else text


def to_write(*texts: str) -> str:
    """What a contract says when a letter of it is missing, so that it is written by hand and not overlooked."""
    return terms.WRITE_IT if any(terms.TO_WRITE in text for text in texts) else ""


class Printed(NamedTuple):
    """One format, as the gallery tells it: size in mm, level of its code, how many specimens, whether there is ZPL."""

    key: str
    title: str
    size: tuple[int, int]
    level: str
    specimens: int
    zpl: bool


def gallery() -> list[Printed]:
    """Everything that can be printed."""
    return [
        Printed(key, row.title, row.page, row.level, len(row.samples), key in labels.ZPL)
        for key, row in labels.FORMATS.items()
    ]


def specimen(key: str, for_zpl: bool = False) -> bytes:
    """Specimens of one format. Raises Missing("format_unknown")."""
    if key not in (labels.ZPL if for_zpl else labels.FORMATS):
        raise Missing("format_unknown")
    items = labels.sample(key)
    return zpl(key, items) if for_zpl else pdf(key, items)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except labels.MissingGlyph as absent:
        raise Invalid("paper_letter", letter=absent.character, words=absent.words) from absent
    except labels.BadField as bad:
        raise Invalid("paper_field", field=bad.field) from bad
