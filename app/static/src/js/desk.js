// The always-ready scanner field of desks and counters, over a plain form: macros/scan.html draws it.
// A scanner is a keyboard that types fast and ends with Enter. Typed into the field it simply works; typed anywhere
// else, a burst that reads as one of our codes is taken to the field. Nothing else a scanner types does anything.
import { mangled, parse } from "./shared/codes.js";

const GAP = 50;
const LONGEST = 400;

const field = document.querySelector("input[data-wedge]");
const form = field?.form;
let sent = false;

const says = (name) => field.dataset[name] ?? "";
function tell(text) {
  const place = document.getElementById(`${field.id}-says`);
  if (place) place.textContent = text;
}

function send(text) {
  if (sent) return;
  field.value = text;
  form.requestSubmit();
}

function typing(element) {
  return element && element !== field && (element.isContentEditable
    || (element.matches("input, select, textarea") && !element.matches("[type=checkbox], [type=radio], [type=submit], [type=button]")));
}

function ready() {
  if (document.querySelector("dialog[open]") || typing(document.activeElement)) return;
  if (document.activeElement === document.body || document.activeElement === null) field.focus({ preventScroll: true });
}

// A form that stays, data-stays="said bag": the answer is the page anew, and those parts of it are put in place of what
// is here; or it is a piece (desk/_counted.html), of which all is put in place, and its row on top of the table. So the
// field is free for the next scan at once. Scans that come meanwhile wait their turn. An answer that is another page
// (signed out, say) is asked for again the plain way: telling a scan twice does no harm.
const parts = form?.dataset.stays?.split(" ");
const waiting = [];
let unheard = []; // what was scanned while the server did not answer: told again with the next scan, or when there is a network

function countRow(row) {
  const table = document.getElementById("taken");
  document.querySelector(`tr[data-number="${CSS.escape(row.dataset.number)}"]`)?.remove();
  table.querySelector(".is-selected")?.classList.remove("is-selected");
  table.prepend(row);
}

/** Whether the page goes on. Rejects where the network does not answer. */
async function answered(text) {
  const body = new URLSearchParams(new FormData(form));
  body.set(field.name, text);
  const reply = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html", Prefer: "return=representation" } });
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const piece = [...page.querySelectorAll("[data-piece] > [id]")].map(({ id }) => id);
  const pairs = (piece.length ? piece : parts).map((id) => [document.getElementById(id), page.getElementById(id)]);
  if (reply.redirected || pairs.some(([, fresh]) => !fresh)) {
    field.value = text;
    form.submit(); // asks no listener
    return false;
  }
  if (piece.length) countRow(page.querySelector("#taken > tr"));
  for (const [old, fresh] of pairs) {
    old.replaceChildren(...fresh.childNodes);
    old.hidden = fresh.hidden;
    old.dispatchEvent(new CustomEvent("refilled", { bubbles: true }));
  }
  const address = reply.headers.get("Content-Location");
  if (address) history.replaceState(null, "", address);
  return true;
}

async function stay(text) {
  field.value = "";
  tell("");
  const busy = waiting.length > 0;
  waiting.push(...unheard.splice(0), ...(text ? [text] : []));
  if (busy) return;
  const said = document.getElementById("said");
  for (let unread = []; waiting.length; waiting.shift()) {
    try {
      if (!await answered(waiting[0])) return;
    } catch { // told or not told is the same to us: it can be told again
      unheard = waiting.splice(0);
      tell(says("lost").replace("{n}", unheard.length));
      return;
    }
    said.append(...unread);
    unread = waiting.length > 1 ? said.querySelectorAll("[role=alert]") : [];
  }
}

function watchForm() {
  form.addEventListener("submit", (event) => {
    const text = field.value.trim();
    if (!text && !unheard.length) {
      event.preventDefault();
      field.focus();
    } else if (mangled(text)) {
      event.preventDefault();
      tell(says("mangled"));
      field.select();
    } else if (parts) {
      event.preventDefault();
      stay(text);
    } else if (sent) {
      event.preventDefault();
    } else {
      sent = true;
    }
  });
  window.addEventListener("pageshow", () => { sent = false; });
  window.addEventListener("online", () => { if (unheard.length) stay(""); });
}

function watchBursts() {
  let burst = "";
  let last = 0;
  let held = null;
  const forget = () => { burst = ""; held = null; };

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (target === field || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return forget();
    const slow = event.timeStamp - last > GAP;
    last = event.timeStamp;
    if (event.key === "Enter") {
      const text = slow ? "" : burst;
      const before = held;
      forget();
      if (!parse(text)) return undefined;
      event.preventDefault();
      event.stopPropagation();
      if (before) before.element.value = before.value;
      return send(text);
    }
    if (event.key === "Shift") return undefined;
    if (event.key.length !== 1) return forget();
    if (slow || burst.length >= LONGEST) {
      burst = "";
      held = typing(target) && "value" in target ? { element: target, value: target.value } : null;
    }
    burst += event.key;
    return undefined;
  }, true);
}

async function watchCamera() {
  const button = document.querySelector("[data-camera]");
  const dialog = document.querySelector("dialog[data-camera-dialog]");
  if (!button || !dialog) return;
  const scanner = await import("./scanner.js");
  if (!scanner.cameraPossible()) return;
  button.hidden = false;
  const video = dialog.querySelector("video");
  const words = dialog.querySelector("[data-camera-says]");
  const torch = dialog.querySelector("[data-torch]");
  const waiting = words.textContent;
  let closing = null;

  button.addEventListener("click", async () => {
    closing = new AbortController();
    words.textContent = waiting;
    dialog.showModal();
    const open = await scanner.openScanner(video, {
      signal: closing.signal,
      onCode(text) {
        if (!parse(text)) {
          words.textContent = words.dataset.foreign;
          return;
        }
        dialog.close();
        send(text);
      },
      onError({ kind }) { words.textContent = words.dataset[kind.replace("-", "")] ?? words.dataset.broken; },
    });
    torch.hidden = !open?.torch;
    let on = false;
    torch.onclick = async () => {
      on = await open.torch(!on);
      torch.setAttribute("aria-pressed", String(on));
    };
  });
  dialog.addEventListener("close", () => {
    closing?.abort();
    field.focus({ preventScroll: true });
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
}

// Counting: a number that differs from the slip is said beside it while it is typed. The words stand in the table.
function watchCounts() {
  for (const row of document.querySelectorAll("tr[data-count]")) {
    const box = row.querySelector("[data-expected]");
    const says = row.querySelector("[data-difference]");
    box?.addEventListener("input", () => {
      const found = /^\d+$/.test(box.value.trim()) ? Number(box.value) : null;
      const left = Number(box.dataset.expected) - found;
      const off = found === null || left !== 0;
      row.classList.toggle("tone-warning", off);
      if (found === null) says.textContent = "–";
      else if (!off) says.textContent = says.dataset.same;
      else if (found === 0) says.textContent = says.dataset.none;
      else says.textContent = (left > 0 ? says.dataset.missing : says.dataset.surplus).replace("%n", String(Math.abs(left)));
    });
    box?.addEventListener("focus", () => box.select());
  }
}

watchCounts();
if (field && form) {
  watchForm();
  watchBursts();
  watchCamera();
  ready();
  window.addEventListener("focus", ready);
  document.addEventListener("focusout", () => setTimeout(ready, 0));
}
