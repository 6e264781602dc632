// Signing: a P-256 key that cannot leave this browser, and the bytes it vouches for. What is signed is what is sent.
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const ES256 = { name: "ECDSA", hash: "SHA-256" };
const PREFIX = new TextEncoder().encode("scan-v1\n");

export const possible = () => Boolean(globalThis.isSecureContext && globalThis.crypto?.subtle);

export function base64(bytes) {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text);
}

export const unbase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
export const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
export const random = (size) => crypto.getRandomValues(new Uint8Array(size));

/** {key, publicKey}: the private half stays a handle, the public half is base64 SubjectPublicKeyInfo. */
export async function makeKey() {
  const made = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  return { key: made.privateKey, publicKey: base64(await crypto.subtle.exportKey("spki", made.publicKey)) };
}

function framed(body) {
  const bytes = new Uint8Array(PREFIX.length + body.length);
  bytes.set(PREFIX);
  bytes.set(body, PREFIX.length);
  return bytes;
}

export const digest = async (body) => hex(await crypto.subtle.digest("SHA-256", framed(body)));
export const signature = async (key, body) => base64(await crypto.subtle.sign(ES256, key, framed(body)));

/** The signature over a text as it stands: it begins with its own name and version, so it is taken for nothing else. */
export const over = async (key, text) => base64(await crypto.subtle.sign(ES256, key, new TextEncoder().encode(text)));

const imported = new Map(); // by their base64: a whole day hangs on two or three keys

/** Whether r‖s over `message` was made by the holder of this public key. */
export async function signedBy(publicKey, sig, message) {
  if (!imported.has(publicKey)) {
    imported.set(publicKey, await crypto.subtle.importKey("spki", unbase64(publicKey), CURVE, false, ["verify"]));
  }
  return crypto.subtle.verify(ES256, imported.get(publicKey), sig, message);
}
