"""Every form of the app answers what it cannot read in the language of its page: WTForms' own sentences are never met."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_wtf.file
import pytest
import wtforms
from flask import Flask
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

import app.views
from app.views.fields import SENTENCES
from tests.test_wording import VIETNAMESE
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")
SOURCES = [*Path(wtforms.__file__).parent.rglob("*.py"), Path(flask_wtf.file.__file__)]
CALLS = re.compile(r"gettext\(((?:\s*\"[^\"]+\",?)+)")
OWN = {text for path in SOURCES for call in CALLS.findall(path.read_text()) for text in re.findall(r'"([^"]+)"', call)}
THEIRS = re.compile("|".join(re.sub(r"%\\\(\w+\\\)[sd]|%s|\\{\w+\\}", ".*", re.escape(text)) for text in OWN))
WRONG = ("", " ", "x" * 4000, "-5", "99999999999", "ø?")


def forms() -> list[type[wtforms.Form]]:
    for module in pkgutil.iter_modules(app.views.__path__):
        importlib.import_module(f"app.views.{module.name}")
    found, waiting = list[type[wtforms.Form]](), [wtforms.Form]
    while waiting:
        waiting += (children := waiting.pop().__subclasses__())
        found += [one for one in children if one.__module__.startswith("app.views.")]
    return sorted(set(found), key=lambda one: f"{one.__module__}.{one.__qualname__}")


def told(errors: Any) -> Iterator[str]:
    for one in errors.values() if isinstance(errors, dict) else errors:
        yield from told(one) if isinstance(one, dict | list | tuple) else [str(one)]


def fields(form: Any, prefix: str = "") -> Iterator[Any]:
    for field in form:
        yield field
        if isinstance(field, wtforms.FieldList):
            yield from (inner for entry in field.entries for inner in getattr(entry, "form", ()))


def answers(kind: type[wtforms.Form], text: str) -> list[str]:
    """What this form says when `text` stands in each of its fields."""
    names = [field.name for field in fields(kind(formdata=None)) if field.name != "csrf_token"]
    form = kind(formdata=MultiDict(dict.fromkeys(names, text)))
    for field in fields(form):
        if isinstance(field, wtforms.SelectField) and field.choices is None:
            field.choices = []
    form.validate()
    return list(told(form.errors))


@pytest.mark.parametrize("reader", ["vi", "en"])
def test_no_form_says_a_sentence_of_the_librarys(app: Flask, world: World, reader: str) -> None:
    met = dict[str, set[str]]()
    for kind in forms():
        for text in WRONG:
            with app.test_request_context(method="POST"), force_locale(reader):
                for said in answers(kind, text):
                    met.setdefault(said, set()).add(kind.__qualname__)
    assert len(met) > 40
    assert {said: where for said, where in met.items() if THEIRS.fullmatch(said)} == {}
    if reader == "vi":
        assert {said: where for said, where in met.items() if not VIETNAMESE.search(said)} == {}


def test_whatever_the_library_may_say_is_said_in_our_words(app: Flask) -> None:
    assert len(OWN) > 30 and set(SENTENCES) <= OWN, "a newer library says it otherwise"
    for kind in forms():
        with app.test_request_context(method="POST"), force_locale("vi"):
            for text in OWN:
                words = kind(formdata=None).meta.get_translations(None).gettext(text)
                assert VIETNAMESE.search(words) and set(re.findall(r"%\(\w+\)", words)) <= set(
                    re.findall(r"%\(\w+\)", text)
                )


@pytest.mark.parametrize(
    ("module", "form", "name"),
    [("rates", "Decide", "amount"), ("decisions", "AskFee", "amount"), ("incidents", "Close", "compensation"),
     ("edition_forms", "Draft", "fee")],
)  # fmt: skip
def test_a_sum_is_typed_as_every_page_shows_it(app: Flask, module: str, form: str, name: str) -> None:
    kind = getattr(importlib.import_module(f"app.views.{module}"), form)
    with app.test_request_context(method="POST"), force_locale("vi"):
        for text in ("27000", "27.000", "27 000", "27.000 đ", "27,000đ", " 27.000\u00a0đ "):
            field = kind(formdata=MultiDict({name: text}))[name]
            assert field.data == 27_000 and not field.process_errors, text
        for text in ("-5", "hai bảy", "1e5", "9" * 40):
            read = kind(formdata=MultiDict({name: text}))
            read.validate()
            assert "Đây không phải số tiền" in read[name].errors[0], text


def test_what_is_no_number_is_told_without_a_number_that_would_be_wrong_there(world: World, sign_in: Any) -> None:
    said = {"prefix": "RR", "first": "47 triệu", "last": "47312999"}
    answer = sign_in(world.admin).post("/admin/numbers", data=said)
    assert answer.status_code == 422 and "Gõ một số, ví dụ 47312482" in answer.text and "ví dụ 2<" not in answer.text
