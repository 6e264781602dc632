"""How the installation stands, in numbers, for whoever has the token and nobody else."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import make_url

from app import disks
from app.db import atomically, db, now
from app.domain import checkpoints, outbox, tasks
from app.domain.outbox import Message
from app.domain.people import Language
from app.domain.tasks import TaskKind
from tests.world import World

TOKEN = "a token of its own"


@pytest.fixture
def watched(app: Flask) -> Iterator[Flask]:
    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update={"metrics_token": TOKEN})
    yield app
    app.extensions["settings"] = before


def asked(app: Flask) -> dict[str, float]:
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200 and answer.mimetype == "text/plain"
    families = text_string_to_metric_families(answer.text)
    return {sample.name.removeprefix("hosotannha_"): sample.value for family in families for sample in family.samples}


def test_without_a_token_set_there_is_no_such_page(app: Flask, world: World) -> None:
    assert app.test_client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", "Bearer đ"])
def test_a_wrong_token_reads_nothing(watched: Flask, world: World, header: str | None, sign_in: Any) -> None:
    headers = {"Authorization": header} if header is not None else {}
    for client in (watched.test_client(), sign_in(world.admin)):
        answer = client.get("/metrics", headers=headers)
        assert answer.status_code == 401 and "hosotannha_" not in answer.text


def test_an_empty_installation_answers(watched: Flask) -> None:
    found = asked(watched)
    assert {name: value for name, value in found.items() if not name.startswith("disk_")} == dict.fromkeys(
        (
            "messages_waiting", "messages_oldest_seconds", "messages_given_up", "tasks_open", "tasks_overdue", "ledger_lines",
            "ledger_leaves", "checkpoint_size", "checkpoint_age_seconds", "laws_checked_age_seconds",
        ),
        0,
    )  # fmt: skip
    assert 0 < found["disk_free_ratio"] < 1


def test_what_waits_is_late_or_was_given_up_is_counted_and_names_nobody(watched: Flask, world: World) -> None:
    late, fresh = world.collected(world.phone()), world.packet()
    atomically(db.session.execute, sa.update(Message).values(sent_at=now()))  # else those of the world are older
    before, ago = asked(watched), now() - timedelta(hours=2)

    def say() -> None:
        waits, lost = (outbox.say("+84900000123", "lost", ago, Language.VI, number="HS-1") for _ in range(2))
        outbox.say("+84900000123", "lost", now() + timedelta(hours=1), Language.VI)
        outbox.say(outbox.NOBODY, "lost", now(), Language.VI)
        lost.given_up_at = now()
        assert waits.sent_at is None
        for at, packet in (now() - timedelta(days=9), late), (now(), fresh):
            tasks.raise_(TaskKind.OLD_ISSUE, at, packet=packet, office_id=world.post.id)

    atomically(say)
    after = asked(watched)
    grown = {
        name: after[name] - before[name] for name in after if name.endswith(("waiting", "given_up", "open", "overdue"))
    }
    assert grown == {"messages_waiting": 1, "messages_given_up": 1, "tasks_open": 2, "tasks_overdue": 1}
    assert before["messages_oldest_seconds"] == 0 and 7_200 <= after["messages_oldest_seconds"] < 7_300
    assert after["ledger_lines"] > 0 == after["ledger_leaves"]
    while found := checkpoints.waiting():
        atomically(checkpoints.number, found)
    assert asked(watched)["ledger_leaves"] > 0


def test_the_disks_are_told_by_what_lies_there(watched: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> dict[str, float]:
        page = watched.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
        found = re.findall(r'hosotannha_disk_used_ratio{disk="(\w+)"} (\S+)', page)
        return {disk: float(part) for disk, part in found}

    settings = watched.extensions["settings"]
    own = Path(make_url(settings.database_url).database or "").parent
    full = {own: 0.9, settings.checkpoint_dir: 0.4, tmp_path: 0.7}
    monkeypatch.setattr(disks, "measure", lambda folder: (110, full[folder] * 100, 100 - full[folder] * 100))
    assert said() == {"data": 0.9, "signer": 0.4}
    watched.extensions["settings"] = settings.model_copy(update={"database_url": "postgresql:///dossiers"})
    assert said() == {"signer": 0.4}, "another machine's disk"
    watched.extensions["settings"] = settings.model_copy(update={"data_dir": tmp_path})
    assert said() == {"data": 0.7, "signer": 0.4}
