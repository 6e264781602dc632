// What the phone makes of the codes of cards.json, as JSON on the standard output.
import { readFileSync } from "node:fs";
import { readCard, sameName } from "../../app/static/src/js/courier/card.js";

const told = JSON.parse(readFileSync(new URL("cards.json", import.meta.url)));
console.log(JSON.stringify({ cards: told.cards.map(({ text }) => readCard(text)), names: told.names.map(([one, other]) => sameName(one, other)) }));
