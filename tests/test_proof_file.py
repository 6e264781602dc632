"""One packet's proof, checked by a script that has been copied away from us; every field altered is noticed."""

import base64
import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cryptography
import pytest
from flask import Flask

from app.domain import notes
from app.domain.notes import SigningKey
from tests.api.test_checkpoints import Log
from tests.world import World
from tools import verify_packet

SCRIPT = Path(verify_packet.__file__)
LIBRARIES = Path(cryptography.__file__).parents[1]


class Bare:
    """A folder with the script, the log's key and nothing else of ours, and a Python that knows `cryptography` only."""

    def __init__(self, folder: Path, app: Flask) -> None:
        self.folder = folder
        self.libraries = folder / "libraries"
        self.libraries.mkdir(parents=True)
        for name in ("cryptography", "cffi", "_cffi_backend*"):
            for found in LIBRARIES.glob(name):
                (self.libraries / found.name).symlink_to(found)
        shutil.copy(SCRIPT, folder)
        self.key = (app.extensions["settings"].checkpoint_dir / notes.PUBLIC).read_text()
        (folder / "log.pub").write_text(self.key)

    def check(self, text: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "packet.json").write_text(text)
        command = [sys.executable, "-S", SCRIPT.name, "packet.json", "--log-key", "log.pub"]
        env = {"PYTHONPATH": str(self.libraries), "PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=60)


class Proved:
    """A packet with two lines under a checkpoint and one more, another packet, and the proof of the first."""

    def __init__(self, world: World) -> None:
        log, phone = Log(world.app), world.phone()
        packet, other = world.collected(phone), world.collected(world.phone(world.second_courier))
        world.collected(world.phone(world.strange_courier))
        log.sign()
        world.record(phone.scan(world.fresh(packet), "miss", reason="nobody_home", next="another_day"))
        log.sign()
        world.record(phone.scan(world.fresh(packet), "miss", reason="nobody_home", next="another_day"))
        self.world, self.folder = world, world.app.extensions["settings"].checkpoint_dir
        self.number, self.other = world.fresh(packet).number, world.fresh(other).number
        self.key = verify_packet.read_key((self.folder / notes.PUBLIC).read_text())
        self.text = self.proof_of(self.number)

    def proof_of(self, number: str, *options: str) -> str:
        result = self.world.app.test_cli_runner().invoke(args=["custody", "proof", number, *options])
        assert result.exit_code == 0, result.output
        return result.output

    def fault(self, proof: Any) -> str | None:
        try:
            verify_packet.check(proof, self.key)
        except verify_packet.Fault as fault:
            return str(fault)
        return None


@pytest.fixture
def proved(world: World) -> Proved:
    return Proved(world)


def test_a_copied_script_checks_the_file_with_cryptography_alone(proved: Proved, tmp_path: Path) -> None:
    bare = Bare(tmp_path / "bare", proved.world.app)
    done = bare.check(proved.text)
    assert (done.returncode, done.stderr) == (0, "")
    assert "collect" in done.stdout and "(courier)" in done.stdout
    assert "2 lines hold: chained, signed by their devices, in the log localhost/ledger of 4 lines" in done.stdout
    assert "The number printed on a slip is no part of this proof" in done.stdout and proved.number not in done.stdout
    refused = bare.check(proved.text.replace('"n": 0', '"n": 1'))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Does not hold: line 1: it is not in the log that was signed.\n"
    (bare.folder / "log.pub").write_text(f"{SigningKey.new('localhost/ledger').log_key}\n")
    assert bare.check(proved.text).stderr == "Does not hold: the checkpoint is signed by another key.\n"
    (bare.folder / "log.pub").write_text(bare.key)
    assert bare.check("{").stderr.startswith("Does not hold: a file is damaged")
    assert bare.check(proved.text).returncode == 0


def test_the_bare_python_knows_nothing_of_ours(proved: Proved, tmp_path: Path) -> None:
    bare = Bare(tmp_path / "bare", proved.world.app)
    script = bare.folder / SCRIPT.name
    script.write_text(f"import flask\n{script.read_text()}")
    assert "No module named 'flask'" in bare.check(proved.text).stderr


def test_the_proof_is_written_to_a_file_or_refused_in_a_sentence(proved: Proved, tmp_path: Path) -> None:
    path = tmp_path / "packet.json"
    said = proved.proof_of(proved.number, "--out", str(path))
    assert path.read_text() == proved.text
    code = json.loads(proved.text)["lines"][0]["line"].split("\n")[1]
    assert said == (
        f"{path} written: packet {proved.number} (submission, of dossier {proved.number}), code {code}, "
        "2 lines, and 1 more that are not under a checkpoint yet\n"
    )
    run = proved.world.app.test_cli_runner().invoke
    waiting = proved.world.packet().number
    for number, said in ((waiting, "not under a signed checkpoint yet"), ("HS-261123-999999-9", "Error: ")):
        result = run(args=["custody", "proof", number])
        assert (result.exit_code, said in result.output) == (1, True), result.output


def test_the_proof_holds_no_name_phone_or_address(proved: Proved) -> None:
    bodies = [base64.b64decode(line["body"]).decode() for line in json.loads(proved.text)["lines"]]
    said, world = proved.text + "".join(bodies), proved.world
    for word in ("Nguyễn", "900000123", "Mẫu Đơn", world.courier.name, world.procedure.title):
        assert word not in said


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in the file, but to its labels."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in entries:
        if path or name != "labels":
            yield (*path, name)
            yield from places(below, (*path, name))


def altered(value: Any) -> Iterator[Any]:
    """Other values that somebody might put there."""
    if isinstance(value, str):
        for at in sorted({0, 1, len(value) // 3, len(value) // 2, len(value) - 2, len(value) - 1}):
            other = "A" if value[at] not in "Aa" else "B"
            yield value[:at] + other + value[at + 1 :]
        yield value[:-1]
        yield value.swapcase()
        yield ""
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value + 2**40, True, str(value))
    elif isinstance(value, list):
        yield from ([], value[:-1] if value and isinstance(value[0], str) else value[1:], value[::-1], value * 2)
    yield from (None, 7.5, {}, "x")


def test_every_field_that_is_altered_is_refused_with_a_sentence(proved: Proved) -> None:
    proof = json.loads(proved.text)
    assert proved.fault(proof) is None
    tried = 0
    for path in list(places(proof)):
        *way, name = path
        for other in [*altered(_at(proof, path)), ...]:
            changed = copy.deepcopy(proof)
            if other is ...:
                del _at(changed, way)[name]
            else:
                _at(changed, way)[name] = other
            if changed == proof or (path == ("lines", 1) and other is ...):
                continue  # the file proves the lines it holds, not that nothing came after
            tried += 1
            said = proved.fault(changed)
            assert said, f"{path} = {other!r} was believed"
            assert len(said) > 15 and "Error" not in said, said
    assert tried > 150


def test_a_longer_path_or_another_packets_line_is_refused(proved: Proved) -> None:
    proof = json.loads(proved.text)
    proof["lines"][1]["path"].append("00" * 32)
    assert proved.fault(proof) == "line 2: its path is too long"
    proof["lines"][1] = json.loads(proved.proof_of(proved.other))["lines"][0]
    assert proved.fault(proof) == "line 2: it is not of this packet"


def _at(value: Any, path: Any) -> Any:
    for name in path:
        value = value[name]
    return value
