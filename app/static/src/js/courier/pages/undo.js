// A scan was wrong: the packet is another one, or nothing changed hands. Nothing is deleted; a new scan says so, and people decide.
import { undo } from "../acts.js";
import * as day from "../day.js";
import { bar, button, choices, fault, h, notice, page, thumb } from "../dom.js";
import * as outbox from "../outbox.js";
import { go } from "../router.js";
import { t } from "../words.js";
import { strip } from "./parts.js";

const REASONS = ["other_packet", "not_handed_over"];

export function undoPage(digest) {
  const row = outbox.row(digest);
  const packet = row && day.undoable(row);
  if (!packet) return { nodes: [page()], ready: () => go(row ? `/verdict/${digest}` : "/", { replace: true }) };
  return asked({ packet, digest, under: t(`event.${row.meta.event}`), back: `/verdict/${digest}` });
}

/** What is wrong with this scan of a packet, ours or that of whoever took it from us? */
export function asked({ packet, digest, under, back }) {
  const says = fault("undo-says");
  let reason = null;
  let written = false;
  async function write() {
    if (!reason) return says.say(t("undo.empty"));
    if (written) return undefined;
    written = true;
    const made = await undo(digest, packet, reason);
    return go(`/verdict/${made.digest}`, { replace: true });
  }
  return {
    nodes: [bar(t("undo.title"), under, { back: `#${back}` }), strip(),
      page(h("p", { class: "h2 code" }, packet.number), notice("", "info", h("p", {}, t("undo.lead"))),
        choices("reason", t("undo.why"), REASONS.map((each) => [each, t(`undo.${each}`)]), reason, (chosen) => { reason = chosen; says.say(""); }), says),
      thumb(button(t("undo.go"), write, { before: "undo", id: "undo-go" }))],
  };
}
