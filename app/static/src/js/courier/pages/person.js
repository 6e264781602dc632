// The right person: which paper was shown, and whether it names who is expected. Kind and result are kept; no number, no
// name, no picture. The code on an identity card is compared here and forgotten.
import { readCard, sameName } from "../card.js";
import { button, choices, fault, h, icon, link, notice, page, thumb } from "../dom.js";
import { play } from "../feedback.js";
import { draw, go } from "../router.js";
import { t } from "../words.js";
import { finder } from "./finder.js";
import { missingVisit } from "./visit.js";
import { atDoor } from "./walk.js";

export function personStep({ kind, stop, d, head, legs, next }) {
  const says = fault("seen-says");
  const delivering = kind === "deliver";
  const other = d.who === "authorised";
  function forward() {
    if (delivering && !d.who) return says.say(t("person.who_empty"));
    if (!d.seen) return says.say(t("deliver.seen_empty"));
    if (other && !d.authorised) return says.say(t("person.authorised_empty"));
    if (delivering && !other && d.match === "differs") return says.say(t("person.differs_stop"));
    delete d.year;
    return next();
  }
  const cannot = () => {
    d.reason = delivering && other ? "no_authorisation" : "refused_id";
    go(`/visit/${stop.visit}/failed`);
  };
  const pickWho = (chosen) => {
    Object.assign(d, { who: chosen, seen: null, match: null, authorised: false });
    draw(false);
  };
  const pickPaper = (chosen) => {
    Object.assign(d, { seen: chosen, match: null });
    draw(false);
  };
  const named = stop.person.proxy ? [h("br"), `${t("deliver.proxy_named")}: `, h("b", {}, stop.person.proxy)] : null;
  const proxy = h("span", {}, h("b", {}, t("deliver.proxy")), h("br"), t("deliver.proxy_needs"), named);
  const card = h("b", {}, icon("id"), " ", t("deliver.card"));
  const paper = h("label", { class: "choice" },
    h("input", { type: "checkbox", id: "authorised", checked: d.authorised, onchange: (event) => { d.authorised = event.target.checked; says.say(""); } }), h("b", {}, t("person.authorised")));
  return {
    nodes: [
      head(t(delivering ? "deliver.title" : "person.title")),
      page(legs,
        delivering ? choices("who", t("person.who"), [["self", h("span", {}, t("deliver.only_to"), h("br"), h("b", { class: "h3" }, stop.person.name))], ["authorised", proxy]], d.who, pickWho)
          : h("div", { class: "stack-tight" }, h("p", {}, t("person.from")), h("p", { class: "h1" }, stop.person.name)),
        other ? notice("", "info", h("p", {}, t("person.family"))) : null,
        !delivering || d.who ? [
          choices("seen", t("deliver.seen"), [["citizen_card", card], ["passport", t("deliver.passport")]], d.seen, pickPaper),
          other ? paper : h("a", { class: "button-quiet button-big button-wide", href: `#/card/${stop.visit}` }, icon("qr"), " ", t("card.scan")),
        ] : null,
        compared(d), says, h("p", { class: "small soft" }, t("deliver.no_photo"))),
      thumb(button(t(d.match === "differs" && !delivering ? "person.helper" : "deliver.right"), forward, { after: "next", id: "right" }),
        delivering ? link(t("visit.deliver_failed"), `#/visit/${stop.visit}/failed`, { quiet: true }) : button(t("person.not_shown"), cannot, { quiet: true, id: "not-shown" })),
    ],
  };
}

/** What the card's code told, while the person is still before the courier. */
function compared(d) {
  if (d.match === "same") return notice("ok", "check", h("p", { role: "status" }, d.year ? t("card.same", { year: d.year }) : t("card.same_before")));
  if (d.match === "differs") return notice("warning", "warn", h("p", { role: "status" }, t("card.differs")));
  return null;
}

/** The camera for an identity card: names compared without accents, nothing kept but the result. */
export function card(id) {
  const door = atDoor(id);
  if (!door) return missingVisit();
  const { stop, d } = door;
  function read(text) {
    const said = readCard(text);
    if (!said) return t("card.foreign");
    const same = said.sound && sameName(said.name, stop.person.name);
    Object.assign(d, { seen: "citizen_card", match: same ? "same" : "differs", year: said.year });
    play(same ? "read" : "stamp");
    go(`/${stop.kind}/${stop.visit}/person`, { replace: true });
    return null;
  }
  return finder({ title: t("card.scan"), under: stop.person.name, back: `#/${stop.kind}/${stop.visit}/person`, hint: t("card.hold"), read, ways: [h("a", { class: "button-quiet button-big", href: `#/${stop.kind}/${stop.visit}/person` }, icon("eye"), " ", t("card.by_eye"))] });
}
