"""A courier's phone as the protocol sees it: a key of its own, a counter, bodies signed in its own hand."""

import base64
import json
import secrets
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.domain import bodies, hands, tokens
from app.domain.packets import Packet


class Phone:
    """Signs what `actor` scans; `party` is who takes packets over. Registering the device is the caller's."""

    def __init__(self, actor: str, party: str | None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.der = self.key.public_key().public_bytes(*form)
        self.public_key = base64.b64encode(self.der).decode()
        self.actor, self.party = actor, party
        self.device_id = self.token = ""
        self.n = 0
        self.back: str | None = None
        self.heard: dict[str, str] = {}  # the server's last word on the time, signed

    def body(self, packet: Packet, event: str, at: datetime, **over: Any) -> bytes:
        """The next body; `over` replaces any field, `told` is the server's last word, proofs are (kind, value) pairs."""
        self.n += 1
        facts: dict[str, Any] = {
            "v": 1,
            "id": secrets.token_hex(16),
            "device": self.device_id,
            "n": self.n,
            "back": self.back,
            "code": tokens.b32(packet.code),
            "issue": packet.slip.issue,
            "event": event,
            "giver": packet.holder_id,
            "taker": self.party,
            "actor": self.actor,
            "parent": packet.head.hex(),
            "at": {"wall": at.isoformat(), "tz": "Asia/Ho_Chi_Minh"} | self.heard,
            "seal": packet.seal,
            "sheets": None,
            "proof": [],
            "reason": None,
            "next": None,
        }
        facts |= over
        facts["at"] |= facts.pop("told", {})
        facts["proof"] = [{"kind": kind, "value": value} for kind, value in facts["proof"]]
        body = json.dumps(facts, separators=(",", ":")).encode()
        self.back = bodies.digest_of(body).hex()
        return body

    def sign(self, body: bytes) -> bytes:
        return tokens.sign(self.key, b"scan-v1\n" + body)

    def offer(self, packet: Packet) -> str:
        """What this phone shows another: a packet as it stands, offered in its own hand."""
        sig = tokens.sign(self.key, hands.offer(packet.code, packet.head))
        return f"{self.device_id}:{base64.b64encode(sig).decode()}"

    def scan(
        self, packet: Packet, event: str, at: datetime, extra: bodies.Extra | None = None, **over: Any
    ) -> bodies.Scan:
        body = self.body(packet, event, at, **over)
        return bodies.parse(body, self.sign(body), extra)
