"""The evidence pack of an incident as a stranger checks it: every hash recomputed, the proof held by the script alone."""

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.db import atomically
from app.domain import bags, bodies, incidents
from app.domain.incidents import Outcome, Side, Sort
from app.domain.manifests import Word
from app.domain.packets import Packet
from app.domain.postage import Fault
from tests.api.conftest import Line
from tests.api.conftest import line as wire
from tests.api.test_checkpoints import Log
from tests.api.test_files import picture, send
from tests.domain.test_desk import receive
from tests.domain.test_incidents import POSTAGE
from tests.domain.test_money import CASH
from tests.test_proof_file import Bare
from tests.world import World

FEE = 15_000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Pack:
    """What came in the ZIP."""

    def __init__(self, data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            self.files = {name: file.read(name) for name in file.namelist()}
        self.told: dict[str, Any] = json.loads(self.files.pop("incident.json"))


def lived(world: World, line: Line, sent: list[bytes]) -> Packet:
    """Paid for at the door, photographed twice, counted at the post office, and counted again at the desk."""
    packet = world.packet()
    scan = line.phone.scan(
        packet, "collect", proof=[("CODE", world.code(packet))], extra=bodies.Extra.read({"salt": "s"} | CASH)
    )
    assert world.record(scan).verdict == "applied"
    for data in sent:
        assert send(line, data).status_code == 201
    beside, signed = (sha256(data) for data in sent)
    facts: dict[str, Any] = {"taker": world.fresh(packet).holder_id, "parent": None}
    seen = line.phone.scan(world.fresh(packet), "sighting", extra=bodies.Extra(photo_sha256=beside), **facts)
    torn = line.phone.scan(
        world.fresh(packet),
        "damaged",
        reason="torn",
        proof=[("PHOTO", signed)],
        extra=bodies.Extra(photo_sha256=signed),
        **facts,
    )
    assert [world.record(each).verdict for each in (seen, torn)] == ["applied", "applied"]
    atomically(bags.take_in, world.fresh(packet), world.courier, world.act(world.clerk))
    atomically(bags.close, world.courier, world.act(world.clerk), "0" * 32, rest_is_missing=False, giver_by=Word.PIN, pin=world.PIN)  # fmt: skip
    assert world.record(line.phone.scan(world.fresh(packet), "take")).verdict == "applied"
    receive(world, world.fresh(packet))
    return world.fresh(packet)


@pytest.fixture
def pack(world: World, sign_in: Any) -> tuple[Pack, Packet]:
    packet = lived(world, wire(world), [picture(), picture(size=(80, 30))])
    Log(world.app).sign()
    file = atomically(incidents.open_, packet, world.act(world.officer), Sort.DAMAGED, Side.DESK, "Rách góc")
    atomically(incidents.say, file, world.act(world.clerk), Side.POST, "Bưu tá nhận túi còn nguyên")
    facts = (Outcome.DAMAGED, Fault.POST, incidents.least(file), "Bưu điện trả")
    atomically(incidents.close, file, world.act(world.clerk), *facts)
    atomically(incidents.pay, file, world.act(world.clerk), file.compensation or 0)
    assert f'href="/desk/packets/{packet.number}"' in sign_in(world.officer).get(f"/incidents/{file.number}").text
    answer = sign_in(world.officer).get(f"/incidents/{file.number}.zip")
    assert answer.status_code == 200
    return Pack(answer.data), packet


def test_every_hash_of_the_pack_can_be_recomputed(world: World, pack: tuple[Pack, Packet]) -> None:
    found, packet = pack
    told, files = found.told, found.files
    assert {name: sha256(data) for name, data in files.items()} == told["files"]
    for photo in told["photos"]:
        data = files[photo["file"]]
        assert Image.open(io.BytesIO(data)).format == "JPEG" and sha256(data) == photo["file_sha256"]
        assert photo["file"] == f"photos/{photo['sent_sha256']}.jpg" and photo["sent_sha256"] != photo["file_sha256"]
    prev = None
    for each in told["lines"]:
        assert sha256(each["line"].encode()) == each["hash"]
        assert prev in (None, each["line"].split("\n")[-2])
        prev = each["hash"]
    assert len(told["lists"]) == 2
    for one in told["lists"]:
        codes = sorted(line["code"] for line in one["lines"] if line["result"] != "surplus")
        assert sha256("\n".join(codes).encode()) == one["hash"]
        assert {each["side"] for each in one["confirmed"]} == {"giver", "taker"}


def test_the_ledger_of_the_pack_holds_for_a_stranger_with_the_script_alone(
    world: World, pack: tuple[Pack, Packet], tmp_path: Path
) -> None:
    found, _packet = pack
    held = Bare(tmp_path / "stranger", world.app).check(found.files["ledger.json"].decode())
    assert held.returncode == 0 and held.stdout.count("\n") > len(found.told["lines"]), held.stderr
    proved = [line["line"] for line in json.loads(found.files["ledger.json"])["lines"]]
    assert proved == [line["line"] for line in found.told["lines"]]
    bent = found.files["ledger.json"].decode().replace("CARRIED", "AT_POST", 1)
    assert Bare(tmp_path / "liar", world.app).check(bent).returncode == 1


def test_the_pack_says_which_scan_signed_a_photo_and_which_it_only_came_with(pack: tuple[Pack, Packet]) -> None:
    found, _packet = pack
    bodies = {
        fields["line"].split("\n")[8]: json.loads(base64.b64decode(fields["body"]))
        for fields in json.loads(found.files["ledger.json"])["lines"]
    }
    by_sent = {photo["sent_sha256"]: photo for photo in found.told["photos"]}
    beside, signed = (by_sent[sha256(data)] for data in (picture(), picture(size=(80, 30))))
    assert (len(beside["signed_in"]), len(beside["named_beside"])) == (0, 1)
    (digest,) = signed["signed_in"]
    assert signed["sent_sha256"] in json.dumps(bodies[digest]["proof"]) and not signed["named_beside"]


def test_the_pack_tells_the_money_the_days_and_who_did_what_and_no_citizens_name(
    world: World, pack: tuple[Pack, Packet]
) -> None:
    found, packet = pack
    told = found.told
    assert [(line["stream"], line["event"], line["amount"]) for line in told["money"]] == [
        ("postage", "collected", POSTAGE), ("fee", "collected", FEE),
    ]  # fmt: skip
    assert (told["search_by"], told["answer_by"]) == ("2026-11-27", "2026-12-01") and told["paid"]
    people = told["people"]
    assert people[told["opened_by"]]["name"] == world.officer.name
    assert people[told["closed_by"]]["name"] == world.clerk.name
    assert {each["by"] for one in told["lists"] for each in one["confirmed"] if each["by"]} <= people.keys()
    post, desk = told["lists"]
    assert told["parties"][post["taker"]]["name"] == world.post.name and f"{desk['number']}.pdf" in found.files
    assert f"{post['number']}.pdf" not in found.files and [line["packet"] for line in post["lines"]] == [packet.number]
    assert packet.dossier.citizen.name not in json.dumps(told, ensure_ascii=False)
    assert "verify_packet.py" in found.files["read-me.txt"].decode()
