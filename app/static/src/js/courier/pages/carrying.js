// In the bag: what this courier answers for just now, and where each goes.
import * as day from "../day.js";
import { bar, bigIcon, h, icon, link, notice, page, thumb } from "../dom.js";
import { clock, date, t } from "../words.js";
import { damagedLink } from "./damaged.js";
import { takenIn } from "./handover.js";
import { forgotten, packetLine, strip, unheard } from "./parts.js";

export function carrying() {
  const now = day.model();
  const line = (packet) => {
    if (packet.state === "DELIVERED_UNVERIFIED") {
      return packetLine(packet, "stamp", h("p", { class: "small" }, t("carrying.unverified")), h("a", { class: "button-quiet button-wide", href: `#/confirm/${packet.code}` }, t("carrying.confirm")));
    }
    const stop = day.stopFor(now, packet.code);
    const where = day.toDesk(packet) ? t("carrying.to_desk", { place: packet.desk }) : stop?.person ? `${day.errand(stop)}: ${stop.person.address[0]}` : packet.called_for ? t("carrying.to_post", { place: packet.called_for }) : t(packet.visit_on ? "carrying.to_home_on" : "carrying.to_home", { day: packet.visit_on && date(packet.visit_on) });
    if (packet.cancelled && !stop && !packet.visit_on) return packetLine(packet, "danger", h("p", { class: "small" }, t("carrying.cancelled")), damagedLink(packet));
    return packetLine(packet, null, h("p", { class: "small" }, where), damagedLink(packet));
  };
  const places = day.places(now);
  const asOf = now.known ? h("p", { class: "small soft" }, t("carrying.as_of", { time: clock(day.fetched()) })) : null;
  const given = takenIn();
  const waits = unheard(now);
  const empty = waits ? [waits] : [bigIcon("packet"), h("p", { class: "h2" }, t("carrying.none")), h("p", {}, t("carrying.none_lead")), asOf];
  const count = waits && !now.carrying.length ? null : t("round.carrying", { count: now.carrying.length });
  let ended = () => {};
  const unsigned = day.unsigned().map(({ receipt, taker, scanned, missing }) => notice("stamp", "pen", h("p", {}, t(missing ? "handover.waits_short" : "handover.waits", { place: taker ?? "", count: scanned, missing })),
    h("a", { class: "button-quiet button-wide", href: `#/handover/${receipt}` }, t("handover.look"))));
  return {
    live: true,
    ready() { ended = day.follow(); },
    leave: () => ended(),
    nodes: [
      bar(t("carrying.title"), count, { back: "#/" }), strip(),
      now.carrying.length || unsigned.length ? page(waits, forgotten(now), unsigned, asOf, h("ul", { class: "queue" }, now.carrying.map(line)), now.carrying.length ? h("a", { class: "button-quiet button-wide", href: "#/offer", id: "offer" }, icon("courier"), " ", t("peer.offer")) : null, given) : page(...empty, given),
      thumb(places.length ? places.map(([party, bag], at) => link(t("carrying.give", { place: bag.name, count: bag.packets.length }), `#/bulk/give/${party}`, { before: "qr", quiet: at > 0, id: `give-${at}` })) : link(t("round.scan"), "#/scan", { before: "qr" })),
    ],
  };
}
