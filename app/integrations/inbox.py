"""The demonstration's channel: a message that stays in the outbox, where /demo/inbox shows it."""


def send(phone: str, words: str) -> None:
    """Delivered as soon as it is shown: nothing leaves the machine."""
