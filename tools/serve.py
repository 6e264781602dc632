"""Serve the application with granian: one process on SQLite, WEB_WORKERS of them on PostgreSQL. Ctrl-C stops it.

On SQLite the signer of the log runs beside it, as a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pydantic import ValidationError  # noqa: E402 - the path above comes first

from app.config import THREADS, Settings  # noqa: E402
from app.domain.tokens import Keys  # noqa: E402


def read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        sys.exit("Cannot start: " + "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors()))


def main() -> None:
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        sys.exit(f"PORT={port} is not a port: use a number from 1 to 65535, for example PORT=8080")
    settings = read_settings()
    if "base_url" not in settings.model_fields_set:
        os.environ["BASE_URL"] = f"http://localhost:{port}"
        settings = read_settings()
    try:
        Keys.load(settings.keys_dir, settings.secret_key)
    except RuntimeError as error:
        sys.exit(f"Cannot start: {error}")
    print(f"\nHồ sơ tận nhà: {settings.base_url}", flush=True)
    if settings.demo:
        print(
            f"  Start here:      {settings.base_url}/demo\n"
            f"  Messages:        {settings.base_url}/demo/inbox\n"
            f"  Courier's phone: {settings.base_url}/courier/\n"
            f"  Staff sign-in:   {settings.base_url}/sign-in\n"
            "  Names:           courier1 … courier8, clerk1 …, desk1 …, lead1, dispatcher1, supervisor1, admin1\n"
            "  Password:        demo-demo (PIN at another's screen: 246810)\n"
            "  Stop with Ctrl-C.\n",
            flush=True,
        )
    elif settings.finer_codes:
        print(
            f"  The host has {len(settings.host)} letters: printed codes are one size finer (level {settings.finer_codes})"
        )
    granian = [
        str(Path(sys.executable).with_name("granian")),
        "--interface", "wsgi", "--host", os.environ.get("HOST", "127.0.0.1"), "--port", port,
        "--workers", str(settings.web_workers), "--blocking-threads", str(THREADS), "--backlog", "1024",
        "--log-level", "error", "--workers-kill-timeout", "15", "--respawn-failed-workers", "app.server:app",
    ]  # fmt: skip
    os.chdir(ROOT)
    if settings.database_url.startswith("sqlite"):  # elsewhere it is a service of its own, under its own user
        # It ends when this process does, whatever becomes of it: the log's key is never in the server's memory.
        subprocess.Popen([sys.executable, str(ROOT / "tools/signer.py")])  # noqa: S603 - our own neighbour
    os.execv(granian[0], granian)  # noqa: S606 - our own interpreter's neighbour


if __name__ == "__main__":
    main()
