"""The log: every committed line gets one number, no number is left out, and only what extends the past is signed."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import checkpoints, ledger, notes, tree
from app.domain.checkpoints import Checkpoint, Leaf
from app.domain.ledger import Handoff
from app.domain.notes import Head
from app.domain.packets import Packet
from app.signer import RECOUNT, Contradiction, Signer, at_work, newest
from app.worker import Sequencer
from tests.forging import superuser
from tests.world import MONDAY, Phone, World


def lines(world: World, count: int, phone: Phone | None = None, packet: Packet | None = None) -> None:
    """That many notes on one packet: the quickest way to a longer ledger."""
    phone, packet = phone or world.phone(), packet or world.packet()
    for _ in range(count):
        world.record(phone.scan(packet, "miss", reason="nobody_home", next="another_day"))


def folder(app: Flask) -> Path:
    return app.extensions["settings"].checkpoint_dir


def signer(app: Flask) -> Signer:
    """A signer that has just been started."""
    with at_work(app.extensions["settings"]) as one:
        return one


def numbers() -> list[tuple[int, int]]:
    db.session.rollback()
    return [(leaf.n, leaf.line_id) for leaf in db.session.scalars(sa.select(Leaf).order_by(Leaf.n))]


def test_committed_lines_are_numbered_once_by_packet_and_seq(app: Flask, world: World) -> None:
    one, other, phone = world.packet(), world.packet(), world.phone()
    for packet in (other, one, other):
        lines(world, 1, phone, packet)
    assert (atomically(checkpoints.sequence), atomically(checkpoints.sequence)) == (3, 0)
    found = db.session.execute(
        sa.select(Leaf.n, Handoff.packet_id, Handoff.seq).join(Handoff, Handoff.id == Leaf.line_id).order_by(Leaf.n)
    )
    assert [tuple(row) for row in found] == [(0, one.id, 1), (1, other.id, 1), (2, other.id, 2)]
    lines(world, 1, phone, one)
    atomically(checkpoints.sequence)
    assert [n for n, _ in numbers()] == [0, 1, 2, 3]


def test_a_leaf_is_the_hash_of_the_lines_bytes(app: Flask, world: World) -> None:
    packet = world.collected(world.phone())
    atomically(checkpoints.sequence)
    (line,) = ledger.lines(packet)
    assert db.session.get_one(Leaf, 0).leaf_hash == tree.leaf(ledger.line_bytes(line, packet.code))
    assert checkpoints.root(1) == tree.leaf(ledger.line_bytes(line, packet.code))


def test_a_line_that_was_committed_late_is_still_numbered(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids say where to look first, never what there is."""
    phone, packet = world.phone(), world.packet()
    lines(world, 2, phone, packet)
    with db.engine.begin() as raw:  # as if the first had been committed only now
        raw.execute(sa.insert(Leaf).values(n=0, line_id=2, leaf_hash=b"\0" * 32))
    monkeypatch.setattr(checkpoints, "REACH", 1)
    assert atomically(checkpoints.sequence) == 0
    assert Sequencer()() == 1
    assert numbers() == [(0, 2), (1, 1)]


def test_several_sequencers_leave_no_gap_and_number_nothing_twice(app: Flask, world: World) -> None:
    lines(world, 20)
    start = threading.Barrier(6)

    def work() -> None:
        with app.app_context():
            start.wait()
            for _ in range(5):
                atomically(checkpoints.sequence)
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    lines(world, 20)
    for thread in threads:
        thread.join()
    atomically(checkpoints.sequence)
    found = numbers()
    assert [n for n, _ in found] == list(range(40))
    assert len({line for _, line in found}) == 40


@pytest.mark.dialects("postgresql")
def test_while_one_sequencer_is_at_work_another_numbers_nothing(app: Flask, world: World) -> None:
    lines(world, 1)
    with db.engine.begin() as other:
        other.execute(sa.select(sa.func.pg_advisory_xact_lock(checkpoints.SEQUENCER)))
        assert atomically(checkpoints.sequence) == 0
        assert numbers() == []
    assert atomically(checkpoints.sequence) == 1


# ---- the signer -------------------------------------------------------------------------------------------------


def test_what_the_signer_signs_reaches_the_log_and_is_told(app: Flask, world: World) -> None:
    sequencer = Sequencer()
    lines(world, 3)
    assert sequencer() == 3
    head = signer(app).look(0)
    assert head == Head(3, checkpoints.root(3))
    sequencer()
    kept = checkpoints.newest()
    assert kept is not None and (kept.size, kept.root) == (3, head.root)
    key = notes.published(folder(app))
    assert key is not None and notes.read(kept.note, key) == head


def test_nothing_new_is_nothing_to_sign(app: Flask, world: World) -> None:
    one = signer(app)
    assert one.look(0) is None
    lines(world, 1)
    assert one.look(60) is None, "a line without a number is not in the log yet"
    Sequencer()()
    assert one.look(120) is not None
    assert one.look(180) is None


def test_the_signer_reads_and_cannot_write(app: Flask) -> None:
    with signer(app).engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="(?i)read.?only"):
        connection.execute(sa.insert(Leaf).values(n=0, line_id=1, leaf_hash=b""))


def test_two_signers_do_not_work_side_by_side(app: Flask) -> None:
    with at_work(app.extensions["settings"]), pytest.raises(BlockingIOError):
        signer(app)
    signer(app)


def test_the_private_key_is_for_its_owner_only(app: Flask) -> None:
    signer(app)
    assert (folder(app) / "key").stat().st_mode & 0o777 == 0o600


CHANGES = {
    "a leaf": sa.update(Leaf).where(Leaf.n == 0).values(leaf_hash=b"\0"),
    "the tail": sa.delete(Leaf).where(Leaf.n == 2),
    "the middle": sa.delete(Leaf).where(Leaf.n == 1),
}


@pytest.mark.parametrize("restarted", [True, False])
@pytest.mark.parametrize("what", CHANGES)
def test_the_signer_signs_nothing_that_does_not_extend_what_it_signed(
    app: Flask, world: World, what: str, restarted: bool
) -> None:
    phone, packet = world.phone(), world.packet()
    lines(world, 3, phone, packet)
    Sequencer()()
    one = signer(app)
    before = one.look(0)
    assert before and before.size == 3
    with superuser() as raw:
        raw.execute(CHANGES[what])
        if what != "the tail":  # and the log goes on
            raw.execute(sa.insert(Leaf).values(n=3, line_id=4, leaf_hash=b"\3" * 32))
    one = signer(app) if restarted else one
    with pytest.raises(Contradiction):
        one.look(60 if what == "the tail" else RECOUNT + 1)
    assert notes.read(newest(folder(app)).note, one.key.log_key) == before


def test_a_lost_key_is_not_replaced_by_a_new_one(app: Flask, world: World) -> None:
    lines(world, 1)
    Sequencer()()
    signer(app).look(0)
    (folder(app) / "key").unlink()
    with pytest.raises(Contradiction, match="is gone"):
        signer(app)


def test_a_note_that_is_not_true_of_our_log_is_not_kept(app: Flask, world: World) -> None:
    lines(world, 3)
    Sequencer()()
    key = signer(app).key
    for wrong, said in (
        (Head(3, b"\0" * 32), "the log is not the one that was signed at 3 lines"),
        (Head(4, checkpoints.root(3)), "the log is shorter than the 4 lines that were signed"),
    ):
        with pytest.raises(ValueError, match=f"^{said}$"):
            atomically(checkpoints.adopt, key.sign(wrong), key.log_key, MONDAY)
    assert checkpoints.newest() is None
    assert atomically(checkpoints.adopt, key.sign(Head(3, checkpoints.root(3))), key.log_key, MONDAY)
    assert atomically(checkpoints.adopt, key.sign(Head(3, checkpoints.root(3))), key.log_key, MONDAY) is None


# ---- proofs from the table --------------------------------------------------------------------------------------


@pytest.fixture
def long_log(app: Flask, world: World) -> list[bytes]:
    """A thousand and some leaves; the lines behind them are not needed here."""
    lines(world, 1)
    made = [tree.leaf(bytes([n % 251, n // 251])) for n in range(1100)]
    put(made)
    return made


def put(made: list[bytes]) -> None:
    """These leaves, and no others."""
    with superuser() as raw:
        raw.execute(sa.delete(Leaf))
        raw.execute(sa.insert(Leaf), [{"n": n, "line_id": n + 1, "leaf_hash": leaf} for n, leaf in enumerate(made)])


def test_a_log_that_has_not_begun_has_no_lines_and_the_root_of_none(app: Flask) -> None:
    assert (checkpoints.size(), checkpoints.root(0)) == (0, tree.EMPTY)


def test_roots_and_proofs_come_out_of_the_table_as_out_of_memory(long_log: list[bytes]) -> None:
    for size in (0, 1, 255, 256, 257, 511, 512, 1024, 1099, 1100):
        assert checkpoints.root(size) == tree.root(long_log[:size])
    for first in (1, 256, 300, 700, 1024):
        path = tree.consistency(first, 1100, checkpoints.span)
        assert tree.extends(first, tree.root(long_log[:first]), 1100, tree.root(long_log), path)
    for n in (0, 255, 256, 1099):
        path = tree.inclusion(n, 1100, checkpoints.span)
        assert tree.includes(long_log[n], n, 1100, path, tree.root(long_log))


def test_what_is_not_all_there_has_no_hash_and_it_is_said_which(long_log: list[bytes]) -> None:
    with pytest.raises(LookupError, match="^there are not 1101 lines$"):
        checkpoints.root(1101)
    with superuser() as raw:
        raw.execute(sa.delete(Leaf).where(Leaf.n == 300))
    with pytest.raises(LookupError, match="^leaves 256 to 511 are not all there$"):
        checkpoints.root(1100)


def test_a_log_that_only_grew_is_read_once(long_log: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole tiles are remembered for good, the nodes at the edge for a while."""
    put(long_log[:1024])
    asked: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))

    def questions(size: int) -> int:
        asked.clear()
        assert checkpoints.root(size) == tree.root(long_log[:size])
        return sum(each.startswith("SELECT") for each in asked)

    assert [questions(1024), questions(1024)] == [5, 1], "how long it is, and four tiles"
    put(long_log)
    assert [questions(1100), questions(1100)] == [2, 1]
    monkeypatch.setattr(checkpoints, "OTHERS", 9)
    for size in range(1025, 1100):
        checkpoints.root(size)
    known = checkpoints._known[db.engine]
    assert sorted(known.whole) == [(0, 256), (0, 512), (0, 1024), (256, 512), (512, 768), (512, 1024), (768, 1024)]
    assert len(known.others) <= checkpoints.OTHERS + 1


def test_a_phone_is_told_the_newest_checkpoint_and_that_it_extends_its_own(app: Flask, long_log: list[bytes]) -> None:
    key = signer(app).key
    assert checkpoints.since(0, checkpoints.last()) == (None, [])
    for size in (300, 1100):
        atomically(checkpoints.adopt, key.sign(Head(size, tree.root(long_log[:size]))), key.log_key, MONDAY)
    note, proof = checkpoints.since(300, checkpoints.last())
    assert note is not None and notes.read(note, key.log_key) == Head(1100, tree.root(long_log))
    path = [bytes.fromhex(each) for each in proof]
    assert tree.extends(300, tree.root(long_log[:300]), 1100, tree.root(long_log), path)
    assert checkpoints.since(1100, checkpoints.last()).consistency == []
    assert checkpoints.since(5000, checkpoints.last()) == (note, []), "a phone that saw more is shown no proof"
    assert checkpoints.since(-5, checkpoints.last()) == (note, []), "nor one that says what no phone can have seen"


def test_a_phone_that_saw_the_first_line_is_told_how_the_log_went_on(app: Flask, long_log: list[bytes]) -> None:
    key = signer(app).key
    atomically(checkpoints.adopt, key.sign(Head(1100, tree.root(long_log))), key.log_key, MONDAY)
    path = [bytes.fromhex(each) for each in checkpoints.since(1, checkpoints.last()).consistency]
    assert tree.extends(1, tree.root(long_log[:1]), 1100, tree.root(long_log), path)


def test_a_pin_is_compared_with_what_the_log_was_then(long_log: list[bytes]) -> None:
    true = Head(700, tree.root(long_log[:700]))
    false = [Head(700, tree.root(long_log[:699])), Head(1101, tree.root(long_log)), Head(2**53 - 1, b"\0" * 32)]
    assert checkpoints.contradicting([true, *false]) == false


def test_a_log_that_was_put_back_is_not_mistaken_for_the_one_that_was(app: Flask, long_log: list[bytes]) -> None:
    before = Head(1100, checkpoints.root(checkpoints.size()))
    with superuser() as raw:
        raw.execute(sa.delete(Leaf).where(Leaf.n >= 500))
    assert checkpoints.contradicting([before]) == [before]
    with superuser() as raw:
        raw.execute(sa.insert(Leaf), [{"n": n, "line_id": n + 1, "leaf_hash": b"\1" * 32} for n in range(500, 1200)])
    assert checkpoints.contradicting([before]) == [before]


@pytest.mark.parametrize("length", [1, 1100])
def test_another_log_of_the_same_length_is_not_mistaken_for_it(long_log: list[bytes], length: int) -> None:
    put(long_log[:length])
    before = Head(length, checkpoints.root(length))
    put([tree.leaf(leaf) for leaf in long_log[:length]])
    assert checkpoints.contradicting([before]) == [before]


def test_no_phone_is_proved_that_another_log_extends_its_own(app: Flask, long_log: list[bytes]) -> None:
    key = signer(app).key
    atomically(checkpoints.adopt, key.sign(Head(1100, tree.root(long_log))), key.log_key, MONDAY)

    def is_proved() -> bool:
        path = [bytes.fromhex(each) for each in checkpoints.since(300, checkpoints.last()).consistency]
        return tree.extends(300, tree.root(long_log[:300]), 1100, tree.root(long_log), path)

    assert is_proved()
    put([tree.leaf(leaf) for leaf in long_log])
    assert not is_proved()


def test_checkpoints_are_remembered_with_their_time(app: Flask, world: World) -> None:
    lines(world, 1)
    Sequencer()()
    signer(app).look(0)
    Sequencer()()
    kept = db.session.scalars(sa.select(Checkpoint)).one()
    assert kept.at - MONDAY < timedelta(days=3650)
