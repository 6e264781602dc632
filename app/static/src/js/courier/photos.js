// Photos, of bags, doors and signed slips: kept on this phone under the hash of their bytes. A scan names the hash and goes its way;
// the picture follows when it can and never holds a scan back. It is made small here, and with that loses what the
// camera wrote beside it (where, when, with which phone).
import { call } from "./api.js";
import * as outbox from "./outbox.js";
import * as sign from "./sign.js";
import { devices, me, photos, putPhoto, settlePhoto } from "./store.js";

const SIDE = 1600;
const QUALITY = 0.8;
const PATIENCE = 120000; // a picture over a slow network
const REFUSED = [400, 413, 415, 422]; // of this picture, not of the line: the others go on
let waiting = 0;
let sending = null;
let insist = false;

/** How many pictures have not arrived yet. */
export const unsent = () => waiting;

/** Keep a picture. {sha256} names it, also after a restart. Throws when the browser cannot read it as a picture. */
export async function keepPhoto(blob) {
  const bytes = await (await shrunk(blob)).arrayBuffer();
  const sha256 = sign.hex(await crypto.subtle.digest("SHA-256", bytes));
  await putPhoto({ sha256, bytes, device: me().device, at: new Date().toISOString(), status: "kept" });
  await count();
  return { sha256 };
}

async function count() {
  const all = await photos();
  waiting = all.filter((each) => each.status === "kept").length;
  outbox.lackPictures(all.filter((each) => each.status === "person").map((each) => each.sha256));
}

/** Send pictures whenever scans have gone their way; one at a time, so that a scan made meanwhile finds the line free soon. */
export function keepFollowing() {
  const follow = () => { sending ??= followAll().finally(() => { sending = null; }); };
  outbox.changes.addEventListener("sent", follow);
  outbox.changes.addEventListener("insisted", () => { insist = true; }); // a post office too busy to look at a picture refuses it too
  follow();
}

async function followAll() {
  const wanted = insist ? ["kept", "person"] : ["kept"];
  insist = false;
  const tokens = new Map((await devices()).map(({ device, token }) => [device, token]));
  for (const { sha256, bytes, device, status } of await photos()) {
    if (!wanted.includes(status)) continue;
    if (outbox.kept().length) break; // scans first: the next "sent" goes on here
    const answer = await call("files", { token: tokens.get(device) ?? me()?.token, photo: bytes, patience: PATIENCE });
    if ([200, 201].includes(answer.status) && answer.data.sha256 === sha256) await settlePhoto(sha256, "arrived");
    else if (REFUSED.includes(answer.status)) await settlePhoto(sha256, "person");
    else if (answer.status !== 404) break; // 404: a server one version behind, the others would fare no better
  }
  await count();
}

/** The same picture as a JPEG of at most 1600 dots a side, on white. */
async function shrunk(blob) {
  const picture = await createImageBitmap(blob, { imageOrientation: "from-image" });
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((done, failed) => {
    canvas.toBlob((made) => (made ? done(made) : failed(new Error("the picture cannot be written"))), "image/jpeg", QUALITY);
  });
}
