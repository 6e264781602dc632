"""How full the disks are that our data lie on, as far as this machine can see them."""

import shutil
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from app.config import ROOT, Settings

measure: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage  # whole, used, free


def used(settings: Settings) -> dict[str, float]:
    """The used part of each disk by what lies there: "data" (the SQLite file, or DATA_DIR on the database's own machine) and
    "signer" (CHECKPOINT_DIR)."""
    folders = {"signer": settings.checkpoint_dir}
    address = make_url(settings.database_url)
    if settings.data_dir:
        folders["data"] = settings.data_dir
    elif address.get_backend_name() == "sqlite" and address.database:
        folders["data"] = Path(address.database).parent
    return {name: _used(folder) for name, folder in folders.items()}


def fullest(settings: Settings) -> int:
    """Whole percent of the fullest of them."""
    return int(max(used(settings).values()) * 100)


def _used(folder: Path) -> float:
    """As `df` counts: what only the system's administrator may still use is not free."""
    _whole, taken, free = measure(folder if folder.exists() else ROOT)
    return taken / (taken + free)
