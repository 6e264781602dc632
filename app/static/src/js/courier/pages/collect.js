// Collecting at the door: who it is where the procedure asks, the papers, the seal, the money, the citizen's word. Then one
// signed scan.
import { collect as sign } from "../acts.js";
import * as day from "../day.js";
import { draft, drop } from "../drafts.js";
import { t } from "../words.js";
import { codeStep } from "./code.js";
import { moneyStep } from "./money.js";
import { papersStep } from "./papers.js";
import { pictureFor } from "./parts.js";
import { personStep } from "./person.js";
import { sealStep } from "./seal.js";
import { asked } from "./verdict.js";
import { missingVisit, overVisit } from "./visit.js";
import { walk } from "./walk.js";

export function collect(id, step) {
  const stop = day.stopOf(day.model(), id);
  if (!stop) return missingVisit(id);
  if (!day.isOpen(stop) || !stop.person) return overVisit();
  const pages = [
    ["person", personStep, stop.id_check], ["papers", papersStep, true], ["seal", sealStep, true],
    ["money", moneyStep, day.sum(stop) > 0], ["code", lastStep, true],
  ];
  return walk({ kind: "collect", stop, step, pages, under: stop.person.name });
}

const lastStep = ({ stop, d, head, legs }) => codeStep({
  head: head(t("code.title")), row: legs, go: t("code.collect_go"), note: t("code.note"), shown: `#/shown/${stop.visit}`,
  picture: d.pictures?.["photo.bag"] ? null : pictureFor(d, "photo.slip"), // a scan names one picture
  record: (word) => collected(stop, word),
});

/** Sign for it: the citizen gave their word. */
export async function collected(stop, word) {
  const made = await sign(stop, stop.packets[0], draft(stop.visit), word);
  drop(stop.visit);
  await asked(made, word.kind !== "paper");
}
