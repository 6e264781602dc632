// A packet that is not what was looked for. Word, reason, what to do now.
import * as day from "../day.js";
import { button, h, icon, link, thumb } from "../dom.js";
import { unknownFacts } from "../drafts.js";
import { goOn } from "../meeting.js";
import { date, t, told } from "../words.js";

const STOP = ["forged", "old", "other", "not_here", "cancelled"];

const DATED = { not_today: "not_round", carried_early: "yours" }; // what is said when the day is gone, as of a page opened anew

export function unknown(reason) {
  const facts = unknownFacts();
  const why = facts.on ? reason : DATED[reason] ?? reason;
  const { mode, visit, number = "", state, place, name, on } = facts;
  const stop = STOP.includes(why);
  const again = ["/scan", mode, mode === "visit" ? visit : null].filter(Boolean).join("/");
  const values = { number, state: state ? t(`packetstate.${state}`) : "", place: name ?? (place ? t(`place.${place}`) : ""), day: on ? date(on) : "" };
  const what = { other: number, not_here: values.state, yours: values.place }[why] ?? why; // gone when the page is opened anew
  return {
    live: true, // whom to call is known with the day
    nodes: [
      h("main", { class: `verdict tone-${stop ? "danger" : "stamp"}`, id: "main" },
        icon(stop ? "stop" : "warn"), h("h1", { tabindex: "-1" }, stop ? t("verdict.stop") : told(`unknown.${why}_title`, "unknown.title")),
        h("p", { class: "h3" }, t(`unknown.${why}`, values)), what ? h("p", {}, t(`unknown.${why}_do`, values)) : null),
      thumb(link(t("verdict.scan_again"), `#${again}`, { before: "qr" }),
        why === "old" && facts.slip ? button(t("unknown.old_go"), () => goOn(facts), { quiet: true, id: "old-go" }) : null,
        ["yours", "carried_early", "over", "moved"].includes(why) ? link(t("verdict.to_round"), "#/", { quiet: true })
          : h("a", { class: "button-quiet button-wide button-big", href: `tel:${day.officePhone()}` }, icon("phone"), " ", t("app.call_office"))),
    ],
  };
}
