// The courier's phone app starts here: open the store, find out whose phone it is, show the page the address names.
import { listen } from "./courier/feedback.js";
import * as outbox from "./courier/outbox.js";
import * as day from "./courier/day.js";
import { goOn } from "./courier/enrol.js";
import { start } from "./courier/router.js";
import { me, open } from "./courier/store.js";
import { broken } from "./courier/pages/broken.js";
import { askToKeep } from "./courier/phone.js";

async function main() {
  listen();
  try {
    await open();
  } catch (error) {
    broken("broken.storage", error);
    return;
  }
  await outbox.load();
  start();
  outbox.changes.addEventListener("stands", ({ detail }) => goOn(detail));
  outbox.keepSending();
  day.keepFresh();
  if (me()) askToKeep();
}

window.addEventListener("unhandledrejection", ({ reason }) => broken("broken.lead", reason));
main().catch((error) => broken("broken.lead", error));
