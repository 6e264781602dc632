"""Places to break: a folder, keys and people of their own; FAULTS=long multiplies every run."""

import os
from pathlib import Path

import pytest

from app.config import Settings
from bench.ground import make_settings

LONG = os.environ.get("FAULTS") == "long"


def times(short: int, long: int) -> int:
    return long if LONG else short


@pytest.fixture
def own_settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)
