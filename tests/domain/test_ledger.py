"""A line's bytes are what was signed and printed: they are these, to the byte, for ever."""

from datetime import datetime

from app.domain import ledger, tokens
from app.domain.calendar import HERE
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import State

CODE = bytes(range(10))
AT = datetime(2026, 11, 23, 9, 0, 0, 250, tzinfo=HERE)
BYTES = b"""handoff-v1
000G40R40M30E209
3
move
take
pGIVER
pTAKER
CARRIED
6464646464646464646464646464646464646464646464646464646464646464
6666666666666666666666666666666666666666666666666666666666666666
7070707070707070707070707070707070707070707070707070707070707070
2026-11-23T02:00:00.000250+00:00"""


def line(follows: bytes | None = b"f" * 32, kind: LineKind = LineKind.MOVE) -> Handoff:
    return Handoff(
        seq=3, kind=kind, event="take", giver_id="pGIVER", taker_id="pTAKER", state=State.CARRIED, digest=b"d" * 32,
        follows=follows, prev_hash=b"p" * 32, recorded_at=AT,
    )  # fmt: skip


def test_the_bytes_of_a_line_never_change() -> None:
    assert tokens.b32(CODE) == "000G40R40M30E209"
    assert ledger.line_bytes(line(), CODE) == BYTES


def test_a_note_follows_nothing_and_says_so() -> None:
    without = BYTES.replace(b"\nmove\n", b"\nnote\n").replace(b"66" * 32, b"-")
    assert ledger.line_bytes(line(None, LineKind.NOTE), CODE) == without
