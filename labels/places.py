"""Names of places, which are not parted at the end of a line: "phường Tân Đông Hiệp", "TP. Hồ Chí Minh", "Bưu cục Dĩ An"."""

import re
from functools import lru_cache

KINDS = (
    "thành phố", "TP.", "tỉnh", "quận", "huyện", "thị xã", "thị trấn", "phường", "xã", "đặc khu", "khu phố", "tổ dân phố",
    "ấp", "thôn", "đường số", "đường", "phố", "quốc lộ", "hẻm", "bưu cục",
)  # fmt: skip
CAPITALS = "".join(letter for letter in map(chr, range(0x1F00)) if letter.isupper())
NAMED = re.compile(
    rf"(?<!\w)(?:{'|'.join(f'[{kind[0].upper()}{kind[0].lower()}]{re.escape(kind[1:])}' for kind in KINDS)})"
    rf"(?: (?:[{CAPITALS}]|\d)[^\s,;:.()·]*)+"
)
TOGETHER = "\N{NO-BREAK SPACE}"


@lru_cache(maxsize=1024)
def whole(text: str) -> str:
    """The text with every name of a place in one piece. What comes without a name ("đường nhựa") is left as it is."""
    return NAMED.sub(lambda name: name[0].replace(" ", TOGETHER), text)
