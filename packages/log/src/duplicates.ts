/**
 * Which runs of each peer were heard of, and which of their requests were seen.
 *
 * A transport may deliver a frame twice, or long after it was sent. For an engine's messages that
 * is harmless by construction; a forwarded command, though, would happen twice. So a node decides
 * about each ticket of each run of a peer once, and what comes again is ignored: not even answered,
 * because "rejected" would be a lie where the first copy was accepted.
 *
 * Runs have no order: of two that were heard of, nobody can tell the former one, since its last
 * frame may come after the first frame of the next. So none is ever shut out, or a late frame could
 * silence a peer for ever; each has a table of its own.
 */
import type { NodeId, Ticket } from '@quorate/core';

/** How far behind the highest ticket a request may come and still be told from a repeated one. */
const window = 4096;
/** Runs of a peer that are remembered. A frame that outlives so many restarts is taken for new. */
const maxRuns = 16;
/** Peers that are remembered; beyond, those that are no members are forgotten. */
const maxPeers = 256;

interface Run {
  highest: Ticket;
  readonly seen: Set<Ticket>;
}

interface Peer {
  latest: number;
  readonly runs: Map<number, Run>;
}

/** What is known of the runs of all peers. */
export class PeerRuns {
  readonly #isMember: (node: NodeId) => boolean;
  readonly #peers = new Map<NodeId, Peer>();

  constructor(isMember: (node: NodeId) => boolean) {
    this.#isMember = isMember;
  }

  /** The run that the peer was heard in last. */
  latestOf(node: NodeId): number | undefined {
    return this.#peers.get(node)?.latest;
  }

  /** Notes the run that a frame came from. */
  heard(node: NodeId, run: number): void {
    const peer = this.#peers.get(node) ?? this.#welcome(node, run);
    if (peer.latest === run && peer.runs.size > 0) return;
    peer.latest = run;
    const known = peer.runs.get(run);
    // The one heard last stands last.
    peer.runs.delete(run);
    peer.runs.set(run, known ?? { highest: 0, seen: new Set() });
    const [oldest] = peer.runs.keys();
    if (peer.runs.size > maxRuns && oldest !== undefined) peer.runs.delete(oldest);
  }

  /** Whether this request of a run of the peer comes for the first time; notes it. */
  first(node: NodeId, run: number, ticket: Ticket): boolean {
    const known = this.#peers.get(node)?.runs.get(run);
    // Too old to tell: better lost (its caller is told "unknown") than done twice.
    if (known === undefined || ticket <= known.highest - window || known.seen.has(ticket))
      return false;
    known.seen.add(ticket);
    if (ticket > known.highest) {
      known.highest = ticket;
      if (known.seen.size > 2 * window) forget(known);
    }
    return true;
  }

  #welcome(node: NodeId, run: number): Peer {
    if (this.#peers.size >= maxPeers) {
      for (const known of this.#peers.keys()) {
        if (!this.#isMember(known)) this.#peers.delete(known);
      }
    }
    const peer: Peer = { latest: run, runs: new Map() };
    this.#peers.set(node, peer);
    return peer;
  }
}

function forget(run: Run): void {
  for (const ticket of run.seen) if (ticket <= run.highest - window) run.seen.delete(ticket);
}
