"""How dates, hours and money are written on paper. Local time of Viet Nam, whole đồng."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
DAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")


def say_day(day: date) -> str:
    """ "Thứ Sáu, 28/8/2026"."""
    return f"{DAYS[day.weekday()]}, {day.day}/{day.month}/{day.year}"


def say_instant(instant: datetime) -> str:
    """ "8 giờ 42, Thứ Sáu, 28/8/2026". Raises ValueError for a time without a zone."""
    if instant.tzinfo is None:
        raise ValueError("a time on paper needs a zone")
    local = instant.astimezone(LOCAL)
    return f"{local.hour} giờ {local.minute:02}, {say_day(local.date())}"


def say_money(amount: int) -> str:
    """ "26.000": the column says đồng."""
    return f"{amount:,}".replace(",", ".")


def masked(phone: str) -> str:
    """A telephone number with its middle hidden: "0900 ••• 215". A short one is hidden whole."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    return f"{digits[:4]} ••• {digits[-3:]}" if len(digits) >= 9 else "•••"
