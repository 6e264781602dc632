"""Mutants: one small lie at a time in a function of the core, and a test must turn red.

    python tools/mutants.py [MODULE…] [--seconds N]     from the project's folder; `make mutants` runs all of TARGETS

A comparison is turned round, a condition denied, a number moved by one, a word changed, a call left out. The function
gets the lie's code in a forked child, so nothing is imported twice and no file is written. Who survives every test named
here must stand in tools/mutants.txt with its reason, one a line: `MUTANT  # why nobody can tell`.
Tables and defaults outside functions are not lied about: tests walk them.
"""

import argparse
import ast
import contextlib
import copy
import importlib
import inspect
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
EXPLAINED = Path(__file__).with_suffix(".txt")
ONE = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", "not postgresql and not the_phone_believes"]
TESTS = "tests/domain/"
TARGETS = {  # module: tests tried one after the other, the quick ones first
    "tree": ["test_tree.py"],
    "ledger": ["test_ledger.py", "test_invariants.py", "../test_verify.py", "test_checkpoints.py"],
    "trails": ["test_fables.py", "test_upshots.py", "test_custody.py"],
    "placing": ["test_fables.py", "test_upshots.py", "test_custody.py", "test_corrections.py"],
    "custody": ["test_upshots.py", "test_custody.py", "test_corrections.py", "test_manifests.py"],
}
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}  # fmt: skip


def lies(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The function with one lie in it, again and again; the changed node is marked."""
    said = {each for statement in function.body for each in ast.walk(statement)}  # not what types it names
    said -= {each for node in said if isinstance(node, ast.AnnAssign) for each in ast.walk(node.annotation)}
    for n, node in enumerate(ast.walk(function)):
        for change in changes(node) if node in said else ():
            liar = copy.deepcopy(function)
            target = next(each for at, each in enumerate(ast.walk(liar)) if at == n)
            change(target)
            target.lied = True  # type: ignore[attr-defined]
            yield liar


def changes(node: ast.AST) -> Iterator[Any]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield lambda it: it.ops.__setitem__(0, SWAPS[type(it.ops[0])]())
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS:
        yield lambda it: setattr(it, "op", SWAPS[type(it.op)]())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda it: setattr(it, "value", not it.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield lambda it: setattr(it, "value", it.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and node.value:
        yield lambda it: setattr(it, "value", it.value + it.value[:1])
    if isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(node.test, ast.Compare):
        yield lambda it: setattr(it, "test", ast.UnaryOp(ast.Not(), it.test))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield lambda it: setattr(it, "value", ast.Constant(None))


def functions(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield within + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node.body, f"{within}{node.name}.")


def mutants(module: ModuleType) -> Iterator[tuple[str, str, ast.Module]]:
    """Name, function and the whole module with the lie."""
    tree = ast.parse(inspect.getsource(module))
    for name, function in functions(tree.body):
        seen: dict[str, int] = {}
        if isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant):
            function.body[0].value.value = ""  # the docstring
        for liar in lies(function):
            said = f"{module.__name__.rpartition('.')[2]}.{name}: {_told(liar)}"
            seen[said] = seen.get(said, 0) + 1
            whole = copy.deepcopy(tree)
            place = next(node for at, node in functions(whole.body) if at == name)
            place.body = liar.body  # type: ignore[attr-defined]
            yield said + (f" ({seen[said]})" if seen[said] > 1 else ""), name, ast.fix_missing_locations(whole)


def _told(liar: ast.AST) -> str:
    """The innermost statement or expression worth showing, as it reads with the lie."""
    parents = {child: node for node in ast.walk(liar) for child in ast.iter_child_nodes(node)}
    node = next(node for node in ast.walk(liar) if hasattr(node, "lied"))
    line = node.lineno - liar.lineno  # type: ignore[attr-defined]
    while isinstance(node, ast.Constant | ast.BinOp) and isinstance(parents[node], ast.expr | ast.keyword):
        node = parents[node]
    shown = ast.unparse(node.test if isinstance(node, ast.If | ast.While) else node).split("\n")[0]
    return f"line {line}: {shown[:100]}"


def code_of(whole: ast.Module, name: str) -> CodeType:
    def find(code: CodeType) -> CodeType | None:
        for const in code.co_consts:
            if isinstance(const, CodeType):
                if const.co_qualname == name:
                    return const
                if found := find(const):
                    return found
        return None

    found = find(compile(whole, "<mutant>", "exec"))
    assert found
    return found


def function_of(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    for wrap in ("fget", "__func__", "func"):
        found = getattr(found, wrap, found)
    return inspect.unwrap(found)  # type: ignore[no-any-return]


def is_caught(module: ModuleType, name: str, whole: ast.Module | None, tests: str, patience: float) -> bool:
    """Whether a child that runs these tests with this lie turns red, or never comes to an end."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        if whole:
            function_of(module, name).__code__ = code_of(whole, name)
        for each in [each for each in sys.modules if each.startswith("tests.")]:
            del sys.modules[each]  # what they worked out when they were read was without the lie
        hypothesis = importlib.import_module("hypothesis")  # after pytest, which wants to read it first
        hypothesis.settings.register_profile("mutants", phases=[hypothesis.Phase.generate], database=None)
        hypothesis.settings.load_profile("mutants")  # a failing example need not be made small
        os._exit(int(pytest.main([*ONE, str(Path(TESTS, tests))])) != 0)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def read_once(tests: list[str]) -> None:
    """The tests and all they import, for every child to come."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main([*ONE, "--collect-only", *(str(Path(TESTS, each)) for each in tests)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after that long")
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    until, survivors, count = time.monotonic() + asked.seconds, list[str](), 0
    for short in asked.modules or TARGETS:
        read_once(TARGETS[short])
        module = importlib.import_module(f"app.domain.{short}")
        patience = dict[str, float]()
        for tests in TARGETS[short]:
            began = time.monotonic()
            if is_caught(module, "", None, tests, 900):
                sys.exit(f"{tests} is red without any lie")
            patience[tests] = 10 + 2 * (time.monotonic() - began)
        for said, name, whole in mutants(module):
            if time.monotonic() > until:
                print(f"out of time in {short}", flush=True)
                break
            count += 1
            print(f"{count} mutants, {len(survivors)} survived", end="\r", file=sys.stderr, flush=True)
            if not any(is_caught(module, name, whole, tests, patience[tests]) for tests in TARGETS[short]):
                survivors.append(said)
                print("survived  " + said, flush=True)
    lines = EXPLAINED.read_text().splitlines() if EXPLAINED.exists() else []
    explained = {line.split("  # ")[0] for line in lines if "  # " in line}
    left = [said for said in survivors if said not in explained]
    print(f"{count} mutants, {len(survivors)} survived, {len(left)} of them unexplained")
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
