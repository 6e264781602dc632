// A packet that is not what was looked for. Word, reason, what to do now.
import { button, h, icon, link, thumb } from "../dom.js";
import { unknownFacts } from "../drafts.js";
import { goOn } from "../meeting.js";
import { support, t } from "../words.js";

const STOP = ["forged", "old", "other", "not_here"];

export function unknown(why) {
  const facts = unknownFacts();
  const { mode, visit, number = "", state, place, name } = facts;
  const stop = STOP.includes(why);
  const again = ["/scan", mode, mode === "visit" ? visit : null].filter(Boolean).join("/");
  const values = { number, state: state ? t(`packetstate.${state}`) : "", place: name ?? (place ? t(`place.${place}`) : "") };
  const what = { other: number, not_here: values.state, yours: values.place }[why] ?? why; // gone when the page is opened anew
  return {
    nodes: [
      h("main", { class: `verdict tone-${stop ? "danger" : "stamp"}`, id: "main" },
        icon(stop ? "stop" : "warn"), h("h1", { tabindex: "-1" }, t(stop ? "verdict.stop" : "unknown.title")),
        h("p", { class: "h3" }, t(`unknown.${why}`)), what ? h("p", {}, t(`unknown.${why}_do`, values)) : null),
      thumb(link(t("verdict.scan_again"), `#${again}`, { before: "qr" }),
        why === "old" && facts.slip ? button(t("unknown.old_go"), () => goOn(facts), { quiet: true, id: "old-go" }) : null,
        ["yours", "over"].includes(why) ? link(t("verdict.to_round"), "#/", { quiet: true })
          : h("a", { class: "button-quiet button-wide button-big", href: `tel:${support.replace(/\s/g, "")}` }, icon("phone"), " ", t("app.call_office"))),
    ],
  };
}
