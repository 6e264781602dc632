// Counting together: each line read aloud, each sheet counted. Nothing goes on while a paper is neither counted nor missing.
import { button, fault, h, icon, link, notice, page, thumb } from "../dom.js";
import { draw } from "../router.js";
import { t } from "../words.js";

const FORMS = { original: "original", certified: "certified", copy: "copy" };

export function papersStep({ stop, packet, d, head, legs, next }) {
  if (!packet.papers.length) return withoutList({ d, head, legs, next });
  const lines = packet.papers.map((paper) => ({ paper, ...(d.counts.get(paper.position) ?? { sheets: Math.max(1, paper.sheets), state: "open" }) }));
  const set = (line, facts) => {
    const { paper, ...rest } = { ...line, ...facts };
    d.counts.set(paper.position, rest);
    draw(false);
  };
  const missing = lines.filter((line) => line.state === "missing");
  const open = lines.filter((line) => line.state === "open");
  const total = lines.reduce((sum, line) => sum + (line.state === "missing" ? 0 : line.sheets), 0);
  const says = fault("papers-says");

  function forward() {
    if (open.length) return says.say(t("papers.uncounted", { count: open.length }));
    d.papers = lines.map(({ paper, sheets, state }) => ({ position: paper.position, sheets: state === "missing" ? 0 : sheets, missing: state === "missing" }));
    d.sheets = total;
    return next();
  }

  const edit = button(t("papers.edit"), () => { d.editing = !d.editing; draw(false); }, { quiet: true, big: false, id: "edit" });
  edit.setAttribute("aria-pressed", String(Boolean(d.editing)));
  const short = missing.length > 0 && !open.length;
  return {
    nodes: [
      head(t("papers.title")),
      page(legs, h("p", {}, t("papers.lead")), lines.map((line) => one(line, d.editing, set)), says,
        short ? notice("warning", "warn", h("p", {}, h("b", {}, t("papers.some_missing", { count: missing.length })), " ", t("papers.choose"))) : h("p", { class: "soft" }, open.length ? null : [t("papers.all", { count: lines.length }), " "], t("papers.rule")),
        edit),
      short
        ? thumb(link(t("papers.another_day"), `#/visit/${stop.visit}/failed`, { before: "calendar" }), total ? button(t("papers.send_anyway"), forward, { before: "pen", quiet: true, id: "anyway" }) : null)
        : thumb(button(t("papers.go", { count: total }), forward, { after: "next", id: "counted" })),
    ],
  };
}

function one(line, editing, set) {
  const { paper, sheets, state } = line;
  const gone = state === "missing";
  const id = `paper-${paper.position}`;
  const tick = h("input", { type: "checkbox", id, checked: state === "counted", onchange: (event) => set(line, { state: event.target.checked ? "counted" : "open" }) });
  const form = gone ? [icon("warn"), " ", t("papers.not_there")] : [icon(FORMS[paper.form] ?? "copy"), " ", t(`papers.${paper.form}`), paper.copies > 1 ? ` · ${t("papers.copies", { count: paper.copies })}` : ""];
  const card = h("label", { class: `tick${gone ? " missing" : ""}`, for: id }, tick, h("span", {}, h("b", {}, paper.name), h("br"), form),
    h("span", { class: "sheets" }, String(gone ? 0 : sheets), h("small", {}, t("papers.sheets"))));
  if (!editing) return card;
  const step = (name, key, to) => h("button", { type: "button", class: "button-quiet", id: `${id}-${name}`, disabled: gone || to < 1 || to > 999, onclick: () => set(line, { sheets: to, state: "counted" }) }, icon(name, t(key, { name: paper.name })));
  return h("div", { class: "stack-tight" }, card,
    h("div", { class: "stepper" }, step("minus", "papers.less", sheets - 1), step("plus", "papers.more", sheets + 1),
      h("button", { type: "button", class: "button-quiet", id: `${id}-gone`, "aria-pressed": String(gone), onclick: () => set(line, { state: gone ? "open" : "missing" }) }, t(gone ? "papers.found" : "papers.missing"), h("span", { class: "visually-hidden" }, ` ${paper.name}`))));
}

function withoutList({ d, head, legs, next }) {
  const says = fault("papers-says");
  const input = h("input", { class: "input digits", id: "sheets", inputmode: "numeric", maxlength: 3, autocomplete: "off", value: d.sheets ?? "", "aria-describedby": "papers-says" });
  function forward() {
    const count = Number(input.value.replace(/\D/g, ""));
    if (!count) return says.say(t("papers.total_empty"), input);
    Object.assign(d, { papers: [], sheets: count });
    return next();
  }
  return { nodes: [head(t("papers.title")), page(legs, h("p", {}, t("papers.nothing")), h("label", { class: "label h2", for: "sheets" }, t("papers.total")), says, input), thumb(button(t("app.next"), forward, { after: "next" }))] };
}
