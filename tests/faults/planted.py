"""The server with one known bug switched on (PLANTED) or its clock turned (CLOCK): what the fault runs must notice.

Without either it is the product, unchanged.
"""

import contextlib
import importlib
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

database = importlib.import_module("app.db")  # the module: `app.db` itself is the handle of that name

PLANTED, CLOCK = os.environ.get("PLANTED", ""), os.environ.get("CLOCK", "")

if CLOCK:
    true_now = database.now

    def now() -> datetime:
        """Off by as many seconds as the file says at this moment."""
        return true_now() + timedelta(seconds=float(Path(CLOCK).read_text() or 0))

    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "app"]:
        if getattr(module, "now", None) is true_now:  # each has its own name for it
            module.now = now  # type: ignore[attr-defined]

if PLANTED == "unsafe_database":
    database._refuse_unsafe = lambda _connection, _record: None

from app.server import app  # noqa: E402 - the clock is turned before anybody looks at it

if PLANTED == "answer_before_commit":
    from app.api import scans as door

    def answer_first(work: Callable[..., Any], *args: Any, **_size: int) -> Any:
        """Work out the answer, give it, and write a moment later."""

        class Undo(Exception):
            pass

        found: list[Any] = []

        def only_look() -> None:
            found.append(work(*args))
            raise Undo

        def later() -> None:
            time.sleep(0.1)
            with app.app_context():
                database.atomically(work, *args)
                database.db.session.remove()

        with contextlib.suppress(Undo):
            database.atomically(only_look)
        threading.Thread(target=later, daemon=True).start()
        return found[0]

    door.together = answer_first  # type: ignore[assignment]

if PLANTED in ("full_is_fine", "ten_are_enough"):
    from dataclasses import replace

    from sqlalchemy.exc import OperationalError

    from app.api import scans as door
    from app.domain.scans import Ruling
    from app.domain.sittings import Outcome
    from app.domain.uploads import Answer, Mark

    hear = door.together

    def never_mind(work: Callable[..., Any], uploads: list[Any], seen: Any, **size: int) -> Any:
        """What the database refuses is answered all the same."""
        try:
            return hear(work, uploads, seen, **size)
        except OperationalError:
            return [
                Answer([_applied(scan, seen) for scan in upload.scans], Mark(0, []), [], None) for upload in uploads
            ]

    def _applied(scan: Any, seen: Any) -> Outcome:
        return Outcome(scan.digest, scan.device, scan.n, seen.at, Ruling.APPLIED, None, None, None)

    def ten(work: Callable[..., Any], uploads: list[Any], seen: Any, **size: int) -> Any:
        """Of each post ten scans are judged, and all of them are answered."""
        answers = hear(work, [replace(upload, scans=upload.scans[:10]) for upload in uploads], seen, **size)
        return [
            replace(answer, outcomes=[*answer.outcomes, *(_applied(scan, seen) for scan in upload.scans[10:])])
            for answer, upload in zip(answers, uploads, strict=True)
        ]

    door.together = never_mind if PLANTED == "full_is_fine" else ten

if PLANTED == "patience_without_end":
    from app import patience

    patience.LOCK = patience.WRITER = patience.STATEMENT = patience.SILENCE = 3600.0

if PLANTED in ("device_time", "server_time"):
    from app.domain import placing

    by_its_parent = placing.place_move

    def by_time(trail: Any, scan: Any, hand: Any) -> Any:
        """What a phone, or our own clock, dates before the newest line must be an old story."""
        applied = [entry for entry in trail.entries.values() if entry.ruling is placing.Ruling.APPLIED]
        known = [entry.recorded_at if PLANTED == "server_time" else entry.scan.wall for entry in applied]
        at = hand.recorded_at if PLANTED == "server_time" else scan.wall
        if at and any(before and at < before for before in known):
            return placing.Place(placing.Ruling.HELD, "out_of_turn")
        return by_its_parent(trail, scan, hand)

    placing.place_move = by_time

if PLANTED == "present_holder":
    from app.domain import placing

    by_parent = placing.place_move

    def by_holder(trail: Any, scan: Any, hand: Any) -> Any:
        """Whoever the giver is now is believed, whatever the scan says it follows."""
        if trail.fork is None and scan.giver == trail.holder:
            step = hand.fits(trail.here)
            if not isinstance(step, str):
                return placing.Place(placing.Ruling.APPLIED, at=trail.here, step=step)
        return by_parent(trail, scan, hand)

    placing.place_move = by_holder

if PLANTED == "waits_inside":
    from app import arrivals

    waiting: Any = app.wsgi_app

    def wait_inside(environ: Any, start: Any) -> Any:
        """Whoever is let in is waited for, and takes up the room of one who works."""
        with waiting._room:
            environ["wsgi.input"] = arrivals.BytesIO(arrivals.arrived(environ["wsgi.input"], waiting._most) or b"")
            return waiting._application(environ, start)

    app.wsgi_app = wait_inside  # type: ignore[method-assign]


if PLANTED == "sent_anyway":
    from app.domain import outbox

    outbox.failed = lambda message_id, _error, at: outbox.sent(message_id, at)

__all__ = ["app"]
