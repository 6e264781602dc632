// The store: who this phone is, every scan it ever signed, and the server's keys that check receipts, in IndexedDB. A scan is safe when put() has returned:
// the write is flushed to the disk first (durability "strict"). Nothing here deletes a scan but `prune`, and that only what
// the server has had for a month.
import { openDB } from "idb";

const NAME = "courier";
const VERSION = 2;
let db = null;
let current = null;
let receiptKeys = [];

export async function open() {
  db = await opened(VERSION);
  const id = await db.get("state", "current");
  current = id ? (await db.get("devices", id)) ?? null : null;
  receiptKeys = (await db.get("state", "receipt-keys")) ?? [];
}

/** Stores are only ever added, so a page one version behind works with what a newer one has left. */
function opened(version) {
  return openDB(NAME, version, {
    upgrade(made, before) {
      if (before < 1) {
        made.createObjectStore("devices", { keyPath: "device" });
        made.createObjectStore("outbox", { keyPath: ["device", "n"] });
        made.createObjectStore("state");
      }
      if (before < 2) made.createObjectStore("photos", { keyPath: "sha256" });
    },
    blocking() { // a newer version of this page wants to change the store: what is being written is still written
      db.close();
      window.location.reload();
    },
  }).catch((error) => {
    if (error.name !== "VersionError" || version === undefined) throw error;
    return opened(undefined);
  });
}

/** The public key with this id, base64 SubjectPublicKeyInfo, if the server ever told it. */
export const receiptKey = (id) => receiptKeys.find((each) => each.id === id)?.public_key ?? null;

/** Remember the server's keys; one that is known never changes. */
export async function learnReceiptKeys(told) {
  const fresh = (told ?? []).filter((each) => !receiptKey(each.id));
  if (!fresh.length) return;
  receiptKeys = [...receiptKeys, ...fresh];
  await db.put("state", receiptKeys, "receipt-keys");
}

/** What lies in the store beside phones and scans: "lock", "day" and "drafts". */
export const read = (name) => db.get("state", name);

/** Several of them at once, all or none; null takes one away. */
export async function write(values) {
  const tx = db.transaction("state", "readwrite", { durability: "strict" });
  await Promise.all([...Object.entries(values).map(([name, value]) => (value === null ? tx.store.delete(name) : tx.store.put(value, name))), tx.done]);
}

/** The signed-in phone: {device, party, actor, token, login, key, n, back, since, server, skew, pin, checkpoint, doubt}, or null. */
export const me = () => current;

export async function takePhone(device) {
  const tx = db.transaction(["devices", "state"], "readwrite", { durability: "strict" });
  await Promise.all([tx.objectStore("devices").put(device), tx.objectStore("state").put(device.device, "current"), tx.done]);
  current = device;
}

/** The next courier may sign in. Keys and tokens stay as long as anything they signed is unsent. */
export async function leavePhone() {
  const left = current;
  const tx = db.transaction(["devices", "outbox", "state"], "readwrite", { durability: "strict" });
  await Promise.all(["current", "lock", "day", "drafts"].map((name) => tx.objectStore("state").delete(name)));
  const range = IDBKeyRange.bound([left.device, 0], [left.device, Infinity]);
  const rows = await tx.objectStore("outbox").getAll(range);
  if (rows.every((row) => row.status !== "kept")) await tx.objectStore("devices").delete(left.device);
  await tx.done;
  current = null;
}

export const devices = () => db.getAll("devices");
export const rows = () => db.getAll("outbox");

/** One signed scan and the counter it used, both or neither. Refuses when another tab was faster. */
export async function put(row, device) {
  const tx = db.transaction(["devices", "outbox"], "readwrite", { durability: "strict" });
  const kept = await tx.objectStore("devices").get(device.device);
  if (!kept || kept.n !== row.n - 1) {
    tx.abort();
    await tx.done.catch(() => {});
    return false;
  }
  const next = { ...kept, n: row.n, back: row.digest };
  await Promise.all([tx.objectStore("outbox").add(row), tx.objectStore("devices").put(next), tx.done]);
  if (current?.device === next.device) current = next;
  return true;
}

/** What the server said of some rows; other fields of a row never change. */
export async function mark(changes) {
  const tx = db.transaction("outbox", "readwrite", { durability: "strict" });
  const one = async ({ device, n, ...said }) => {
    const row = await tx.store.get([device, n]);
    if (row) await tx.store.put({ ...row, ...said });
  };
  await Promise.all([...changes.map(one), tx.done]); // one after another each would wait for the disk's thread
}

export const photos = () => db.getAll("photos");

/** What became of a picture; one that has arrived leaves its name here, and its bytes go. */
export async function settlePhoto(sha256, status) {
  const tx = db.transaction("photos", "readwrite", { durability: "strict" });
  const { bytes, ...facts } = await tx.store.get(sha256);
  await tx.store.put({ ...facts, ...(status === "arrived" ? { arrived: new Date().toISOString() } : { bytes }), status });
  await tx.done;
}

/** A picture, safe when this has returned. The same picture twice is one. */
export async function putPhoto(photo) {
  const tx = db.transaction("photos", "readwrite", { durability: "strict" });
  if (!(await tx.store.get(photo.sha256))) await tx.store.put(photo);
  await tx.done;
}

export const KEPT = 30 * 86400000; // after its receipt
const NUMBERED = 86400000; // by then a line is under a checkpoint, or an alarm is raised at the post

/** Let go of scans the server has had for thirty days and whose lines this phone has since seen under a checkpoint, and of
 *  the names of pictures it has had as long. A scan whose picture was refused stays. */
export async function prune(now) {
  const tx = db.transaction(["devices", "outbox", "photos"], "readwrite");
  const pictures = await tx.objectStore("photos").getAll();
  const refused = new Set(pictures.filter((each) => each.status === "person").map((each) => each.sha256));
  for (const { sha256, status, arrived, at } of pictures) if (status === "arrived" && now - Date.parse(arrived ?? at) > KEPT) await tx.objectStore("photos").delete(sha256);
  const seen = new Map((await tx.objectStore("devices").getAll()).map((each) => [each.device, each.pinned ?? 0]));
  for (let cursor = await tx.objectStore("outbox").openCursor(); cursor; cursor = await cursor.continue()) {
    const { status, device, recorded_at: at, extras } = cursor.value;
    const received = Date.parse(at ?? "");
    if (status === "arrived" && !refused.has(extras?.photo_sha256) && now - received > KEPT && seen.get(device) - received > NUMBERED) await cursor.delete();
  }
  await tx.done;
}

/** Facts of a device other than its counter: `since`, the server's last word about the time. */
export async function note(device, facts) {
  const tx = db.transaction("devices", "readwrite");
  const kept = await tx.store.get(device);
  if (kept) {
    const next = { ...kept, ...facts, n: kept.n, back: kept.back };
    await tx.store.put(next);
    if (current?.device === device) current = next;
  }
  await tx.done;
}

/**
 * What a device has seen of the log. A checkpoint takes the pin's place when it was proved to extend that very pin; one
 * that does not extend it is kept beside it as `doubt`, until the log is again the one we saw.
 */
export async function witness(device, pinned, sound, seen, checkpoint) {
  const tx = db.transaction("devices", "readwrite", { durability: "strict" });
  const kept = await tx.store.get(device);
  const newer = sound && (kept?.pin?.size ?? 0) === (pinned?.size ?? 0) && seen.size > (pinned?.size ?? 0);
  const doubt = sound ? null : checkpoint ?? "";
  if (kept && (newer || doubt !== (kept.doubt ?? null))) {
    const next = { ...kept, doubt, ...(newer ? { pin: seen, checkpoint, pinned: Date.now() } : {}) };
    await tx.store.put(next);
    if (current?.device === device) current = next;
  }
  await tx.done;
}

export async function refresh() {
  if (current) current = (await db.get("devices", current.device)) ?? current;
  return current;
}
