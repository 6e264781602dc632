"""Draw the phone app's icons from our mark: python tools/icons.py (needs Chromium; its pictures are kept in the sources)

`icon-…` is the mark as it is; `mask-…` stands on our ivory with room around it, for phones that cut icons to a shape.
"""

import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

SOURCES = Path(__file__).parents[1] / "app/static/src"
KINDS = {"icon": (0.94, "transparent"), "mask": (0.58, "#f6f3ec")}  # part of the side, ground
SIZES = (192, 512)


def main() -> None:
    drawing = (SOURCES / "mark.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell"), args=["--no-sandbox"]
        )
        for kind, (part, ground) in KINDS.items():
            for size in SIZES:
                page = browser.new_page(viewport={"width": size, "height": size})
                page.set_content(
                    f"<style>body{{margin:0;height:100vh;display:grid;place-items:center;background:{ground}}}"
                    f"svg{{width:{part * 100}vw}}</style>{drawing}"
                )
                file = SOURCES / "icons" / f"{kind}-{size}.png"
                page.screenshot(path=file, omit_background=True)
                print(f"{file.name} {file.stat().st_size / 1024:.1f} kB")
        browser.close()


if __name__ == "__main__":
    main()
