"""The whole text of every paper is the one that was kept: what changed stands in the diff, wanted or not."""

import pytest

from labels import FORMATS
from tests.labels import golden


@pytest.mark.parametrize("name", FORMATS)
def test_a_paper_says_word_for_word_and_line_by_line_what_was_kept(name: str) -> None:
    """Wanted: `python -m tests.labels.golden`, and read the diff."""
    assert golden.text(name).splitlines() == golden.path(name).read_text(encoding="utf-8").splitlines()


def test_a_text_is_kept_of_every_format_and_of_no_other() -> None:
    assert {file.stem for file in golden.TEXTS.iterdir()} == set(FORMATS)
