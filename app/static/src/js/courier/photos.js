// Photos and drawn signatures: kept on this phone under the hash of their bytes. A scan names the hash and goes its way;
// the picture follows when it can and never holds a scan back. It is made small here, and with that loses what the
// camera wrote beside it (where, when, with which phone).
import * as sign from "./sign.js";
import { me, putPhoto } from "./store.js";

const SIDE = 1600;
const QUALITY = 0.8;

/** Keep a picture. {sha256} names it, also after a restart. Throws when the browser cannot read it as a picture. */
export async function keepPhoto(blob) {
  const bytes = await (await shrunk(blob)).arrayBuffer();
  const sha256 = sign.hex(await crypto.subtle.digest("SHA-256", bytes));
  await putPhoto({ sha256, bytes, device: me().device, at: new Date().toISOString(), status: "kept" });
  return { sha256 };
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
