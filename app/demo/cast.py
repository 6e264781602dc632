"""Who lives in the demonstration. Every name is a fruit or a flower; 0900 000 xxx reaches nobody."""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from app.domain.people import Role

PASSWORD, PIN = "demo-demo", "246810"  # printed at start, for everybody to use


class Staff(NamedTuple):
    login: str
    name: str
    role: Role
    office: str | None  # its code in data/places.json
    badge: str | None = None
    units: tuple[str, ...] | None = None  # codes of what a supervisor answers for; None is everything


# fmt: off
STAFF = (
    Staff("courier1",    "Trần Văn Bưởi",    Role.COURIER,    "824600", "DA-01"),
    Staff("courier2",    "Lê Thị Cam",       Role.COURIER,    "824600", "DA-02"),
    Staff("courier3",    "Nguyễn Văn Quýt",  Role.COURIER,    "824600", "DA-03"),
    Staff("courier4",    "Phạm Văn Mận",     Role.COURIER,    "825063", "DA-04"),
    Staff("courier5",    "Hồ Thị Dâu",       Role.COURIER,    "824900", "DA-05"),
    Staff("courier6",    "Đặng Văn Khế",     Role.COURIER,    "824780", "DA-06"),
    Staff("courier7",    "Võ Thị Nhãn",      Role.COURIER,    "824880", "DA-07"),
    Staff("courier8",    "Bùi Văn Vải",      Role.COURIER,    "824730", "DA-08"),
    Staff("clerk1",      "Phạm Thị Ổi",      Role.CLERK,      "824600"),
    Staff("clerk2",      "Ngô Văn Xoài",     Role.CLERK,      "825063"),
    Staff("clerk3",      "Đỗ Thị Lê",        Role.CLERK,      "824900"),
    Staff("clerk4",      "Trương Văn Chanh", Role.CLERK,      "824780"),
    Staff("clerk5",      "Huỳnh Thị Thơm",   Role.CLERK,      "824880"),
    Staff("clerk6",      "Lý Văn Dưa",       Role.CLERK,      "824730"),
    Staff("desk1",       "Võ Văn Mít",       Role.OFFICER,    "MC-25942"),
    Staff("desk2",       "Lý Thị Na",        Role.OFFICER,    "MC-25945"),
    Staff("desk3",       "Đinh Văn Dừa",     Role.OFFICER,    "MC-25951"),
    Staff("lead1",       "Tạ Thị Vải",       Role.LEAD,       "MC-25942"),
    Staff("dispatcher1", "Bùi Thị Sen",      Role.DISPATCHER, "824600"),
    Staff("dispatcher2", "Mai Văn Trúc",     Role.DISPATCHER, "825063"),
    Staff("dispatcher3", "Cao Thị Huệ",      Role.DISPATCHER, "824900"),
    Staff("dispatcher4", "Tô Văn Tùng",      Role.DISPATCHER, "824780"),
    Staff("dispatcher5", "Lâm Thị Lan",      Role.DISPATCHER, "824880"),
    Staff("dispatcher6", "Dương Văn Đào",    Role.DISPATCHER, "824730"),
    Staff("supervisor1", "Đỗ Văn Tre",       Role.SUPERVISOR, None),
    Staff("supervisor2", "Kha Thị Mơ",       Role.SUPERVISOR, None, units=("824600", "MC-25942")),
    Staff("admin1",      "Hồ Thị Lựu",       Role.ADMIN,      None),
)
# fmt: on

FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô")
GIVEN = (
    "Thị Mơ", "Văn Sim", "Thị Hồng", "Văn Ngô", "Thị Cúc", "Văn Bắp", "Thị Mai", "Văn Bòn Bon", "Thị Sứ", "Văn Sung",
    "Thị Nhài", "Văn Điều", "Thị Quỳnh", "Văn Cóc", "Thị Ngâu", "Văn Me",
)  # fmt: skip
STREETS = (
    "Mẫu Đơn", "Hoa Sữa", "Hoa Giấy", "Dạ Hương", "Bằng Lăng", "Phượng Vĩ", "Thiên Lý", "Hải Đường", "Tường Vi",
    "Cẩm Tú Cầu", "Mười Giờ", "Đồng Tiền", "Thủy Tiên",
)  # fmt: skip
NOTES = ("", "Nhà cổng xanh", "Gọi trước khi đến", "", "Hẻm nhỏ, đi bộ 50 m", "", "Cạnh tiệm tạp hóa", "")


class Citizen(NamedTuple):
    name: str
    phone: str
    street: str
    notes: str
    second_phone: str


def staff_phone(at: int) -> str:
    return f"+849000008{at:02d}"


def citizens() -> Iterator[Citizen]:
    """One after another, never the same name and street twice."""
    for at in count():
        yield Citizen(
            name=f"{FAMILY[at % len(FAMILY)]} {GIVEN[at % len(GIVEN)]}",
            phone=f"0900 000 {100 + at % 700:03d}",
            street=f"{3 + at * 7 % 180} đường {STREETS[at % len(STREETS)]}",
            notes=NOTES[at % len(NOTES)],
            second_phone=f"0900 000 {100 + (at + 350) % 700:03d}" if at % 5 == 1 else "",
        )
