"""QR codes as vectors: sharp at any resolution, quiet zone kept, nothing drawn but what was given."""

from functools import lru_cache

from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.main import QRCode
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

QUIET = 4  # modules of white on each side, ISO/IEC 18004
DOTS = 8  # a mm on the usual thermal printer, 203 dpi
LEVELS = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q, "H": ERROR_CORRECT_H}
ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def matrix(text: str, level: str = "M") -> list[list[bool]]:
    """The modules of the smallest code holding `text` in alphanumeric mode, without quiet zone.

    Raises ValueError when `text` is empty or has a character outside the alphanumeric set: such a code would
    be several versions larger, and nobody would notice on paper.
    """
    if not text or not ALPHANUMERIC.issuperset(text):
        raise ValueError(f"not alphanumeric, so not for a QR code of ours: {text[:40]!r}")
    code = QRCode(border=0, error_correction=LEVELS[level])
    code.add_data(text, optimize=0)
    return [[bool(dark) for dark in row] for row in code.get_matrix()]


# The three copies of a slip carry one code; choosing its mask is most of the time a code takes.
@lru_cache(maxsize=32)
def outline(text: str, level: str = "M") -> tuple[int, str]:
    """Side in modules, and one PDF path of the dark runs of each row: whole modules, y upwards from the
    bottom."""
    modules = matrix(text, level)
    side = len(modules)
    path = []
    for row, cells in enumerate(modules):
        column = 0
        while column < side:
            start = column
            while column < side and cells[column]:
                column += 1
            if column > start:
                path.append(f"{start} {side - 1 - row} {column - start} 1 re")
            column += 1
    return side, " ".join(path)


def draw(canvas: Canvas, text: str, x: float, y: float, size: float, level: str = "M") -> None:
    """Draw the code in the square of side `size` mm whose lower left corner is at x, y mm from the lower left
    of the page. The quiet zone is part of the square: keep everything else out of it. Raises ValueError as
    `matrix`."""
    side, path = outline(text, level)
    module = size * mm / (side + 2 * QUIET)
    canvas.saveState()
    canvas.setFillGray(0)
    canvas.translate(x * mm + QUIET * module, y * mm + QUIET * module)
    canvas.scale(module, module)
    canvas.addLiteral(f"{path} f")  # one fill for all: runs that touch show no seam
    canvas.restoreState()


def whole_dots(text: str, size: float, level: str = "M", least: float = 0.5) -> float:
    """The largest side in mm up to `size`, quiet zone included, at which every module is a whole number of dots of
    a thermal printer with 8 dots a mm. Raises ValueError when a module would be smaller than `least` mm."""
    modules, _ = outline(text, level)
    dots = int(size * DOTS / (modules + 2 * QUIET) + 1e-9)
    if dots / DOTS < least:
        raise ValueError(f"a code of {modules} modules does not fit into {size} mm with modules of {least} mm")
    return dots * (modules + 2 * QUIET) / DOTS


def side(text: str, size: float, level: str = "M") -> float:
    """Side in mm of the dark part when `draw` is given `size` mm."""
    modules, _ = outline(text, level)
    return size * modules / (modules + 2 * QUIET)
