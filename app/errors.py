"""What the domain may say instead of yes. Doors turn these into HTML or JSON, once."""

from typing import Any


class Refused(Exception):
    """A rule said no. `key` names the sentence in the catalogues, `values` fill it."""

    status = 409

    def __init__(self, key: str, /, **values: Any) -> None:
        super().__init__(key)
        self.key, self.values = key, values

    @property
    def headers(self) -> dict[str, str]:
        """What a program is told beside the sentence."""
        return {}


class Invalid(Refused):
    """The input itself is wrong; `values` may map a field to the key of its sentence."""

    status = 422


class NotAllowed(Refused):
    status = 403


class Missing(Refused):
    status = 404


class Gone(Refused):
    """It existed, and its time is over."""

    status = 410


class TooMany(Refused):
    """Asked too often; `values["seconds"]` says when to come back."""

    status = 429

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.values.get("seconds", 60))}


class TooOld(Refused):
    """The phone's page is of a version no longer understood; `values["oldest"]` is the oldest that is."""

    status = 426

    @property
    def headers(self) -> dict[str, str]:
        return {"App-Version": str(self.values["oldest"])}
