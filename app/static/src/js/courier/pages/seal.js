// The seal: put on before the citizen's eyes, its number scanned or typed twice. A packet that already has one is compared by
// eye, and only what differs is typed.
import * as day from "../day.js";
import { bigIcon, button, fault, h, icon, notice, page, thumb } from "../dom.js";
import { play } from "../feedback.js";
import { readSeal } from "../number.js";
import { draw, go as goTo } from "../router.js";
import { seal as spoken, t } from "../words.js";
import { finder } from "./finder.js";
import { pictureFor } from "./parts.js";
import { missingVisit } from "./visit.js";
import { atDoor } from "./walk.js";

/** A number field, and what is wrong with it. */
function sealField(id, describedBy, value = "") {
  return h("input", {
    class: "input digits", id, name: id, inputmode: "numeric", autocomplete: "off", maxlength: 16, enterkeyhint: "next", value,
    "aria-describedby": describedBy,
  });
}

/** The packet that has this seal already, unless the courier has looked again and is sure. */
const doubted = (d, seal, packet) => (d.sureOf === seal ? null : day.sealedAlready(seal, packet));

export function sealStep({ stop, packet, d, head, legs, next }) {
  const says = fault("seal-says");
  const differs = fault("again-says");
  const known = d.seal ? spoken(d.seal).replace(/^NP\s/, "") : "";
  const input = sealField("seal", "seal-hint seal-says", known);
  const again = sealField("again", "again-says", known);
  const forward = button(t("seal.go"), null, { after: "next" });
  forward.type = "submit";
  forward.setAttribute("form", "sealing");
  function submit(event) {
    event.preventDefault();
    says.say("", input);
    differs.say("", again);
    const { seal, why, count } = readSeal(input.value);
    if (why) return says.say(t(`seal.${why}`, { count }), input);
    const second = readSeal(again.value);
    if (second.why && !again.value.trim()) return differs.say(t("seal.again_empty"), again);
    if (second.seal !== seal) return differs.say(t("seal.again_differs", { first: spoken(seal) }), again);
    const number = doubted(d, seal, packet);
    d.sureOf = seal; // a second press keeps it
    if (number) return says.say(t("seal.used", { seal: spoken(seal), number }), input);
    d.seal = seal;
    return next();
  }
  return {
    nodes: [
      head(t("seal.title")),
      page(legs, h("a", { class: "button-quiet button-big button-wide", href: `#/seal/${stop.visit}`, id: "scan-seal" }, icon("qr"), " ", t("seal.scan")),
        h("form", { class: "stack-tight", id: "sealing", novalidate: true, onsubmit: submit },
          h("label", { class: "label h2", for: "seal" }, t("seal.label")), h("span", { class: "hint", id: "seal-hint" }, t("seal.hint")), says, input,
          h("label", { class: "label", for: "again" }, t("seal.again")), differs, again),
        pictureFor(d, "photo.bag"), notice("ok", "check", h("p", {}, t("seal.no_faces")))),
      thumb(forward),
    ],
  };
}

/** The camera for the code on the strip: what it says is read whole, so it needs no second time. */
export function sealScan(id) {
  const door = atDoor(id);
  if (!door || door.stop.kind !== "collect") return missingVisit(id);
  const { stop, d } = door;
  function read(text) {
    const bare = text.trim().toUpperCase().replace(/[\s.-]/g, "");
    if (!/^[A-Z]{0,3}\d{7}$/.test(bare)) return t("seal.foreign");
    const { seal } = readSeal(bare);
    const number = doubted(d, seal, stop.packets[0]);
    if (number) {
      play("stamp");
      return t("seal.used_scan", { seal: spoken(seal), number });
    }
    d.seal = seal;
    play("read");
    goTo(`/collect/${stop.visit}`, { replace: true });
    return null;
  }
  return finder({ title: t("seal.scan"), under: stop.person.name, back: `#/collect/${stop.visit}/seal`, hint: t("seal.hold"), read, ways: [h("a", { class: "button-quiet button-big", href: `#/collect/${stop.visit}/seal` }, icon("keys"), " ", t("seal.type"))] });
}

let differs = null; // the packet whose number was said to be another one

export function sealCheck({ head, row = null, packet, forward, go = null, extra = null }) {
  const known = packet.seals.at(-1);
  if (known && differs !== packet.code) {
    return {
      nodes: [
        head, page(row, extra, bigIcon("seal"), h("p", { class: "h2" }, t("seal.check")), h("p", { class: "number" }, spoken(known))),
        thumb(button(go ?? t("seal.same"), () => forward(known), { before: "check", id: "same" }),
          button(t("seal.differs"), () => { differs = packet.code; draw(true); }, { quiet: true, id: "differs" })),
      ],
      leave() {},
    };
  }
  const says = fault("seal-says");
  const input = sealField("seal", "seal-hint seal-says");
  const on = button(t("app.next"), null, { after: "next" });
  on.type = "submit";
  on.setAttribute("form", "sealing");
  function submit(event) {
    event.preventDefault();
    const { seal, why, count } = readSeal(input.value);
    if (why) return says.say(t(`seal.${why}`, { count }), input);
    differs = null;
    return forward(seal);
  }
  return {
    nodes: [
      head, page(row, extra, h("form", { class: "stack-tight", id: "sealing", novalidate: true, onsubmit: submit },
        h("label", { class: "label h2", for: "seal" }, t("seal.label")), h("span", { class: "hint", id: "seal-hint" }, t("seal.hint_other")), says, input)),
      thumb(on),
    ],
  };
}
