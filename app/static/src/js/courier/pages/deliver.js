// Handing over, three steps: the right person, the right bag, their word. The bag goes only after the green screen.
import { deliver as sign } from "../acts.js";
import * as day from "../day.js";
import { bar, bigIcon, button, choices, fault, h, icon, legs, link, page, thumb } from "../dom.js";
import { draft } from "../drafts.js";
import { go } from "../router.js";
import { me } from "../store.js";
import { t } from "../words.js";
import { codeStep } from "./code.js";
import { sealCheck } from "./seal.js";
import { asked } from "./verdict.js";
import { missingVisit, overVisit } from "./visit.js";

const STEPS = ["person", "seal", "code"];

export function deliver(id, step) {
  const stop = day.stopOf(day.model(), id);
  if (!stop) return missingVisit();
  if (!day.isOpen(stop) || !stop.person) return overVisit();
  const d = draft(stop.visit);
  const at = STEPS.indexOf(step);
  const packet = stop.packets[0];
  if (at < 0 || !d.slip || packet.holder !== me().party) return { nodes: [page(bigIcon("wait"))], ready: () => go(`/visit/${stop.visit}`, { replace: true }) };
  if ((at > 0 && !d.seen) || (at > 1 && !d.seal)) return { nodes: [page(bigIcon("wait"))], ready: () => go(`/deliver/${stop.visit}/person`, { replace: true }) };
  const head = (title) => bar(title, `${stop.person.address[0]} · ${t("step.of", { n: at + 1, count: 3 })}`, { back: at ? `#/deliver/${stop.visit}/${STEPS[at - 1]}` : `#/visit/${stop.visit}` });
  const cannot = link(t("visit.deliver_failed"), `#/visit/${stop.visit}/failed`, { quiet: true });
  if (step === "person") return person(stop, d, head, cannot);
  if (step === "seal") {
    return sealCheck({ head: head(t("seal.title")), row: legs(2, 3), packet, forward(seal) { d.seal = seal; go(`/deliver/${stop.visit}/code`); } });
  }
  return codeStep({
    head: head(t("code.title")), row: legs(3, 3), go: t("code.deliver_go"), note: `${t("code.deliver_note")} ${t("code.unverified")}`,
    async record(code) {
      const made = await sign(stop, packet, d, code);
      await asked(made, Boolean(code));
    },
  });
}

function person(stop, d, head, cannot) {
  const says = fault("seen-says");
  const proxy = h("span", {}, h("b", {}, t("deliver.proxy")), h("br"), t("deliver.proxy_needs"));
  const card = h("b", {}, icon("id"), " ", t("deliver.card"));
  const forward = () => (d.seen ? go(`/deliver/${stop.visit}/seal`) : says.say(t("deliver.seen_empty")));
  return {
    nodes: [
      head(t("deliver.title")),
      page(legs(1, 3), h("div", { class: "stack-tight" }, h("p", {}, t("deliver.only_to")), h("p", { class: "h1" }, stop.person.name)), says,
        choices("seen", t("deliver.seen"), [["citizen_card", card], ["passport", t("deliver.passport")], ["proxy", proxy]], d.seen, (chosen) => { d.seen = chosen; says.say(""); }),
        h("p", { class: "small soft" }, t("deliver.no_photo"))),
      thumb(button(t("deliver.right"), forward, { after: "next" }), cannot),
    ],
  };
}
