"""A line between phone and server that can be made slow and lossy: so many bytes a second each way, a delay, and of every
segment a chance to be lost and sent again a second later, then two, as TCP does when nothing tells it sooner."""

import queue
import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

SEGMENT = 1400  # bytes
AGAIN = 1.0  # seconds until a lost segment is sent again, doubled each time


@dataclass(frozen=True)
class Slow:
    rate: float  # bytes a second, each way
    loss: float  # of a segment
    delay: float  # seconds, one way


POOR = Slow(rate=8_000, loss=0.1, delay=1.0)  # 64 kbit/s, two seconds there and back


class Line:
    """Listens on a port of its own and passes everything on to `port`; `slow` may be changed at any time. On the ways that
    are `dead` ("up", "down") it still takes whatever it is given, and nothing comes out at the other end."""

    def __init__(self, port: int, seed: int = 0) -> None:
        self.server, self.slow, self.dice = port, None, random.Random(seed)  # noqa: S311 - the same line in every run
        self.slow: Slow | None
        self.dead: tuple[str, ...] = ()
        self.bytes = Counter[str]()
        self._free = {"up": 0.0, "down": 0.0}  # when the line has carried what it was given
        self._lock, self._ends = threading.Lock(), list[socket.socket]()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in (self._door, *self._ends):
            with suppress(OSError):  # the other side has gone already
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.server))
            self._ends += (near, far)
            for way, source, sink in (("up", near, far), ("down", far, near)):
                waiting: queue.Queue[tuple[float, bytes]] = queue.Queue(32)
                threading.Thread(target=self._take, args=(way, source, waiting), daemon=True).start()
                threading.Thread(target=self._give, args=(sink, waiting), daemon=True).start()

    def _take(self, way: str, source: socket.socket, waiting: "queue.Queue[tuple[float, bytes]]") -> None:
        last = 0.0
        try:
            while data := source.recv(SEGMENT):
                if way in self.dead:
                    continue
                last = max(last, self._arrives(way, len(data)))  # TCP keeps the order: who follows a lost one waits
                waiting.put((last, data))
        except OSError:
            pass
        waiting.put((last, b""))

    def _arrives(self, way: str, size: int) -> float:
        with self._lock:
            self.bytes[way] += size
            at = time.monotonic()
            if self.slow is None:
                return at
            at = self._free[way] = max(at, self._free[way]) + size / self.slow.rate
            tries = 0
            while self.dice.random() < self.slow.loss:
                at += AGAIN * 2**tries
                tries += 1
            return at + self.slow.delay

    @staticmethod
    def _give(sink: socket.socket, waiting: "queue.Queue[tuple[float, bytes]]") -> None:
        try:
            while True:
                at, data = waiting.get()
                time.sleep(max(0.0, at - time.monotonic()))
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
        except OSError:
            return
