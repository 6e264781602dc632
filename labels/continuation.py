"""The continuation sheet: whatever did not fit the slip, under the same number, signed by both again."""

from collections.abc import Sequence

from labels import back, lines, texts
from labels import sheet as pen
from labels.sheet import Piece, Section, Sheet
from labels.slip import Slip
from labels.tables import LEFT, WIDTH, stack, tall

TOP, BOTTOM = 14.4, 186.0  # mm, between the band and the signatures
BETWEEN = 2.0  # mm, above a section


def paginate(sections: Sequence[Section]) -> list[list[Piece]]:
    """The rows dealt out to pages in order, heads first and repeated on each page they go on to; a page never
    ends with a head."""
    pages: list[list[Piece]] = [[]] if sections else []
    used = 0.0
    between = Piece(BETWEEN, lambda sheet, y: None)
    for section in sections:
        fresh = False  # whether the heads stand on this page
        for row in section.rows:
            opening = [] if fresh else [*([between] if pages[-1] else []), *section.heads]
            if pages[-1] and used + tall(opening) + row.height > BOTTOM - TOP:
                pages.append([])
                used, opening = 0.0, [*section.heads]
            pages[-1] += [*opening, row]
            used += tall(opening) + row.height
            fresh = True
    return pages


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
