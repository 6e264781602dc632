"""Text messages, by whichever gateway takes them over HTTPS: an address, a token, and the body it wants.

Vietnamese without accents, so that one message is one part on every telephone (160 letters of GSM 03.38). The reference is
the same for each try of a message: a gateway that knows it already need not send it twice. What it answers is never logged.
"""

import json
import unicodedata
import urllib.error
import urllib.request
from typing import Any

from flask import current_app

from app.integrations.letter import Letter

PATIENCE = 15  # seconds for an answer
LARGEST = 64 * 1024  # bytes of it that are read
PLAIN = str.maketrans(
    {"đ": "d", "Đ": "D", "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "‑": "-", "…": "...", "\u00a0": " "}
)


class NotTaken(Exception):
    """The gateway did not take the message: `HTTP 503`, or what its answer says instead of the word expected."""


class _Straight(urllib.request.HTTPRedirectHandler):
    """The gateway is where the operator said it is, and nowhere it points to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def send(letter: Letter) -> None:
    """Hand it over. Raises NotTaken, OSError, or TimeoutError; whoever calls tries again later."""
    settings = current_app.extensions["settings"]
    said = {"to": letter.phone.removeprefix("+"), "text": plain(letter.words), "reference": letter.reference}
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if settings.sms_token:
        headers["Authorization"] = f"Bearer {settings.sms_token}"
    body = json.dumps(filled(json.loads(settings.sms_body), said)).encode()
    request = urllib.request.Request(settings.sms_url, body, headers, method="POST")  # noqa: S310 - the settings want https
    try:
        with urllib.request.build_opener(_Straight).open(request, timeout=PATIENCE) as answer:
            told = answer.read(LARGEST)
    except urllib.error.HTTPError as error:
        raise NotTaken(f"HTTP {error.code}") from None  # its text may repeat the message
    if settings.sms_taken and not is_taken(told, settings.sms_taken):
        raise NotTaken("not the word expected")


def plain(words: str) -> str:
    """ "Mã 123456 của gói…" → "Ma 123456 cua goi..."."""
    bare = unicodedata.normalize("NFD", words.translate(PLAIN))
    return "".join(letter for letter in bare if not unicodedata.combining(letter)).encode("ascii", "replace").decode()


def filled(body: Any, said: dict[str, str]) -> Any:
    """The operator's body with {to}, {text} and {reference} put in: after it was read, so that no word can break out."""
    if isinstance(body, dict):
        return {key: filled(value, said) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, said) for value in body]
    if isinstance(body, str):
        for name, value in said.items():
            if body == f"{{{name}}}":
                return value
    return body


def is_taken(told: bytes, wanted: str) -> bool:
    """Whether the answer says so: "CodeResult=100,124" means that field is one of those."""
    field, _, words = wanted.partition("=")
    try:
        answer = json.loads(told)
    except ValueError:
        return False
    return isinstance(answer, dict) and str(answer.get(field)) in words.split(",")
