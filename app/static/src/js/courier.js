// The courier's phone app starts here: open the store, find out whose phone it is, show the page the address names.
import { listen, play } from "./courier/feedback.js";
import * as lists from "./courier/lists.js";
import * as outbox from "./courier/outbox.js";
import * as day from "./courier/day.js";
import { goOn } from "./courier/enrol.js";
import * as lock from "./courier/lock.js";
import * as replaced from "./courier/replaced.js";
import { start } from "./courier/router.js";
import * as peers from "./courier/peers.js";
import * as till from "./courier/till.js";
import { me, open } from "./courier/store.js";
import { broken } from "./courier/pages/broken.js";
import { askToKeep } from "./courier/phone.js";
import { keepFollowing } from "./courier/photos.js";
import { keepShell } from "./courier/shell.js";
import { lay } from "./courier/spare.js";
import { warm } from "./scanner.js";

async function main() {
  listen();
  try {
    await open();
  } catch (error) {
    broken("broken.storage", error);
    return;
  }
  await outbox.load();
  await Promise.all([lock.load(), lists.open(), till.open(), replaced.open(), peers.open()]);
  start();
  lock.watch();
  outbox.changes.addEventListener("stands", ({ detail }) => goOn(detail));
  outbox.keepSending();
  day.keepFresh();
  keepFollowing();
  keepShell();
  lay();
  if (me()) {
    askToKeep();
    warm();
  }
}

let full = false;

/** A scan that found no room was not written: no beep, and it is said, whatever else then goes wrong. */
function stop(error) {
  if (full) return;
  full = error?.name === "QuotaExceededError";
  if (full) play("danger");
  broken(full ? "broken.full" : "broken.lead", error);
}

window.addEventListener("unhandledrejection", (event) => {
  stop(event.reason);
  if (full) event.preventDefault(); // no fault of the page, and the page says it
});
main().catch(stop);
