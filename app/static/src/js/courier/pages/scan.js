// The camera. What it sees is found in the day first; only a packet the day does not know is asked for.
import { parse } from "../../shared/codes.js";
import { cameraPossible, openScanner } from "../../scanner.js";
import * as day from "../day.js";
import { bar, h, hole, icon, pair, thumb } from "../dom.js";
import { stayAwake } from "../phone.js";
import { meet } from "../meeting.js";
import { t } from "../words.js";
import { strip } from "./parts.js";

const ERRORS = { refused: "scan.refused", "no-camera": "scan.nocamera", insecure: "scan.insecure", busy: "scan.busy", broken: "scan.broken" };

/** mode: undefined (any packet), "take", "visit" with its id. */
export function scan(mode, id) {
  const stop = mode === "visit" ? day.stopOf(day.model(), id) : null;
  const back = mode === "take" ? "#/take" : stop ? `#/visit/${stop.visit}` : "#/";
  const words = h("p", { role: "status", id: "scan-says" }, t(cameraPossible() ? "scan.opening" : "scan.insecure"));
  const video = h("video", { playsinline: true, muted: true, "aria-hidden": "true" });
  const torch = h("button", { class: "button-quiet button-big", type: "button", hidden: true, "aria-pressed": "false" }, icon("torch"), " ", t("scan.torch"));
  const path = ["/type", mode, id].filter(Boolean).join("/");
  const keys = h("a", { class: "button-quiet button-big", href: `#${path}` }, icon("keys"), " ", t("scan.type"));
  const closing = new AbortController();
  let busy = false;

  async function onCode(text) {
    if (busy) return;
    const found = parse(text);
    if (!found) {
      words.textContent = t("scan.foreign");
      return;
    }
    busy = true;
    words.textContent = t("scan.looking");
    await meet(found, { mode, visit: stop?.visit, typed: false });
    busy = false;
  }

  const title = t(mode === "take" ? "scan.take" : mode === "visit" ? "scan.title" : "scan.any");
  const under = stop?.person ? `${stop.person.name}, ${stop.person.address[0]}` : null;
  return {
    nodes: [bar(title, under, { back }), strip(), h("main", { class: "finder", id: "main" }, video, hole(), words), thumb(pair(torch, keys))],
    async ready() {
      if (!cameraPossible()) return;
      const sleep = stayAwake();
      closing.signal.addEventListener("abort", sleep, { once: true });
      const open = await openScanner(video, {
        signal: closing.signal, onCode,
        onError({ kind }) { words.textContent = t(ERRORS[kind] ?? "scan.broken"); },
      });
      if (!open) return;
      words.textContent = t("scan.hold");
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

