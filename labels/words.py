"""How dates, hours and money are written on paper. Local time of Viet Nam, whole đồng."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
DAYS = tuple(f"{first}\N{NO-BREAK SPACE}{second}" for first, second in (
    ("Thứ", "Hai"), ("Thứ", "Ba"), ("Thứ", "Tư"), ("Thứ", "Năm"), ("Thứ", "Sáu"), ("Thứ", "Bảy"), ("Chủ", "Nhật"),
))  # fmt: skip


def say_day(day: date) -> str:
    """ "Thứ Sáu, 28/8/2026"."""
    return f"{DAYS[day.weekday()]}, {day.day}/{day.month}/{day.year}"


def say_instant(instant: datetime) -> str:
    """ "8 giờ 42, Thứ Sáu, 28/8/2026". Raises ValueError for a time without a zone."""
    if instant.tzinfo is None:
        raise ValueError("a time on paper needs a zone")
    local = instant.astimezone(LOCAL)
    return f"{local.hour}\N{NO-BREAK SPACE}giờ\N{NO-BREAK SPACE}{local.minute:02}, {say_day(local.date())}"


def say_money(amount: int) -> str:
    """ "26.000": the column says đồng."""
    return f"{amount:,}".replace(",", ".")


def masked(phone: str) -> str:
    """A telephone number with its middle hidden: "0900 ••• 215". A short one is hidden whole."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    return f"{digits[:4]} ••• {digits[-3:]}" if len(digits) >= 9 else "•••"


DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
THOUSANDS = ("", "nghìn", "triệu", "tỷ")


def say_amount(amount: int) -> str:
    """ "Hai mươi sáu nghìn đồng": an amount as receipts spell it. Raises ValueError below 0 and from 10^12."""
    if not 0 <= amount < 10**12:
        raise ValueError(f"not an amount for a receipt: {amount}")
    groups = [amount // 1000**power % 1000 for power in range(4)]
    highest = max((power for power in range(4) if groups[power]), default=0)
    said = [
        f"{_hundreds(groups[power], power < highest)} {THOUSANDS[power]}".strip()
        for power in range(highest, -1, -1)
        if groups[power] or not amount
    ]
    words = " ".join(said)
    return f"{words[0].upper()}{words[1:]} đồng"


def _hundreds(number: int, full: bool) -> str:
    """A number below 1000; `full` when higher groups stand before it, so that its hundreds are always said."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    said = [f"{DIGITS[hundreds]} trăm"] if hundreds or full else []
    if tens == 0 and ones and said:
        said.append("linh")
    elif tens == 1:
        said.append("mười")
    elif tens > 1:
        said.append(f"{DIGITS[tens]} mươi")
    if ones == 1 and tens > 1:
        said.append("mốt")
    elif ones == 5 and tens:
        said.append("lăm")
    elif ones or not said:
        said.append(DIGITS[ones])
    return " ".join(said)


def say_date(day: date) -> str:
    """ "ngày 28 tháng 8 năm 2026"."""
    return f"ngày {day.day} tháng {day.month} năm {day.year}"


def say_short(day: date) -> str:
    """ "28/8/2026"."""
    return f"{day.day}/{day.month}/{day.year}"
