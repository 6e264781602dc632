// Every scan on this phone, newest first. There is no "delete", and three states only.
import { bar, bigIcon, button, h, icon, page, thumb } from "../dom.js";
import * as outbox from "../outbox.js";
import { draw } from "../router.js";
import { clock, t, told } from "../words.js";
import { strip } from "./parts.js";

const MOST = 100;
const LOOK = { kept: ["stamp", "saved"], arrived: ["ok", "post"], person: ["warning", "person"] };
let tried = false;

export function outboxPage() {
  const counts = outbox.counts();
  const rows = [...outbox.rows()].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, MOST);
  async function send() {
    tried = !(await outbox.send());
    draw(false);
  }
  return {
    live: true,
    nodes: [
      bar(t("outbox.title"), t("outbox.counts", counts), { back: "#/" }), strip(),
      rows.length
        ? page(tried && counts.kept ? h("p", { role: "status" }, t("outbox.sent_none")) : null, h("ul", { class: "queue" }, rows.map(line)), h("p", { class: "small soft" }, t("outbox.never_deleted")))
        : page(bigIcon("saved"), h("p", { class: "h2" }, t("outbox.none")), h("p", {}, t("outbox.never_deleted"))),
      thumb(button(t("outbox.send"), send, { before: "sync", id: "send" })),
    ],
  };
}

function line(row) {
  const status = outbox.status(row);
  const [tone, picture] = LOOK[status];
  const why = status === "person" ? reason(row) : null;
  return h("li", { class: `tone-${tone}` }, icon(picture), h("div", {}, h("b", {}, t(`sync.${status}`)), h("p", {}, `${clock(row.at)} · ${t(`event.${row.meta.event}`)}`),
    h("p", { class: "small code" }, row.meta.number), why ? h("p", { class: "small" }, why) : null));
}

export function reason(row) {
  if (row.why === "raw") return t("outbox.raw");
  if (row.meta.sealDiffers && !row.why) return t("why.seal_differs");
  if (row.why === "proof_missing" && row.meta.hadCode) return t("verdict.code_wrong");
  return told(`why.${row.why}`, "why.other");
}
