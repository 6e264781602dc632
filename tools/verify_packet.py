"""Check the proof file of a packet without us: python verify_packet.py packet.json --log-key key.pub

Needs Python and `cryptography`, nothing else; copy it anywhere. The log's key must come to you by another way than the
file. It prints who held the packet when, or the first thing that does not hold. What a phone's key is called, what kind
of holder a party is and what came after the last line, nobody can prove to you with a file.
"""

import argparse
import base64
import hashlib
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HERE = timezone(timedelta(hours=7))
FIELDS = ("version", "code", "seq", "kind", "event", "giver", "taker", "state", "digest", "follows", "prev", "at")


class Fault(Exception):
    """Something does not hold; the words say what."""


def need(holds, what):
    if not holds:
        raise Fault(what)


def sha256(data):
    return hashlib.sha256(data).digest()


def unb64(text):
    return base64.b64decode(text, validate=True)


def read_key(text):
    """Name, id and Ed25519 key of a log, from its one line "name+id+base64"."""
    name, key_id, data = text.strip().split("+", 2)
    raw = unb64(data)
    need(raw[:1] == b"\1" and sha256(name.encode() + b"\n" + raw)[:4].hex() == key_id, "the log's key is damaged")
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(raw[1:])


def read_checkpoint(note, key):
    """Size and root that the log's key has signed."""
    name, key_id, public = key
    text, _, signatures = note.partition("\n\n")
    origin, size, root = text.split("\n")
    need(origin == name, f"the checkpoint is of the log {origin}, the key of {name}")
    ours = [line.rpartition(" ")[2] for line in signatures.splitlines() if line.startswith(f"— {name} ")]
    need(ours and unb64(ours[0])[:4] == key_id, "the checkpoint is not signed by this key")
    try:
        public.verify(unb64(ours[0])[4:], f"{text}\n".encode())
    except InvalidSignature:
        raise Fault("the checkpoint's signature does not hold") from None
    return int(size), unb64(root)


def check_path(leaf, n, size, path, root):
    """RFC 9162, 2.1.3.2: the leaf with number n is under the root of a tree of that size."""
    need(0 <= n < size, f"number {n} is not under the checkpoint of {size} lines")
    at, last, found = n, size - 1, leaf
    for beside in map(bytes.fromhex, path):
        need(last, "its path is too long")
        if at & 1 or at == last:
            found = sha256(b"\1" + beside + found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = sha256(b"\1" + found + beside)
        at, last = at >> 1, last >> 1
    need(last == 0 and found == root, "it is not in the log that was signed")


def check_line(said, devices, seq, prev, holder, code, size, root):
    """One line: its place in the chain and in the log, the scan that made it, the phone that signed. Its fields."""
    line = said["line"].encode()
    need(said["line"].count("\n") == len(FIELDS) - 1, "it is not a line of a ledger")
    fields = dict(zip(FIELDS, said["line"].split("\n"), strict=True))
    need(fields["version"] == "handoff-v1" and fields["code"] == code, "it is not of this packet")
    need(fields["seq"] == str(seq), f"line {seq} is missing")
    need(fields["prev"] == prev.hex(), "it does not follow the line before it")
    check_path(sha256(b"\0" + line), said["n"], size, said["path"], root)
    body, sig = unb64(said["body"]), unb64(said["sig"])
    need(sha256(b"scan-v1\n" + body).hex() == fields["digest"], "its scan was changed")
    scan = json.loads(body)
    need(scan["event"] == fields["event"] and scan["code"] == code, "its scan says something else")
    need(scan["device"] in devices, f"the key of device {scan['device']} is missing")
    key = load_der_public_key(unb64(devices[scan["device"]]))
    r, s = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), b"scan-v1\n" + body, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Fault("its scan is not signed by its device") from None
    need(holder in (None, fields["giver"]), "it was given by somebody who did not hold it")
    return fields


def check(proof, key):
    """Yields (fields) of every line, in order. Raises Fault."""
    need(proof["v"] == 1, "this is not a proof file of version 1")
    size, root = read_checkpoint(proof["checkpoint"], key)
    need(proof["lines"], "there is no line in it")
    code = proof["lines"][0]["line"].split("\n")[1]
    number = 0
    for letter in code:
        number = number << 5 | LETTERS.index(letter)
    prev, holder, last = sha256(b"packet-v1\n" + number.to_bytes(10, "big")), None, -1
    for seq, said in enumerate(proof["lines"], 1):
        try:
            fields = check_line(said, proof["devices"], seq, prev, holder, code, size, root)
            need(said["n"] > last, "it is numbered before the line before it")
        except Fault as fault:
            raise Fault(f"line {seq}: {fault}") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Fault(f"line {seq}: it is damaged ({type(error).__name__})") from None
        yield fields
        prev, holder, last = sha256(said["line"].encode()), fields["taker"], said["n"]


def name(called, line):
    """What the file calls the holder: a label, not a proof."""
    return f"({called[line['taker']]})" if isinstance(called, dict) and line["taker"] in called else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", help="the packet's proof file")
    parser.add_argument("--log-key", required=True, help="file with the log's key, one line")
    asked = parser.parse_args()
    try:
        key = read_key(Path(asked.log_key).read_text(encoding="utf-8"))
        proof = json.loads(Path(asked.proof).read_text(encoding="utf-8"))
        lines = list(check(proof, key))
        size, root = read_checkpoint(proof["checkpoint"], key)
    except Fault as fault:
        sys.exit(f"Does not hold: {fault}")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        sys.exit(f"Does not hold: the file is damaged ({type(error).__name__})")
    labels = proof.get("labels")
    called = labels.get("parties") if isinstance(labels, dict) else None
    print(f"Packet {lines[0]['code']}")
    for line in lines:
        at = datetime.fromisoformat(line["at"]).astimezone(HERE).strftime("%Y-%m-%d %H:%M:%S")
        print(
            f"{line['seq']:>3}  {at}  {line['event']:<12} {line['state']:<20} held by {line['taker']} {name(called, line)}"
        )
    print(
        f"{len(lines)} lines hold: chained, signed by their devices, in the log {key[0]} of {size} lines, root {root.hex()}."
    )


if __name__ == "__main__":
    main()
