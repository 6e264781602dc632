"""A visitor without a browser: opens a page, fills the form on it as it stands, sends it, follows where it leads."""

from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

VOID = {"checkbox", "radio"}


class _Forms(HTMLParser):
    """Every form of a page: its action and the values a browser would send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, Any]]] = []
        self._select: str | None = None
        self._area: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given.get("action") or "", {}))
        if not self.forms:
            return
        values, name = self.forms[-1][1], given.get("name")
        if tag == "input" and name:
            if given.get("type") in VOID:
                if "checked" in given:
                    values[name] = given.get("value", "on")
                else:
                    values.setdefault(name, None)
            elif given.get("type") not in ("submit", "button"):
                values[name] = given.get("value") or ""
        elif tag == "select" and name:
            self._select = name
            values[name] = None
        elif tag == "option" and self._select and (values[self._select] is None or "selected" in given):
            values[self._select] = given.get("value")
        elif tag == "textarea" and name:
            self._area, values[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        self._select = None if tag == "select" else self._select
        self._area = None if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][1][self._area] += data


class Visitor:
    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.page: TestResponse | None = None

    def open(self, path: str, status: int = 200) -> "Visitor":
        self.page = self.client.get(path, follow_redirects=True)
        assert self.page.status_code == status, (path, self.page.status_code, self.page.text[-3000:])
        return self

    @property
    def path(self) -> str:
        assert self.page
        return self.page.request.path

    def sees(self, *texts: str) -> "Visitor":
        assert self.page
        shown = self.page.text.replace("\u00a0", " ")
        for text in texts:
            assert text in shown, f"{text!r} is not on {self.path}"
        return self

    def send(self, to: str | None = None, status: int = 200, **fill: Any) -> "Visitor":
        """Send the page's form whose action ends with `to` (or that has the named fields), with `fill` filled in."""
        assert self.page
        for action, values in _Forms(self.page.text).forms:
            fits = (action or self.path).endswith(to) if to is not None else bool(fill) and fill.keys() <= values.keys()
            if fits:
                data = {k: v for k, v in (values | fill).items() if v is not None}
                self.page = self.client.post(action or self.path, data=data, follow_redirects=True)
                assert self.page.status_code == status, (action, self.page.status_code, self.page.text[-4000:])
                return self
        found = [(action, sorted(values)) for action, values in _Forms(self.page.text).forms]
        raise AssertionError(f"no such form on {self.path}: {found}")
