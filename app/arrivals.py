"""Arrivals: what a request brings is waited for before it is its turn, so that whoever sends slowly keeps nobody else waiting.

A thread that waits for bytes costs almost nothing; one of the few that work, with a connection to the database, costs much.
"""

import time
from collections.abc import Iterable
from io import BytesIO
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE = 120.0  # seconds for a whole body: fifty scans over four kilobit a second
FIRST, LARGEST = 64, 64 * 1024  # bytes that are waited for at a time: the clock is looked at in between


class Arrivals:
    """In front of an application that answers `at_once` so many requests; `most` bytes of a body are taken, what is beyond
    is its to refuse."""

    def __init__(self, application: "WSGIApplication", at_once: int, most: int) -> None:
        self._application, self._room, self._most = application, BoundedSemaphore(at_once), most

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING"):
            body = arrived(environ["wsgi.input"], self._most + 1)
            if body is None:
                start("408 Request Timeout", [("Content-Length", "0"), ("Connection", "close")])
                return [b""]
            environ["wsgi.input"] = BytesIO(body)
        with self._room:
            return self._application(environ, start)


def arrived(stream: Any, most: int) -> bytes | None:
    """All of it, or its first `most` bytes; None when it took too long."""
    began, piece, pieces, left = time.monotonic(), FIRST, list[bytes](), most
    while left and (data := stream.read(min(piece, left))):
        if time.monotonic() - began > PATIENCE:
            return None
        pieces.append(data)
        left -= len(data)
        piece = min(2 * piece, LARGEST)
    return b"".join(pieces)
