// The shell's keeper, a service worker: the courier's page opens without a network, from files kept together under one
// version. It never looks at /api: what is asked there is today's, and what is written there is the outbox's business.
// The server puts self.SHELL before this file: {version, page, files, later}. A new version is fetched whole, then waits
// until the page says so; files carry a hash in their name, so what an older version has kept is not fetched again.
const { version, page, files, later } = self.SHELL;
const PREFIX = "shell-";
const NAME = PREFIX + version;
const OURS = new Set([page, ...files, ...later]);

self.addEventListener("install", (event) => event.waitUntil(keep([page, ...files])));

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
  if (event.data === "scanner") event.waitUntil(keep(later).catch(() => {})); // asked again at the next start
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin || !OURS.has(pathname)) return;
  if ((request.mode === "navigate") === (pathname === page)) event.respondWith(answer(request, pathname));
});

async function takeOver() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== NAME).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request, path) {
  const kept = await (await caches.open(NAME)).match(path, { ignoreVary: true });
  return kept ?? fetch(request);
}

/** All of these or an error: half a shell is none. */
async function keep(paths) {
  const cache = await caches.open(NAME);
  const taken = await cache.keys();
  const there = new Set(taken.map((request) => new URL(request.url).pathname));
  await Promise.all(paths.filter((path) => !there.has(path)).map(async (path) => cache.put(path, await find(path))));
}

async function find(path) {
  const before = path === page ? undefined : await caches.match(path, { ignoreVary: true });
  const found = before ?? (await fetch(path, { cache: path === page ? "no-store" : "default", credentials: "same-origin" }));
  const isPage = found.headers.get("Shell-Version");
  if (!found.ok || found.redirected || (path === page ? isPage !== version : isPage !== null)) throw new Error(`not ours: ${path}`);
  return found;
}
