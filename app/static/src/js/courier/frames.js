// Frames: a message too long for one code, as a row of codes another phone reads in any order. Only letters a QR code
// packs tightly; each frame says which message it is of, which part, and of how many. A message is named by its own hash:
// one letter read or written otherwise, and it is not taken for what was said.
import { encodeQR } from "qr";
import { hex } from "./sign.js";
import { b32, unb32 } from "./token.js";

const SIZE = 480; // letters in one code: a cheap camera reads it from a cheap screen
const FRAME = /^(OF|RC):([0-9A-F]{8}):(\d{1,3}):(\d{1,3}):(\d{1,5}):([0-9A-HJKMNP-TV-Z]+)$/;

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

const nameOf = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 8).toUpperCase();

/** The frames of a message. kind: "OF" (an offer) or "RC" (a receipt). */
export async function write(kind, message) {
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(JSON.stringify(message)));
  const text = b32(bytes);
  const count = Math.ceil(text.length / SIZE);
  const name = await nameOf(bytes);
  return Array.from({ length: count }, (_, at) => `${kind}:${name}:${at + 1}:${count}:${bytes.length}:${text.slice(at * SIZE, (at + 1) * SIZE)}`);
}

export const isFrame = (text) => FRAME.test(text);
export const kindOf = (text) => FRAME.exec(text)[1];

/** A reader that takes frames as they come: add(text) → {kind, have, count, message, misread}; the message once all are there. */
export function reader() {
  const parts = new Map();
  return async function add(text) {
    const [, kind, name, at, of, size, chunk] = FRAME.exec(text);
    const count = Number(of);
    const mine = parts.get(kind + name) ?? parts.set(kind + name, new Map()).get(kind + name);
    mine.set(Number(at), chunk);
    if (mine.size < count) return { kind, have: mine.size, count, message: null };
    try {
      const bytes = unb32(Array.from({ length: count }, (_, i) => mine.get(i + 1) ?? "").join(""), Number(size));
      if ((await nameOf(bytes)) !== name) throw new Error("misread");
      const told = await through(new DecompressionStream("deflate-raw"), bytes);
      return { kind, have: count, count, message: JSON.parse(new TextDecoder().decode(told)) };
    } catch {
      parts.delete(kind + name); // misread: the next round of the codes brings it whole
      return { kind, have: 0, count, message: null, misread: true };
    }
  };
}

/** One frame drawn black on white, whatever the theme: a camera must read it. */
export function draw(text) {
  const grid = encodeQR(text, "raw", { ecc: "low", border: 4 });
  const canvas = document.createElement("canvas");
  canvas.width = grid.length * 6;
  canvas.height = canvas.width;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000000";
  grid.forEach((row, y) => row.forEach((dark, x) => { if (dark) pen.fillRect(x * 6, y * 6, 6, 6); }));
  return canvas;
}
