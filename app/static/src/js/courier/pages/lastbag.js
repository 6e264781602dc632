// The bag just read: the number that should stand on its seal, for the eye to compare. Another one is typed, and people look at it.
import { sight } from "../acts.js";
import { fault, h, icon } from "../dom.js";
import { play } from "../feedback.js";
import { readSeal } from "../number.js";
import { seal as spoken, t } from "../words.js";
import { undoLink } from "./parts.js";

/** written(): another number was written down. {node, show}: where it stands, and which bag, {packet, slip, row} or null, it is about. */
export function lastBag(written) {
  const node = h("div", { hidden: true });
  let asks = false; // somebody types: the form stays, whatever the camera sees

  function show(last) {
    if (asks) return;
    node.replaceChildren(...(last ? [compared(last)] : []));
    node.hidden = !node.hasChildNodes();
  }

  function compared(last) {
    const { packet, row } = last;
    return h("div", { class: "notice tone-ok", id: "last" }, icon("seal"), h("div", { class: "stack-tight" },
      h("p", {}, h("span", { class: "code" }, packet.number), h("br"), t("bulk.seal"), " ", h("b", { class: "code" }, spoken(packet.seals.at(-1)))),
      h("button", { class: "button-quiet", type: "button", id: "differs", onclick: () => { asks = true; node.replaceChildren(other(last)); } }, t("seal.differs")), undoLink(row)));
  }

  function other({ packet, slip }) {
    const says = fault("seal-says");
    const input = h("input", { class: "input digits", id: "seal", inputmode: "numeric", autocomplete: "off", maxlength: 16, enterkeyhint: "done", "aria-describedby": "seal-hint seal-says" });
    async function submit(event) {
      event.preventDefault();
      const { seal, why, count } = readSeal(input.value);
      if (why) return says.say(t(`seal.${why}`, { count }), input);
      if (seal !== packet.seals.at(-1)) await sight(packet, seal, slip);
      asks = false;
      play("stamp");
      return written();
    }
    return h("form", { class: "notice tone-stamp", novalidate: true, onsubmit: submit }, icon("seal"), h("div", { class: "stack-tight" }, h("label", { class: "label", for: "seal" }, `${t("seal.label")}, `, h("span", { class: "code" }, packet.number)),
      h("span", { class: "hint", id: "seal-hint" }, t("seal.hint_other")), says, input, h("button", { class: "button-quiet", type: "submit" }, t("app.next"))));
  }

  return { node, show };
}
