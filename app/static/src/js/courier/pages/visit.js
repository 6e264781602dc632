// One home: who, where, what is asked for; then the slip is scanned, or why not is said.
import * as day from "../day.js";
import { bar, bigIcon, h, icon, link, notice, page, thumb } from "../dom.js";
import { begun, draft } from "../drafts.js";
import { me } from "../store.js";
import { clock, inLanguage, maps, money, phone, seal, t } from "../words.js";
import { fact, hours, kindTag, known, noCodeYet, sameDay, sealLine, strip } from "./parts.js";
import { unknown } from "./unknown.js";

export function missingVisit(id) {
  if (day.cancelled().some((each) => each.visit === Number(id))) return unknown("cancelled");
  if (day.moved().some((each) => each.visit === Number(id))) return unknown("moved");
  return { live: true, nodes: [bar(t("round.title"), null, { back: "#/" }), page(bigIcon("calendar"), h("p", { class: "h2" }, t("visit.unknown"))), thumb(link(t("verdict.to_round"), "#/"))] };
}

export function overVisit() {
  return { live: true, nodes: [bar(t("round.title"), null, { back: "#/" }), page(bigIcon("check"), h("p", { class: "h2" }, t("visit.over")), h("p", {}, t("visit.over_lead"))), thumb(link(t("verdict.to_round"), "#/"))] };
}

export function visit(id) {
  const stop = day.stopOf(day.model(), id);
  if (!stop) return missingVisit(id);
  if (!day.isOpen(stop) || !stop.person) return overVisit();
  const { person, packets: [packet] } = stop;
  const [street, ...rest] = person.address;
  const note = () => { draft(stop.visit).calls.push(Date.now()); };
  const call = (number, name) => h("a", { class: "button-quiet button-big button-wide", href: `tel:${number}`, onclick: note }, icon("phone"), h("span", {}, name ? `${name}, ` : "", h("span", { class: "nowrap" }, phone(number))));
  const ready = stop.kind === "collect" || packet.holder === me().party;
  const sum = day.total(day.asked(stop));
  const open = begun(stop.visit);
  return {
    live: true,
    nodes: [
      bar(street, day.errand(stop), { back: "#/" }), strip(),
      page(
        h("section", { class: "stop-card" },
          h("div", { class: "row between" }, kindTag(stop), sameDay([stop]), stop.attempt > 1 ? h("b", {}, t("visit.attempt", { n: stop.attempt })) : null),
          h("div", {}, hours(stop), stop.arrives_at ? h("p", { class: "small soft" }, t("visit.arrives", { time: clock(stop.arrives_at) })) : null),
          h("div", {}, h("h2", { class: "h3" }, person.name), h("p", {}, [street, ...rest].join(", ")), person.notes ? fact("info", person.notes) : null),
          h("p", { class: "sentence" }, sum ? h("b", {}, t("visit.ask", { sum: money(sum) })) : t(stop.give_back ? "visit.give_back" : "visit.no_money", { sum: money(stop.give_back ?? 0) }), stop.exempt ? ` · ${t("visit.free")}` : null, stop.kind === "collect" && packet.papers.length ? ` · ${t("visit.papers", { count: packet.papers.length })}` : null)),
        open ? notice("ok", "saved", h("p", {}, t("visit.begun"), open.sheets ? ` ${t("visit.begun_sheets", { count: open.sheets })}` : "", open.seal ? ` ${t("seal.number", { seal: seal(open.seal) })}.` : "")) : null,
        person.call_first ? notice("stamp", "phone", h("p", {}, t("visit.call_first"))) : null,
        noCodeYet(stop), alsoHere(stop),
        call(person.phone), person.second_phone ? call(person.second_phone, person.second_name) : null,
        h("a", { class: "button-quiet button-big button-wide", href: `#/visit/${stop.visit}/map` }, icon("pin"), " ", t("visit.way")),
        h("section", { class: "stack-tight" }, fact("packet", [known(packet, ""), known(packet, "") && h("br"), h("span", { class: "code" }, packet.number)]), sealLine(packet), packet.way === "in" ? fact("desk", t("visit.desk", { desk: packet.desk })) : null,
          packet.procedure ? fact("list", inLanguage(packet.procedure, "title")) : null),
        ready ? null : notice("warning", "warn", h("p", {}, t("visit.not_carried", { place: packet.place?.name ?? t("place.post") })))),
      thumb(ready && open ? link(t("visit.go_on"), `#/${stop.kind}/${stop.visit}`, { before: "next", id: "go-on" }) : ready ? link(t("visit.scan"), `#/scan/visit/${stop.visit}`, { before: "qr" }) : link(t("round.take"), "#/take", { before: "incoming" }),
        link(t(`visit.${stop.kind}_failed`), `#/visit/${stop.visit}/failed`, { quiet: true })),
    ],
  };
}

/** The other packets of this home, each with the way to it. */
function alsoHere(stop) {
  const now = day.model();
  const [, ...others] = day.atHome(now, day.stopOf(now, stop.visit));
  if (!others.length) return null;
  return notice("", "packet", h("p", {}, t("home.also", { count: others.length })), others.map((each) => h("p", {}, h("a", { class: "link-target code", href: `#/visit/${each.visit}` }, each.packets[0].number))));
}

/** The way there. Nothing is fetched: these are addresses for other apps, opened by a tap. */
export function map(id) {
  const stop = day.stopOf(day.model(), id);
  if (!stop?.person) return missingVisit(id);
  const { lat, lon, address, notes } = stop.person;
  const where = `${lat},${lon}`;
  return {
    nodes: [
      bar(t("map.title"), address[0], { back: `#/visit/${stop.visit}` }),
      page(h("p", { class: "h2" }, address.join(", ")), notes ? h("p", {}, notes) : null, h("p", { class: "small soft" }, t("map.leaves"))),
      thumb(h("a", { class: "button button-big button-wide", href: `geo:${where}?q=${where}`, rel: "noreferrer" }, icon("pin"), " ", t("map.phone")),
        h("a", { class: "button-quiet button-big button-wide", href: `${maps}${where}`, target: "_blank", rel: "noopener noreferrer" }, icon("map"), " ", t("map.google"))),
    ],
  };
}

