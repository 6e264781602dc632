// What is heard and felt. Green: one high beep, a short buzz. Amber: two low tones, two buzzes. Red: three quick tones,
// a long buzz. What is read and not yet written ticks: green is for what is safe here. Browsers let a page sound only after a touch, so the first touch opens the channel.
let audio = null;

const PLAYED = {
  read: { tones: [[990, 0, 0.05]], buzz: [20] },
  ok: { tones: [[1760, 0, 0.14]], buzz: [60] },
  stamp: { tones: [[392, 0, 0.2], [330, 0.26, 0.28]], buzz: [120, 90, 120] },
  danger: { tones: [[880, 0, 0.1], [880, 0.14, 0.1], [880, 0.28, 0.16]], buzz: [600] },
};

export function listen() {
  const wake = () => {
    const Context = window.AudioContext ?? window.webkitAudioContext;
    if (!audio && Context) audio = new Context();
    if (audio?.state === "suspended") audio.resume().catch(() => {});
  };
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, wake, { passive: true });
}

export function play(tone) {
  const { tones, buzz } = PLAYED[tone];
  try {
    navigator.vibrate?.(buzz);
  } catch { /* a phone that cannot buzz still shows and sounds */ }
  if (audio?.state !== "running") return;
  for (const [pitch, after, length] of tones) {
    const from = audio.currentTime + after;
    const voice = audio.createOscillator();
    const loud = audio.createGain();
    voice.type = tone === "danger" ? "square" : "sine";
    voice.frequency.value = pitch;
    loud.gain.setValueAtTime(0.0001, from);
    loud.gain.exponentialRampToValueAtTime(0.6, from + 0.015);
    loud.gain.exponentialRampToValueAtTime(0.0001, from + length);
    voice.connect(loud).connect(audio.destination);
    voice.start(from);
    voice.stop(from + length + 0.02);
  }
}
