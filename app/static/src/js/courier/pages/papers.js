// Counting together: each line read aloud, each sheet counted. Nothing goes on while a paper is neither counted nor missing,
// and nothing is asked for that is not on the list.
import { button, fault, h, icon, link, notice, page, thumb } from "../dom.js";
import { draw } from "../router.js";
import { inLanguage, t } from "../words.js";

const FORMS = ["original", "certified", "copy"];
const MOST_SETS = 9;

export function papersStep({ stop, packet, d, head, legs, next }) {
  if (!packet.papers.length) return withoutList({ d, head, legs, next });
  const asIs = (paper) => ({ sheets: Math.max(1, paper.sheets), form: paper.form, copies: Math.max(1, paper.copies), state: "open" });
  const lines = packet.papers.map((paper) => ({ paper, ...(d.counts.get(paper.position) ?? asIs(paper)) }));
  const set = (line, facts) => {
    const { paper, ...rest } = { ...line, ...facts };
    d.counts.set(paper.position, rest);
    d.sheets = null;
    draw(false);
  };
  const missing = lines.filter((line) => line.state === "missing");
  const open = lines.filter((line) => line.state === "open");
  const total = lines.reduce((sum, line) => sum + (line.state === "missing" ? 0 : line.sheets), 0);
  const says = fault("papers-says");

  function forward() {
    if (open.length) {
      Object.assign(d, { editing: true, warned: true }); // what the sentence names is in sight
      return draw(false);
    }
    d.papers = lines.map(({ paper, sheets, form, copies, state }) => ({
      position: paper.position, sheets: state === "missing" ? 0 : sheets, missing: state === "missing", form, copies,
    }));
    d.sheets = total;
    return next();
  }

  const edit = button(t("papers.edit"), () => { d.editing = !d.editing; draw(false); }, { quiet: true, big: false, id: "edit" });
  edit.setAttribute("aria-pressed", String(Boolean(d.editing)));
  const short = missing.length > 0 && !open.length;
  return {
    nodes: [
      head(t("papers.title")),
      page(legs, h("p", {}, t("papers.lead")), lines.map((line) => one(line, d.editing, set)), says, edit,
        missing.length ? guide(missing) : null,
        h("p", { class: "soft" }, open.length || missing.length ? null : [t("papers.all", { count: lines.length }), " "], t("papers.rule")),
        spared(packet)),
      short
        ? thumb(link(t("papers.another_day"), `#/visit/${stop.visit}/failed`, { before: "calendar" }), total ? button(t("papers.send_anyway"), forward, { before: "pen", quiet: true, id: "anyway" }) : null)
        : thumb(button(open.length ? t("papers.go_open", { count: open.length }) : t("papers.go", { count: total }), forward, { after: "next", id: "counted" })),
    ],
    ready() {
      if (!d.warned) return;
      d.warned = false;
      says.say(t("papers.uncounted", { count: open.length }));
    },
  };
}

function one(line, editing, set) {
  const { paper, sheets, form, copies, state } = line;
  const gone = state === "missing";
  const id = `paper-${paper.position}`;
  const name = inLanguage(paper, "name");
  const tick = h("input", { type: "checkbox", id, checked: state === "counted", onchange: (event) => set(line, { state: event.target.checked ? "counted" : "open" }) });
  const what = gone ? [icon("warn"), " ", t("papers.not_there")] : [icon(form), " ", t(`papers.${form}`), copies > 1 ? ` · ${t("papers.copies", { count: copies })}` : ""];
  const other = !gone && form !== paper.form ? h("span", { class: "small" }, h("br"), icon("info"), " ", t("papers.asked_as", { form: t(`papers.${paper.form}`) })) : null;
  const card = h("label", { class: `tick${gone ? " missing" : ""}`, for: id }, tick, h("span", {}, h("b", {}, name), h("br"), what, other),
    h("span", { class: "sheets" }, String(gone ? 0 : sheets), h("small", {}, t(sheets === 1 && !gone ? "papers.sheet" : "papers.sheets"))));
  if (!editing) return card;
  const step = (sign, key, to) => h("button", { type: "button", class: "button-quiet", id: `${id}-${sign}`, disabled: gone || to < 1 || to > 999, onclick: () => set(line, { sheets: to, state: "counted" }) }, icon(sign, t(key, { name })));
  return h("div", { class: "reasons" }, card,
    h("div", { class: "stepper" }, step("minus", "papers.less", sheets - 1), step("plus", "papers.more", sheets + 1),
      h("button", { type: "button", class: "button-quiet", id: `${id}-gone`, "aria-pressed": String(gone), onclick: () => set(line, { state: gone ? "open" : "missing" }) }, t(gone ? "papers.found" : "papers.missing"), h("span", { class: "visually-hidden" }, ` ${name}`))),
    gone ? null : h("div", { class: "pair picks" },
      chosen(`${id}-form`, t("papers.form_of", { name }), FORMS.map((each) => [each, t(`papers.${each}`)]), form, (to) => set(line, { form: to, state: "counted" })),
      chosen(`${id}-sets`, t("papers.sets_of", { name }), Array.from({ length: MOST_SETS }, (_, at) => [String(at + 1), t("papers.copies", { count: at + 1 })]), String(copies), (to) => set(line, { copies: Number(to), state: "counted" }))));
}

function chosen(id, name, options, value, onchange) {
  return h("select", { class: "input", id, "aria-label": name, onchange: (event) => onchange(event.target.value) },
    options.map(([each, words]) => h("option", { value: each, selected: each === value }, words)));
}

/** What is missing and how it should be, to be read aloud; the sender chooses. */
function guide(missing) {
  return notice("warning", "warn", h("p", {}, h("b", {}, t("papers.some_missing", { count: missing.length })), " ", t("papers.guide")),
    h("ul", { class: "plain" }, missing.map(({ paper }) => h("li", {}, icon(paper.form), " ", h("b", {}, inLanguage(paper, "name")), ` · ${t(`papers.${paper.form}`)}`, inLanguage(paper, "note") ? `. ${inLanguage(paper, "note")}` : ""))),
    h("p", {}, t("papers.choose")));
}

/** What nobody may ask for, so that it is not asked for. */
function spared(packet) {
  if (!packet.spared?.length) return null;
  return notice("", "data", h("p", {}, h("b", {}, t("papers.spared"))),
    h("ul", { class: "plain" }, packet.spared.map((line) => h("li", {}, h("b", {}, inLanguage(line, "name")), inLanguage(line, "note") ? `. ${inLanguage(line, "note")}` : ""))));
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
