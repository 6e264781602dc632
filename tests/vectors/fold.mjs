// What the phone's fold makes of histories, one line of JSON in, one out: node fold.mjs < histories > ends
import { createInterface } from "node:readline";
import { fold, toldOf } from "../../app/static/src/js/shared/fold.js";

let law = null;
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.steps) {
    law = { steps: told.steps, way: told.way, kindOf: (party) => told.kinds[party] ?? null };
    continue;
  }
  const [base, known] = told.packet ? toldOf(told.packet, law.steps, told.me) : [told.base, law];
  const { links, state, holder, disputed } = fold(base, told.scans, known);
  console.log(JSON.stringify([state, holder, disputed, links.slice(1).map((link) => link.event)]));
}
