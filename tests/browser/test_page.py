"""Test a proof's page in a real browser: keyboard, accessibility tree, narrow, dark, and printed."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Locator, Page, expect

from access.prove.matrix import Proof
from tests.browser.conftest import Scheme, Viewer, value
from tests.support import proofs

PROOFS = {
    "green": proofs.sample(),
    "red": proofs.red(),
    "twins": proofs.twins(),
    "large": proofs.large(),
    "hostile": proofs.hostile(),
}
every_proof = pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
every_scheme = pytest.mark.parametrize("scheme", ["light", "dark"])
ROLE = "UpdateApp of account 999999999999"
PICTURE, WHO, WHAT = f"Picture of {ROLE}", f"Who may assume {ROLE}", f"Other actions with {ROLE}"
PRINTED_WIDTH = 1031
"""The width of A4 without its margins, in CSS pixels."""


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True).and_(page.locator("[tabindex]"))


def focused(page: Page) -> str:
    """Return the focused element."""
    found: str = value(
        page,
        "(e => e === document.body ? '' : e.getAttribute('aria-label') || e.textContent)(document.activeElement)",
    )
    return found


def tab_through(page: Page, most: int = 60) -> list[str]:
    """Return the elements that Tab reaches, in order; each must show its focus."""
    found = []
    for _ in range(most):
        page.keyboard.press("Tab")
        name = focused(page)
        if not name:
            break
        outline = value(page, "(e => [e.outlineStyle, e.outlineWidth])(getComputedStyle(document.activeElement))")
        assert outline == ["solid", "3px"], name
        found.append(name)
    return found


@every_proof
@every_scheme
def test_the_page_makes_no_requests_and_has_no_errors(viewer: Viewer, proof: Proof, scheme: Scheme) -> None:
    opened = viewer.open(proof, scheme=scheme)
    opened.page.wait_for_timeout(100)
    assert opened.heard == [f"request: {opened.address}"]
    assert value(opened.page, "performance.getEntriesByType('resource').length") == 0
    assert value(opened.page, "document.scripts.length + document.images.length + document.forms.length") == 0


def test_the_content_security_policy_forbids_scripts_and_images(viewer: Viewer) -> None:
    opened = viewer.open(proofs.sample())
    value(opened.page, "document.body.insertAdjacentHTML('beforeend', '<img src=\"https://127.0.0.1:9/x\">')")
    value(
        opened.page, "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    opened.page.wait_for_timeout(100)
    assert value(opened.page, "window.ran") is None
    assert sum("Content Security Policy" in said for said in opened.heard) == 2


@every_proof
@pytest.mark.parametrize(("width", "scheme"), [(1360, "light"), (320, "dark")])
def test_axe_finds_nothing(viewer: Viewer, proof: Proof, width: int, scheme: Scheme) -> None:
    page = viewer.open(proof, scheme=scheme, width=width).page
    for summary in page.locator("summary").all():
        summary.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_tab_reaches_every_link_and_scrolling_region(viewer: Viewer) -> None:
    page = viewer.open(proofs.red()).page
    assert tab_through(page) == [
        "Not as expected",
        ROLE,
        "Not tested",
        PICTURE,
        "The picture as text",
        WHO,
        "✗ ALLOW DENY expected",
        "? INCONCLUSIVE DENY expected",
        WHAT,
        "✗ DENY ALLOW expected",
        "? INCONCLUSIVE DENY expected",
    ]


@pytest.mark.parametrize("name", [PICTURE, WHO, WHAT])
def test_arrow_keys_scroll_large_regions(viewer: Viewer, name: str) -> None:
    page = viewer.open(proofs.large(), width=320, height=700).page
    scrolling = region(page, name)
    scrolling.focus()
    for key, where in (("ArrowRight", "scrollLeft"), ("ArrowDown", "scrollTop")):
        for _ in range(3):
            page.keyboard.press(key)
        page.wait_for_timeout(300)
        assert scrolling.evaluate(f"e => e.{where}") > 0, key


def test_a_link_in_the_matrix_leads_to_aws_answer(viewer: Viewer) -> None:
    page = viewer.open(proofs.red()).page
    link = page.get_by_role("link", name="DENY ALLOW expected")
    link.focus()
    page.keyboard.press("Enter")
    target = page.locator(":target")
    expect(target).to_be_in_viewport()
    expect(target).to_contain_text("is not authorized to perform: s3:DeleteObject")


def test_links_at_the_top_lead_to_headings(viewer: Viewer) -> None:
    page = viewer.open(proofs.red()).page
    for name in ("Not as expected", ROLE, "Not tested"):
        page.get_by_role("navigation", name="On this page").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, level=2)).to_be_in_viewport()


def test_the_picture_is_accessible(viewer: Viewer) -> None:
    page = viewer.open(proofs.red()).page
    picture = page.get_by_role("img")
    expect(picture).to_have_accessible_name("Picture: who may assume UpdateApp, and its rights")
    expect(picture).to_have_accessible_description(
        "On the left 9 principals of 2 accounts, in the middle the role UpdateApp of account 999999999999, on the"
        " right its targets. Assuming the role: ALLOW for 5, DENY for 3, INCONCLUSIVE for 1. productionapp: ALLOW"
        " for 19, DENY for 17. anything else, in any account: ALLOW for 9, DENY for 27, INCONCLUSIVE for 1. 2 NOT AS"
        " EXPECTED, 2 INCONCLUSIVE."
    )
    words = page.locator("figure details")
    expect(words.get_by_role("list")).to_have_count(0)
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert (
        "- list:\n"
        '    - listitem: "member of Developers (account 111111111111, in Developers): ALLOW, ok; Developers: allow"'
    ) in words.aria_snapshot()
    expect(words.get_by_role("listitem").filter(has_text="member of Testers, power user")).to_have_text(
        "member of Testers, power user (account 111111111111, in Testers): ALLOW, NOT AS EXPECTED (DENY expected);"
        " Testers: deny"
    )


def test_tables_headings_and_regions_are_accessible(viewer: Viewer) -> None:
    page = viewer.open(proofs.red()).page
    headings = page.get_by_role("heading").all()
    assert [(h.evaluate("e => e.localName"), h.inner_text()) for h in headings] == [
        ("h1", "Who can do what"),
        ("h2", "Not as expected"),
        ("h2", ROLE),
        ("h3", "Picture"),
        ("h3", "Who may assume it"),
        ("h3", "Other actions"),
        ("h2", "Not tested"),
        ("h2", "How to read this page"),
    ]
    people = region(page, WHO).aria_snapshot()
    assert people.startswith(
        f'- region "{WHO}":\n'
        f'  - table "{WHO}":\n'
        f"    - caption: {WHO}\n"
        "    - rowgroup:\n"
        '      - row "Principal Account Groups Result Expected because AWS\'s answer":\n'
        '        - columnheader "Principal"\n'
    )
    assert (
        '        - rowheader "member of Testers, power user"\n'
        '        - cell "111111111111"\n'
        '        - cell "Testers"\n'
        '        - cell "ALLOW DENY expected":\n'
    ) in people
    matrix = region(page, WHAT).aria_snapshot()
    assert '- columnheader "member of Testers, power user"\n' in matrix
    assert '- rowheader "list productionapp s3:ListBucket":' in matrix
    assert '- cell "not tested"' in matrix
    assert page.locator("html").get_attribute("lang") == "en"


@every_proof
def test_on_a_small_screen_only_regions_scroll_sideways(viewer: Viewer, proof: Proof) -> None:
    page = viewer.open(proof, width=320, height=700).page
    assert value(page, "document.documentElement.scrollWidth") == 320
    outside = """
        [...document.querySelectorAll('section *, header *, footer *')]
            .filter(e => !e.closest('.scroll, .unseen') || e.matches('.scroll'))
            .filter(e => {
                const part = e.closest('section, header, footer');
                const inside = part.getBoundingClientRect().right - parseFloat(getComputedStyle(part).paddingRight);
                return e.getBoundingClientRect().right > inside + 0.5;
            })
            .map(e => e.outerHTML.slice(0, 80))
    """
    assert value(page, outside) == []


def test_fifty_principals_and_twenty_roles_are_readable_at_400_pixels(viewer: Viewer) -> None:
    page = viewer.open(proofs.many(actions=3), width=400, height=800).page
    assert value(page, "document.documentElement.scrollWidth") == 400
    expect(page.locator(".verdict")).to_be_in_viewport()
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Who may assume which role").click()
    matrix = region(page, "Who may assume which role")
    expect(matrix).to_be_in_viewport()
    assert matrix.locator("tbody tr").count() == 50
    row, column = matrix.locator("tbody th").first, matrix.locator("thead th").nth(1)
    # The names take less than half of the screen, and stay visible while the results scroll.
    assert row.evaluate("e => e.offsetWidth") < 200
    before = place(row), place(column)
    matrix.evaluate("e => e.scrollTo(120, 150)")
    after = place(row), place(column)
    assert (before[0][0] - after[0][0], before[1][1] - after[1][1]) == (0, 0)
    assert before[0][1] - after[0][1] == 150
    wrong = matrix.get_by_role("link", name="ALLOW DENY expected").first
    wrong.click()
    expect(page.locator(":target")).to_be_in_viewport()


@pytest.mark.parametrize("width", [1360, 320])
def test_headers_stay_while_the_matrix_scrolls(viewer: Viewer, width: int) -> None:
    page = viewer.open(proofs.large(), width=width, height=700).page
    scrolling = region(page, WHAT)
    row = scrolling.locator("tbody th").first
    column = scrolling.locator("thead th").nth(1)
    corner = scrolling.locator("thead th").first
    before = [place(element) for element in (row, column, corner)]
    scrolling.evaluate("e => e.scrollTo(200, 150)")
    moved = [
        (was[0] - now[0], was[1] - now[1])
        for was, now in zip(before, (place(element) for element in (row, column, corner)), strict=True)
    ]
    assert moved == [(0, 150), (200, 0), (0, 0)]


def place(element: Locator) -> tuple[float, float]:
    """Return the place of an element on the screen."""
    box = element.bounding_box()
    assert box
    return box["x"], box["y"]


CONTRASTS = """
    () => {
        const light = c => c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const numbers = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
        const behind = text => {
            const {left, top, width, height} = text.getBoundingClientRect();
            const [x, y] = [left + width / 2, top + height / 2];
            const rects = [...text.ownerSVGElement.querySelectorAll('rect')].filter(rect => {
                const box = rect.getBoundingClientRect();
                return box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
            });
            return rects.length ? getComputedStyle(rects.at(-1)).fill
                : getComputedStyle(text.closest('.picture')).backgroundColor;
        };
        return [...document.querySelectorAll('svg text')].map(text => {
            const [one, other] = [getComputedStyle(text).fill, behind(text)].map(numbers).map(light);
            return [(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), text.textContent];
        });
    }
"""


@every_proof
@every_scheme
def test_text_in_the_picture_has_enough_contrast(viewer: Viewer, proof: Proof, scheme: Scheme) -> None:
    contrasts = value(viewer.open(proof, scheme=scheme).page, CONTRASTS)
    assert contrasts
    assert [found for found in contrasts if found[0] < 4.5] == []


def test_the_page_supports_dark_mode(viewer: Viewer) -> None:
    brightness = (
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b) / 3"
    )
    assert value(viewer.open(proofs.sample(), scheme="light").page, brightness) > 200
    assert value(viewer.open(proofs.sample(), scheme="dark").page, brightness) < 60


def test_text_in_the_picture_stays_in_its_box_without_overlaps(viewer: Viewer) -> None:
    overlaps = """
        () => {
            const texts = [...document.querySelectorAll('svg text')].map(e => [e, e.getBoundingClientRect()]);
            const found = [];
            for (const [i, [one, a]] of texts.entries())
                for (const [other, b] of texts.slice(i + 1))
                    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4)
                        found.push([one.textContent, other.textContent]);
            return found;
        }
    """
    for proof in (proofs.sample(), proofs.red(), proofs.large(principals=12), proofs.hostile()):
        assert value(viewer.open(proof).page, overlaps) == []


@every_proof
def test_nothing_is_missing_in_print(viewer: Viewer, proof: Proof) -> None:
    page = viewer.open(proof, width=PRINTED_WIDTH, scheme="dark").page
    page.emulate_media(media="print")
    assert value(page, "getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    cut_off = "[...document.querySelectorAll('.scroll')].filter(e => getComputedStyle(e).overflow !== 'visible').length"
    assert value(page, cut_off) == 0
    assert value(page, "document.documentElement.scrollWidth") <= PRINTED_WIDTH
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")
