// The fold: what became of a packet, from where it stood and the scans that follow. The same reading of STEPS as the
// server's placing, for moves alone: a scan belongs behind the move it names, one that names none behind the first it
// fits; two different acts after one move are a dispute. Nothing here decides, it only warns early.

const ALONE = ["courier", "post", "desk"]; // they record what they give or take themselves
const ANYBODYS = ["confirm"];

/** The same act told again has the same key; a dispatcher reads no seal from afar. */
export const key = (scan) => JSON.stringify([scan.event, scan.giver, scan.taker, scan.event === "transfer" ? null : scan.seal]);

function rightHands(step, link, scan, kindOf) {
  const right = step.giver === null
    ? scan.giver === link.holder && scan.taker === link.holder
    : scan.giver === link.holder && kindOf(scan.taker, scan) === step.taker;
  return right && (!ALONE.includes(step.by) || [scan.giver, scan.taker].includes(scan.party) || ANYBODYS.includes(scan.event));
}

/** The row of STEPS that lets a scan follow a link; "proof_missing" when only a proof is wanting; null when none does. */
function fits(link, scan, { steps, way, kindOf }) {
  const here = steps.filter((step) => step.event === scan.event && step.by === scan.by && step.ways.includes(way)
    && step.from === link.state && rightHands(step, link, scan, kindOf));
  if (!here.length) return null;
  return here.find((step) => step.proof.some((words) => words.every((word) => scan.proven.includes(word)))) ?? "proof_missing";
}

/**
 * base: {digest, state, holder}; scans: [{digest, event, giver, taker, seal, parent, by, party, proven}] in any order;
 * law: {steps, way, kindOf(party, scan)}. Returns {links, state, holder, head, disputed}: links begin with base, and
 * `disputed` says that two acts follow the last of them.
 */
export function fold(base, scans, law) {
  const links = [{ ...base, event: null, kind: null }];
  const told = new Map([[base.digest, 0]]); // which link a scan's digest means
  const rest = new Set(scans);
  for (;;) {
    const at = links.length - 1;
    const link = links[at];
    const here = [...rest].filter((scan) => (scan.parent === null ? true : told.get(scan.parent) === at))
      .map((scan) => [scan, fits(link, scan, law)]).filter(([, step]) => step !== null);
    const proven = here.filter(([, step]) => step !== "proof_missing");
    const acts = new Set(proven.map(([scan]) => key(scan)));
    if (acts.size !== 1) {
      const disputed = acts.size > 1;
      return { links, state: disputed ? "DISPUTED" : link.state, holder: link.holder, head: link.digest, disputed };
    }
    const [[first, step]] = proven;
    links.push({ digest: first.digest, state: step.to, holder: step.giver === null ? link.holder : first.taker, event: first.event, kind: step.taker });
    for (const [scan] of here) {
      if (acts.has(key(scan))) {
        rest.delete(scan);
        told.set(scan.digest, at + 1);
      }
    }
  }
}

/** What `fold` begins with when a phone was told of a packet, and the law it reads: who the parties are that it knows of. */
export const toldOf = (packet, steps, me) => [{ digest: packet.head, state: packet.state, holder: packet.holder }, {
  steps, way: packet.way,
  kindOf: (party, scan) => (party === me ? "courier" : party === packet.citizen ? "citizen" : party === packet.holder ? packet.holder_kind : scan.event === "transfer" ? "courier" : null),
}];

/** The rows that let somebody go on with a packet as it is: what may come next. */
export const next = (packet, steps, by) => steps.filter((step) => step.by === by && step.from === packet.state
  && step.ways.includes(packet.way) && (step.giver === null || step.giver === packet.holder_kind));
