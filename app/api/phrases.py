"""What the courier's phone says: one list of sentences, in the reader's language, sent with the page and with the day."""

from flask_babel import lazy_gettext as _l

# fmt: off
TEXTS = {
    "app.round": _l("Today's round"),
}
# fmt: on


def texts() -> dict[str, str]:
    return {key: str(text) for key, text in TEXTS.items()}
