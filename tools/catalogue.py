"""The words of the pages: one .po file per area under app/translations/vi, merged into one messages.mo.

    python tools/catalogue.py extract AREA PATH...   put the words of these files into AREA.po; keep what is translated
    python tools/catalogue.py compile                merge every .po into messages.mo (not in git)
    python tools/catalogue.py check                  say what is missing, fuzzy, said by nobody or kept twice; exit 1 if so

A PATH is a file or a folder: Python and Jinja sources. Words that another area already holds stay there.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
LANGUAGE = "vi"
FOLDER = ROOT / "app" / "translations" / LANGUAGE / "LC_MESSAGES"
WORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "_n": (1, 2)}
JINJA = {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "silent": "false"}
Id = str | tuple[str, ...]


def areas() -> list[Path]:
    return sorted(path for path in FOLDER.glob("*.po") if path.stem != "messages")


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale=LANGUAGE, project="dossier-post", version="0.1.0", header_comment="# Vietnamese words.")
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def sources(paths: list[str]) -> Iterator[Path]:
    for name in paths:
        path = Path(name) if Path(name).is_absolute() else ROOT / name
        if not path.exists():
            raise SystemExit(f"There is no {name}")
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (one for one in found if one.suffix in (".py", ".html"))


def words_of(path: Path) -> Iterator[Id]:
    method = "python" if path.suffix == ".py" else "jinja2"
    options = JINJA if method == "jinja2" else {}
    for _line, words, _comments, _context in extract_from_file(method, path, keywords=WORDS, options=options):
        yield words


def key(words: Id) -> str:
    return words if isinstance(words, str) else words[0]


def extract(area: str, paths: list[str]) -> None:
    """AREA.po afterwards: the words of `paths`, in order, with the translations it had. What is no longer said goes."""
    path = FOLDER / f"{area}.po"
    before = read(path)
    elsewhere = {key(m.id) for other in areas() if other != path for m in read(other) if m.id}
    wanted = {key(words): words for source in sources(paths) for words in words_of(source)}
    after = Catalog(
        locale=LANGUAGE, project="dossier-post", version="0.1.0", header_comment=f"# Vietnamese words of {area}."
    )
    for name in sorted(wanted.keys() - elsewhere):
        known = before.get(wanted[name])
        after.add(wanted[name], known.string if known else "", flags=known.flags if known else ())
    save(after, path)
    missing = sum(1 for message in after if message.id and not translated(message))
    print(f"{path.relative_to(ROOT)}: {len(after)} messages, {missing} to translate")


def save(catalogue: Catalog, path: Path) -> None:
    for name in ("POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Last-Translator", "Report-Msgid-Bugs-To"):
        catalogue.mime_headers = [pair for pair in catalogue.mime_headers if pair[0] != name]
    with path.open("wb") as file:
        write_po(file, catalogue, no_location=True, sort_output=True, width=120, omit_header=True)
    body = path.read_text(encoding="utf-8")
    path.write_text(f"{catalogue.header_comment}\n{HEADER}\n{body}".rstrip() + "\n", encoding="utf-8")


HEADER = """msgid ""
msgstr ""
"Project-Id-Version: dossier-post 0.1.0\\n"
"Language: vi\\n"
"Language-Team: vi\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


def translated(message: Message) -> bool:
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return not message.fuzzy and all(forms)


def faults(path: Path) -> Iterator[str]:
    """Missing and fuzzy ones, and placeholders that do not survive the translation."""
    for message in read(path):
        if not message.id:
            continue
        if not translated(message):
            yield f"{path.name}: {'fuzzy' if message.fuzzy else 'missing'}: {key(message.id)!r}"
        for error in message.check() if translated(message) else ():
            yield f"{path.name}: {error}: {key(message.id)!r}"


def compile_() -> None:
    merged = Catalog(locale=LANGUAGE, project="dossier-post", version="0.1.0")
    for path in areas():
        for message in read(path):
            if message.id and translated(message):
                merged.add(message.id, message.string, flags=message.flags)
    target = FOLDER / "messages.mo"
    with target.open("wb") as file:
        write_mo(file, merged)
    print(f"{target.relative_to(ROOT)}: {len(merged)} messages of {len(areas())} areas")


def strays() -> Iterator[str]:
    """Words that no area holds, words that nobody says, and words that two areas hold."""
    said = {key(words) for source in sources(["app"]) for words in words_of(source)}
    kept = Counter(key(message.id) for path in areas() for message in read(path) if message.id)
    yield from (f"in no area: {words!r}" for words in sorted(said - kept.keys()))
    yield from (f"nobody says: {words!r}" for words in sorted(kept.keys() - said))
    yield from (f"in {count} areas: {words!r}" for words, count in sorted(kept.items()) if count > 1)


def check() -> None:
    found = [*(fault for path in areas() for fault in faults(path)), *strays()]
    print("\n".join(found) or f"{len(areas())} areas, nothing missing")
    raise SystemExit(1 if found else 0)


def main(words: list[str]) -> None:
    match words:
        case ["extract", area, *paths] if paths:
            extract(area, paths)
        case ["compile"]:
            compile_()
        case ["check"]:
            check()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
