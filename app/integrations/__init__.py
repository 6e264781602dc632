"""The outside world. A channel takes a letter and delivers it or raises."""

from collections.abc import Callable
from datetime import datetime, time
from typing import NamedTuple

from app.domain.calendar import local
from app.integrations import inbox, sms
from app.integrations.letter import Letter


class Channel(NamedTuple):
    """How messages leave. `rings`: it may wake somebody, so at night only what they have just asked for goes."""

    send: Callable[[Letter], None]
    rings: bool = False


CHANNELS = {"inbox": Channel(inbox.send), "sms": Channel(sms.send, rings=True)}
QUIET = time(21, 30), time(7, 0)  # no telephone rings then
AT_ONCE = frozenset(
    {"view_code", "door_code", "code_again", "booked", "rebooked", "cancelled"}
)  # asked for this minute


def is_quiet(at: datetime) -> bool:
    clock, (evening, morning) = local(at).time(), QUIET
    return clock >= evening or clock < morning
