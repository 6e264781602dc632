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

// The officer's password is asked beside the field before the first packet, and under the list after the last one
// (data-due): then the cursor is there, and a scan finds its way to the field all the same.
const password = () => document.getElementById("present");
const signature = (due = "") => document.querySelector(`#signing${due} input`);

function ready() {
  const here = document.activeElement;
  if (document.querySelector("dialog[open]") || typing(here)) return;
  const next = [password(), signature("[data-due]")].find((each) => each?.value === "") ?? field;
  if (here === document.body || here === null || (here === field && !field.value && next !== field)) next.focus({ preventScroll: true });
  else return;
  if (next === field) field.select(); // what could not be found stands there still: the next scan replaces it
}

// A form that stays, data-stays="said bag": the answer is the page anew, and those parts of it are put in place of what
// is here; or it is a piece (desk/_counted.html), of which all is put in place, and its row on top of the table. So the
// field is free for the next scan at once. Scans that come meanwhile wait their turn. An answer that is another page
// is asked for again the plain way: telling a scan twice does no harm. What nobody has answered yet outlives the page in
// this tab: a session that ended, a reload.
const parts = form?.dataset.stays?.split(" ");
const shelf = `scans ${form?.action}`;
const waiting = [];
let unheard = parts ? JSON.parse(sessionStorage.getItem(shelf) ?? "[]") : []; // told with the next scan, with Enter, or when there is a network

function keep(scans) {
  if (scans.length) sessionStorage.setItem(shelf, JSON.stringify(scans));
  else sessionStorage.removeItem(shelf);
}

/** Nothing is sent for now; `why` is a data- of the field. */
function hold(why) {
  unheard = [...waiting.splice(0), ...unheard];
  const which = unheard.map((text) => (parse(text)?.kind === "slip" ? "QR" : text)).join(", ");
  tell(says(why).replace("{n}", unheard.length).replace("{which}", which));
  const again = document.getElementById(`${field.id}-again`);
  again.hidden = why !== "ended";
  again.href = `${again.pathname}?next=${encodeURIComponent(location.pathname + location.search)}`;
  if (why === "asked" && !field.value) password().focus(); // else a scan is just being typed
}

function countRow(row) {
  const table = document.getElementById("taken");
  document.querySelector(`tr[data-number="${CSS.escape(row.dataset.number)}"]`)?.remove();
  table.querySelector(".is-selected")?.classList.remove("is-selected");
  table.prepend(row);
}

/** Why the page does not go on: "ended" (signed out), "asked" (for the password), "left"; or "". Rejects where the network does not answer. */
async function answered(text) {
  const body = new URLSearchParams(new FormData(form));
  body.set(field.name, text);
  const reply = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html", Prefer: "return=representation" } });
  if (reply.status === 401) return "ended";
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const piece = [...page.querySelectorAll("[data-piece] > [id]")].map(({ id }) => id);
  const pairs = (piece.length ? piece : parts).map((id) => [document.getElementById(id), page.getElementById(id)]);
  if (reply.redirected || pairs.some(([, fresh]) => !fresh)) {
    if (reply.ok) keep(waiting.slice(1));
    field.value = text;
    form.submit(); // asks no listener
    return "left";
  }
  if (piece.length) countRow(page.querySelector("#taken > tr"));
  for (const [old, fresh] of pairs) {
    old.replaceChildren(...fresh.childNodes);
    old.hidden = fresh.hidden;
    Object.assign(old.dataset, fresh.dataset);
    old.dispatchEvent(new CustomEvent("refilled", { bubbles: true }));
  }
  const address = reply.headers.get("Content-Location");
  if (address) history.replaceState(null, "", address);
  ready(); // what had the keyboard may be gone
  return !reply.ok && password() ? "asked" : "";
}

async function stay(text) {
  field.value = "";
  tell("");
  const busy = waiting.length > 0;
  waiting.push(...unheard.splice(0), ...(text ? [text] : []));
  keep(waiting);
  if (busy) return;
  const said = document.getElementById("said");
  for (let unread = []; waiting.length; keep(waiting)) {
    const why = await answered(waiting[0]).catch(() => "lost"); // told or not told is the same to us: it can be told again
    if (why === "left") return;
    if (why) return hold(why);
    said.append(...unread);
    unread = waiting.length > 1 ? said.querySelectorAll("[role=alert]") : [];
    waiting.shift();
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
  window.addEventListener("pageshow", ({ persisted }) => {
    sent = false;
    if (persisted && document.activeElement === field) field.select();
  });
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

// The signature under a list: who is asked for the password is asked before the list is sent, with the cursor there.
function watchSignature() {
  document.addEventListener("submit", (event) => {
    if (!event.target.querySelector("#signing") || signature()?.value !== "") return;
    event.preventDefault();
    signature().focus();
  });
  if (signature()?.closest(".govuk-form-group--error")) setTimeout(() => signature().focus(), 0); // not to the summary: one key less
}

watchCounts();
watchSignature();
if (field && form) {
  watchForm();
  watchBursts();
  watchCamera();
  ready();
  if (unheard.length) hold("kept");
  window.addEventListener("focus", ready);
  document.addEventListener("focusout", () => setTimeout(ready, 0));
}
