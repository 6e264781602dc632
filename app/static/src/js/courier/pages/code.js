// The citizen's word: six digits read aloud, the code on their own screen, or a signature on the paper slip. The phone never
// knows the right digits.
import { button, fault, h, icon, page, thumb } from "../dom.js";
import { t } from "../words.js";

/**
 * record({kind: "code" | "paper", value}) writes the scan. `slip: false` leaves the signature out, `picture` is of the signed
 * slip, `shown` is where the citizen's screen is scanned, `extra` stands above the field. `held`: no
 * digits were told yet, so that the signature is what is asked for, and the field waits for whoever has some all the same.
 */
export function codeStep({ head, row = null, go, note, record, slip = true, picture = null, shown = null, extra = null, held = false }) {
  const says = fault("code-says");
  const input = h("input", {
    class: "input digits", id: "code", name: "code", inputmode: "numeric", autocomplete: "off", maxlength: 9, enterkeyhint: "done",
    "aria-describedby": held ? "code-says" : "code-hint code-says",
  });
  const done = button(go, null, { before: "check", quiet: held });
  done.type = "submit";
  done.setAttribute("form", "coding");
  let written = false;

  async function write(word) {
    if (written) return;
    written = true;
    await record(word);
  }

  function submit(event) {
    event.preventDefault();
    const digits = input.value.replace(/\D/g, "");
    if (digits.length !== 6) return says.say(t(digits ? "code.short" : "code.empty", { count: digits.length }), input);
    return write({ kind: "code", value: digits });
  }

  const signed = slip ? button(t("code.slip"), () => write({ kind: "paper" }), { before: "pen", quiet: !held, id: "slip-signed" }) : null;
  const typed = [
    h("form", { class: "stack-tight", id: "coding", novalidate: true, onsubmit: submit },
      h("label", { class: "label h2", for: "code" }, t("code.label")), held ? null : h("span", { class: "hint", id: "code-hint" }, t("code.hint")), says, input),
    shown ? h("a", { class: "button-quiet button-big button-wide", href: shown, id: "shown" }, icon("qr"), " ", t("shown.link")) : null,
  ];
  const under = note ? h("p", { class: "small soft" }, note) : null;
  if (held) return { nodes: [head, page(row, extra, picture, under, h("details", { id: "all-the-same" }, h("summary", {}, t("code.held")), h("div", { class: "stack" }, typed, done))), thumb(signed)] };
  return { nodes: [head, page(row, extra, typed, picture, signed, under), thumb(done)] };
}
