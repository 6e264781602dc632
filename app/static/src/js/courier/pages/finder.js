// The camera, for whatever is to be read: a packet, a seal, a card, the citizen's screen. It says what it sees and keeps nothing.
import { cameraPossible, openScanner } from "../../scanner.js";
import { bar, h, hole, icon, pair, thumb } from "../dom.js";
import { stayAwake } from "../phone.js";
import { t } from "../words.js";
import { strip } from "./parts.js";

const ERRORS = { refused: "scan.refused", "no-camera": "scan.nocamera", insecure: "scan.insecure", busy: "scan.busy", broken: "scan.broken" };

/**
 * read(text) → the sentence to show, or null when it went on to another page. `ways`: other ways than the camera, as
 * elements; `hint`: the sentence while nothing is seen.
 */
export function finder({ title, under = null, back, hint = t("scan.hold"), read, ways = [] }) {
  const words = h("p", { role: "status", id: "scan-says" }, t(cameraPossible() ? "scan.opening" : "scan.insecure"));
  const video = h("video", { playsinline: true, muted: true, "aria-hidden": "true" });
  const torch = h("button", { class: "button-quiet button-big", type: "button", hidden: true, "aria-pressed": "false" }, icon("torch"), " ", t("scan.torch"));
  const closing = new AbortController();
  let busy = false;

  async function onCode(text) {
    if (busy) return;
    busy = true;
    const told = await read(text, (sentence) => { words.textContent = sentence; });
    if (told) words.textContent = told;
    busy = false;
  }

  return {
    nodes: [bar(title, under, { back }), strip(), h("main", { class: "finder", id: "main" }, video, hole(), words), thumb(pair(torch, ways))],
    onCode,
    async ready() {
      if (!cameraPossible()) return;
      const sleep = stayAwake();
      closing.signal.addEventListener("abort", sleep, { once: true });
      const open = await openScanner(video, {
        signal: closing.signal, onCode,
        onError({ kind }) { words.textContent = t(ERRORS[kind] ?? "scan.broken"); },
      });
      if (!open) return;
      words.textContent = hint;
      if (!open.torch) return;
      torch.hidden = false;
      let on = false;
      torch.addEventListener("click", async () => {
        on = await open.torch(!on).catch(() => on); // a lamp that is hot, or held by another app, stays as it is
        torch.setAttribute("aria-pressed", String(on));
      });
    },
    leave() { closing.abort(); },
  };
}
