// The witness: this phone keeps the newest checkpoint of the post's log that it saw, lets nothing take its place that does
// not extend it, and signs what it saw into its next scan. Whoever changes the past contradicts every phone.
import { extend, read } from "./tree.js";
import * as store from "./store.js";

/** {size, root} this device saw last, or null: what it tells the server and puts into its scans. */
export const pin = (device) => device?.pin ?? null;

/** Whether the log, as it was told last, does not extend what this device saw. */
export const doubts = (device) => (device?.doubt ?? null) !== null;

/** Judge the log's news in an answer to a question that named `pinned`. False when the past is not what it was. */
export async function look(id, pinned, { checkpoint, consistency }) {
  if (!checkpoint && !pinned) return true;
  const seen = read(checkpoint);
  const sound = seen !== null && (!pinned || (await extend(pinned, seen, consistency)));
  await store.witness(id, pinned, sound, seen, checkpoint);
  return sound;
}
