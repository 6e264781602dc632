"""The demonstration's channel: a message that stays in the outbox, where /demo/inbox shows it."""

from app.integrations.letter import Letter


def send(letter: Letter) -> None:
    """Delivered as soon as it is shown: nothing leaves the machine."""
