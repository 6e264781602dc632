"""What the browser gets: names of built files, read once from the manifest that `make assets` writes.

Names carry a hash of their content, so a browser may keep them for ever. No other place is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

DIST = Path(__file__).parent / "static" / "dist"
URL = "/static/dist/"


def read(dist: Path = DIST) -> dict[str, str]:
    """The manifest: source name → built name. RuntimeError when nothing was built."""
    try:
        text = (dist / "manifest.json").read_text(encoding="utf-8")
    except FileNotFoundError as missing:
        raise RuntimeError("The styles and scripts are not built: run make assets") from missing
    names: dict[str, str] = json.loads(text)
    return names


def shell(dist: Path = DIST) -> dict[str, list[str]]:
    """Addresses the courier's page needs to open without a network (`files`), and those of its camera (`later`)."""
    lists: dict[str, list[str]] = json.loads((dist / "shell.json").read_text(encoding="utf-8"))
    return {name: [URL + file for file in files] for name, files in lists.items()}


def addresses(names: dict[str, str], base: str = URL) -> Callable[[str], str]:
    """asset("site.css") → "/static/dist/site.abc123.css"; RuntimeError for a name nobody built."""

    def asset(name: str) -> str:
        try:
            return base + names[name]
        except KeyError:
            raise RuntimeError(f"No built file is called {name!r}: add it, then run make assets") from None

    return asset


def init_app(app: Flask) -> None:
    """Gives templates `asset()` and the form components; the manifest stays in `extensions["assets"]`."""
    names = read()
    app.extensions["assets"] = names
    app.extensions["shell"] = shell()
    app.extensions["worker"] = (DIST / names["worker.js"]).read_text(encoding="utf-8")
    app.jinja_env.globals["asset"] = addresses(names)
    components = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    own = app.jinja_env.loader
    app.jinja_env.loader = ChoiceLoader([own, components] if own else [components])
