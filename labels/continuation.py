"""The continuation sheet: whatever did not fit the slip, under the same number, signed by both again."""

from collections.abc import Sequence

from labels import back, lines, texts
from labels import sheet as pen
from labels.flow import stack
from labels.sheet import Piece, Sheet
from labels.slip import Slip
from labels.tables import LEFT, WIDTH

TOP, BOTTOM = 14.4, 186.0  # mm, between the band and the signatures


def draw(sheet: Sheet, slip: Slip, pieces: Sequence[Piece]) -> None:
    """Draw one page of pieces."""
    back.band(sheet, slip, texts.CONTINUATION)
    stack(sheet, TOP, pieces)
    _initials(sheet, slip)


def draw_ruled(sheet: Sheet, slip: Slip) -> None:
    """Draw a page of empty lines: the back of the last sheet, so that the next slip begins on paper of its
    own."""
    back.band(sheet, slip, texts.BY_HAND)
    for step in range(1, 21):
        pen.rule(sheet, LEFT, TOP + 8.2 * step, WIDTH, dots=True)
    _initials(sheet, slip)


def _initials(sheet: Sheet, slip: Slip) -> None:
    lines.line(sheet, LEFT, 192, 60, f"{texts.SIGNS[slip.way][0]} ký:")
    lines.line(sheet, LEFT + WIDTH - 60, 192, 60, "Bưu tá ký:")
