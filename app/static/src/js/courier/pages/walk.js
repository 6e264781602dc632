// The steps at one door, a page each: which come, which are done, where Back leads. Nobody gets past one that is not done.
import * as day from "../day.js";
import { bar, bigIcon, legs, page } from "../dom.js";
import { draft } from "../drafts.js";
import { go } from "../router.js";
import { t } from "../words.js";

// fmt: what of the draft says that a step is done; the last one is done when the scan is written
const DONE = {
  person: (d) => d.seen && (d.who !== "authorised" || d.authorised),
  papers: (d) => d.sheets,
  returned: (d) => d.returned,
  seal: (d) => d.seal,
  money: (d) => d.lines,
  fee: (d) => d.fee,
};

export const leaveTo = (path) => ({ nodes: [page(bigIcon("wait"))], ready: () => go(path, { replace: true }) });

/** kind: "collect" or "deliver"; pages: [[step, page function, wanted]]; under: the bar's second line. */
export function walk({ kind, stop, step, pages, under }) {
  const d = draft(stop.visit);
  if (!d.slip) return leaveTo(`/visit/${stop.visit}`);
  const steps = pages.filter(([, , wanted]) => wanted);
  const path = (n) => `/${kind}/${stop.visit}/${steps[n][0]}`;
  const first = steps.findIndex(([name]) => !DONE[name]?.(d));
  const at = steps.findIndex(([name]) => name === step);
  if (at < 0 || at > first) return leaveTo(path(first));
  const head = (title) => bar(title, `${under} · ${t("step.of", { n: at + 1, count: steps.length })}`, { back: at ? `#${path(at - 1)}` : `#/visit/${stop.visit}` });
  return steps[at][1]({
    kind, stop, packet: stop.packets[0], d, head, legs: legs(at + 1, steps.length),
    next: () => go(path(at + 1)), last: at + 2 === steps.length,
  });
}

/** The open stop this door belongs to, and the draft of what was done there; null for any other. */
export function atDoor(id) {
  const stop = day.stopOf(day.model(), id);
  return stop && day.isOpen(stop) && stop.person && draft(stop.visit).slip ? { stop, d: draft(stop.visit) } : null;
}
