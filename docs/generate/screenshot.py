"""Makes docs/proof.png, the first screen of a proof's page: ``python -m docs.generate.screenshot PAGE.html``.

The page comes from ``access prove --html``. It needs the distribution's Chromium, as tests/browser does.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parents[1] / "proof.png"
_WIDTH, _HEIGHT = 1280, 860


def main() -> None:
    """Open the page and take the picture."""
    chromium = shutil.which("chromium")
    if len(sys.argv) != 2 or not chromium:
        sys.exit("usage: python -m docs.generate.screenshot PAGE.html (with chromium on PATH)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        page.goto(Path(sys.argv[1]).resolve().as_uri())
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
