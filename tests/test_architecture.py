"""The laws of the house, checked. Each is a few lines long."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter

from app.domain.people import GRANTS, Right, Role
from app.sentences import SENTENCES
from tools import lies

ROOT = Path(__file__).parents[1]

# Arrows point down: whoever is not named may not be imported. Nouns of app.domain stand in their order.
DOMAIN = [
    "printing", "parties", "places", "tokens", "tree", "notes", "people", "calendar", "bands", "procedures", "audit", "editions", "exemptions", "imports", "sessions", "passkeys", "invitations", "limits", "outbox", "numbers",
    "cases", "dossiers", "votes", "drafts", "forms", "packets", "postage", "visits", "homes", "upkeep", "rounds", "codes", "devices", "bodies", "scans", "photos", "tasks", "ledger", "shelf", "checkpoints",
    "findings", "shares", "reading", "logbook", "inspection", "proofs", "certificates",
    "steps", "hands", "trails", "stickers", "placing", "flags", "duties", "repeats", "money", "fees", "takings", "remittances", "tallies", "recovered", "closing", "aftermath", "vetting", "sittings", "custody", "receipts", "uploads", "corrections", "upshots",
    "manifests", "standards", "invariants", "booking", "alongside", "scope", "phones", "staff", "desk", "results", "reception", "decisions", "counter", "bags", "incidents", "figures", "paper", "sorting", "happenings", "queues", "filters", "oversight", "watch", "remedies", "denials", "dispatch", "reach", "relief", "day", "slips", "retention", "petitions", "copies", "deskforms", "papers", "batches", "sendings", "protocols", "registers", "evidence", "reports", "gauges", "headlines", "tracking", "lookups", "models",
]  # fmt: skip
PRINTERS = {"printing", "slips", "deskforms", "papers", "batches", "sendings", "protocols", "registers"}
INSIDE = {"app.db", "app.errors", "app.domain"}
DOOR = INSIDE | {
    "app.security",
    "app.sentences",
    "app.phrases",
    "app.language",
    "app.logs",
    "app.integrations",
    "app.config",
    "app.disks",
    "app.sheets",
    "app.spreadsheets",
    "routes",
}
MAY_IMPORT = {
    "routes": set(),
    "labels": set(),
    "app.errors": set(),
    "app.config": set(),
    "app.disks": {"app.config"},
    "app.patience": set(),
    "app.db": {"app.patience"},
    "app.crowds": {"app.db", "app.patience"},
    "app.domain": INSIDE | {"routes", "labels"},
    "app.integrations": INSIDE | {"app.language"},
    "app.security": INSIDE,
    "app.sentences": {"app.errors", "app.language"},
    "app.views": DOOR | {"app.demo"},
    "app.api": DOOR | {"app.crowds", "app.errorpages"},
}


def files(package: str) -> list[Path]:
    path = ROOT / package.replace(".", "/")
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(path: Path) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] in {"app", "routes", "labels", "tests"}}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_arrows_point_one_way(package: str) -> None:
    allowed = tuple(f"{name}." for name in MAY_IMPORT[package] | {package})
    for path in files(package):
        assert not [name for name in ours(path) if not f"{name}.".startswith(allowed)], path


@pytest.mark.parametrize("package", ["routes", "labels", "app.domain"])
def test_the_inside_knows_no_web(package: str) -> None:
    web = {"flask", "werkzeug", "flask_babel", "flask_wtf", "requests", "urllib", "http", "socket", "smtplib"}
    for path in files(package):
        assert not [name for name in imports(path) if name.split(".")[0] in web], path


def test_nouns_are_ordered_and_each_knows_only_those_before_it() -> None:
    found = {path.stem: path for path in files("app.domain") if path.stem != "__init__"}
    assert set(found) <= set(DOMAIN), "a new noun takes its place in DOMAIN"
    for noun, path in found.items():
        known = {name.split(".")[2] for name in ours(path) if name.startswith("app.domain.")}
        late = [name for name in known if DOMAIN.index(name) >= DOMAIN.index(noun)]
        assert not late, f"{noun} imports {late}"


def test_only_rounds_dispatch_and_relief_know_routes_and_only_the_papers_print() -> None:
    for path in files("app"):
        roots, is_terminal = {name.split(".")[0] for name in ours(path)}, path.parent.name == "cli"
        assert "labels" not in roots or is_terminal or path.stem in PRINTERS, path
        assert "routes" not in roots or is_terminal or path.stem in {"rounds", "dispatch", "relief"}, path


# The doors of citizens and of nobody: what they show hangs on a secret of the asker's, not on an office.
PUBLIC = {"account", "booking", "booking_forms", "demo", "grants", "health", "ics", "lookups", "telling", "tracking"}
UNSCOPED = {"session", "select", "by_number", "by_code", "of_dossier", "get_one"}


def test_the_doors_of_staff_ask_for_rows_through_scope_and_verbs_only() -> None:
    """They put no question to the database themselves, and look nothing up by what somebody typed or sent."""
    doors = [path for package in ("app.views", "app.api") for path in files(package) if path.stem not in PUBLIC]
    assert {"desk", "exceptions", "manifests", "scans"} <= {path.stem for path in doors}
    for path in doors:
        asked = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not asked & UNSCOPED, path


def test_our_own_modules_are_imported_at_the_top() -> None:
    for package in ("app", "routes", "labels"):
        for path in files(package):
            tree = ast.parse(path.read_text())
            for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
                inner = [n for n in ast.walk(function) if isinstance(n, ast.ImportFrom)]
                assert not [n for n in inner if str(n.module).split(".")[0] in {"app", "routes", "labels"}], path


def test_only_atomically_ends_a_transaction() -> None:
    for path in files("app"):
        calls = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert path.name == "db.py" or not calls & {"commit", "rollback"}, path


def test_the_domain_has_no_clock_of_its_own() -> None:
    for path in files("app.domain"):
        text = path.read_text()
        assert not re.search(r"datetime\.now|date\.today|time\.time\(|[^_]now\(\)", text), path


@pytest.mark.dialects("sqlite")
def test_every_view_says_who_may_enter(app: Flask) -> None:
    assert [name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, "right")] == []


@pytest.mark.dialects("sqlite")
def test_every_link_that_is_written_leads_to_a_view(app: Flask) -> None:
    texts = {path: path.read_text() for path in [*files("app"), *(ROOT / "app/templates").rglob("*.*")]}
    named = {
        name: path
        for path, text in texts.items()
        for name in re.findall(r"url_for\(\s*[\"']([\w.]+)[\"']\s*[,)]", text)
    }
    assert len(named) > 50
    assert {name: path for name, path in named.items() if name not in app.view_functions} == {}


@pytest.mark.dialects("sqlite")
def test_a_view_that_forgot_admits_nobody(app: Flask, sign_in, world) -> None:  # type: ignore[no-untyped-def]
    app.view_functions["lookups.by_number"] = lambda: "hello"
    assert app.test_client().get("/track").status_code == 403
    assert sign_in(world.admin).get("/track").status_code == 403


def test_every_role_has_rights_and_every_right_somebody() -> None:
    assert set(GRANTS) == set(Role)
    assert set().union(*GRANTS.values()) == set(Right)


def test_every_refusal_has_its_sentence() -> None:
    raised = set()
    for path in files("app"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in {"Refused", "Invalid", "NotAllowed", "Missing", "Gone", "TooMany", "TooOld"} and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    raised.add(first.value)
    assert raised - set(SENTENCES) == set()


def test_no_table_is_forgotten_by_the_migrations() -> None:
    text = (ROOT / "app/domain/models.py").read_text()
    for path in files("app.domain"):
        if "__tablename__" in path.read_text():
            assert re.search(rf"^    {path.stem},$", text, re.M), path.stem


def test_no_lock_file_names_a_package_index() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock", "requirements-node.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text and "index" not in text and "file:" not in text, name
        assert "--hash=sha256:" in text


def test_the_recipes_name_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:app|routes|labels|tests|migrations|tools|bench|docs)/[\w./-]+)`", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_lie_that_is_explained_can_still_be_told() -> None:
    """A reason is for a line as it stands: where that has changed, somebody looks again at who survives."""
    lines = (ROOT / "tools/mutants.txt").read_text().splitlines()
    explained = {said for said, reason in (line.split("  # ", 1) for line in lines) if reason}
    nouns = {said.partition(".")[0] for said in explained}
    places = ["routes" if (ROOT / f"routes/{noun}.py").exists() else "app.domain" for noun in nouns]
    modules = [importlib.import_module(f"{place}.{noun}") for place, noun in zip(places, nouns, strict=True)]
    told = {lie.said for module in modules for lie in lies.of(module)}
    assert len(explained) == len(lines) and explained - told == set()


@pytest.mark.dialects("sqlite")
def test_no_number_in_an_address_is_greater_than_a_row_has(app: Flask) -> None:
    """A database breaks on a greater one; this way there is nothing at such an address."""
    for rule in app.url_map.iter_rules():
        for name, converter in rule._converters.items():
            if isinstance(converter, IntegerConverter):
                assert converter.max == 2**31 - 1, (rule.rule, name)


def test_every_decision_stands_once_under_what_it_is_about() -> None:
    text = (ROOT / "DECISIONS.md").read_text()
    index, notes = text.split("By what they are about:")[1].split("\n1. **", 1)
    named = [int(number) for number in re.findall(r"\d+", re.sub(r"^\* [^:]*:", "", index, flags=re.M))]
    told = [1, *(int(number) for number in re.findall(r"^(\d+)\. \*\*", notes, re.M))]
    assert sorted(named) == told == list(range(1, len(told) + 1))
