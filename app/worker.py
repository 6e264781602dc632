"""The outbox worker: takes one message, sends it outside any transaction, writes down what came of it.

On SQLite a thread inside the server; on PostgreSQL `flask outbox run`, any number of them.
"""

from threading import Event, Thread

from flask import Flask, current_app

from app.db import atomically, db, now
from app.domain import outbox
from app.integrations import CHANNELS
from app.integrations.wording import words
from app.logs import log

PAUSE = 2.0  # seconds between looks at an empty outbox


def send_due() -> int:
    """Send everything that is due; how many went out. Messages wait while no channel is set."""
    channel = CHANNELS.get(current_app.extensions["settings"].channel)
    if channel is None:
        return 0
    count = 0
    while message := atomically(outbox.claim, now()):
        id_, phone, text = message.id, message.phone, words(message.kind, message.values)
        try:
            channel(phone, text)
        except Exception as error:  # a channel may fail in any way; the message waits
            atomically(outbox.failed, id_, type(error).__name__, now())
            log.warning("message failed", kind=message.kind, error=type(error).__name__)
        else:
            atomically(outbox.sent, id_, now())
            count += 1
    return count


def run(app: Flask, stop: Event) -> None:
    with app.app_context():
        while not stop.is_set():
            try:
                send_due()
            except Exception as error:  # the database may be away for a moment
                log.error("outbox worker", error=type(error).__name__)
            finally:
                db.session.remove()
            stop.wait(PAUSE)


def start(app: Flask) -> Event:
    """The worker as a thread of this process; set the event to stop it."""
    stop = Event()
    Thread(target=run, args=(app, stop), name="outbox", daemon=True).start()
    return stop
