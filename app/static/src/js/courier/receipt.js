// Receipts: the server's signature over what it has committed. Without a good one a scan is not safe there, whoever answered.
import { hex, signedBy, unbase64 } from "./sign.js";
import { receiptKey } from "./store.js";

const bytes = (text) => new TextEncoder().encode(text);

/** Whether `result` carries the receipt for this row; `told` is the whole answer it came in. */
export async function good(row, result, told) {
  const key = receiptKey(told.receipt_key);
  if (!key || typeof result.receipt !== "string") return false;
  const seen = hex(await crypto.subtle.digest("SHA-256", bytes(told.checkpoint ?? "")));
  const message = ["receipt-v1", row.digest, row.device, row.n, result.recorded_at, seen].join("\n");
  try {
    return await signedBy(key, unbase64(result.receipt), bytes(message));
  } catch {
    return false; // not base64, not a signature, not a key
  }
}
