"""Rows dealt out to pages: heads first and repeated where a section goes on, sums carried over."""

from collections.abc import Sequence

from labels.sheet import Overrun, Piece, Section, Sheet

BETWEEN = 2.0  # mm, above a section


def paginate(sections: Sequence[Section], room: float, first: float | None = None) -> list[list[Piece]]:
    """The rows dealt out to pages of `room` mm, the first of which has `first`. A page never ends with a head; where
    a section with a sum is broken, the sum so far closes the page. What is tied never stands alone on a page:
    the last row before it goes with it; nor does the last row of a table stand alone on one. Raises Overrun for a row taller than a page."""
    pages: list[list[Piece]] = [[]] if sections else []
    used, left = 0.0, room if first is None else first
    between = Piece(BETWEEN, lambda sheet, y: None)
    for section, after in zip(sections, _tied(sections), strict=True):
        fresh = False  # whether the heads stand on this page
        closing = section.carried(0).height if section.carried else 0.0
        for count, row in enumerate(section.rows):
            opening = [] if fresh else [*([between] if pages[-1] else []), *section.heads]
            last = len(section.rows) - 1
            below = (
                closing
                + (after if count >= last - 1 else 0.0)
                + (section.rows[last].height if count == last - 1 else 0.0)
            )
            if pages[-1] and used + tall(opening) + row.height + below > left:
                if section.carried and fresh:
                    pages[-1].append(section.carried(count))
                pages.append([])
                used, left, opening = 0.0, room, [*section.heads]
            if used + tall(opening) + row.height + closing > left + 0.01:
                raise Overrun("")
            pages[-1] += [*opening, row]
            used += tall(opening) + row.height
            fresh = True
        if section.carried:
            pages[-1].append(section.carried(len(section.rows)))
            used += closing
    return pages


def _tied(sections: Sequence[Section]) -> list[float]:
    """Of every section, the height of what must stand on one page with its last row."""
    heights = [0.0]
    for after in reversed(sections[1:]):
        more = heights[-1] if len(after.rows) == 1 else 0.0
        heights.append(BETWEEN + tall(after.heads) + tall(after.rows[:1]) + more if after.tied else 0.0)
    return heights[::-1][: len(sections)]


def stack(sheet: Sheet, y: float, pieces: Sequence[Piece]) -> float:
    """Draw pieces one below the other from y mm; returns the y below the last."""
    for piece in pieces:
        piece.draw(sheet, y)
        y += piece.height
    return y


def tall(pieces: Sequence[Piece]) -> float:
    """Height of a stack in mm."""
    return sum(piece.height for piece in pieces)


def fitting(pieces: Sequence[Piece], room: float) -> int:
    """How many pieces fit one below the other into `room` mm."""
    used = 0.0
    for count, piece in enumerate(pieces):
        used += piece.height
        if used > room + 0.01:
            return count
    return len(pieces)
