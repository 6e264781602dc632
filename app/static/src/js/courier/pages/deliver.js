// Handing over: the right person, the old papers, the right bag, the fee, their word. The bag goes only after the green screen.
import { deliver as sign } from "../acts.js";
import * as day from "../day.js";
import { button, choices, fault, h, icon, notice, page, thumb } from "../dom.js";
import { draft } from "../drafts.js";
import { me } from "../store.js";
import { money, t } from "../words.js";
import { codeStep } from "./code.js";
import { moneyStep } from "./money.js";
import { noCodeYet, pictureFor } from "./parts.js";
import { personStep } from "./person.js";
import { returnedStep } from "./returned.js";
import { sealCheck } from "./seal.js";
import { asked } from "./verdict.js";
import { missingVisit, overVisit } from "./visit.js";
import { leaveTo, walk } from "./walk.js";

export function deliver(id, step) {
  const stop = day.stopOf(day.model(), id);
  if (!stop) return missingVisit(id);
  if (!day.isOpen(stop) || !stop.person) return overVisit();
  if (stop.packets[0].holder !== me().party) return leaveTo(`/visit/${stop.visit}`);
  const pages = [
    ["person", personStep, true], ["returned", returnedStep, stop.surrender?.length > 0], ["seal", sameSeal, true],
    ["money", moneyStep, day.sum(stop) > 0], ["fee", feeStep, stop.give_back > 0], ["code", lastStep, true],
  ];
  return walk({ kind: "deliver", stop, step, pages, under: stop.person.address[0] });
}

/** A booking that was called off: the ward's fee goes home with the papers, out of the bag, or the post office pays it out. */
function feeStep({ stop, d, head, legs, next }) {
  const says = fault("fee-says");
  const forward = () => (d.fee ? next() : says.say(t("fee.empty")));
  return {
    nodes: [
      head(t("fee.title")),
      page(legs, h("p", {}, t("fee.lead")), h("p", { class: "number" }, money(stop.give_back)),
        choices("fee", t("fee.how"), [["given", t("fee.given")], ["owed", t("fee.owed")]], d.fee, (chosen) => { Object.assign(d, { fee: chosen, givenBack: chosen === "given" ? stop.give_back : 0 }); says.say(""); }), says),
      thumb(button(t("app.next"), forward, { after: "next", id: "fee-on" })),
    ],
  };
}

const sameSeal = ({ packet, d, head, legs, next }) => sealCheck({
  head: head(t("seal.title")), row: legs, packet,
  forward(seal) {
    d.seal = seal;
    next();
  },
});

const lastStep = ({ stop, d, head, legs }) => codeStep({
  head: head(t("code.title")), row: legs, go: t("code.deliver_go"), note: `${t("code.deliver_note")} ${t("code.unverified")}`,
  shown: `#/shown/${stop.visit}`, extra: [noCodeYet(stop), inside(stop)], picture: pictureFor(d, "photo.slip"), held: noCodeYet(stop) !== null, record: (word) => delivered(stop, word),
});

/** What the recipient counts: the papers the desk sealed in. */
function inside(stop) {
  if (!stop.inside?.length) return null;
  return notice("", "packet", h("p", {}, h("b", {}, t("deliver.inside"))),
    h("ul", { class: "plain" }, stop.inside.map((paper) => h("li", {}, icon(paper.form), " ", `${paper.name}, `, h("span", { class: "nowrap" }, t("papers.count", { count: paper.sheets }))))));
}

export async function delivered(stop, word) {
  const made = await sign(stop, stop.packets[0], draft(stop.visit), word);
  await asked(made, word.kind !== "paper");
}
