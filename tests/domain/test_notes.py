"""Notes are the ones other tools for such logs read and write, and nothing else passes for one."""

import pytest

from app.domain import notes
from app.domain.notes import Head, LogKey, SigningKey

# The key with which the Go project documents this format.
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
HEAD = Head(20852163, bytes(range(32)))


def test_keys_are_spelled_as_elsewhere() -> None:
    key = SigningKey.read(PRIVATE)
    assert (str(key), str(key.log_key)) == (PRIVATE, PUBLIC)
    assert LogKey.read(PUBLIC + "\n") == key.log_key


def test_a_note_says_what_was_signed() -> None:
    key = SigningKey.read(PRIVATE)
    note = key.sign(HEAD)
    assert note.startswith(
        "PeterNeumann\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— PeterNeumann x08g"
    )
    assert note.endswith("\n") and note.count("\n") == 5
    assert notes.read(note, key.log_key) == HEAD


def test_a_second_signature_beside_ours_does_no_harm() -> None:
    key, witness = SigningKey.read(PRIVATE), SigningKey.new("witness.example")
    note = key.sign(HEAD)
    theirs = witness.sign(HEAD).splitlines()[-1]
    assert notes.read(f"{note}{theirs}\n", key.log_key) == HEAD


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("20852163", "20852164"),
        lambda note: note.replace("20852163", "020852163"),
        lambda note: note.replace("AAEC", "AAED"),
        lambda note: note.replace("PeterNeumann\n", "PeterNeumanm\n"),
        lambda note: note.replace("\n\n—", "\nmore\n\n—"),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("x08g", "x08h"),
        lambda note: note[:-6] + "AAA=\n",
        lambda note: note.split("—")[0],
        lambda note: "",
    ],
)
def test_a_changed_note_is_not_believed(change) -> None:  # type: ignore[no-untyped-def]
    key = SigningKey.read(PRIVATE)
    with pytest.raises(ValueError):
        notes.read(change(key.sign(HEAD)), key.log_key)


def test_another_log_of_the_same_name_is_not_believed() -> None:
    with pytest.raises(ValueError, match="not signed"):
        notes.read(SigningKey.new("PeterNeumann").sign(HEAD), LogKey.read(PUBLIC))


@pytest.mark.parametrize("text", ["", "a+b", PUBLIC[:-1], PUBLIC.replace("c74f20a3", "c74f20a4"), PRIVATE])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        LogKey.read(text)


@pytest.mark.parametrize("text", ["", PUBLIC, PRIVATE.replace("c74f20a3", "c74f20a4")])
def test_what_is_no_private_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        SigningKey.read(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\nbreak"])
def test_a_name_that_would_break_the_format_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        SigningKey.new(name)
