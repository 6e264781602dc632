// The slip's 133 letters: upper-case Crockford base32 of 83 bytes. The phone reads the packet's code and issue from
// them and checks the signature where it knows the key; the server checks again.
import { hex, signedBy } from "./sign.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BODY = 19;
const TYPES = [1, 2, 3, 4]; // bag, slip, sticker, list
const [BAG, STICKER, LIST] = [1, 3, 4];
const DOOR = { 5: "deliver", 6: "collect" }; // what a citizen shows, and for what
const DAY = 86400000;
const EPOCH = Date.UTC(2020, 0, 1);
const PREFIX = new TextEncoder().encode("slip-v1\n");
const DOOR_PREFIX = new TextEncoder().encode("door-v1\n");

/** The bytes a text says, or null unless it is the one canonical spelling of `size` bytes. */
export function unb32(text, size) {
  if (text.length !== Math.ceil((size * 8) / 5)) return null;
  const bytes = new Uint8Array(size);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return null;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8 && at < size) {
      bits -= 8;
      bytes[at] = (held >> bits) & 255;
      at += 1;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 && at === size ? bytes : null;
}

export function b32(bytes) {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
      held &= (1 << bits) - 1;
    }
  }
  return bits ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

/** {code, issue, sticker, around, key, body, sig}, `around` for the code of a bag or a list, which names no packet; or null when the letters cannot be a slip's. */
export function read(text) {
  const bytes = unb32(text, 83);
  if (!bytes || bytes[0] !== 1 || !TYPES.includes(bytes[2])) return null;
  return { code: b32(bytes.slice(3, 13)), issue: bytes[13], sticker: bytes[2] === STICKER, around: [BAG, LIST].includes(bytes[2]), key: bytes[1], body: bytes.slice(0, BODY), sig: bytes.slice(BODY) };
}

/** {type, purpose, code, ends, key, body, sig} or null when the letters cannot be a citizen's word. */
export function readDoor(text) {
  const bytes = unb32(text, 83);
  if (!bytes || bytes[0] !== 1 || !DOOR[bytes[2]]) return null;
  const minute = (bytes[14] << 16) | (bytes[15] << 8) | bytes[16];
  if (minute >= 1440) return null;
  const ends = new Date(EPOCH + ((bytes[17] << 8) | bytes[18]) * DAY + minute * 60000);
  return { type: bytes[2], purpose: DOOR[bytes[2]], code: b32(bytes.slice(3, 13)), ends, key: bytes[1], body: bytes.slice(0, BODY), sig: bytes.slice(BODY) };
}

/** What the first move of the packet with this code follows. */
export async function genesis(code) {
  const named = new Uint8Array([...new TextEncoder().encode("packet-v1\n"), ...unb32(code, 10)]);
  return hex(await crypto.subtle.digest("SHA-256", named));
}

/** Whether a slip is on the list of replaced ones: six bytes each, five of the code and the newest void issue. */
export function replaced(list, token) {
  const code = unb32(token.code, 10);
  for (let at = 0; at + 6 <= list.length; at += 6) {
    if (code.subarray(0, 5).every((byte, index) => list[at + index] === byte)) return token.issue <= list[at + 5];
  }
  return false;
}

/** The list with what was added to it since: one entry a packet, the newest word of it. */
export function merged(list, fresh) {
  const newest = new Map();
  for (const part of [list, fresh]) {
    for (let at = 0; at + 6 <= part.length; at += 6) newest.set(part.subarray(at, at + 5).join(), part.subarray(at, at + 6));
  }
  return Uint8Array.from([...newest.values()].flatMap((entry) => [...entry]));
}

/** true: ours; false: not ours, or signed with a key that was withdrawn; null: this phone does not know the key. */
export async function genuine(token, keys) {
  const known = keys?.find((each) => each.id === token.key);
  if (!known) return null;
  if (known.withdrawn) return false;
  const prefix = token.purpose ? DOOR_PREFIX : PREFIX;
  const message = new Uint8Array(prefix.length + BODY);
  message.set(prefix);
  message.set(token.body, prefix.length);
  return signedBy(known.public_key, token.sig, message);
}
