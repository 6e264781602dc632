"""Item numbers people read aloud and type: UPU S10 from a loaded pool, and our own HS-YYMMDD-ssssss-c.

Only the postal operator allots S10 numbers: we consume pools of them, in order, and never use one twice.
"""

import re
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, db
from app.errors import Invalid

S10 = re.compile(r"([A-Z]{2})(\d{8})(\d)([A-Z]{2})")
OWN = re.compile(r"HS(\d{6})(\d{6})(\d)")
SEAL = re.compile(r"[A-Z]{0,4}\d{4,12}")
SEAL_DIGITS = re.compile(r"\d{7}")  # read aloud without the letters that every seal of ours begins with
WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


class NumberPool(Model):
    """A range of S10 serials from the postal operator; `is_test` ranges are marked on paper."""

    __tablename__ = "number_pools"

    id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(sa.String(2))
    country: Mapped[str] = mapped_column(sa.String(2), default="VN")
    first: Mapped[int]
    last: Mapped[int]
    next: Mapped[int]
    is_test: Mapped[bool] = mapped_column(default=False)
    loaded_at: Mapped[Instant]

    @property
    def left(self) -> int:
        return self.last - self.next + 1

    @property
    def is_low(self) -> bool:
        """Less than a tenth is left: time to ask the postal operator for another range."""
        return self.left * 10 < self.last - self.first + 1


class NumberDay(Model):
    """How many of our own numbers a day has used."""

    __tablename__ = "number_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    used: Mapped[int] = mapped_column(default=0)


def s10_check(serial: str) -> int:
    """The check digit of eight digits (UPU S10: weights 8 6 4 2 3 5 9 7; 11 - sum mod 11; 10 → 0, 11 → 5)."""
    rest = 11 - sum(w * int(d) for w, d in zip(WEIGHTS, serial, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def damm(digits: str) -> int:
    """Damm's check digit: finds every single wrong digit and every swap of neighbours."""
    state = 0
    for digit in digits:
        state = int(_DAMM[state][int(digit)])
    return state


def own(day: date, serial: int) -> str:
    digits = f"{day:%y%m%d}{serial:06d}"
    return f"HS-{digits[:6]}-{digits[6:]}-{damm(digits)}"


def s10(prefix: str, serial: int, country: str = "VN") -> str:
    """An item number in the union's form (UPU S10), its check digit reckoned."""
    return f"{prefix}{serial:08d}{s10_check(f'{serial:08d}')}{country}"


def check_range(prefix: str, first: int, last: int, country: str = "VN") -> None:
    """Raises Invalid("pool_range") or Invalid("pool_overlaps"); first letters J K S T W are reserved by the UPU."""
    if not re.fullmatch(r"[A-IL-RUVX-Z][A-Z]", prefix) or not 0 <= first <= last <= 99_999_999:
        raise Invalid("pool_range")
    same = sa.select(NumberPool).filter_by(prefix=prefix, country=country)
    if db.session.scalar(same.where(NumberPool.first <= last, NumberPool.last >= first)):
        raise Invalid("pool_overlaps")


def load_pool(
    prefix: str, first: int, last: int, at: datetime, *, country: str = "VN", is_test: bool = False
) -> NumberPool:
    """Raises as `check_range`."""
    check_range(prefix, first, last, country)
    pool = NumberPool(prefix=prefix, country=country, first=first, last=last, next=first, is_test=is_test, loaded_at=at)
    db.session.add(pool)
    return pool


def left_when_low() -> int | None:
    """How many numbers are left, when every loaded range is nearly used up; None while one is not, or none was loaded."""
    pools = list(db.session.scalars(sa.select(NumberPool)))
    return sum(pool.left for pool in pools) if pools and all(pool.is_low for pool in pools) else None


def newest_load() -> datetime | None:
    """When a range was loaded last."""
    return db.session.scalar(sa.select(sa.func.max(NumberPool.loaded_at)))


def take_s10() -> str | None:
    """The next number of the oldest pool that has one, or None while no pool is loaded."""
    open_pools = sa.select(NumberPool.id).where(NumberPool.next <= NumberPool.last)
    oldest = open_pools.order_by(NumberPool.id).limit(1)
    pool_id = db.session.scalar(oldest)
    if pool_id is None:
        return None
    pool = db.session.get_one(NumberPool, pool_id, with_for_update=True, populate_existing=True)
    if pool.next > pool.last:
        return take_s10()  # somebody took the last one while we waited for the lock
    number = s10(pool.prefix, pool.next, pool.country)
    pool.next += 1
    db.session.flush()
    return number


def take_own(day: date) -> str:
    row = db.session.get(NumberDay, day, with_for_update=True)
    if row is None:
        row = NumberDay(day=day, used=0)
        db.session.add(row)
    row.used += 1
    db.session.flush()
    return own(day, row.used)


def is_test(number: str) -> bool:
    """Whether the number comes from a test pool: paper and screens mark it."""
    if not (found := S10.fullmatch(number)):
        return False
    prefix, serial, _, country = found.groups()
    inside = sa.select(NumberPool.is_test).where(
        NumberPool.prefix == prefix, NumberPool.country == country,
        NumberPool.first <= int(serial), NumberPool.last >= int(serial),
    )  # fmt: skip
    return bool(db.session.scalar(inside))


def read(text: str) -> str:
    """The canonical form of a number somebody typed: case, spaces, dashes, O for 0 and I or L for 1 forgiven.

    Raises Invalid: `number_form` (no number of ours) or `number_check` (a digit is wrong).
    """
    letters = re.sub(r"[\s.\-–_/]", "", text.upper())[:40]
    for own_form in (True, False):
        head, middle, tail = (letters[:2], letters[2:], "") if own_form else (letters[:2], letters[2:-2], letters[-2:])
        candidate = head + middle.translate(str.maketrans("OIL", "011")) + tail
        if own_form and (found := OWN.fullmatch(candidate)):
            day, serial, check = found.groups()
            if damm(day + serial) != int(check):
                raise Invalid("number_check")
            return f"HS-{day}-{serial}-{check}"
        if not own_form and (found := S10.fullmatch(candidate)):
            if s10_check(found[2]) != int(found[3]):
                raise Invalid("number_check")
            return candidate
    raise Invalid("number_form")


def spoken_seal(number: str) -> str:
    """ "NP0045821" → "NP 0045 821", as it is read aloud; other forms as they are."""
    if len(number) == 9 and number[:2].isalpha():
        return f"{number[:2]} {number[2:6]} {number[6:]}"
    return number


def spoken_phone(number: str) -> str:
    """ "+84900000123" → "0900 000 123", as it is dialled here."""
    local = "0" + number[3:] if number.startswith("+84") else number
    return f"{local[:4]} {local[4:7]} {local[7:]}" if len(local) == 10 and local.isdigit() else local


def read_seal(text: str) -> str:
    """The number of a seal, e.g. "np 0045 821" or "0045 821" → "NP0045821". Raises Invalid("seal_form")."""
    seal = re.sub(r"[\s.\-–_/]", "", text.upper())[:40]
    if SEAL_DIGITS.fullmatch(seal):
        seal = "NP" + seal
    if not SEAL.fullmatch(seal):
        raise Invalid("seal_form")
    return seal
