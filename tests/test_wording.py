"""Every message has words: short, in its reader's language alone, and silent about persons, procedures and places."""

import ast
import re
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from app import phrases
from app.domain.cases import CASES
from app.domain.people import Language
from app.domain.steps import NEXT, REASONS, STEPS
from app.integrations import wording
from app.integrations.sms import plain

pytestmark = pytest.mark.dialects("sqlite")  # words come out of no database
DOMAIN = Path(wording.__file__).parents[1] / "domain"
SAMPLE = {
    "number": "HS-261123-000001-4", "secret": "0123456789ABCDEF", "code": "123456", "seal": "NP0045821",
    "day": "2026-11-24", "opens": "08:00", "closes": "10:00", "reason": "nobody_home", "next": "another_day",
    "due_on": "2026-11-27", "amount": 15_000, "held": "2026-11-24T20:15:00+00:00",
}  # fmt: skip


VIETNAMESE = re.compile(r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)
ENGLISH = re.compile(r"\b(the|is|are|for|your|you|of|was|has|it|see|and|to|day)\b", re.IGNORECASE)
BOTH = [(kind, language) for kind in sorted(wording.MESSAGES) for language in Language]


def kinds_said() -> set[str]:
    """Kinds written out in a call of outbox.say, or of a verb that passes them on, plus those of the tables."""
    kinds = {step.tell for step in STEPS if step.tell} | {case.tell for case in CASES.values() if case.tell}
    for path in DOMAIN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
                "say",
                "tell",
            ):
                second = node.args[1] if len(node.args) > 1 else None
                if isinstance(second, ast.Constant) and isinstance(second.value, str):
                    kinds.add(second.value)
    return kinds


def test_every_kind_of_message_has_words(app: Flask) -> None:
    assert {"booked", "door_code", "view_code"} <= kinds_said() <= set(wording.MESSAGES)


def test_every_reason_and_what_comes_next_have_words() -> None:
    assert set(wording.REASONS) >= {reason for reasons in REASONS.values() for reason in reasons}
    assert set(wording.NEXT) >= {step for steps in NEXT.values() for step in steps}


@pytest.mark.parametrize(("kind", "language"), BOTH)
def test_a_message_is_short_and_fills_every_gap(app: Flask, kind: str, language: Language) -> None:
    text = wording.words(kind, SAMPLE, language)
    assert "%(" not in text and "  " not in text
    assert len(text) <= 240
    assert "{" not in text


@pytest.mark.parametrize(("kind", "language"), BOTH)
def test_a_text_message_is_one_part_without_accents_and_two_at_most_in_english(
    app: Flask, monkeypatch: pytest.MonkeyPatch, kind: str, language: Language
) -> None:
    """With a link as long as an installation's own name makes it; a reason may make it two."""
    mine = app.extensions["settings"].model_copy(update={"base_url": "https://hosotannha.vn"})
    monkeypatch.setitem(app.extensions, "settings", mine)
    said = wording.words(kind, SAMPLE | {"amount": 150_000}, language)
    text = plain(said)
    assert text.isascii() and text.count("?") == said.count("?")
    assert len(text) <= {Language.VI: 160, Language.EN: 306}[language], (len(text), text)


@pytest.mark.parametrize(("kind", "language"), BOTH)
def test_a_message_with_no_more_than_a_number_still_reads(app: Flask, kind: str, language: Language) -> None:
    assert wording.words(kind, {"number": SAMPLE["number"], "secret": "0" * 16, "seal": None}, language)


@pytest.mark.parametrize(("kind", "language"), BOTH)
def test_a_message_holds_no_word_of_the_other_language(app: Flask, kind: str, language: Language) -> None:
    """With each reason and each way on that its sentence may hold, whatever the language of whoever caused it."""
    other = {Language.VI: ENGLISH, Language.EN: VIETNAMESE}[language]
    with force_locale("en"):
        holds = str(wording.MESSAGES[kind])
    reasons = wording.REASONS if "%(reason)s" in holds else [SAMPLE["reason"]]
    ways = wording.NEXT if "%(next)s" in holds else [SAMPLE["next"]]
    for cause in Language:
        with force_locale(cause):
            texts = {
                wording.words(kind, SAMPLE | {"reason": reason, "next": way}, language)
                for reason, way in product(reasons, ways)
            }
        for text in texts:
            words = re.sub(r"https?://\S+|(?<=\u00a0)đ\b", "", text)  # a link and the sign of money are of no language
            assert not other.search(words), text


def test_a_kind_without_words_is_an_error_and_not_an_empty_message(app: Flask) -> None:
    with pytest.raises(KeyError):
        wording.words("nonsense", SAMPLE, Language.VI)


def test_the_phone_says_one_and_many_apart_where_its_reader_does(app: Flask) -> None:
    with app.test_request_context():
        with force_locale("en"):
            said = phrases.texts()
        assert (said["bulk.take_all.one"], said["bulk.take_all"]) == ("Take %(count)s packet", "Take %(count)s packets")
        with force_locale("vi"):
            said = phrases.texts()
        assert said["bulk.take_all.one"] == said["bulk.take_all"] == "Nhận %(count)s gói"
        assert sum(isinstance(text, tuple) for text in phrases.TEXTS.values()) == sum(
            key.endswith(".one") for key in said
        )
