"""The best of a code's eight masks, as the library finds it (ISO/IEC 18004, 7.8.3), in a fifteenth of its time.

A code is one whole number here, row after row, each with a bit of white beside it: what is asked of all its modules is asked
at once.
"""

from collections.abc import Sequence
from functools import cache, reduce
from operator import and_

from qrcode.main import QRCode

MASKS = range(8)
FINDERS = "10111010000", "00001011101"  # with the white beside them: what a reader takes for a corner of the code


def packed(modules: Sequence[Sequence[bool]]) -> int:
    return int("".join("0" + "".join("1" if cell else "0" for cell in row) for row in modules), 2)


def unpacked(code: int, side: int) -> list[list[bool]]:
    cells = f"{code:0{side * (side + 1)}b}"
    return [[cell == "1" for cell in cells[at + 1 : at + 1 + side]] for at in range(0, len(cells), side + 1)]


def best(code: int, version: int, level: int) -> int:
    """The same code with the best mask; `code` has mask 0."""
    judged, made = _changes(version, level)
    chosen = min(MASKS, key=lambda mask: lost(code ^ judged[mask], 4 * version + 17))
    return code ^ made[chosen]


@cache
def _changes(version: int, level: int) -> tuple[list[int], list[int]]:
    """What each mask changes of a code with mask 0, whatever it says: as it is judged, without its format, and as it is made."""
    code = QRCode(version, level, border=0, mask_pattern=0)
    code.add_data("A", optimize=0)
    code.make(fit=False)
    first = packed(code.modules)
    found: list[list[int]] = [[], []]
    for mask in MASKS:
        for to, is_judged in zip(found, (True, False), strict=True):
            code.makeImpl(is_judged, mask)
            to.append(packed(code.modules) ^ first)
    return found[0], found[1]


def lost(code: int, side: int) -> int:
    """The points a code loses for what confuses a reader; the fewer the better."""
    row = side + 1
    colours = code, _whole(side) ^ code
    points = 0
    for colour in colours:
        for step in (1, row):
            fives = _all(colour, step, 5)  # a run of six holds two of five
            points += fives.bit_count() + 2 * (fives & ~(fives << step)).bit_count()
        points += 3 * (_all(colour, 1, 2) & _all(colour, 1, 2) >> row).bit_count()
    for finder in FINDERS:
        for step in (1, row):
            points += (
                40 * reduce(and_, (colours[cell == "0"] >> at * step for at, cell in enumerate(finder))).bit_count()
            )
    return points + int(abs(code.bit_count() / side**2 * 100 - 50) / 5) * 10


def _all(colour: int, step: int, length: int) -> int:
    return reduce(and_, (colour >> at * step for at in range(length)))


@cache
def _whole(side: int) -> int:
    return packed([[True] * side] * side)
