// The camera as a scanner: the browser's own BarcodeDetector where it reads QR codes, else our copy of zxing, loaded
// only then. A code that stays in view is reported once, and again only after it was out of sight for three seconds.

const QUIET = 3000;
const PACE = 110;
const FORMATS = ["qr_code", "code_128"];

/** Why there is no picture: kind is "insecure", "refused", "no-camera", "busy" or "broken". */
export class ScannerError extends Error {
  constructor(kind, cause) {
    super(`scanner: ${kind}`, { cause });
    this.name = "ScannerError";
    this.kind = kind;
  }
}

const KINDS = {
  NotAllowedError: "refused", SecurityError: "refused",
  NotFoundError: "no-camera", OverconstrainedError: "no-camera", DevicesNotFoundError: "no-camera",
  NotReadableError: "busy", AbortError: "busy", TrackStartError: "busy",
};

/** Whether it makes sense to offer the camera at all. */
export const cameraPossible = () => window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

async function nativeReader() {
  if (!("BarcodeDetector" in window)) return null;
  try {
    const offered = await window.BarcodeDetector.getSupportedFormats();
    if (!offered.includes("qr_code")) return null;
    return new window.BarcodeDetector({ formats: FORMATS.filter((each) => offered.includes(each)) });
  } catch {
    return null;
  }
}

/** The address of the reader: <meta name="scanner-wasm" content="…"> if the page says so, else next to this script. */
function readerUrl() {
  const told = document.querySelector('meta[name="scanner-wasm"]')?.content;
  return told || new URL(SCANNER_WASM, import.meta.url).href;
}

let own = null; // our own reader, fetched and compiled once

function ownReader() {
  own ??= compiled().catch((error) => {
    own = null; // asked again the next time
    throw error;
  });
  return own;
}

async function compiled() {
  const { BarcodeDetector, prepareZXingModule } = await import("barcode-detector/ponyfill");
  const wasm = readerUrl();
  await prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasm : prefix + path) }, fireImmediately: true });
  return new BarcodeDetector({ formats: FORMATS });
}

const anyReader = async () => (await nativeReader()) ?? ownReader();

/** Have a reader ready before the camera is asked for, while digits are typed: a browser compiles the most of it when it first
 *  looks at a picture. */
export async function warm() {
  try {
    await (await anyReader()).detect(new ImageData(200, 200));
  } catch { /* said when the camera is asked for */ }
}

/** Asks for the rear camera. Throws ScannerError. */
async function openCamera() {
  if (!cameraPossible()) throw new ScannerError(window.isSecureContext ? "no-camera" : "insecure");
  const wish = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: wish });
  } catch (error) {
    throw new ScannerError(KINDS[error.name] ?? "broken", error);
  }
}

const LARGEST = 2000; // pixels of a side that are worth looking at

/** What the codes in a picture say, none when it holds none. Rejects for what is no picture. */
export async function readPicture(file) {
  const whole = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(whole.width, whole.height));
  const small = scale < 1 ? await createImageBitmap(whole, { resizeWidth: Math.round(whole.width * scale), resizeHeight: Math.round(whole.height * scale), resizeQuality: "high" }) : whole;
  const native = await nativeReader();
  const found = (native && await native.detect(small).catch(() => null)) ?? await (await ownReader()).detect(small);
  return found.map(({ rawValue }) => rawValue).filter(Boolean);
}

/**
 * openScanner(video, {onCode, onError, signal}) → Promise of {torch, stop} or null.
 * onCode(text, format) per new code; onError(ScannerError) instead of a rejection; signal (AbortSignal) or stop() ends
 * it and turns the camera off. torch is null, or a function torch(on) → Promise of the new state.
 */
export async function openScanner(video, { onCode, onError = () => {}, signal } = {}) {
  let stream = null;
  let timer = 0;
  let over = false;
  const stop = () => {
    over = true;
    clearTimeout(timer);
    stream?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  if (signal?.aborted) return null;
  signal?.addEventListener("abort", stop, { once: true });

  const coming = anyReader(); // beside the camera, not after it
  coming.catch(() => {}); // said below, where the camera is there
  let reader;
  try {
    stream = await openCamera();
    if (over) { stop(); return null; }
    video.srcObject = stream;
    video.muted = true;
    video.playsInline = true;
    await video.play();
    reader = await coming;
  } catch (error) {
    const quiet = over;
    stop();
    if (!quiet) onError(error instanceof ScannerError ? error : new ScannerError("broken", error));
    return null;
  }
  if (over) return null;

  const [track] = stream.getVideoTracks();
  track.addEventListener("ended", () => {
    if (over) return;
    stop();
    onError(new ScannerError("busy"));
  });
  const seen = new Map();
  let failures = 0;

  async function look() {
    if (over) return;
    try {
      if (video.readyState >= 2 && !document.hidden) {
        const found = await reader.detect(video);
        failures = 0;
        const now = performance.now();
        for (const { rawValue, format } of found) {
          if (over || !rawValue) continue;
          const before = seen.get(rawValue);
          seen.set(rawValue, now);
          if (before === undefined || now - before > QUIET) onCode(rawValue, format);
        }
      }
    } catch (error) {
      failures += 1;
      // A native detector without its service fails at the first frame: take our own reader instead, once.
      try {
        if (failures === 1) reader = await ownReader();
      } catch (cause) {
        failures = 20;
        error = cause;
      }
      if (failures >= 20 && !over) {
        stop();
        onError(new ScannerError("broken", error));
      }
    }
    if (!over) timer = setTimeout(look, PACE);
  }
  timer = setTimeout(look, 0); // after our caller has its answer: what it says next must not overwrite the first code

  const torch = track.getCapabilities?.().torch
    ? async (on) => {
      await track.applyConstraints({ advanced: [{ torch: on }] });
      return on;
    }
    : null;
  return { torch, stop };
}
