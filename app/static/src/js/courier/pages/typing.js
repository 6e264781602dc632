// Typing the number: for torn slips and broken cameras. Case, spaces and dashes do not matter; the check digit does.
import { parse } from "../../shared/codes.js";
import * as day from "../day.js";
import { bar, button, fault, h, icon, link, page, thumb } from "../dom.js";
import { meet } from "../meeting.js";
import { readNumber } from "../number.js";
import { t } from "../words.js";

export function typing(mode, id) {
  const stop = mode === "visit" ? day.stopOf(day.model(), id) : null;
  const path = ["/scan", mode, id].filter(Boolean).join("/");
  const says = fault("number-says");
  const input = h("input", {
    class: "input code", id: "number", name: "number", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    enterkeyhint: "go", maxlength: 60, "aria-describedby": "number-hint number-says",
  });
  const find = button(t("type.go"), null, { before: "search" });
  find.type = "submit";
  find.setAttribute("form", "typing");

  async function submit(event) {
    event.preventDefault();
    const { number, why } = readNumber(input.value);
    if (why) return says.say(t(`type.${why}`), input);
    says.say("");
    find.disabled = true;
    await meet(parse(number), { mode, visit: stop?.visit, typed: true });
    find.disabled = false;
    return undefined;
  }

  return {
    nodes: [
      bar(t("type.title"), stop?.person?.name, { back: `#${path}` }),
      page(h("form", { class: "stack-tight", id: "typing", novalidate: true, onsubmit: submit },
        h("label", { class: "label h2", for: "number" }, t("type.label")), h("span", { class: "hint", id: "number-hint" }, t("type.hint")), says, input)),
      thumb(find, link(t("type.camera"), `#${path}`, { before: "qr", quiet: true }), stop ? h("a", { class: "link-target", href: `#/pick/${stop.visit}` }, icon("list"), " ", t("pick.link")) : null),
    ],
    ready() { input.focus({ preventScroll: true }); },
  };
}
