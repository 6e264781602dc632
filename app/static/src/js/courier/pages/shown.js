// The citizen's own screen before the camera: their word as a code, for this packet and this purpose. It stands for the six
// digits, and works without a network.
import * as day from "../day.js";
import { h, icon } from "../dom.js";
import { play } from "../feedback.js";
import { genuine, readDoor } from "../token.js";
import { shown as letters } from "../../shared/codes.js";
import { t } from "../words.js";
import { collected } from "./collect.js";
import { delivered } from "./deliver.js";
import { finder } from "./finder.js";
import { missingVisit } from "./visit.js";
import { atDoor, leaveTo } from "./walk.js";

export function shown(id) {
  const door = atDoor(id);
  if (!door) return missingVisit();
  const { stop, d } = door;
  const back = `/${stop.kind}/${stop.visit}/code`;
  if (!d.seal || !(stop.kind === "deliver" ? d.seen : d.sheets)) return leaveTo(back);

  async function read(text) {
    const token = letters(text) && readDoor(letters(text));
    const why = token ? await refused(token) : "foreign";
    if (why) {
      play(why === "foreign" ? "stamp" : "danger");
      return t(`shown.${why}`);
    }
    const word = { kind: "shown", value: letters(text) };
    await (stop.kind === "collect" ? collected(stop, word) : delivered(stop, word));
    return null;
  }

  /** Why it is not the word for this door; what this phone cannot check the server does. */
  async function refused(token) {
    if (token.code !== stop.packets[0].code) return "other";
    if (token.purpose !== stop.kind) return "purpose";
    if ((await genuine(token, day.keys())) === false) return "forged";
    return token.ends.getTime() < day.clockNow() ? "over" : null;
  }

  return finder({ title: t("shown.title"), under: stop.person.name, back: `#${back}`, hint: t("shown.hold"), read, ways: [h("a", { class: "button-quiet button-big", href: `#${back}` }, icon("keys"), " ", t("shown.type"))] });
}
