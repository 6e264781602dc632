"""The proof of the day on paper: its code is read, its number can be typed, and it says no more than it may."""

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

import labels
from labels import certificate
from labels.samples import CITIZEN, FILED, TAKEN
from tests.labels.reading import pages


def text_of(item: labels.Certificate) -> str:
    return pages("certificate", item)[0]


@pytest.mark.parametrize("dpi", [110, 150, 200])
@pytest.mark.parametrize("turn", [0, 3, 90, 180])
def test_the_code_is_read_from_a_scan_of_the_page(dpi: int, turn: int) -> None:
    page = pypdfium2.PdfDocument(labels.render("certificate", [TAKEN]))[0]
    picture = (
        page.render(scale=dpi / 72).to_pil().convert("L").rotate(turn, Image.Resampling.BICUBIC, True, fillcolor=255)
    )
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [TAKEN.check_url]


def test_the_number_stands_in_groups_of_four() -> None:
    assert certificate.grouped(TAKEN.number) == "0123 4567 89AB CDEF GHJK MNPQ RSTV WXYZ"
    assert certificate.grouped(TAKEN.number) in text_of(TAKEN)


def test_before_the_ward_has_signed_it_does_not_speak_of_filing() -> None:
    assert certificate.TITLE_FILED not in text_of(TAKEN) and certificate.FILED[0] not in text_of(TAKEN)
    assert certificate.TITLE_FILED in text_of(FILED) and "16 giờ 00" in text_of(FILED)


def test_a_foreigner_reads_which_day_it_proves() -> None:
    taken, filed = text_of(TAKEN), text_of(FILED)
    assert "the post took" in taken and "filing" not in taken
    assert "legal day of filing" in filed and "the post took" not in filed


def test_a_certificate_has_no_field_for_a_person() -> None:
    said = text_of(FILED)
    assert CITIZEN.name not in said and CITIZEN.phone not in said and CITIZEN.address[0] not in said
    assert not {"name", "address", "phone", "sender", "matter"} & set(vars(FILED))
