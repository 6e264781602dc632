"""Serve the application with granian, in WEB_WORKERS processes. Ctrl-C stops it.

On SQLite the signer of the log runs beside it, as a process of its own. With --look it serves nothing and says whether it
could: granian shares a port with whoever has it, and two servers on one file would both be the only writer.
"""

import errno
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sqlalchemy import make_url  # noqa: E402

from app.config import WAITING, Settings, Where, ends_in_a_sentence  # noqa: E402
from app.domain.tokens import Keys  # noqa: E402


def read_settings() -> Settings:
    with ends_in_a_sentence():
        return Settings()


def read_port() -> int:
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        sys.exit(f"PORT={port} is not a port: use a number from 1 to 65535, for example PORT=8080")
    return int(port)


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens there. A host that is none of ours is granian's to refuse."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        return True
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what has just stopped listens no longer
        try:
            probe.bind(address)
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def stand_alone(url: str) -> IO[str] | None:
    """The mark beside a SQLite file that its one server holds as long as any of its processes lives; it ends the program
    while another does. On PostgreSQL there may be many, and no mark."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    path = Path(f"{address.database}.served")
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = path.open("a+")
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        mark.seek(0)
        where = mark.read().strip() or "another address"
        sys.exit(
            f"This folder's server runs already, at {where}: use that, or stop it with Ctrl-C where it was started"
        )
    return mark


def refuse_a_taken(host: str, port: int) -> None:
    if not is_free(host, port):
        other = next(each for each in (*range(8080, 8100), 0) if each != port and is_free(host, each))
        sys.exit(f"Port {port} is taken: PORT={other or '…'} make run")


def granian(host: str, port: int, workers: int, application: str = "app.server:app") -> list[str]:
    """The command that serves it. A thread for each request that is on the line: most only wait (app/arrivals.py)."""
    return [
        str(Path(sys.executable).with_name("granian")),
        "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers),
        "--blocking-threads", str(WAITING), "--backpressure", str(WAITING), "--backlog", "1024",
        "--log-level", "error", "--workers-kill-timeout", "15", "--respawn-failed-workers", application,
    ]  # fmt: skip


def main() -> None:
    host, port = os.environ.get("HOST", "127.0.0.1"), read_port()
    if sys.argv[1:] == ["--look"]:
        stand_alone(Where().database_url)
        refuse_a_taken(host, port)
        return
    settings = read_settings()
    mark = stand_alone(settings.database_url)
    refuse_a_taken(host, port)
    if "base_url" not in settings.model_fields_set:
        os.environ["BASE_URL"] = f"http://localhost:{port}"
        settings = read_settings()
    with ends_in_a_sentence():
        Keys.load(settings.keys_dir, settings.secret_key)
    if mark:
        mark.truncate(0)
        mark.write(settings.base_url)
        mark.flush()
        os.set_inheritable(mark.fileno(), True)  # granian and its workers hold it from here on
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
    command = granian(host, port, settings.web_workers)
    os.chdir(ROOT)
    if settings.database_url.startswith("sqlite"):  # elsewhere it is a service of its own, under its own user
        # It ends when this process does, whatever becomes of it: the log's key is never in the server's memory.
        subprocess.Popen([sys.executable, str(ROOT / "tools/signer.py")])  # noqa: S603 - our own neighbour
    os.execv(command[0], command)  # noqa: S606 - our own interpreter's neighbour


if __name__ == "__main__":
    main()
