// When it did not work: why, and what happens next. Both are needed; the citizen is told both.
import { fail } from "../acts.js";
import * as day from "../day.js";
import { bar, button, choices, fault, h, icon, notice, page, thumb } from "../dom.js";
import { draft, drop } from "../drafts.js";
import { draw } from "../router.js";
import { clock, phone, t } from "../words.js";
import { asked } from "./verdict.js";
import { missingVisit, overVisit } from "./visit.js";

const AT_DELIVERY = ["nobody_home", "house_not_found", "courier_late", "refused_id"]; // of the reasons for a miss

export function failed(id) {
  const stop = day.stopOf(day.model(), id);
  if (!stop) return missingVisit();
  if (!day.isOpen(stop) || !stop.person) return overVisit();
  const d = draft(stop.visit);
  const { reasons, next } = day.reasons();
  const collecting = stop.kind === "collect";
  const offered = collecting ? reasons.miss ?? [] : [...(reasons.miss ?? []).filter((each) => AT_DELIVERY.includes(each)), ...(reasons.decline ?? [])];
  const eventOf = (reason) => (reasons.miss?.includes(reason) ? "miss" : "decline");
  if (!d.reason && [...d.counts.values()].some((line) => line.state === "missing")) d.reason = "papers_not_ready";
  const after = (d.reason ? next[eventOf(d.reason)] ?? [] : next.miss ?? []).filter((each) => !(collecting && each === "hold_at_post"));
  if (!after.includes(d.next)) d.next = null;
  const says = fault("failed-says");
  const calls = d.calls.length
    ? notice("ok", "phone", h("p", {}, t("failed.called", { count: d.calls.length, times: d.calls.map(clock).join(", ") })))
    : h("div", { class: "notice" }, icon("phone"), h("div", {}, h("p", {}, t("failed.not_called")), h("a", { href: `tel:${stop.person.phone}`, class: "link-target", onclick: () => { d.calls.push(Date.now()); } }, phone(stop.person.phone))));

  async function record() {
    if (!d.reason) return says.say(t("failed.why_empty"));
    if (!d.next) return says.say(t("failed.next_empty"));
    const made = await fail(stop, stop.packets[0], eventOf(d.reason), d.reason, d.next);
    drop(stop.visit);
    return asked(made, false);
  }

  return {
    nodes: [
      bar(t(`failed.${stop.kind}`), `${stop.person.name} · ${t("visit.attempt", { n: stop.attempt })}`, { back: `#/visit/${stop.visit}` }),
      page(choices("reason", t("failed.why"), offered.map((each) => [each, t(`reason.${each}`)]), d.reason, (chosen) => { d.reason = chosen; draw(false); }),
        calls, choices("next", t("failed.next"), after.map((each) => [each, t(`next.${each}`)]), d.next, (chosen) => { d.next = chosen; says.say(""); }), says),
      thumb(button(t("failed.go"), record, { before: "check" })),
    ],
  };
}
