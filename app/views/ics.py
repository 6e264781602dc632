"""A visit as a calendar file (RFC 5545): no name, no address, only number and link."""

from datetime import UTC, datetime

from app.domain.visits import Visit, starts_at
from app.views import telling


def event(visit: Visit, number: str, link: str, at: datetime) -> str:
    slot = visit.slot
    summary = f"{telling.errand(visit.kind, visit.packet.kind)}, {number}"
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//hosotannha//visit//VI", "METHOD:PUBLISH", "BEGIN:VEVENT",
        f"UID:{number}-{visit.id}@hosotannha", f"DTSTAMP:{_stamp(at)}",
        f"DTSTART:{_stamp(starts_at(slot.day, slot.opens))}", f"DTEND:{_stamp(starts_at(slot.day, slot.closes))}",
        f"SUMMARY:{_escape(summary)}", f"DESCRIPTION:{_escape(link)}", f"URL:{link}",
        "BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_escape(summary)}", "TRIGGER:-PT1H", "END:VALARM",
        "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(_fold(line) for line in lines)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _fold(line: str) -> str:
    """Lines of at most 75 octets; the rest goes on after a space."""
    folded, size = "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > 74:
            folded, size = folded + "\r\n ", 1
        folded, size = folded + letter, size + width
    return folded
