// The log's tree, as much of it as a witness needs: read a checkpoint, check that it extends an earlier one. SHA-256
// only; the receipts vouch for the note. The other half is app/domain/tree.py.
import { hex, unbase64 } from "./sign.js";

const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** {size, root} of a signed note, root in hex; null when it is none. */
export function read(note) {
  const [, size, root] = /^[^\n]+\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n\n— /u.exec(note ?? "") ?? [];
  return root === undefined ? null : { size: Number(size), root: hex(unbase64(root)) };
}

async function node(left, right) {
  return hex(await crypto.subtle.digest("SHA-256", new Uint8Array([1, ...unhex(left), ...unhex(right)])));
}

/** Whether `path` shows that the second tree only adds leaves to the first (RFC 9162, 2.1.4.2). Sizes stay below 2^53. */
export async function extend(first, second, path) {
  if (!Array.isArray(path) || !path.every((each) => /^[0-9a-f]{64}$/.test(each))) return false;
  if (first.size === second.size) return path.length === 0 && first.root === second.root;
  if (first.size > second.size || first.size < 1) return false;
  let at = BigInt(first.size) - 1n;
  let last = BigInt(second.size) - 1n;
  const rest = at & (at + 1n) ? [...path] : [first.root, ...path];
  if (!rest.length) return false;
  while (at & 1n) [at, last] = [at >> 1n, last >> 1n];
  let before = rest[0];
  let after = rest[0];
  for (const beside of rest.slice(1)) {
    if (last === 0n) return false;
    if (at & 1n || at === last) {
      before = await node(beside, before);
      after = await node(beside, after);
      while (at && !(at & 1n)) [at, last] = [at >> 1n, last >> 1n];
    } else {
      after = await node(after, beside);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && before === first.root && after === second.root;
}
