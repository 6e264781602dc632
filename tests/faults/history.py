"""Who sent what and what came back; afterwards the whole history must agree with what the database holds."""

import base64
import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.config import Settings
from app.db import db, now
from app.domain import invariants
from app.domain.ledger import Handoff
from app.domain.logbook import Trust
from app.domain.packets import Packet
from app.domain.scans import ScanRow, Verdict
from bench.ground import Ground, Signed, opened
from tests.faults.site import Web

CLIENTS = 8
GIVE_UP = 120.0  # seconds one scan may be without an answer


Sending = tuple["History", list["Client"]]


@dataclass
class History:
    sent: dict[bytes, Signed] = field(default_factory=dict)
    receipts: dict[bytes, datetime] = field(default_factory=dict)  # digest → recorded_at, as phones hold them
    unknown: Counter[str] = field(default_factory=Counter)  # why a try had no answer
    statuses: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)  # seconds until a post had its answer, however often it was sent
    longest: float = 0.0  # seconds one request took, whatever came of it
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def slowest(self) -> float:
        return max(self.took, default=0.0)

    def wait_for(self, receipts: int) -> None:
        """Until so many scans have been acknowledged."""
        until = time.monotonic() + GIVE_UP
        while len(self.receipts) < receipts:
            assert time.monotonic() < until, "too few answers: " + str(self.unknown)
            time.sleep(0.002)

    def acknowledged(self, answer: dict[str, Any]) -> None:
        with self.lock:
            for result in answer["results"]:
                assert result["receipt"], "an answer without a receipt: a phone would not believe it"
                self.receipts[bytes.fromhex(result["digest"])] = datetime.fromisoformat(result["recorded_at"])


class Client(threading.Thread):
    """A phone that sends its scans, again and again until each has its answer: what is not answered is kept.

    `dice` makes the network bad: requests doubled, answers dropped, the order of packets shuffled. `every` so many seconds it
    sends, as far as it is answered in time.
    """

    def __init__(
        self,
        port: int,
        shift: list[Signed],
        history: History,
        *,
        batch: int = 1,
        dice: random.Random | None = None,
        every: float = 0.0,
    ) -> None:
        super().__init__(daemon=True)
        self.port, self.history, self.dice, self.every = port, history, dice, every
        self.posts = [shift[at : at + batch] for at in range(0, len(shift), batch)]
        self.error: BaseException | None = None
        self._wire: http.client.HTTPConnection | None = None

    def run(self) -> None:
        try:
            posts = list(self.posts)
            if self.dice:
                self.dice.shuffle(posts)
            due = time.monotonic()
            for post in posts:
                self._deliver(post)
                due += self.every
                time.sleep(max(0.0, due - time.monotonic()))
        except BaseException as error:
            self.error = error
        finally:
            if self._wire:
                self._wire.close()

    def _deliver(self, post: list[Signed]) -> None:
        with self.history.lock:
            self.history.sent |= {one.digest: one for one in post}
        until, began = time.monotonic() + GIVE_UP, time.monotonic()
        while not (answered := self._send(post)):
            assert time.monotonic() < until, "no answer: " + str(self.history.unknown)
            time.sleep(0.05)
        with self.history.lock:
            self.history.took.append(time.monotonic() - began)
        if self.dice:
            for _ in range(self.dice.choice((0, 0, 1, 2))):  # the same bytes once more: nothing may come of it
                answered = self._send(post) and answered

    def _send(self, post: list[Signed]) -> bool:
        told = [{"body": base64.b64encode(s.body).decode(), "sig": base64.b64encode(s.sig).decode()} for s in post]
        headers = {"Authorization": f"Bearer {post[0].token}", "Content-Type": "application/json"}
        began = time.monotonic()
        try:
            if self._wire is None:
                self._wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            body = json.dumps({"device": post[0].device, "scans": told})
            self._wire.request("POST", "/api/v1/scans", body, headers)
            answer = self._wire.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return self._lost(type(error).__name__)
        finally:
            with self.history.lock:
                self.history.longest = max(self.history.longest, time.monotonic() - began)
        with self.history.lock:
            self.history.statuses[answer.status] += 1
        if answer.status != 200:
            return self._lost(f"status {answer.status}")
        if self.dice and self.dice.random() < 0.2:
            return self._lost("dropped on the way back")
        self.history.acknowledged(json.loads(data))
        if any(one.digest not in self.history.receipts for one in post):
            return self._lost("no receipt")
        return True

    def _lost(self, why: str) -> bool:
        if self._wire:
            self._wire.close()
        self._wire = None
        with self.history.lock:
            self.history.unknown[why] += 1
        return False


def send(web: Web, ground: Ground, packets: int, seed: int | None = None, behind: timedelta = timedelta()) -> Sending:
    """Every client sends its share of so many packets; with a `seed` through a bad network."""
    shifts = ground.sign(ground.packets(packets, ground.url), 2, behind)
    history = History()
    dice = [None if seed is None else random.Random(seed * 100 + n) for n in range(len(shifts))]
    clients = [Client(web.port, shift, history, dice=its) for shift, its in zip(shifts, dice, strict=True)]
    for client in clients:
        client.start()
    return history, clients


def finish(clients: list[Client]) -> None:
    """Wait until every client has its answers."""
    for client in clients:
        client.join(GIVE_UP * 2)
        assert not client.is_alive(), "a client never came to an end"
        if client.error:
            raise client.error


def faults_found(settings: Settings, url: str, history: History, *, alone: bool = True, laws: bool = True) -> list[str]:
    """What does not agree: lost, doubled or invented scans, holders that are not the last takers, broken laws.

    `alone`: everything in the database is of this history. Without `laws`, for which everything is read, another will ask.
    """
    with opened(settings, url, as_it_is=True) as app:
        found = [f"lost: {each}" for each in invariants.receipts_are_kept(history.receipts)]
        found += [f"no answer: {digest.hex()[:8]}" for digest in history.sent.keys() - history.receipts.keys()]
        lines = Counter(db.session.scalars(sa.select(Handoff.digest)))
        applied = Counter(db.session.scalars(sa.select(Verdict.digest).where(Verdict.verdict == "applied")))
        most = lines | applied
        found += [f"applied twice: {digest.hex()[:8]}" for digest in history.sent if most[digest] > 1]
        kept = set(db.session.scalars(sa.select(ScanRow.digest)))
        found += [
            f"invented: {digest.hex()[:8]}" for digest in kept - history.sent.keys() if alone and not _ours(digest)
        ]
        found += _outcomes(history)
        if laws:
            found += [str(each) for each in invariants.broken(trust=Trust(now()), keys=app.extensions["keys"])]
    return found


def _ours(digest: bytes) -> bool:
    """The server's own device signs disputes."""
    row = db.session.get_one(ScanRow, digest)
    return bool(row.device_id and row.device_id.startswith("d-"))


def _outcomes(history: History) -> list[str]:
    """Each packet was handed on by one unbroken row of scans: when all were answered, the last taker has it."""
    found = []
    last: dict[bytes, Signed] = {}
    count: Counter[bytes] = Counter()
    parents = {one.parent for one in history.sent.values()}
    for one in history.sent.values():
        count[one.code] += 1
        if one.digest not in parents:
            last[one.code] = one
    for packet in db.session.scalars(sa.select(Packet).where(Packet.code.in_(last))):
        end = last[packet.code]
        if (packet.holder_id, packet.state, packet.seq) != (end.taker, end.state, count[packet.code]):
            found.append(f"outcome: {packet.number} is {packet.state} after {packet.seq} of {count[packet.code]} lines")
    return found
