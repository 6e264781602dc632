// What the phone's fold makes of histories, one line of JSON in, one out: node fold.mjs < histories > ends
import { createInterface } from "node:readline";
import { fold } from "../../app/static/src/js/shared/fold.js";

let law = null;
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.steps) {
    law = { steps: told.steps, way: told.way, kindOf: (party) => told.kinds[party] ?? null };
    continue;
  }
  const { links, state, holder, disputed } = fold(told.base, told.scans, law);
  console.log(JSON.stringify([state, holder, disputed, links.slice(1).map((link) => link.event)]));
}
