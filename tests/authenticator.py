"""A device with a passkey, in software: what a browser would hand us of it, honest unless told otherwise."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, HOLDS = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    origin: str = "http://localhost"
    host: str = "localhost"
    count: int = 0
    step: int = 1  # 0: it does not count
    flags: int = PRESENT | VERIFIED
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    holder: str | None = None

    def make(self, options: dict[str, Any], **over: Any) -> str:
        """The answer to a question for a new key."""
        self.holder = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        named = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential
        data = self._data(self.flags | HOLDS) + named + cbor2.dumps(cose)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            clientDataJSON=self._client("webauthn.create", options, over), attestationObject=attestation, transports=["internal"]
        )  # fmt: skip

    def show(self, options: dict[str, Any], **over: Any) -> str:
        """The answer to a question for a proof."""
        self.count += self.step
        client, data = self._client("webauthn.get", options, over), self._data(self.flags)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signed, userHandle=self.holder)

    def _client(self, kind: str, options: dict[str, Any], over: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | over).encode()

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, **response: Any) -> str:
        written = {k: bytes_to_base64url(v) if isinstance(v, bytes) else v for k, v in response.items()}
        name = bytes_to_base64url(self.credential)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": written})

    def copy(self) -> "Authenticator":
        """The same key in another device, with the count of this moment."""
        return Authenticator(**vars(self))

    @property
    def user_id(self) -> str:
        return base64url_to_bytes(self.holder or "").decode()
