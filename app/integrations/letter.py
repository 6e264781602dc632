"""What a channel is given."""

from typing import NamedTuple


class Letter(NamedTuple):
    """To whom, in which words; `reference` is the same whenever this message is tried again."""

    phone: str
    words: str
    reference: str
