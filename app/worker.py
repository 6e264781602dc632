"""What goes on beside the pages: messages leave the outbox, lines get their number in the log, what is late is raised.

On SQLite threads inside one process of the server; on PostgreSQL `flask outbox run` and `flask custody look`, any number
of them, and `flask custody sequence`.
"""

import fcntl
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Event, Thread

from flask import Flask, current_app

from app import disks, signer
from app.db import atomically, db, now
from app.domain import (
    audit,
    checkpoints,
    drafts,
    figures,
    invariants,
    notes,
    numbers,
    outbox,
    petitions,
    retention,
    tasks,
    watch,
)
from app.domain.calendar import HERE
from app.domain.logbook import Trust
from app.domain.people import Act
from app.domain.tasks import TaskKind
from app.integrations import AT_ONCE, CHANNELS, is_quiet
from app.integrations.letter import Letter
from app.integrations.sms import NotTaken
from app.integrations.wording import words
from app.logs import log

PAUSE = 2.0  # seconds between two looks when there is nothing to do
MINUTE = 60.0  # seconds between two looks for what is late
NIGHT = timedelta(hours=2)  # after midnight: when the laws of custody are checked
RECENT = timedelta(days=2)  # an overlap with the night before
MOST = 10_000  # broken laws of one night
EVERYWHERE = 600.0  # seconds after which the sequencer looks at all lines, not only at the newest


def send_due() -> int:
    """Send everything that is due; how many went out. Messages wait while no channel is set."""
    settings = current_app.extensions["settings"]
    channel = CHANNELS.get(settings.channel)
    if channel is None:
        return 0
    count, only = 0, AT_ONCE if channel.rings and is_quiet(now()) else None
    while message := atomically(outbox.claim, now(), only=only):
        text = words(message.kind, message.values, message.language)
        try:
            channel.send(Letter(message.phone, text, f"{settings.host}-{message.id}"))
        except Exception as error:  # a channel may fail in any way; the message waits
            why = str(error) if isinstance(error, NotTaken) else type(error).__name__
            atomically(outbox.failed, message.id, why, now())
            log.warning("message failed", kind=message.kind, error=why)
        else:
            atomically(outbox.sent, message.id, now())
            count += 1
    return count


def trust() -> Trust:
    """What is known of the log outside the database."""
    folder = current_app.extensions["settings"].checkpoint_dir
    return Trust(now(), notes.published(folder), signer.History(folder))


def check_laws(last: datetime | None = None) -> int:
    """Look whether every law of custody holds; how many tasks were raised because one does not. `last`: when it was last
    looked: packets that have moved since then, or lately, are rebuilt from their scans."""
    keys = current_app.extensions["keys"]
    found = list(islice(invariants.broken(None, trust(), keys, (last or now()) - RECENT, now()), MOST))
    for law, count in Counter(each.law for each in found).items():
        log.error("law broken", kind=law, count=count)
    return atomically(invariants.report, found, now()) if found else 0


def last_night(at: datetime) -> date:
    """The day whose small hours have come, last before `at`."""
    return (at - NIGHT).astimezone(HERE).date()


def look() -> int:
    """Judge what has found its packet, then raise what has become late; how many tasks were raised. Of a disk without room
    the log is told first: nothing can be raised there any more."""
    used = disks.fullest(current_app.extensions["settings"])
    if used >= watch.DISKS[TaskKind.DISK_FULL]:
        log.error("disk nearly full", count=used)
    atomically(watch.welcome, Act(None, now(), current_app.extensions["keys"]))
    raised = atomically(watch.look, now(), used)
    if raised[TaskKind.DISK_FILLS]:
        log.warning("disk fills up", count=used)
    if raised[TaskKind.NUMBERS_LOW]:
        log.warning("item numbers run out", count=numbers.left_when_low())
    return raised.total()


def let_go() -> None:
    """What is kept no longer goes, a few hundred dossiers at a time, so that nobody waits for it."""
    at = now()
    for some in (retention.restrict_due, retention.erase_due):
        while atomically(some, at):
            continue
    for rest in (retention.let_photos_go, retention.sweep, outbox.sweep, drafts.sweep, petitions.let_go):
        atomically(rest, at)


class Lookout:
    """Looks for what has become late, once a minute, and once a night whether every law of custody holds; what is kept no
    longer goes then. A night missed, for the machine was off or fell, is made up for. Then the days that are over are summed for the reports."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._summed: date | None = None

    def __call__(self) -> int:
        """How many tasks were raised."""
        if self._last is not None and time.monotonic() - self._last < MINUTE:
            return 0
        self._last = time.monotonic()
        raised = look()
        night, last = last_night(now()), audit.newest("laws_checked", "night")
        if last is None or last_night(last) < night:
            broken = check_laws(last)
            let_go()
            atomically(
                audit.note, "laws_checked", "night", Act(None, now(), current_app.extensions["keys"]), raised=broken
            )
            raised += broken
        if self._summed != night:
            while atomically(figures.keep, now()):
                continue
            self._summed = night
        return raised


class Sequencer:
    """Numbers new lines and keeps what the signer signed; remembers when it last looked everywhere, and how far it read."""

    def __init__(self) -> None:
        self._everywhere: float | None = None
        self._read = 0  # bytes of the signer's file

    def __call__(self) -> int:
        """How many lines were numbered."""
        everything = self._everywhere is None or time.monotonic() - self._everywhere > EVERYWHERE
        count = 0
        while found := checkpoints.waiting(everything):
            numbered = atomically(checkpoints.number, found)
            count += numbered
            if numbered < checkpoints.PASS:
                break
        if everything:
            self._everywhere = time.monotonic()
        self._keep_notes(current_app.extensions["settings"].checkpoint_dir)
        return count

    def _keep_notes(self, folder: Path) -> None:
        key = notes.published(folder)
        fresh, end = signer.signed(folder, self._read)
        newest = checkpoints.newest()
        if key is None:
            return
        for note, at in fresh:
            try:
                if newest is None or notes.claimed(note).size > newest.size:
                    atomically(checkpoints.adopt, note, key, at)
            except ValueError as error:  # the log is not what was signed: a person must look, scans go on
                log.error("checkpoint refused", error=str(error))
                atomically(tasks.raise_, TaskKind.FORK_OF_LOG, now())
        self._read = end


def run(app: Flask, stop: Event, work: Callable[[], int] = send_due) -> None:
    with app.app_context():
        while not stop.is_set():
            try:
                work()
            except Exception as error:  # the database may be away for a moment
                log.error("worker", kind=getattr(work, "__name__", type(work).__name__), error=type(error).__name__)
            finally:
                db.session.remove()
            stop.wait(PAUSE)


def start(app: Flask, database: str) -> Event:
    """The workers as threads of this process, once no other process of this SQLite file has them; set the event to stop
    them."""
    stop = Event()
    Thread(target=_succeed, args=(app, stop, Path(f"{database}.worker")), name="worker", daemon=True).start()
    return stop


def _succeed(app: Flask, stop: Event, mark: Path) -> None:
    """Whoever holds the mark has them; when it ends, however it ends, the next takes over."""
    while True:
        try:
            held = mark.open("a")
            fcntl.flock(held, fcntl.LOCK_EX)
            break
        except OSError as error:  # a folder nobody may write to, a drive without locks
            log.error("worker", kind="mark", error=type(error).__name__)
            time.sleep(MINUTE)
    with held:
        workers = [
            Thread(target=run, args=(app, stop, work), name=getattr(work, "__name__", type(work).__name__), daemon=True)
            for work in (send_due, Sequencer(), Lookout())
        ]
        for thread in workers:
            thread.start()
        for thread in workers:
            thread.join()
