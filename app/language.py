"""Which language a reader gets, and how dates, money and numbers are written in it."""

from datetime import date, datetime, time

from flask import Flask, session
from flask_babel import format_date, get_locale

from app.domain import calendar, numbers, tokens

LANGUAGES = ("vi", "en")
NBSP = "\u00a0"


def choose() -> str:
    """Vietnamese, unless the reader chose otherwise."""
    chosen = session.get("language")
    return chosen if chosen in LANGUAGES else "vi"


def long_date(day: date | datetime) -> str:
    """ "Thứ Sáu, 28/8/2026"."""
    day = calendar.today(day) if isinstance(day, datetime) else day
    weekday = format_date(day, "EEEE")
    if str(get_locale()) == "vi":
        weekday = weekday.title()
    return f"{weekday.replace(' ', NBSP)}, {day.day}/{day.month}/{day.year}"


def short_date(day: date | datetime) -> str:
    """ "Thứ Sáu, 28/8": within a timeline, where the year is plain."""
    return long_date(day).rsplit("/", 1)[0]


def clock(at: datetime | time) -> str:
    at = calendar.local(at).time() if isinstance(at, datetime) else at
    return f"{at.hour}:{at.minute:02d}"


def moment(at: datetime) -> str:
    return f"{short_date(at)}, {clock(at)}"


def window(opens: time, closes: time) -> str:
    return f"{clock(opens)}–{clock(closes)}"


def money(amount: int) -> str:
    """ "67.000 đ": integer đồng."""
    return f"{amount:,}".replace(",", ".") + f"{NBSP}đ"


def phone(number: str) -> str:
    """ "+84900000123" → "0900 000 123", kept in one piece."""
    return numbers.spoken_phone(number).replace(" ", NBSP)


def seal(number: str) -> str:
    return numbers.spoken_seal(number).replace(" ", NBSP)


def in_language(vietnamese: str, english: str) -> str:
    """Catalogue data carries both: procedures, papers."""
    return english if str(get_locale()) == "en" and english else vietnamese


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        long_date=long_date,
        short_date=short_date,
        clock=clock,
        moment=moment,
        money=money,
        phone=phone,
        seal=seal,
        b32=tokens.b32,
    )
    app.jinja_env.globals.update(window=window, in_language=in_language)
    settings = app.extensions["settings"]

    @app.context_processor
    def everywhere() -> dict[str, object]:
        return {
            "locale": str(get_locale()),
            "support_phone": settings.support_phone,
            "demo": settings.demo,
        }
