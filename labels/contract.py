"""The A5 slip as pages: front, back, then continuation sheets for what neither has room for, always an even number so
that it prints on both sides."""

from reportlab.lib.units import mm

from labels import back, continuation, flow, front
from labels import sheet as pen
from labels.leaf import Leaf
from labels.sheet import TEXT, Sheet
from labels.slip import Slip
from labels.tables import LEFT, WIDTH

A5 = (148.0, 210.0)  # mm


def draw(canvas: Leaf, slip: Slip) -> None:
    """Draw one copy of one slip on pages of its own. Raises MissingGlyph, ValueError."""
    width, height = A5
    canvas.setPageSize((width * mm, height * mm))
    sheet = Sheet(canvas, width, height)
    more = front.draw(sheet, slip)
    more += back.overflow(slip)
    on_back = more if back.takes(slip, more) else []
    pages = [] if on_back else flow.paginate(more, continuation.BOTTOM - continuation.TOP)
    sides = 2 + len(pages) + len(pages) % 2
    _foot(sheet, slip, 1, sides, f"{'Phần tiếp, quyền' if on_back else 'Quyền'}, nghĩa vụ, bồi thường: xem mặt 2.")
    canvas.showPage()
    back.draw(sheet, slip, on_back)
    _foot(sheet, slip, 2, sides)
    canvas.showPage()
    for number, pieces in enumerate(pages, 3):
        continuation.draw(sheet, slip, pieces)
        _foot(sheet, slip, number, sides)
        canvas.showPage()
    if len(pages) % 2:
        continuation.draw_ruled(sheet, slip)
        _foot(sheet, slip, sides, sides)
        canvas.showPage()


def _foot(sheet: Sheet, slip: Slip, side: int, sides: int, more: str = "") -> None:
    text = f"Mặt {side}/{sides}. {more}"
    if side == 1 and sides > 2:
        text += " Có tờ nối."
    pen.put(sheet, LEFT, 201.7, text, TEXT)
    pen.put(sheet, LEFT, 201.7, f"Phiếu {slip.number}", TEXT, "right", WIDTH)
