"""Bodies are waited for in front of the application, whole, as far as it takes any, and not for ever."""

from collections.abc import Iterable
from io import BytesIO
from threading import Barrier, Thread
from typing import Any

import pytest

from app import arrivals
from app.arrivals import Arrivals

MOST = 1000


def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", [])
    return [environ["wsgi.input"].read()]


def answer(body: Any, **said: str) -> tuple[str, bytes]:
    heard: list[str] = []
    door = Arrivals(application, 1, MOST)
    told = b"".join(door({"wsgi.input": body, **said}, lambda status, _headers: heard.append(status)))  # type: ignore[arg-type]
    return heard[0], told


@pytest.mark.parametrize("said", [{"CONTENT_LENGTH": "200"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_what_a_request_brings_arrives_whole(said: dict[str, str]) -> None:
    assert answer(BytesIO(b"1234" * 50), **said) == ("200 OK", b"1234" * 50)


def test_what_is_beyond_the_most_is_left_to_the_application_to_refuse() -> None:
    status, told = answer(BytesIO(bytes(5 * MOST)), CONTENT_LENGTH=str(5 * MOST))
    assert status == "200 OK" and len(told) == MOST + 1


def test_nobody_is_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "PATIENCE", -1.0)
    assert answer(BytesIO(b"1"), CONTENT_LENGTH="1") == ("408 Request Timeout", b"")


def test_who_sends_slowly_keeps_nobody_out() -> None:
    """The only room there is stays free while somebody's body is on its way."""
    arriving, done = Barrier(2), Barrier(2)

    class Slow:
        def read(self, _size: int) -> bytes:
            arriving.wait(10)
            done.wait(10)
            return b""

    door = Arrivals(application, 1, MOST)
    slow = Thread(target=door, args=({"wsgi.input": Slow(), "CONTENT_LENGTH": "9"}, lambda *_: None))
    slow.start()
    arriving.wait(10)
    assert list(door({"wsgi.input": BytesIO()}, lambda *_: None)) == [b""]  # type: ignore[arg-type, list-item, misc]
    done.wait(10)
    slow.join()
