// When it did not work: why, and what happens next. Both are needed; the citizen is told both. Who stands at the door may
// agree on another time at once; a result that nobody could take is announced by two letters, and then goes back.
import { fail } from "../acts.js";
import * as day from "../day.js";
import { bar, button, choices, fault, h, icon, notice, page, thumb } from "../dom.js";
import { draft, drop } from "../drafts.js";
import { draw } from "../router.js";
import { me } from "../store.js";
import { clock, date, hourOf, phone, slot, t } from "../words.js";
import { pictureFor } from "./parts.js";
import { asked } from "./verdict.js";
import { missingVisit, overVisit } from "./visit.js";

const AT_DELIVERY = ["nobody_home", "house_not_found", "courier_late", "refused_id"]; // of the reasons for a miss
const NOBODY = ["nobody_home", "house_not_found"]; // there was nobody to agree with
const WHOLE = [...NOBODY, "courier_late"]; // what is so of a home, whatever the packet
const OFFERED = 6; // other times

export function failed(id) {
  const stop = day.stopOf(day.model(), id);
  if (!stop) return missingVisit();
  if (!day.isOpen(stop) || !stop.person) return overVisit();
  const d = draft(stop.visit);
  const { reasons } = day.reasons();
  const collecting = stop.kind === "collect";
  const offered = collecting ? reasons.miss ?? [] : [...(reasons.miss ?? []).filter((each) => AT_DELIVERY.includes(each)), ...(reasons.decline ?? [])];
  const eventOf = (reason) => (reasons.miss?.includes(reason) ? "miss" : "decline");
  if (!d.reason && [...d.counts.values()].some((line) => line.state === "missing")) d.reason = "papers_not_ready";
  const after = comesNext(stop, eventOf(d.reason), d.reason);
  if (!after.includes(d.next)) d.next = null;
  const others = WHOLE.includes(d.reason) ? alike(stop, eventOf(d.reason), d) : [];
  const says = fault("failed-says");
  let written = false;

  async function record() {
    if (!d.reason) return says.say(t("failed.why_empty"));
    if (!d.next) return says.say(t("failed.next_empty"));
    if (written) return undefined;
    written = true;
    const facts = { reason: d.reason, next: d.next, slot: d.next === "another_day" ? d.slot : null, pictures: NOBODY.includes(d.reason) ? d.pictures : null };
    const note = (each, more) => fail(each, each.packets[0], eventOf(d.reason), { ...facts, ...more });
    const also = [];
    for (const each of others) also.push((await note(each)).digest);
    const made = await note(stop, others.length ? { also } : {});
    for (const each of [stop, ...others]) drop(each.visit);
    return asked(made, false);
  }

  const pick = (name) => (chosen) => {
    d[name] = chosen;
    draw(false);
  };
  return {
    nodes: [
      bar(t(`failed.${stop.kind}`), `${stop.person.name} · ${t("visit.attempt", { n: stop.attempt })}`, { back: `#/visit/${stop.visit}` }),
      page(choices("reason", t("failed.why"), offered.map((each) => [each, t(`reason.${each}`)]), d.reason, pick("reason")),
        others.length ? notice("stamp", "home", h("p", {}, t("failed.whole", { count: others.length + 1 })), [stop, ...others].map(({ packets: [packet] }) => h("p", { class: "code" }, packet.number))) : null,
        NOBODY.includes(d.reason) && hourOf(day.clockNow()) < stop.slot[0] ? notice("warning", "clock", h("p", { id: "early" }, t("failed.early", { slot: slot(stop.slot) }))) : null,
        calls(stop, d), d.reason && NOBODY.includes(d.reason) ? pictureFor(d, "photo.door") : null, choices("next", t("failed.next"), after.map((each) => [each, named(stop, each)]), d.next, pick("next")),
        d.next === "another_day" && d.reason && !NOBODY.includes(d.reason) ? times(d) : null,
        d.next === "invite" ? notice("stamp", "post", h("p", {}, t("invite.leave"))) : null, says),
      thumb(button(t("failed.go"), record, { before: "check", id: "record" })),
    ],
  };
}

/** What may come next, of what the server knows: letters only for a result, two of them apart, and then back it goes. */
function comesNext(stop, event, reason) {
  const all = day.reasons().next[reason ? event : "miss"] ?? [];
  if (stop.kind === "collect") return all.filter((each) => ["later_today", "another_day"].includes(each));
  const { nth = 1, of = 2, from = null } = stop.invite ?? {};
  const due = !from || from <= day.today();
  const goesBack = event === "decline" || (nth > of && due);
  return all.filter((each) => (each === "invite" ? nth <= of && due : each === "back_to_desk" ? goesBack : true));
}

/** The other packets of this home that the same can be said of: those to bring, where they are in the bag. */
function alike(stop, event, d) {
  const now = day.model();
  const [, ...others] = day.atHome(now, day.stopOf(now, stop.visit));
  return others.filter((each) => each.person && (each.kind === "collect" || each.packets[0].holder === me().party) && (!d.next || comesNext(each, event, d.reason).includes(d.next)));
}

const named = (stop, next) => (next === "invite" ? t("next.invite", { n: stop.invite?.nth ?? 1 }) : t(`next.${next}`));

function calls(stop, d) {
  if (d.calls.length) return notice("ok", "phone", h("p", {}, t("failed.called", { count: d.calls.length, times: d.calls.map(clock).join(", ") })));
  return h("div", { class: "notice" }, icon("phone"), h("div", {}, h("p", {}, t("failed.not_called")), h("a", { href: `tel:${stop.person.phone}`, class: "link-target", onclick: () => { d.calls.push(Date.now()); } }, phone(stop.person.phone))));
}

/** Another time, agreed at the door; or they choose by the link in the message. */
function times(d) {
  const free = day.slots().slice(0, OFFERED);
  if (!free.length) return null;
  const options = [["", t("failed.slot_later")], ...free.map((each) => [each.key, h("b", {}, `${date(each.day)}, `, h("span", { class: "nowrap" }, slot([each.opens, each.closes])))])];
  return choices("slot", t("failed.slot"), options, d.slot ?? "", (chosen) => { d.slot = chosen || null; });
}
