"""Names of places at the end of a line."""

import pytest

from labels import fonts, terms
from labels import sheet as pen
from labels.places import whole
from labels.sheet import Style

PLAIN = Style(fonts.REGULAR, 8, 3)


@pytest.mark.parametrize(
    "text, kept",
    [
        ("12/5 đường số 7, khu phố Chiêu Liêu A (cũ)", "12/5 đường_số_7, khu_phố_Chiêu_Liêu_A (cũ)"),
        ("phường Tân Đông Hiệp, Thành phố Hồ Chí Minh", "phường_Tân_Đông_Hiệp, Thành_phố_Hồ_Chí_Minh"),
        ("TP. Hồ Chí Minh · Bưu cục Dĩ An · gọi trước", "TP._Hồ_Chí_Minh · Bưu_cục_Dĩ_An · gọi trước"),
        ("đường nhựa sau chợ, bưu cục bất kỳ", "đường nhựa sau chợ, bưu cục bất kỳ"),
    ],
)
def test_a_place_is_one_word(text: str, kept: str) -> None:
    assert whole(text).replace("\N{NO-BREAK SPACE}", "_") == kept


def test_a_line_ends_before_the_name_and_a_column_too_narrow_parts_it_between_words() -> None:
    fonts.faces()
    text = "Quầy một cửa, Thành phố Hồ Chí Minh"
    told = [[line[0][0] for line in pen.wrap([(text, PLAIN)], width).lines] for width in (40, 12)]
    assert told[0] == ["Quầy một cửa,", "Thành phố Hồ Chí Minh"]
    assert " ".join(told[1]) == text and len(told[1]) > 3


@pytest.mark.parametrize(
    "desk, said",
    [
        ("Phường Dĩ An", "Trung tâm Phục vụ hành chính công phường Dĩ An"),
        ("Phường Dĩ An, quầy 2", "Trung tâm Phục vụ hành chính công phường Dĩ An, quầy 2"),
        ("Chi nhánh số 3 Dĩ An", "Chi nhánh số 3 Dĩ An"),
        ("Bưu cục Dĩ An", "Bưu cục Dĩ An"),
    ],
)
def test_a_desk_that_bears_its_wards_name_alone_is_called_its_centre(desk: str, said: str) -> None:
    assert terms.centre(desk) == said
