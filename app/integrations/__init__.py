"""The outside world. A channel takes a phone number and words, and delivers them or raises."""

from collections.abc import Callable

from app.integrations import inbox

CHANNELS: dict[str, Callable[[str, str], None]] = {
    "inbox": inbox.send,
}
