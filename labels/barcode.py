"""The packet's number as Code 128, for the desk's hand scanner."""

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

BAR = 0.29  # mm, the narrowest bar on paper: at least two dots of a 203 dpi printer
DOTTED = 0.25  # mm, on labels: two whole dots


def draw(canvas: Canvas, text: str, x: float, y: float, width: float, height: float, bar: float = BAR) -> None:
    """Draw `text` with its lower left corner at x, y mm, `height` mm tall and at most `width` mm wide, its narrowest
    bar `bar` mm or less. Ten bars of white on both sides are the caller's. Raises ValueError for what Code 128 cannot
    carry: the library would drop it silently.
    """
    bars = _bars(text, bar * mm, height * mm)
    if bars.width > width * mm:
        bars = _bars(text, bar * mm * width * mm / bars.width, height * mm)
    bars.drawOn(canvas, x * mm, y * mm)


def draw_centred(canvas: Canvas, text: str, x: float, y: float, width: float, height: float) -> None:
    """Draw `text` in the middle of `width` mm in whole dots of a thermal printer. Raises as `draw`, and ValueError when
    it is too long for that."""
    long = modules(text) * DOTTED
    if long > width:
        raise ValueError(f"a bar code of {text!r} is {long:.0f} mm long, the label has room for {width:.0f}")
    draw(canvas, text, x + (width - long) / 2, y, long + 0.001, height, DOTTED)


def modules(text: str) -> int:
    """How many narrow bars wide `text` is, without the white on both sides. Raises as `draw`."""
    return int(_bars(text, 1, 1).width + 0.5)


def _bars(text: str, bar: float, height: float) -> Code128:
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError(f"not for a bar code: {text!r}")
    return Code128(text, barWidth=bar, barHeight=height, quiet=False, humanReadable=False)
