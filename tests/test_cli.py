"""The terminal: same verbs, exit status that tells."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup

import labels
from app import create_app, signer
from app.config import Settings
from app.db import atomically, db
from app.domain import audit, checkpoints, outbox, scans, visits
from app.domain.calendar import HERE
from app.domain.outbox import Message
from app.domain.packets import State
from app.domain.people import Language, User
from app.domain.tokens import Keys
from tests.authenticator import Authenticator
from tests.conftest import signing_in
from tests.world import MONDAY, World


def test_a_day_is_planned_from_the_terminal(app: Flask, world: World) -> None:
    packet = world.packet()
    visit = visits.current(packet.id)
    assert visit
    result = app.test_cli_runner().invoke(args=["day", "plan", visit.slot.day.isoformat(), "--office", "PO-1"])
    assert result.exit_code == 0
    assert "1 visits in 1 rounds" in result.output
    assert app.test_cli_runner().invoke(args=["day", "plan", "2026-11-24", "--office", "XX"]).exit_code == 2
    assert app.test_cli_runner().invoke(args=["day", "plan", "tomorrow"]).exit_code == 2


def test_messages_leave_once(app: Flask, world: World) -> None:
    outbox.say("+84900000123", "cancelled", MONDAY, Language.VI, number="HS-1", secret="X" * 16)
    db.session.commit()
    runner = app.test_cli_runner()
    assert "1 messages sent" in runner.invoke(args=["outbox", "run", "--once"]).output
    assert "0 messages sent" in runner.invoke(args=["outbox", "run", "--once"]).output
    db.session.rollback()
    assert db.session.scalars(sa.select(Message)).one().sent_at is not None


def test_the_log_is_numbered_signed_and_printed_from_the_terminal(app: Flask, world: World) -> None:
    runner = app.test_cli_runner()
    assert "Nothing has been signed yet" in runner.invoke(args=["custody", "checkpoint", "--print"]).output
    world.collected(world.phone())
    assert "1 lines numbered, 1 in all" in runner.invoke(args=["custody", "sequence", "--once"]).output
    assert "1 lines signed" in runner.invoke(args=["custody", "checkpoint", "--once"]).output
    assert "nothing new after 1 lines" in runner.invoke(args=["custody", "checkpoint", "--once"]).output
    printed = runner.invoke(args=["custody", "checkpoint", "--print"])
    newest = signer.newest(app.extensions["settings"].checkpoint_dir)
    assert printed.exit_code == 0
    assert newest and newest.note.strip() in printed.output
    assert checkpoints.root(1).hex()[:4] in printed.output.split()
    assert "SỔ GIAO NHẬN" in printed.output


def test_scans_come_in_from_a_file_that_a_phone_wrote(app: Flask, world: World, tmp_path: Path) -> None:
    phone, packet = world.phone(), world.packet()
    scan = phone.scan(packet, "collect", proof=[("CODE", world.code(packet))])
    file = tmp_path / "scans.json"
    file.write_text(json.dumps({"format": "outbox-v1", "scans": phone.envelope(scan.body)["scans"]}))
    runner = app.test_cli_runner()
    assert runner.invoke(args=["custody", "take-in", str(file)]).output == "1 scans: 1 applied\n"
    assert runner.invoke(args=["custody", "take-in", str(file)]).output == "1 scans: 1 applied\n", (
        "again changes nothing"
    )
    assert world.fresh(packet).state == State.CARRIED
    file.write_text("{}")
    assert runner.invoke(args=["custody", "take-in", str(file)]).exit_code == 1


def test_a_second_signer_says_why_it_does_not_start(app: Flask) -> None:
    with signer.at_work(app.extensions["settings"]):
        refused = app.test_cli_runner().invoke(args=["custody", "checkpoint", "--once"])
    assert (refused.exit_code, refused.output) == (1, "Error: Another signer is at work in this folder.\n")


def test_what_is_late_is_raised_from_the_terminal(app: Flask, world: World) -> None:
    atomically(scans.keep_raw, b"{", None, MONDAY)
    runner = app.test_cli_runner()
    outputs = [runner.invoke(args=["custody", "look", "--once"]).output for _ in range(2)]
    assert outputs == ["1 matters raised\n", "0 matters raised\n"]


def test_somebody_who_leaves_is_shown_nothing_from_the_next_request_on(app: Flask, world: World) -> None:
    phone, client = world.phone(), signing_in(app)(world.courier)
    assert client.get("/phones/").status_code == 200
    runner = app.test_cli_runner()
    assert runner.invoke(args=["people", "dismiss", "nobody"]).exit_code == 2
    result = runner.invoke(args=["people", "dismiss", "courier1"])
    assert (result.exit_code, "no phone of theirs is in service" in result.output) == (0, True)
    assert client.get("/phones/").status_code == 302
    day = app.test_client().get("/api/v1/day", headers={"Authorization": f"Bearer {phone.token}"})
    assert day.status_code == 401


def test_a_link_for_a_password_is_made_by_the_terminal_and_the_last_administrator_stays(
    app: Flask, world: World
) -> None:
    runner, client = app.test_cli_runner(), app.test_client()
    made = runner.invoke(args=["people", "link", "admin1"])
    address = made.output.strip().removeprefix("http://localhost")
    assert made.exit_code == 0 and "admin1" in client.get(address).text
    assert client.post(address, data={"password": "bốn từ không liên quan"}).status_code == 303
    assert runner.invoke(args=["people", "link", "nobody"]).exit_code == 2
    refused = runner.invoke(args=["people", "dismiss", "admin1"])
    assert refused.exit_code == 1 and "Nobody else who can sign in is an administrator" in refused.output
    phone = world.phone()
    world.collected(phone)
    assert "still on their account: 1 packets" in runner.invoke(args=["people", "dismiss", "courier1"]).output


def test_a_lost_passkey_is_put_out_of_use_by_the_terminal(app: Flask, world: World) -> None:
    runner, client = app.test_cli_runner(), signing_in(app)(world.officer)
    assert runner.invoke(args=["people", "passkeys", "desk1"]).output == ""
    for name in ("Điện thoại", "Máy bàn"):
        asked = client.post("/passkeys/begin", data={"password": World.PASSWORD}).get_json()
        client.post("/passkeys/", data={"name": name, "passkey": Authenticator().make(asked)})
    first, second = runner.invoke(args=["people", "passkeys", "desk1"]).output.splitlines()
    assert first.endswith("never used  Điện thoại") and second.endswith("Máy bàn")
    wrong = runner.invoke(args=["people", "passkeys", "clerk1", "--remove", first.split()[0]])
    assert wrong.exit_code == 1 and "no such passkey" in wrong.output
    assert runner.invoke(args=["people", "passkeys", "desk1", "--remove", first.split()[0]]).exit_code == 0
    assert client.get("/desk/").status_code == 302, "signed out"
    assert runner.invoke(args=["people", "passkeys", "desk1"]).output.splitlines() == [second]
    assert runner.invoke(args=["people", "passkeys", "desk1", "--remove", "all"]).exit_code == 0
    assert runner.invoke(args=["people", "passkeys", "desk1"]).output == ""


def test_the_first_administrator_comes_in_by_the_terminal(app: Flask, world: World) -> None:
    runner, secret = app.test_cli_runner(), "a long enough secret"

    def hired(*said: str, password: str = secret) -> int:
        return runner.invoke(
            args=["people", "hire", *said, "--name", "Người Thử"], input=f"{password}\n{password}\n"
        ).exit_code

    assert hired("root1", "--role", "admin") == 0
    client = app.test_client()
    assert client.post("/sign-in", data={"login": "root1", "password": secret}).status_code == 302
    assert client.get("/admin/numbers").status_code == 200
    assert hired("at.desk", "--role", "officer", "--office", world.desk.code) == 0
    wrong = [
        ("root1", "--role", "admin"), ("Root 2", "--role", "admin"), ("root2", "--role", "admin", "--office", world.desk.code),
        ("clerk9", "--role", "clerk"), ("clerk9", "--role", "clerk", "--office", world.desk.code),
        ("courier9", "--role", "courier", "--office", world.post.code),
    ]  # fmt: skip
    assert [hired(*said) for said in wrong] == [2] * len(wrong)
    assert hired("short1", "--role", "admin", password="short") == 2
    known = set(db.session.scalars(sa.select(User.login).where(User.name == "Người Thử")))
    assert known == {"root1", "at.desk"}


@pytest.mark.dialects("sqlite")
@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("broken", ["no folder", "not a key"])
def test_a_command_without_keys_ends_in_one_sentence(settings: Settings, tmp_path: Path, broken: str) -> None:
    keys = tmp_path / "keys"
    if broken == "not a key":
        shutil.copytree(settings.keys_dir, keys)
        (keys / "receipt.pem").write_text("nothing")
    half = settings.model_copy(update={"keys_dir": keys})
    result = CliRunner().invoke(FlaskGroup(create_app=lambda: create_app(half)), ["slips", "--help"])
    assert result.exit_code == 1 and "Traceback" not in result.output
    assert result.output.startswith("Cannot start: ") and str(keys) in result.output


def test_specimens_of_every_format_are_written(app: Flask, tmp_path: Path) -> None:
    for name in labels.FORMATS:
        out = tmp_path / f"{name}.pdf"
        result = app.test_cli_runner().invoke(args=["slips", "sample", name, str(out)])
        assert result.exit_code == 0 and out.read_bytes().startswith(b"%PDF")
    for out in (tmp_path / "label.zpl", tmp_path / "LABEL.ZPL"):
        assert app.test_cli_runner().invoke(args=["slips", "sample", "label", str(out)]).exit_code == 0
        assert out.read_text().startswith("^XA")


@pytest.mark.dialects("sqlite")
def test_an_unknown_format_is_refused_and_leaves_no_file(app: Flask, tmp_path: Path) -> None:
    for name, file in (("stamp", "out.pdf"), ("slip", "out.zpl")):
        result = app.test_cli_runner().invoke(args=["slips", "sample", name, str(tmp_path / file)])
        assert result.exit_code == 1 and name in result.output
        assert not (tmp_path / file).exists()


@pytest.mark.dialects("sqlite")
def test_a_folder_that_is_not_there_is_told_and_what_was_printed_before_stays(world: World, tmp_path: Path) -> None:
    run = world.app.test_cli_runner().invoke
    result = run(args=["slips", "sample", "slip", str(tmp_path / "nowhere" / "out.pdf")])
    assert result.exit_code == 1 and "nowhere" in result.output and not isinstance(result.exception, OSError)
    kept = tmp_path / "day.pdf"
    kept.write_bytes(b"yesterday's")
    office = ["--office", world.post.code, "--by", world.clerk.login]
    result = run(args=["slips", "day", "2020-01-01", str(kept), *office])
    assert result.exit_code == 1 and "nothing to print" in result.output
    assert kept.read_bytes() == b"yesterday's" and list(tmp_path.iterdir()) == [kept]


@pytest.mark.dialects("sqlite")
def test_a_new_slip_key_is_made_beside_the_old_ones(app: Flask, settings: Settings, tmp_path: Path) -> None:
    for path in settings.keys_dir.glob("*.pem"):
        shutil.copy(path, tmp_path)
    app.extensions["settings"] = settings.model_copy(update={"keys_dir": tmp_path})
    for number in (2, 3):
        assert app.test_cli_runner().invoke(args=["slips", "rotate"]).exit_code == 0
        assert (tmp_path / f"slip-{number}.pem").stat().st_mode & 0o777 == 0o600
    keys = Keys.load(tmp_path, "x" * 40)
    assert keys.slip_key_id == 3 and sorted(keys.slip_before) == [1, 2]


@pytest.mark.parametrize(
    "args", [["custody", "verify"], ["outbox", "run", "--once"], ["custody", "sequence", "--once"]]
)
def test_on_a_database_without_our_tables_it_says_what_to_do(
    args: list[str], settings: Settings, tmp_path: Path
) -> None:
    bare = create_app(settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'bare.db'}"}), TESTING=True)
    said = bare.test_cli_runner().invoke(args=args)
    assert said.exit_code == 1 and "no such table" in said.output and "flask db upgrade" in said.output
    assert "Traceback" not in said.output


def test_whose_data_an_account_was_shown_is_told_by_whole_days_and_noted(app: Flask, world: World) -> None:
    one, two = (world.packet().dossier for _ in range(2))
    noon = datetime(2026, 11, 20, 12, tzinfo=HERE)

    def look() -> None:
        for dossier, page, at in (
            (two, "desk.work", noon - timedelta(hours=12)),
            (two, "desk.packet", noon + timedelta(hours=1)),
            (one, "desk.packet", noon + timedelta(hours=2)),
            (one, "desk.work", noon + timedelta(hours=12)),
            (one, "desk.work", noon - timedelta(hours=12, seconds=1)),
        ):
            audit.viewed(world.officer.id, dossier.id, page, at)
        audit.viewed(world.clerk.id, one.id, "office.packet", noon)

    atomically(look)
    runner, days = app.test_cli_runner(), ["--since", "2026-11-20", "--until", "2026-11-20"]
    told = runner.invoke(args=["people", "saw", world.officer.login, *days])
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines() == [
        "dossier,first,last,pages",
        f"{two.number},2026-11-20 00:00,2026-11-20 13:00,desk.packet desk.work",
        f"{one.number},2026-11-20 14:00,2026-11-20 14:00,desk.packet",
    ]
    assert told.stderr.endswith("2 dossiers\n")
    assert "Nguyễn" not in told.output
    noted = db.session.scalars(sa.select(audit.AuditLine).filter_by(action="saw")).one()
    assert (noted.subject, noted.details) == (
        world.officer.id,
        {"since": "2026-11-20", "until": "2026-11-20", "dossiers": 2},
    )
    assert runner.invoke(args=["people", "saw", world.lead.login, "--since", "2026-11-20"]).stdout.count("\n") == 1
    for wrong in (["nobody", *days], [world.officer.login, "--since", "soon"], [world.officer.login]):
        assert runner.invoke(args=["people", "saw", *wrong]).exit_code == 2
    backwards = ["--since", "2026-11-20", "--until", "2026-11-19"]
    assert "before the first" in runner.invoke(args=["people", "saw", world.officer.login, *backwards]).output
