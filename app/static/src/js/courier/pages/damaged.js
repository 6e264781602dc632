// A bag that is torn, wet, opened or crushed: what it is, and a picture of it. Nobody opens it on the way; two people count what
// is inside where it is handed in.
import { damage } from "../acts.js";
import * as day from "../day.js";
import { bar, bigIcon, button, choices, fault, h, icon, notice, page, thumb } from "../dom.js";
import { draft, drop } from "../drafts.js";
import * as outbox from "../outbox.js";
import { go } from "../router.js";
import { clock, t } from "../words.js";
import { pictureFor, sealLine, strip } from "./parts.js";
import { asked } from "./verdict.js";

const PICTURE = "photo.damaged";

export function damagedPage(code) {
  const now = day.model();
  const packet = now.carrying.find((each) => each.code === code);
  if (!packet && !now.known) return { live: true, nodes: [bar(t("damaged.title"), null, { back: "#/carrying" }), page(bigIcon("wait"))] };
  if (!packet) return { nodes: [page(bigIcon("wait"))], ready: () => go("/carrying", { replace: true }) };
  const d = draft(`damaged/${code}`); // the camera may cost the page
  const says = fault("damaged-says");
  let written = false;
  async function record() {
    if (!d.reason) return says.say(t("damaged.why_empty"));
    if (!d.pictures?.[PICTURE]) return says.say(t("damaged.photo_empty"));
    if (written) return undefined;
    written = true;
    const made = await damage(packet, d.reason, d.pictures[PICTURE]);
    drop(`damaged/${code}`);
    return asked(made, false);
  }
  return {
    nodes: [bar(t("damaged.title"), packet.number, { back: "#/carrying" }), strip(),
      page(sealLine(packet), notice("warning", "damaged", h("p", {}, t("damaged.lead"))),
        choices("reason", t("damaged.why"), (day.reasons().reasons.damaged ?? []).map((each) => [each, t(`reason.${each}`)]), d.reason, (chosen) => { d.reason = chosen; says.say(""); }),
        pictureFor(d, PICTURE), says),
      thumb(button(t("damaged.go"), record, { before: "check", id: "damaged-go" }))],
  };
}

/** Below a packet of ours: where damage is said, or when it was. */
export function damagedLink(packet) {
  const row = outbox.rows().filter(({ meta }) => meta.event === "damaged" && meta.code === packet.code).at(-1);
  if (row) return h("p", { class: "small" }, h("a", { class: "link-target", href: `#/verdict/${row.digest}` }, icon("damaged"), " ", t("damaged.told", { time: clock(row.at) })));
  return h("p", { class: "small" }, h("a", { class: "link-target", href: `#/damaged/${packet.code}` }, t("damaged.link")));
}
