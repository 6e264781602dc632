// Old papers that must come back before the result is handed over: all of them, or the packet goes back too.
import { button, fault, h, icon, link, page, thumb } from "../dom.js";
import { draw, go } from "../router.js";
import { t } from "../words.js";

export function returnedStep({ stop, d, head, legs, next }) {
  const says = fault("returned-says");
  d.got ??= new Set();
  const turn = (at) => (event) => {
    if (event.target.checked) d.got.add(at);
    else d.got.delete(at);
    d.returned = null;
    draw(false);
  };
  function forward() {
    const open = stop.surrender.length - d.got.size;
    if (open) return says.say(t("returned.open", { count: open }));
    d.returned = stop.surrender.map((paper, at) => ({ position: at + 1, sheets: paper.sheets, missing: false }));
    return next();
  }
  const short = () => {
    d.reason = "old_papers_missing";
    go(`/visit/${stop.visit}/failed`);
  };
  const card = (paper, at) => h("label", { class: "tick", for: `old-${at}` },
    h("input", { type: "checkbox", id: `old-${at}`, checked: d.got.has(at), onchange: turn(at) }),
    h("span", {}, h("b", {}, paper.name), h("br"), icon(paper.form), " ", t(`papers.${paper.form}`)),
    h("span", { class: "sheets" }, String(paper.sheets), h("small", {}, t("papers.sheets"))));
  return {
    nodes: [
      head(t("returned.title")),
      page(legs, h("p", {}, t("returned.lead")), stop.surrender.map(card), says),
      thumb(button(t("returned.go"), forward, { after: "next", id: "returned" }), button(t("returned.short"), short, { quiet: true, id: "short" })),
    ],
  };
}

