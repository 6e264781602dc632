// The camera, for whatever is to be read: a packet, a seal, a card, the citizen's screen. It says what it sees and keeps nothing.
import { cameraPossible, openScanner } from "../../scanner.js";
import { bar, h, hole, icon, pair, thumb } from "../dom.js";
import { stayAwake } from "../phone.js";
import { t } from "../words.js";
import { strip } from "./parts.js";

const ERRORS = { refused: "scan.refused", "no-camera": "scan.nocamera", insecure: "scan.insecure", busy: "scan.busy", broken: "scan.broken" };

/** onCode(text) for each code seen. {video, words, torch, say, ready, leave}: elements to place, and what they do. */
export function camera(onCode, hint = t("scan.hold")) {
  const words = h("p", { role: "status", id: "scan-says" }, t(cameraPossible() ? "scan.opening" : "scan.insecure"));
  const video = h("video", { playsinline: true, muted: true, "aria-hidden": "true" });
  const torch = h("button", { class: "button-quiet button-big", type: "button", hidden: true, "aria-pressed": "false" }, icon("torch"), " ", t("scan.torch"));
  const closing = new AbortController();
  const say = (text) => { words.textContent = text; };
  return {
    video, words, torch, say,
    async ready() {
      if (!cameraPossible()) return;
      closing.signal.addEventListener("abort", stayAwake(), { once: true });
      const open = await openScanner(video, { signal: closing.signal, onCode, onError({ kind }) { say(t(ERRORS[kind] ?? "scan.broken")); } });
      if (!open) return;
      say(hint);
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

/**
 * read(text) → the sentence to show, or null when it went on to another page. `ways`: other ways than the camera, as
 * elements; `hint`: the sentence while nothing is seen.
 */
export function finder({ title, under = null, back, hint = t("scan.hold"), read, ways = [] }) {
  let busy = false;
  async function onCode(text) {
    if (busy) return;
    busy = true;
    const told = await read(text, seen.say);
    if (told) seen.say(told);
    busy = false;
  }
  const seen = camera(onCode, hint);
  return {
    nodes: [bar(title, under, { back }), strip(), h("main", { class: "finder", id: "main" }, seen.video, hole(), seen.words), thumb(pair(seen.torch, ways))],
    onCode, ready: seen.ready, leave: seen.leave,
  };
}
