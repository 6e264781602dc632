// The shell: this page and its files, kept on the phone by the service worker. A newer version is fetched in the
// background and waits: it takes over when the courier says so or at the next start, and never while a scan is written.
import { changes, idle } from "./outbox.js";

const HOUR = 3600000;
let registration = null;
let fresh = null; // a worker with a newer version, ready and waiting

export const newer = () => fresh !== null;

export async function keepShell() {
  if (!navigator.serviceWorker) return;
  let ruled = Boolean(navigator.serviceWorker.controller); // the first worker of all changes nothing on the page
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (ruled) idle().then(() => window.location.reload());
    ruled = true;
  });
  try {
    registration = await navigator.serviceWorker.register("/courier/worker.js", { scope: "/courier/", updateViaCache: "none" });
  } catch {
    return; // no network at the first start, or a browser that will not: the page works, it only does not open offline
  }
  if (registration.waiting && ruled) {
    fresh = registration.waiting;
    renew(); // nobody has begun anything yet
  }
  registration.addEventListener("updatefound", () => watch(registration.installing));
  if (registration.installing) watch(registration.installing);
  navigator.serviceWorker.ready.then(({ active }) => active.postMessage("scanner"));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  setInterval(look, HOUR);
}

function watch(worker) {
  worker?.addEventListener("statechange", () => {
    if (worker.state !== "installed" || !navigator.serviceWorker.controller) return;
    fresh = worker;
    changes.dispatchEvent(new Event("change"));
  });
}

/** Ask the server whether there is a newer version. */
export const look = () => registration?.update().catch(() => {});

/** Let the newer version take over as soon as nothing is being written; the page opens again by itself. */
export async function renew() {
  if (!fresh) {
    await look();
    return;
  }
  await idle();
  fresh.postMessage("take over");
}

/** All words in another language: another version of the shell, once it is here. Rejects without a network. */
export async function speak(language) {
  await fetch(`/language/${language}`, { redirect: "manual", credentials: "same-origin" });
  await registration?.update();
  const worker = registration?.installing ?? registration?.waiting;
  while (worker?.state === "installing") await new Promise((done) => worker.addEventListener("statechange", done, { once: true }));
  if (worker?.state !== "installed") return window.location.reload();
  await idle();
  return worker.postMessage("take over");
}
