// Taking packets at a counter or a desk: scan each, compare its seal, sign for it.
import { take as sign } from "../acts.js";
import * as day from "../day.js";
import { bar, bigIcon, button, h, icon, link, page, thumb } from "../dom.js";
import { draft, drop } from "../drafts.js";
import { clock, t } from "../words.js";
import { packetLine, strip, unheard } from "./parts.js";
import { sealCheck } from "./seal.js";
import { asked } from "./verdict.js";

export function take() {
  const now = day.model();
  const waiting = now.toTake;
  const asOf = h("div", { class: "row between" }, now.known ? h("p", { class: "small soft" }, t("carrying.as_of", { time: clock(day.fetched()) })) : null,
    button(t("take.again"), () => day.refresh(), { before: "sync", quiet: true, big: false, id: "again" }));
  let ended = () => {};
  const followed = { live: true, ready() { ended = day.follow(); }, leave: () => ended() }; // the clerk takes packets in while this is looked at
  if (!waiting.length) {
    const empty = now.known ? [bigIcon("check"), h("p", { class: "h2" }, t("take.none")), h("p", {}, t("take.none_lead")), asOf] : [unheard(now)];
    return { ...followed, nodes: [bar(t("take.title"), null, { back: "#/" }), strip(), page(...empty), thumb(link(t("take.back"), "#/"), link(t("round.scan"), "#/scan/take", { before: "qr", quiet: true }), link(t("peer.receive"), "#/receive", { before: "courier", quiet: true, id: "receive" }))] };
  }
  const places = Map.groupBy?.(waiting, (packet) => packet.place?.name ?? "") ?? new Map([["", waiting]]);
  return {
    ...followed,
    nodes: [
      bar(t("take.title"), t("take.lead"), { back: "#/" }), strip(),
      page(h("div", { class: "tally" }, h("b", {}, String(waiting.length)), h("p", {}, t("take.left"))), asOf,
        [...places].map(([place, list]) => h("section", { class: "stack-tight" }, place ? h("h2", { class: "h3 row" }, icon(list[0].holder_kind), t("take.at", { place })) : null,
          h("a", { class: "button-quiet button-wide", href: `#/bulk/take/${list[0].holder}` }, icon("qr"), " ", t("bulk.whole", { count: list.length })),
          h("ul", { class: "queue" }, list.map((packet) => packetLine(packet)))))),
      thumb(link(t("take.scan"), "#/scan/take", { before: "qr" }), link(t("peer.receive"), "#/receive", { before: "courier", quiet: true, id: "receive" })),
    ],
  };
}

export function takeOne(code) {
  const packet = day.model().packets.get(code);
  const d = draft(code);
  if (!packet || !d.slip || !day.isTakeable(packet)) return { nodes: [page(bigIcon("wait"))], ready: () => window.location.replace("#/take") };
  return sealCheck({
    head: bar(t("take.title"), packet.place?.name, { back: "#/take" }), packet,
    extra: h("div", { class: "stack-tight" }, h("p", { class: "code h3" }, packet.number), h("p", {}, t(`packet.${packet.way}`))),
    async forward(seal) {
      const made = await sign(packet, seal, d.slip);
      drop(code);
      await asked(made, false);
    },
  });
}

