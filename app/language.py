"""Which language a reader gets, and how dates, money and numbers are written in it."""

import re
from datetime import date, datetime, time, timedelta

from flask import Flask, g, request
from flask_babel import format_date, get_locale, gettext, ngettext, refresh
from markupsafe import Markup, escape

from app.db import now
from app.domain import calendar, numbers, tokens
from app.domain.people import Language
from app.domain.places import Office

NAMES = {Language.VI: "Tiếng Việt", Language.EN: "English"}
LANGUAGES = tuple(NAMES)
COOKIE = "language"  # its own: a phone keeps no session
KEPT = timedelta(days=365)
NBSP = "\u00a0"
MONDAY = date(2024, 1, 1)

# What a line may not break: a code or hours, and what ends a sentence right behind; a phone or seal number; a number and its unit.
PIECE = re.compile(r"(?:\b[0-9.]*[A-Z][0-9A-Z.]*(?:-[0-9]+)+|[0-9:]+–[0-9:]+)[.,;:)]*")
MARK = re.compile(r"(<[^>]*>)")
SPACE = re.compile(r"(?<=[0-9]) (?=[0-9])|(?<=\bNP) (?=[0-9])|(?<=\b[0-9]) (?=[^\W\d])|(?<=\b[0-9]{2}) (?=[^\W\d])")


def choose() -> str:
    """What the reader chose; else what the citizen whose link this is reads; else Vietnamese."""
    chosen = g.get("chosen") or request.cookies.get(COOKIE)
    written: Language = g.get("written", Language.VI)
    return chosen if chosen in LANGUAGES else written


def written_for(reader: Language) -> None:
    """From here on this page answers in the language of its citizen's messages, unless its reader chose another."""
    g.written = reader
    refresh()


def speak(to: str) -> None:
    """From here on this page answers in the language its reader has just chosen."""
    g.chosen = to
    refresh()


def in_english() -> bool:
    return str(get_locale()) == "en"


def long_date(day: date | datetime) -> str:
    """ "Thứ Sáu, 28/8/2026"; "Friday, 28 August 2026", since some who read English put the month first."""
    day = calendar.today(day) if isinstance(day, datetime) else day
    said = _spelt(day, "d MMMM y") if in_english() else figures(day, year=True)
    return f"{weekday(day)}, {said}"


def short_date(day: date | datetime) -> str:
    """ "Thứ Sáu, 28/8" this year, "Thứ Năm, 28/8/2025" of another; "Friday, 28 Aug"."""
    day = calendar.today(day) if isinstance(day, datetime) else day
    return f"{weekday(day)}, {figures(day, year=day.year != calendar.today(now()).year)}"


def figures(day: date, *, year: bool = False) -> str:
    """ "28/8", "28/8/2026"; "28 Aug", "28 Aug 2026"."""
    if in_english():
        return _spelt(day, "d MMM y" if year else "d MMM")
    return f"{day.day}/{day.month}/{day.year}" if year else f"{day.day}/{day.month}"


def _spelt(day: date, form: str) -> str:
    return str(format_date(day, form)).replace(" ", NBSP, 1)


def clock(at: datetime | time) -> str:
    at = calendar.local(at).time() if isinstance(at, datetime) else at
    return f"{at.hour}:{at.minute:02d}"


def moment(at: datetime) -> str:
    """ "Thứ Sáu, 28/8, 8:05" this year, with the year of another."""
    return f"{short_date(at)}, {clock(at)}"


def window(opens: time, closes: time) -> str:
    return f"{clock(opens)}–{clock(closes)}"


def slot(day: date, opens: time, closes: time) -> Markup:
    """ "Thứ Sáu, 28/8/2026, 8:00–10:00" for a page: the hours stay on one line."""
    return Markup('{}, <span class="nowrap">{}</span>').format(long_date(day), window(opens, closes))


def span(length: timedelta) -> str:
    """The two largest units of it, at least a minute."""
    minutes = max(1, int(length.total_seconds()) // 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    units = (
        (days, ngettext("%(num)d day", "%(num)d days", days)),
        (hours, ngettext("%(num)d hour", "%(num)d hours", hours)),
        (minutes, ngettext("%(num)d minute", "%(num)d minutes", minutes)),
    )
    largest = next(nth for nth, (count, _words) in enumerate(units) if count)
    return " ".join(words.replace(" ", NBSP) for count, words in units[largest : largest + 2] if count)


def grouped(number: int) -> str:
    """ "1.250.000"; "1,250,000" in English, where a point would begin the decimals."""
    return f"{number:,}" if in_english() else f"{number:,}".replace(",", ".")


def decimal(number: float) -> str:
    """ "2,5"; "2.5" in English."""
    return f"{number:.1f}" if in_english() else f"{number:.1f}".replace(".", ",")


def money(amount: int) -> str:
    """ "67.000 đ": integer đồng."""
    return f"{grouped(amount)}{NBSP}đ"


def kilometres(metres: int) -> str:
    """ "1,2 km"."""
    return f"{decimal(metres / 1000)}{NBSP}km"


def phone(number: str) -> str:
    """ "+84900000123" → "0900 000 123", kept in one piece."""
    return numbers.spoken_phone(number).replace(" ", NBSP)


def seal(number: str) -> str:
    return numbers.spoken_seal(number).replace(" ", NBSP)


def whole(sentence: object) -> Markup:
    """A sentence for a page, its numbers moving to the next line in one piece; marks it has already stay as they are."""
    held = r'<span class="nowrap">\g<0></span>'
    parts = MARK.split(str(escape(sentence)))
    parts[::2] = [PIECE.sub(held, SPACE.sub(NBSP, text)) for text in parts[::2]]
    return Markup("".join(parts))  # noqa: S704 - escaped above


def in_language(vietnamese: str, english: str) -> str:
    """Catalogue data carries both: procedures, papers."""
    return english if in_english() and english else vietnamese


def days_of(office: Office) -> list[str]:
    """Opening hours, weekdays with the same hours together: "Thứ Hai – Thứ Sáu: 7:30–11:30, 13:00–17:00"; first what is so
    today, where the calendar says otherwise."""
    by_day: dict[int, list[str]] = {}
    for opening in office.hours:
        by_day.setdefault(opening.weekday, []).append(window(opening.opens, opening.closes))
    lines: list[tuple[list[int], list[str]]] = []
    for weekday, windows in sorted(by_day.items()):
        if lines and lines[-1][1] == windows and lines[-1][0][-1] == weekday - 1:
            lines[-1][0].append(weekday)
        else:
            lines.append(([weekday], windows))
    today = calendar.today(now())
    open_today = [window(opens.time(), closes.time()) for opens, closes in calendar.openings(today, office.hours)]
    if open_today == by_day.get(today.weekday(), []):
        return _usual(lines)
    hours = ", ".join(open_today) or gettext("closed all day")
    return [gettext("Today, %(day)s: %(hours)s", day=short_date(today), hours=hours), *_usual(lines)]


def _usual(lines: list[tuple[list[int], list[str]]]) -> list[str]:
    return [f"{_weekdays(days)}: {', '.join(windows)}" for days, windows in lines]


def _weekdays(days: list[int]) -> str:
    names = [weekday(MONDAY + timedelta(days=day)) for day in (days[0], days[-1])]
    return names[0] if len(days) == 1 else " – ".join(names)


def weekday(day: date) -> str:
    """ "Thứ Sáu"."""
    name = format_date(day, "EEEE")
    return str(name.title() if str(get_locale()) == "vi" else name).replace(" ", NBSP)


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        long_date=long_date,
        short_date=short_date,
        figures=figures,
        clock=clock,
        moment=moment,
        span=span,
        grouped=grouped,
        money=money,
        kilometres=kilometres,
        phone=phone,
        seal=seal,
        whole=whole,
        weekday=weekday,
        english_day=lambda at: f"{calendar.today(at):%d %B %Y}",
        local_day=lambda at: calendar.today(at).isoformat(),
        b32=tokens.b32,
    )
    app.jinja_env.globals.update(window=window, slot=slot, in_language=in_language, days_of=days_of, languages=NAMES)
    settings = app.extensions["settings"]

    @app.context_processor
    def everywhere() -> dict[str, object]:
        return {
            "locale": str(get_locale()),
            "support_phone": settings.support_phone,
            "demo": settings.demo,
        }
