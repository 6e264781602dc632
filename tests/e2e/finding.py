"""Where on a printed sheet the code is."""

import zxingcpp
from PIL import Image


def code_in(sheet: Image.Image) -> tuple[int, int, int, int]:
    """left, top, right, bottom of the QR code, in pixels."""
    [found] = zxingcpp.read_barcodes(sheet, formats=zxingcpp.BarcodeFormat.QRCode)
    spots = [getattr(found.position, name) for name in ("top_left", "top_right", "bottom_right", "bottom_left")]
    xs, ys = [spot.x for spot in spots], [spot.y for spot in spots]
    return min(xs), min(ys), max(xs), max(ys)
