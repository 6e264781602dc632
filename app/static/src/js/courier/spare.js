// Room laid aside: two megabytes that mean nothing. A browser rounds what it tells a page of its room, and Chromium tells every page
// of ten free gigabytes, so a page learns that it is full when a scan finds no room. Then these go, the scan is written after
// all, and there is time to say so.
import { deleteDB, openDB } from "idb";

const NAME = "courier-room";
const SIZE = 2 * 1024 * 1024; // a thousand scans
const PIECE = 65536; // as many random bytes as are given at once; others would be packed
let tight = false;

/** Whether the room laid aside was needed, or found no room itself. */
export const isTight = () => tight;

/** Lay it aside, unless it lies there. */
export async function lay() {
  try {
    const db = await openDB(NAME, 1, { upgrade(made) { made.createObjectStore("room"); } });
    try {
      if (!(await db.count("room"))) await db.put("room", noise(), "spare");
    } finally {
      db.close();
    }
    tight = false;
  } catch (error) {
    tight = error.name === "QuotaExceededError";
  }
}

/** Write what must not be lost; where there is no room for it, in the room laid aside. */
export async function within(work) {
  try {
    return await work();
  } catch (error) {
    if (error?.name !== "QuotaExceededError") throw error;
    tight = true;
    await deleteDB(NAME);
    return work();
  }
}

function noise() {
  const bytes = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += PIECE) crypto.getRandomValues(bytes.subarray(at, at + PIECE));
  return bytes;
}
