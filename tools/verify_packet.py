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

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
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


def part(of, name, kind):
    """One entry of what the file says, of the kind it must be."""
    need(isinstance(of, dict) and name in of, f"{name!r} is missing in the file")
    need(type(of[name]) is kind, f"{name!r} is damaged in the file")
    return of[name]


def unb64(text, what):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        data = b""
    need(data and base64.b64encode(data).decode() == text, f"{what} is damaged")
    return data


def unhex(text, what):
    need(isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef"), f"{what} is damaged")
    return bytes.fromhex(text)


def read_key(text):
    """Name, id and Ed25519 key of a log, from its one line "name+id+base64"."""
    parts = text.strip().split("+", 2)
    need(len(parts) == 3, "the log's key is not one line of name, id and key")
    name, key_id, raw = parts[0], parts[1], unb64(parts[2], "the log's key")
    need(raw[:1] == b"\1" and len(raw) == 33, "the log's key is damaged")
    need(sha256(name.encode() + b"\n" + raw)[:4].hex() == key_id, "the log's key does not belong to its name")
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(raw[1:])


def read_checkpoint(note, key):
    """Size and root that the log's key has signed."""
    name, key_id, public = key
    text, _, signatures = note.partition("\n\n")
    lines = text.split("\n")
    need(
        note.endswith("\n") and len(lines) == 3 and lines[1].isdecimal() and lines[1].isascii(),
        "the checkpoint is damaged",
    )
    need(lines[0] == name, f"the checkpoint is of the log {lines[0]}, the key of {name}")
    ours = [line.rpartition(" ")[2] for line in signatures.split("\n") if line.startswith(f"— {name} ")]
    need(ours, "the checkpoint is not signed by this key")
    signature = unb64(ours[0], "the checkpoint's signature")
    need(signature[:4] == key_id, "the checkpoint is signed by another key")
    try:
        public.verify(signature[4:], f"{text}\n".encode())
    except InvalidSignature:
        raise Fault("the checkpoint's signature does not hold") from None
    return int(lines[1]), unb64(lines[2], "the checkpoint's root")


def check_path(leaf, n, size, path, root):
    """RFC 9162, 2.1.3.2: the leaf with number n is under the root of a tree of that size."""
    need(0 <= n < size, f"number {n} is not under the checkpoint of {size} lines")
    at, last, found = n, size - 1, leaf
    for beside in path:
        beside = unhex(beside, "its path")
        need(last, "its path is too long")
        if at & 1 or at == last:
            found = sha256(b"\1" + beside + found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = sha256(b"\1" + found + beside)
        at, last = at >> 1, last >> 1
    need(last == 0, "its path is too short")
    need(found == root, "it is not in the log that was signed")


def check_line(said, devices, seq, prev, holder, code, size, root):
    """One line: its place in the chain and in the log, the scan that made it, the phone that signed. Its fields."""
    text = part(said, "line", str)
    values = text.split("\n")
    need(len(values) == len(FIELDS), "it is not a line of a ledger")
    fields = dict(zip(FIELDS, values, strict=True))
    check_path(sha256(b"\0" + text.encode()), part(said, "n", int), size, part(said, "path", list), root)
    need(fields["version"] == "handoff-v1" and fields["code"] == code, "it is not of this packet")
    need(fields["seq"] == str(seq), f"the file has line {fields['seq']} in its place")
    need(fields["prev"] == prev.hex(), "it does not follow the line before it")
    body, sig = unb64(part(said, "body", str), "its scan"), unb64(part(said, "sig", str), "its signature")
    need(sha256(b"scan-v1\n" + body).hex() == fields["digest"], "its scan was changed")
    scan = json.loads(body)
    need(scan["event"] == fields["event"] and scan["code"] == code, "its scan says something else")
    key = load_der_public_key(unb64(part(devices, scan["device"], str), f"the key of device {scan['device']}"))
    need(len(sig) == 64, "its signature is damaged")
    r, s = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), b"scan-v1\n" + body, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Fault("its scan is not signed by its device") from None
    need(holder in (None, fields["giver"]), "it was given by somebody who did not hold it")
    return fields


def check(proof, key):
    """The fields of every line, in order. Raises Fault."""
    need(part(proof, "v", int) == 1, "this is not a proof file of version 1")
    size, root = read_checkpoint(part(proof, "checkpoint", str), key)
    lines, devices = part(proof, "lines", list), part(proof, "devices", dict)
    need(lines, "there is no line in it")
    code = part(lines[0], "line", str).split("\n")[1:2]
    need(code and len(code[0]) == 16 and set(code[0]) <= set(LETTERS), "line 1: it is not a line of a ledger")
    number = 0
    for letter in code[0]:
        number = number << 5 | LETTERS.index(letter)
    prev, holder, last, found = sha256(b"packet-v1\n" + number.to_bytes(10, "big")), None, -1, []
    for seq, said in enumerate(lines, 1):
        try:
            fields = check_line(said, devices, seq, prev, holder, code[0], size, root)
            need(said["n"] > last, "it is numbered before the line before it")
        except Fault as fault:
            raise Fault(f"line {seq}: {fault}") from None
        except (KeyError, TypeError, ValueError, AttributeError, UnsupportedAlgorithm):
            raise Fault(f"line {seq}: its scan or its device's key cannot be read") from None
        found.append(fields)
        prev, last = sha256(said["line"].encode()), said["n"]
        holder = None if fields["state"] == "WAITING" and fields["kind"] == "move" else fields["taker"]
    return found


def name(called, party):
    """What the file calls a holder: a label, not a proof."""
    label = called.get(party) if isinstance(called, dict) else None
    return f" ({label})" if isinstance(label, str) and label.isprintable() else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", type=Path, help="the packet's proof file")
    parser.add_argument("--log-key", type=Path, required=True, help="file with the log's key, one line")
    asked = parser.parse_args()
    try:
        key = read_key(asked.log_key.read_text(encoding="utf-8"))
        proof = json.loads(asked.proof.read_text(encoding="utf-8"))
        lines = check(proof, key)
    except Fault as fault:
        sys.exit(f"Does not hold: {fault}.")
    except OSError as error:
        sys.exit(f"Cannot be checked: {error.filename} cannot be read.")
    except (ValueError, RecursionError):
        sys.exit("Does not hold: a file is damaged, it is not JSON in UTF-8.")
    size, root = read_checkpoint(proof["checkpoint"], key)
    labels = proof.get("labels")
    called = labels.get("parties") if isinstance(labels, dict) else None
    print(f"Packet {lines[0]['code']}")
    for line in lines:
        at = datetime.fromisoformat(line["at"]).astimezone(HERE).strftime("%Y-%m-%d %H:%M:%S")
        held = f"held by {line['taker']}{name(called, line['taker'])}"
        print(f"{line['seq']:>3}  {at}  {line['event']:<12} {line['state']:<20} {held}")
    print(
        f"{len(lines)} lines hold: chained, signed by their devices, in the log {key[0]} of {size} lines, root {root.hex()}."
    )
    print("Names in brackets are labels of the file; nothing vouches for them.")
    print("The number printed on a slip is no part of this proof: the code above is, and the slip's QR carries it.")


if __name__ == "__main__":
    main()
