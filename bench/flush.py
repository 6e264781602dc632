"""A disk that takes its time. Where the machine's own says "flushed" out of a memory that outlives it, a commit costs a fifth of
a millisecond, and a limit counted in commits is one on the processor. A drive of one's own takes one to five."""

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


def run(milliseconds: float, folder: Path) -> int:
    """This run again, every flush of a file by it and by whatever it starts taking so much longer. Wants a C compiler."""
    library = folder / "flush.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)  # noqa: S603, S607
    slow = {"LD_PRELOAD": str(library), "FLUSH_MS": str(milliseconds)}
    return subprocess.run([sys.executable, "-m", "bench", *sys.argv[1:]], env=os.environ | slow).returncode  # noqa: S603
