"""The packet's number as Code 128, for the desk's hand scanner."""

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

BAR = 0.29  # mm, the narrowest bar: at least two dots of a 203 dpi printer


def draw(canvas: Canvas, text: str, x: float, y: float, width: float, height: float) -> None:
    """Draw `text` with its lower left corner at x, y mm, `height` mm tall and at most `width` mm wide. Ten
    bars of white on both sides are the caller's. Raises ValueError for what Code 128 cannot carry: the
    library would drop it silently.
    """
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError(f"not for a bar code: {text!r}")
    bars = Code128(text, barWidth=BAR * mm, barHeight=height * mm, quiet=False, humanReadable=False)
    if bars.width > width * mm:
        bars = Code128(
            text,
            barWidth=BAR * mm * width * mm / bars.width,
            barHeight=height * mm,
            quiet=False,
            humanReadable=False,
        )
    bars.drawOn(canvas, x * mm, y * mm)
