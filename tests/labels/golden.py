"""The whole text of every paper, one file a format, so that a changed word or a lost line is seen in a diff.

`python -m tests.labels.golden` writes the files anew; read what git shows of them before it is kept.
"""

from pathlib import Path

from labels import FORMATS
from tests.labels.reading import pages
from tests.labels.samples import BLANK, LONG

TEXTS = Path(__file__).parent / "texts"
MORE = {"slip": (BLANK, LONG)}


def path(name: str) -> Path:
    return TEXTS / f"{name}.txt"


def text(name: str) -> str:
    """Every page of every specimen, under a line that says which."""
    drawn = []
    for number, item in enumerate((*FORMATS[name].samples, *MORE.get(name, ())), 1):
        for page, said in enumerate(pages(name, item), 1):
            drawn.append(f"==== {name} {number}, page {page} ====\n{said.rstrip()}\n")
    return "\n".join(drawn)


if __name__ == "__main__":
    TEXTS.mkdir(exist_ok=True)
    for name in FORMATS:
        path(name).write_text(text(name), encoding="utf-8")
