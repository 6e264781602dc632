// Live counts: <div data-live="/desk/counts" data-live-every="20"> is refilled with the HTML that address returns, while
// somebody looks at the page and nobody is inside it or has chosen something in it. Same origin only; a failure leaves what is there.

const asCame = ({ options }) => Math.max(0, [...options].findIndex((option) => option.defaultSelected));
const busy = (block) => block.contains(document.activeElement)
  || [...block.querySelectorAll("select")].some((select) => select.selectedIndex !== asCame(select));

async function refill(block) {
  if (document.hidden || busy(block)) return;
  const url = new URL(block.dataset.live, window.location.href);
  if (url.origin !== window.location.origin) return;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html", "X-Requested-With": "live" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const text = await answer.text();
    if (text !== block.dataset.liveLast && !busy(block)) {
      const sheet = document.createElement("template"); // scripts in a template do not run
      sheet.innerHTML = text;
      block.replaceChildren(sheet.content);
      block.dataset.liveLast = text;
    }
  } catch { /* the next round tries again */ }
}

export function live(root = document) {
  for (const block of root.querySelectorAll("[data-live]")) {
    const every = Math.max(5, Number(block.dataset.liveEvery) || 20) * 1000;
    setInterval(() => refill(block), every);
  }
}
