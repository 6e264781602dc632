// <a data-printing href="…">: a day's papers take a while, so the page shows how far they are. The server sends "12 1500"
// line by line, then "pdf" and the document. Without scripts, or when anything fails, the link simply leads to the document.

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function lines(bytes, tell) {
  const text = new TextDecoder("latin1");
  let from = 0;
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, from)) {
    const line = text.decode(bytes.subarray(from, at));
    from = at + 1;
    if (line === "pdf") return { document: true, rest: bytes.subarray(from) };
    tell(...line.split(" ").map(Number));
  }
  return { document: false, rest: bytes.subarray(from) };
}

function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

async function print(link, card) {
  const [says, bar] = [card.querySelector("[role=status]"), card.querySelector("progress")];
  const what = link.textContent;
  card.hidden = false;
  card.querySelector("a")?.remove();
  bar.hidden = false;
  bar.removeAttribute("value");
  says.textContent = what;
  const address = new URL(link.href);
  address.searchParams.set("progress", "1");
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error(answer.status);
  const reader = answer.body.getReader();
  let held = new Uint8Array();
  const parts = [];
  let begun = false;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    if (begun) {
      parts.push(value);
      continue;
    }
    const { document: found, rest } = lines(joined(held, value), (done_, all) => {
      bar.max = all;
      bar.value = done_;
      says.textContent = fill(card.dataset.says, { done: done_, all });
    });
    begun = found;
    if (found) parts.push(rest);
    else held = rest.slice();
  }
  if (!begun) throw new Error("broken off");
  const ready = document.createElement("a");
  ready.className = "link-target";
  ready.target = "_blank";
  ready.href = URL.createObjectURL(new Blob(parts, { type: "application/pdf" }));
  ready.textContent = card.dataset.open;
  bar.hidden = true;
  says.textContent = fill(card.dataset.ready, { what });
  card.append(ready);
  ready.focus();
}

export function printing(root = document) {
  const card = root.getElementById("printing");
  for (const link of card ? root.querySelectorAll("a[data-printing]") : []) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      print(link, card).catch(() => { window.location.href = link.href; });
    });
  }
}
