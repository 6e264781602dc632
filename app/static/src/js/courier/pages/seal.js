// The seal of a packet that already has one: compare by eye, type only what differs.
import { bigIcon, button, fault, h, page, thumb } from "../dom.js";
import { readSeal } from "../number.js";
import { draw } from "../router.js";
import { seal as spoken, t } from "../words.js";

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
  const input = h("input", { class: "input digits", id: "seal", inputmode: "numeric", autocomplete: "off", maxlength: 16, enterkeyhint: "next", "aria-describedby": "seal-hint seal-says" });
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
