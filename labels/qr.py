"""QR codes as vectors: sharp at any resolution, quiet zone kept, nothing drawn but what was given."""

import re
from functools import lru_cache

from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.main import QRCode
from reportlab.lib.units import mm

from labels import masks
from labels.leaf import Leaf
from labels.sheet import Uncodable

QUIET = 4  # modules of white on each side, ISO/IEC 18004
DOTS = 8  # a mm on the usual thermal printer, 203 dpi
LEVELS = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q, "H": ERROR_CORRECT_H}
LONGEST = {"L": 4296, "M": 3391, "Q": 2420, "H": 1852}  # characters, ISO/IEC 18004 table 7
DARK = re.compile(b"\x01+")
ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def matrix(text: str, level: str = "M") -> list[list[bool]]:
    """The modules of the smallest code holding `text` in alphanumeric mode, without quiet zone, with the mask that the
    library would choose.

    Raises Uncodable when `text` is empty, has a character outside the alphanumeric set (such a code would be several
    versions larger, and nobody would notice on paper), or is longer than any code.
    """
    if not text or not ALPHANUMERIC.issuperset(text) or len(text) > LONGEST[level]:
        raise Uncodable(text, "is not alphanumeric or too long, so not for a QR code of ours")
    version = _version(len(text), level)
    code = QRCode(version, LEVELS[level], border=0, mask_pattern=0)
    code.add_data(text, optimize=0)
    code.make(fit=False)
    best = masks.best(masks.packed(code.modules), version, LEVELS[level])
    return masks.unpacked(best, code.modules_count)


@lru_cache(maxsize=64)
def _version(length: int, level: str) -> int:
    """The smallest version that holds so many alphanumeric characters."""
    code = QRCode(error_correction=LEVELS[level])
    code.add_data("A" * length, optimize=0)
    return int(code.best_fit())


@lru_cache(maxsize=8)  # the three copies of a slip carry one code
def outline(text: str, level: str = "M") -> tuple[int, str]:
    """Side in modules, and one PDF path of the dark modules in rectangles: runs of a row, merged with equal runs of the
    rows below. Whole modules, y upwards from the bottom."""
    modules = matrix(text, level)
    side = len(modules)
    path, begun = [], dict[tuple[int, int], int]()
    for row, cells in enumerate([*modules, []]):
        runs = [run.span() for run in DARK.finditer(bytes(cells))]
        for span in [span for span in begun if span not in runs]:
            top = begun.pop(span)
            path.append(f"{span[0]} {side - row} {span[1] - span[0]} {row - top} re")
        for span in runs:
            begun.setdefault(span, row)
    return side, " ".join(path)


def draw(canvas: Leaf, text: str, x: float, y: float, size: float, level: str = "M") -> None:
    """Draw the code in the square of side `size` mm whose lower left corner is at x, y mm from the lower left
    of the page. The quiet zone is part of the square: keep everything else out of it. Raises as `matrix`."""
    side, path = outline(text, level)
    module = size * mm / (side + 2 * QUIET)
    corner = f"{x * mm + QUIET * module:.3f} {y * mm + QUIET * module:.3f}"
    # One fill for all: runs that touch show no seam.
    canvas.addLiteral(f"q {module:.5f} 0 0 {module:.5f} {corner} cm {path} f Q")


def whole_dots(text: str, size: float, level: str = "M", least: float = 0.5) -> float:
    """The largest side in mm up to `size`, quiet zone included, at which every module is a whole number of dots of
    a thermal printer with 8 dots a mm. Raises Uncodable when a module would be smaller than `least` mm."""
    modules, _ = outline(text, level)
    dots = int(size * DOTS / (modules + 2 * QUIET) + 1e-9)
    if dots / DOTS < least:
        raise Uncodable(text, f"makes a code of {modules} modules, which do not fit into {size} mm, {least} mm each")
    return dots * (modules + 2 * QUIET) / DOTS


def side(text: str, size: float, level: str = "M") -> float:
    """Side in mm of the dark part when `draw` is given `size` mm."""
    modules, _ = outline(text, level)
    return size * modules / (modules + 2 * QUIET)
