"""Tree: RFC 6962 over the ledger's lines. Pure: hashes in, hashes out.

A leaf is SHA-256(0x00 + line bytes), a node SHA-256(0x01 + left + right); n leaves part at the largest power of two
below n. Proofs ask their caller for `span(start, end)`, the hash over the leaves start … end-1.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

Span = Callable[[int, int], bytes]
EMPTY = sha256(b"").digest()


def leaf(data: bytes) -> bytes:
    return sha256(b"\0" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def split(count: int) -> int:
    """The largest power of two below `count`, which is 2 or more."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves: Sequence[bytes]) -> bytes:
    level = list(leaves) or [EMPTY]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [node(left, right) for left, right in pairs] + level[len(level) & ~1 :]
    return level[0]


class Growing:
    """A tree fed its leaves in order, that knows its root at every size on the way; it keeps log2(size) hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf_hash: bytes) -> None:
        self.size = rest = self.size + 1
        while not rest & 1:
            leaf_hash = node(self._peaks.pop(), leaf_hash)
            rest >>= 1
        self._peaks.append(leaf_hash)

    def root(self) -> bytes:
        found = self._peaks[-1] if self._peaks else EMPTY
        for peak in self._peaks[-2::-1]:
            found = node(peak, found)
        return found


# ---- proofs -----------------------------------------------------------------------------------------------------


def inclusion(n: int, size: int, span: Span) -> list[bytes]:
    """That leaf `n` is in the tree of `size` leaves: the hashes beside its way to the root, from the leaf up."""
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + split(end - start)
        if n < middle:
            path.append(span(middle, end))
            end = middle
        else:
            path.append(span(start, middle))
            start = middle
    return path[::-1]


def consistency(first: int, second: int, span: Span) -> list[bytes]:
    """That the tree of `first` leaves is the beginning of the tree of `second`; empty when one of them says it all."""
    if first in (0, second):
        return []
    start, end, path = 0, second, []
    while first != end:
        middle = start + split(end - start)
        if first <= middle:
            path.append(span(middle, end))
            end = middle
        else:
            path.append(span(start, middle))
            start = middle
    if start:
        path.append(span(start, end))
    return path[::-1]


def includes(leaf_hash: bytes, n: int, size: int, path: Sequence[bytes], root_hash: bytes) -> bool:
    """Whether `path` leads from leaf `n` to the root of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= n < size:
        return False
    at, last, found = n, size - 1, leaf_hash
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node(beside, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root_hash


def extends(first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the second tree only adds leaves to the first (RFC 9162, 2.1.4.2)."""
    if first == 0 or first == second:
        return not path and (first == 0 or first_root == second_root)
    if not 0 < first < second:
        return False
    rest = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not rest:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = rest[0]
    for beside in rest[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node(beside, old), node(beside, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
