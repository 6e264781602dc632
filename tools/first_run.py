"""Make what a first run needs and nothing may ship: a secret and the signing keys, in var/. Never overwrites."""

import os
import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

VAR = Path(__file__).parents[1] / "var"


def write_once(path: Path, data: bytes) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError:
        return
    print(f"  made {path.relative_to(VAR.parent)}")


def pem() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def main(demo: bool) -> None:
    (VAR / "keys").mkdir(parents=True, exist_ok=True)
    settings = f"SECRET_KEY={secrets.token_urlsafe(48)}\n" + ("DEMO=1\n" if demo else "")
    write_once(VAR / "settings.env", settings.encode())
    for name in ("slip", "server", "receipt"):
        write_once(VAR / "keys" / f"{name}.pem", pem())


if __name__ == "__main__":
    main(demo="--demo" in sys.argv)
