// Today's round: the next home, how far we are, where the scans are, and what comes after.
import * as day from "../day.js";
import { bar, bigIcon, button, h, icon, link, notice, page, pair, thumb } from "../dom.js";
import { changed, goOn } from "../router.js";
import { clock, date, money, slot, t } from "../words.js";
import { counts, forgotten, hours, kindTag, known, renewal, retry, sameDay, strip, themeButton, unheard } from "./parts.js";

let startFailed = false;

export function round() {
  const now = day.model();
  const who = day.courier();
  const under = [now.round && date(now.round.date), who && (who.badge?.replace("-", "\u2011") ?? who.name)].filter(Boolean).join(" · ");
  const menu = h("a", { href: "#/phone", id: "menu" }, icon("person", t("app.menu")));
  const top = h("header", { class: "bar" }, bar("").firstChild, h("h1", { class: "grow", tabindex: "-1" }, t("round.title"), under && h("small", {}, under)), themeButton(), menu);
  const parts = [trouble(now), renewal(), day.cancelled().map(({ number }) => notice("danger", "stop", h("p", {}, t("round.cancelled", { number })))), givenAway(now)];
  const open = now.stops.filter(day.isOpen);
  const homes = day.homes(open);
  if (!now.known) return { live: true, nodes: [top, strip(), page(parts, unheard(now), sync()), thumb(scanAny(false))] };
  if (!now.stops.length) parts.push(bigIcon("calendar"), h("h2", { class: "h1" }, t("round.empty")), h("p", {}, t("round.empty_lead")));
  else if (!open.length) parts.push(bigIcon("check"), h("h2", { class: "h1" }, t("round.done_title")), h("p", {}, t("round.done_lead")));
  else parts.push(nextStop(now, homes[0]));
  if (!open.length && now.ahead) parts.push(h("p", { class: "sentence", id: "ahead" }, t("round.ahead", { day: date(now.ahead.date), count: now.ahead.visits })));
  if (now.stops.length) parts.push(progress(now, open));
  parts.push(forgotten(now), sync(), bags(now), later(homes.slice(1)), done(now.stops.filter((stop) => !day.isOpen(stop))));
  return { live: true, nodes: [top, strip(), page(parts), thumb(main(now, open))] };
}

/** What the office has given to colleagues, or that it has written down that nobody rides any further. */
function givenAway(now) {
  if (now.round?.stopped) return notice("stamp", "stop", h("p", { id: "stopped" }, t("round.stopped", { time: clock(now.round.stopped) })), now.carrying.length ? [h("p", {}, t("round.stopped_bag")), h("a", { class: "button-quiet button-wide", href: "#/offer", id: "offer" }, icon("courier"), " ", t("peer.offer"))] : null);
  const numbers = day.moved().map(({ number }) => [" ", h("span", { class: "nowrap" }, number)]);
  return numbers.length ? notice("stamp", "courier", h("p", { id: "moved" }, t("round.moved", { numbers: "" }).trim(), numbers)) : null;
}

function trouble(now) {
  if (startFailed) return notice("warning", "offline", h("p", {}, t("round.started_offline")));
  if (!day.trouble() || !now.known) return null;
  return notice("warning", "offline", h("p", {}, t("round.stale", { time: clock(day.fetched()) })), retry(t("round.again"), () => day.refresh()));
}

function nextStop(now, home) {
  const [stop] = home;
  const { person } = stop;
  const [street, ...rest] = person.address;
  const all = day.homes(now.stops);
  const papers = home.reduce((count, each) => count + each.packets[0].papers.length, 0);
  const sum = day.total(home.flatMap((each) => day.asked(each)));
  const facts = [
    stop.kind === "collect" && papers ? t("visit.papers", { count: papers }) : null,
    sum ? t("visit.ask", { sum: money(sum) }) : t("visit.no_money"),
    home.some((each) => each.exempt) ? t("visit.free") : null,
  ].filter(Boolean);
  return h("section", { class: "stop-card", "aria-labelledby": "next-home" },
    h("div", { class: "row between" }, kindTag(stop), sameDay(home), h("b", {}, t("round.stop_of", { n: all.findIndex((each) => each.includes(stop)) + 1, count: all.length }))),
    hours(stop),
    stop.arrives_at ? h("p", { class: "small soft" }, t("visit.arrives", { time: clock(stop.arrives_at) })) : null,
    h("div", {}, h("h2", { class: "h3", id: "next-home" }, street), h("p", {}, rest.join(", "), person.notes ? `. ${person.notes}` : "")),
    h("p", {}, h("b", {}, person.name), " · ", facts.join(" · ")),
    home.length > 1 ? h("div", { id: "packets" }, h("p", {}, h("b", {}, t("home.packets", { count: home.length }))), home.map((each) => h("p", { class: "code" }, each.packets[0].number))) : null,
    person.call_first ? notice("stamp", "phone", h("p", {}, t("visit.call_first"))) : null,
    pair(h("a", { class: "button-quiet", href: `#/visit/${stop.visit}/map` }, icon("pin"), " ", t("visit.way")),
      h("a", { class: "button-quiet", href: `tel:${person.phone}` }, icon("phone"), " ", t("app.call"))));
}

function progress(now, open) {
  const count = day.homes(now.stops).length;
  const finished = count - day.homes(open).length;
  const { postage, fee, byBank } = day.purse();
  return h("div", { class: "stack-tight" },
    h("progress", { value: finished, max: count, "aria-label": t("round.progress", { done: finished, count }) }),
    h("p", { class: "row between small" }, h("span", {}, t("round.progress", { done: finished, count })),
      postage || fee || byBank ? h("a", { href: "#/money", id: "money", class: "link-target" }, t("round.money", { sum: money(postage + fee) })) : null));
}

/** The three places a scan can be; there is no fourth. */
export function sync() {
  const told = counts();
  const one = (name, key, className) => h("a", { href: "#/outbox", id: `sync-${key}` }, h("span", { class: className }, icon(name)), h("b", {}, String(told[key])), t(`sync.${key}`));
  return h("nav", { class: "sync", "aria-label": t("outbox.title") }, one("saved", "kept", "kept"), one("post", "arrived", "arrived"), one("person", "person", "person"));
}

function bags(now) {
  const one = (href, id, name, text) => h("li", {}, h("a", { href, id }, icon(name), h("b", {}, text), icon("next")));
  return h("ul", { class: "later" },
    now.toTake.length ? one("#/take", "to-take", "incoming", t("round.take_count", { count: now.toTake.length })) : null,
    one("#/carrying", "carrying", "packet", t("round.carrying", { count: now.carrying.length })));
}

function later(homes) {
  if (!homes.length) return null;
  return h("section", { class: "stack-tight" }, h("h2", { class: "h3" }, t("round.later")), h("ol", { class: "later" }, homes.map((home) => row(home, home[0].arrives_at ? clock(home[0].arrives_at) : slot(home[0].slot), home[0].person?.address[0] ?? ""))));
}

function done(stops) {
  if (!stops.length) return null;
  const line = (stop) => h("li", {}, h("div", {}, icon(stop.state === "done" ? "check" : "door"),
    h("span", {}, h("b", {}, day.errand(stop), ", ", h("span", { class: "nowrap" }, slot(stop.slot))), h("br"), known(stop.packets[0], "small") ?? h("span", { class: "code small" }, stop.packets[0].number)),
    h("span", { class: "small" }, t(stop.state === "done" ? "state.done" : "state.missed"))));
  return h("section", { class: "stack-tight" }, h("h2", { class: "h3" }, t("round.done_stops")), h("ol", { class: "later" }, stops.map(line)));
}

function row(home, when, where) {
  const [stop] = home;
  return h("li", {}, h("a", { href: `#/visit/${stop.visit}`, id: `stop-${stop.visit}` }, h("span", { class: "code" }, when),
    h("span", {}, h("b", {}, where), h("br"), h("span", { class: "small" }, day.errand(stop), home.length > 1 ? [" · ", h("b", { class: "nowrap" }, t("home.packets", { count: home.length }))] : null), sameDay(home)), icon(stop.kind === "collect" ? "home" : "packet")));
}

const scanAny = (quiet) => link(t("round.scan"), "#/scan", { before: "qr", quiet });

function main(now, open) {
  if (!open.length) return now.toTake.length ? [link(t("round.take"), "#/take", { before: "incoming" }), scanAny(true)] : scanAny(false);
  if (now.round && !now.round.started) return [button(t("round.start"), () => setOut(now.round), { before: "bike", id: "start" }), scanAny(true)];
  return h("div", { class: "two" }, link(t("round.at_door"), `#/visit/${open[0].visit}`, { before: "door" }), link(t("round.scan_any"), "#/scan", { before: "qr", quiet: true }));
}

async function setOut(round_) {
  startFailed = !(await day.setOut(round_));
  if (startFailed) changed();
  else goOn("/", "/");
}
