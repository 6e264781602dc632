"""Lies: a function of the core with one small thing wrong in it, again and again.

A comparison is turned round, a condition denied, a number moved by one, a word changed, a call left out.
Tables and defaults outside functions are not lied about: tests walk them; nor are assertions, which are for whoever
checks types and decide nothing.
"""

import ast
import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}  # fmt: skip


def lies(function: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """The function with one lie in it, again and again; the changed node is marked."""
    said = {each for statement in function.body for each in ast.walk(statement)}  # not what types it names
    said -= {each for node in said if isinstance(node, ast.AnnAssign) for each in ast.walk(node.annotation)}
    said -= {each for node in said if isinstance(node, ast.Assert) for each in ast.walk(node)}
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


@dataclass(frozen=True)
class Lie:
    """How it reads, the function that tells it, the code the function has then, and the lines it stands on."""

    said: str
    name: str
    code: CodeType
    lines: range


def of(module: ModuleType) -> Iterator[Lie]:
    for name, function in functions(ast.parse(inspect.getsource(module)).body):
        seen: dict[str, int] = {}
        if isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant):
            function.body[0].value.value = ""  # the docstring
        for liar in lies(function):
            lied = next(node for node in ast.walk(liar) if hasattr(node, "lied"))
            said = f"{module.__name__.rpartition('.')[2]}.{name}: {_told(liar, lied)}"
            seen[said] = seen.get(said, 0) + 1
            said += f" ({seen[said]})" if seen[said] > 1 else ""
            yield Lie(said, name, _code(liar, name), _lines(liar, lied))


def _lines(liar: ast.AST, lied: ast.AST) -> range:
    """Of the innermost statement it stands in; of one that holds others, the head alone."""
    parents = {child: node for node in ast.walk(liar) for child in ast.iter_child_nodes(node)}
    while not isinstance(lied, ast.stmt):
        lied = parents[lied]
    inner = getattr(lied, "body", None)
    return range(lied.lineno, inner[0].lineno if inner else (lied.end_lineno or lied.lineno) + 1)


def _told(liar: ast.AST, node: ast.AST) -> str:
    """The innermost statement or expression worth showing, as it reads with the lie."""
    parents = {child: node for node in ast.walk(liar) for child in ast.iter_child_nodes(node)}
    line = node.lineno - liar.lineno  # type: ignore[attr-defined]
    while isinstance(node, ast.Constant | ast.BinOp) and isinstance(parents[node], ast.expr | ast.keyword):
        node = parents[node]
    shown = ast.unparse(node.test if isinstance(node, ast.If | ast.While) else node).split("\n")[0]
    return f"line {line}: {shown[:100]}"


def _code(liar: ast.stmt, name: str) -> CodeType:
    """Of the function alone, within the classes it stands in."""
    for within in reversed(name.split(".")[:-1]):
        liar = ast.ClassDef(within, bases=[], keywords=[], body=[liar], decorator_list=[])
    code = compile(ast.fix_missing_locations(ast.Module([liar], [])), "<mutant>", "exec")
    while code.co_qualname != name:
        inner = (const for const in code.co_consts if isinstance(const, CodeType))
        code = next(each for each in inner if f"{name}.".startswith(f"{each.co_qualname}."))
    return code


def function_of(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    for wrap in ("fget", "__func__", "func"):
        found = getattr(found, wrap, found)
    return inspect.unwrap(found)  # type: ignore[no-any-return]
