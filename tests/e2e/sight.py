"""A page as it is met by other eyes and by a thumb in a glove: at twice the text, in the reader's own colours, by keyboard."""

from collections.abc import Iterator

from playwright.sync_api import Page

# Text and space as somebody sets them who cannot read ours: WCAG 1.4.4 and 1.4.12.
TWICE = "html { font-size: 200% !important }"
SPACED = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
    " p { margin-bottom: 2em !important }"
)
WIDER = "() => document.documentElement.scrollWidth - window.innerWidth"

# What has the keyboard shows it by an edge that other colours keep: an outline of its own or of what frames it.
UNRINGED = """() => {
  const edge = (e) => { const s = getComputedStyle(e); return s.outlineStyle + s.outlineWidth; };
  const frames = (e) => [e, e.parentElement, e.parentElement?.parentElement].filter(Boolean);
  const missing = [];
  for (const e of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')) {
    if (e.disabled || !e.checkVisibility()) continue;
    document.activeElement.blur();
    const before = frames(e).map(edge);
    e.focus({ preventScroll: true });
    if (!frames(e).some((f, n) => edge(f) !== before[n] && !edge(f).startsWith('none'))) missing.push(e.outerHTML.slice(0, 120));
  }
  document.activeElement.blur();
  return missing;
}"""

# What is chosen or current differs from its neighbour by more than its ground and its weight.
UNTOLD = """() => {
  const edges = (e) => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth, s.textDecorationLine, s.borderTopWidth,
    s.borderLeftWidth, s.borderTopStyle, s.borderLeftStyle].join(); };
  const chosen = [...document.querySelectorAll('[aria-current], [aria-pressed=true], .govuk-radios__item:has(:checked)')]
    .filter((e) => e.matches('a, button, div') && e.checkVisibility());
  return chosen.filter((e) => {
    const others = [...document.querySelectorAll(e.classList.length ? '.' + e.classList[0] : 'nav ' + e.tagName)]
      .filter((o) => o !== e && !chosen.includes(o) && o.closest('nav, ul, fieldset, main') === e.closest('nav, ul, fieldset, main'));
    return others.length && others.some((o) => edges(o) === edges(e));
  }).map((e) => e.outerHTML.slice(0, 120));
}"""

CUT_OFF = """() => [...document.querySelectorAll('main *')].filter((e) => {
  const s = getComputedStyle(e);
  return s.overflowY === 'hidden' && s.position !== 'absolute' && e.innerText?.trim() && e.scrollHeight > e.clientHeight + 2;
}).map((e) => e.outerHTML.slice(0, 120))"""

# Read in one go: a frame drawn between two questions costs more than both answers.
READ_IN = f"""(sheets) => sheets.map((sheet) => {{
  const style = Object.assign(document.createElement('style'), {{ textContent: sheet }});
  document.head.append(style);
  const read = [({WIDER})(), ({CUT_OFF})()];
  style.remove();
  return read;
}})"""
READ_AT_TWICE = f"""() => {{
  const whole = document.documentElement;
  whole.style.fontSize = '200%';
  const read = [({WIDER})(), ({CUT_OFF})()];
  whole.style.fontSize = '';
  return read;
}}"""

# At twice the text on the smallest phone: nothing runs out of the page, no word is broken, enough is left between the bars to
# read by, the camera's words leave its frame free; and whatever one comes to, downwards or upwards, stands in sight.
LARGE = """() => {
  const whole = document.documentElement, found = [], told = (e) => e.outerHTML.slice(0, 100);
  whole.style.fontSize = '200%';
  window.scrollTo(0, 0);
  const seen = (e) => e.checkVisibility() && !e.closest('.visually-hidden, svg');
  const walk = document.createTreeWalker(document.getElementById('app'), NodeFilter.SHOW_TEXT);
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    if (!seen(text.parentElement)) continue;
    for (const { 0: word, index } of text.data.matchAll(/[^\\s\\u00a0\\-–·/]+/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      if (word.includes('\\u2011')) continue; // a number held together, longer than the page
      const spots = [...range.getClientRects()].filter((r) => r.width);
      if (spots.some((r) => r.right > innerWidth + 1 || r.left < -1)) found.push('out of the page: ' + word);
      if (spots.some((r) => r.top > spots[0].top + 2)) found.push('broken: ' + word);
    }
  }
  for (const e of document.querySelectorAll('#app input')) if (seen(e) && e.scrollWidth > e.clientWidth + 1) found.push('cut off: ' + told(e));
  const bars = [...document.querySelectorAll('#app > :is(.bar, .thumb)')].filter((e) => e.checkVisibility() && getComputedStyle(e).position === 'sticky');
  const [hole, words] = ['.hole', '.finder > p'].map((each) => document.querySelector(each)?.getBoundingClientRect());
  if (hole && (hole.height < 100 || (hole.bottom > words.top && hole.top < words.bottom))) found.push('the frame of the camera is covered');
  const all = [...document.querySelectorAll('#app :is(a, button, label, select, textarea, input:not([type=radio], [type=checkbox], [type=file]))')].filter(seen);
  let least = innerHeight;
  for (const each of [...all, ...all.toReversed()]) {
    each.scrollIntoView({ block: 'nearest' });
    const { left, right, top, bottom } = each.getBoundingClientRect();
    let height = 0;
    for (let y = Math.max(top, 0) + 2; y < Math.min(bottom, innerHeight); y += 4) if (each.contains(document.elementFromPoint((left + right) / 2, y))) height += 4;
    if (height < Math.min(bottom - top, 48) - 8) found.push(`out of sight: ${told(each)}`);
    const covered = bars.map((e) => e.getBoundingClientRect()).map((r) => Math.max(0, Math.min(r.bottom, innerHeight) - Math.max(r.top, 0)));
    least = Math.min(least, innerHeight - covered.reduce((sum, one) => sum + one, 0));
  }
  if (least < 180) found.push(`only ${Math.round(least)} pixels between the bars`);
  whole.style.fontSize = '';
  window.scrollTo(0, 0);
  return [...new Set(found)];
}"""

# What a gloved thumb meets: each at least 48 pixels, and 8 of nothing between any two that scroll together.
CROWDED = """() => {
  const all = [...document.querySelectorAll('a[href], button, select, textarea, summary, label:has(input), input:not([type=radio], [type=checkbox], [type=file], [type=hidden])')]
    .filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()]).filter(([, r]) => r.width > 1 && r.height > 1);
  const part = (e) => e.closest('.bar, .thumb');
  const small = all.filter(([, r]) => r.width < 47.5 || r.height < 47.5).map(([e]) => 'small: ' + e.outerHTML.slice(0, 80));
  const near = all.flatMap(([a, r], n) => all.slice(n + 1).filter(([b, s]) => part(a) === part(b) && !a.contains(b) && !b.contains(a)
    && Math.hypot(Math.max(r.left - s.right, s.left - r.right, 0), Math.max(r.top - s.bottom, s.top - r.bottom, 0)) < 7.5)
    .map(([b]) => `near: ${a.outerHTML.slice(0, 60)} and ${b.outerHTML.slice(0, 60)}`));
  return [...small, ...near];
}"""
HELD_AND_CROWDED = f"() => {{ window.held = document.activeElement; return ({CROWDED})(); }}"


def wider(page: Page) -> list[int]:
    over: int = page.evaluate(WIDER)
    return [over] if over > 1 else []


def read_in(page: Page, *sheets: str) -> Iterator[str]:
    """What is wrong with the page in each of these styles."""
    for sheet, (over, cut_off) in zip(sheets, page.evaluate(READ_IN, list(sheets)), strict=True):
        if over > 1:
            yield f"too wide with {sheet[:12]}: {over}"
        yield from (f"cut off with {sheet[:12]}: {each}" for each in cut_off)


def large_faults(page: Page) -> list[str]:
    """What is wrong with a screen of the phone at twice the text on the smallest one there is; it is left as it was."""
    size = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 640})
    found: list[str] = page.evaluate(LARGE)
    if size:
        page.set_viewport_size(size)
    return found


def phone_faults(page: Page) -> list[str]:
    """What is wrong with a screen of the phone as wide as a small one's; it is left as it was."""
    found = [f"crowded: {each}" for each in page.evaluate(HELD_AND_CROWDED)]
    over, cut_off = page.evaluate(READ_AT_TWICE)
    found += [f"too wide at twice the text: {over}"] if over > 1 else []
    found += [f"cut off at twice the text: {each}" for each in cut_off]
    page.emulate_media(forced_colors="active")
    page.keyboard.press("Shift")  # the keyboard is used, and nothing else happens
    found += [f"focus not seen: {each}" for each in page.evaluate(UNRINGED)]
    page.emulate_media(forced_colors="none")
    page.evaluate("() => window.held?.focus({ preventScroll: true })")
    return found
