"""How numbers stand in a sentence on a page."""

import pytest
from markupsafe import Markup

from app.language import whole


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Gõ mã, ví dụ HS-260826-000123-0.", 'Gõ mã, ví dụ <span class="nowrap">HS-260826-000123-0.</span>'),
        ("(8:00–10:00), Thứ Hai", '(<span class="nowrap">8:00–10:00),</span> Thứ Hai'),
        ("Mã 000.00.17.H09-260818-0001", 'Mã <span class="nowrap">000.00.17.H09-260818-0001</span>'),
        ("Giờ trống 8:00–10:00", 'Giờ trống <span class="nowrap">8:00–10:00</span>'),
        ("Số có 10 số, ví dụ 0900 000 123", "Số có 10\u00a0số, ví dụ 0900\u00a0000\u00a0123"),
        ("Niêm phong NP 0045 821", "Niêm phong NP\u00a00045\u00a0821"),
        ("Ngày viết như 2026-08-28", "Ngày viết như 2026-08-28"),
    ],
)
def test_a_number_moves_to_the_next_line_in_one_piece(sentence: str, shown: str) -> None:
    assert str(whole(sentence)) == shown


def test_what_somebody_typed_stays_text_and_our_own_marks_stay_marks() -> None:
    assert str(whole("<b>HS-260826-000123-0</b>")).startswith("&lt;b&gt;<span")
    marked = whole(Markup('<a href="/t/HS-260826-000123-0">10 số</a>'))
    assert marked == '<a href="/t/HS-260826-000123-0">10\u00a0số</a>'
    assert whole(Markup("A &amp; 8:00–10:00")) == 'A &amp; <span class="nowrap">8:00–10:00</span>'
