/** A program whose nodes form a service, and how it is started: the boundary between ours and a peer's. */
import type { Service } from '../load/connection.ts';

/** Where a node lives. */
export interface Place {
  readonly name: string;
  /** Its own; empty at first. */
  readonly directory: string;
  /** Addresses, `host:port`: for the other nodes, for clients, and for whoever looks after it. */
  readonly peer: string;
  readonly client: string;
  readonly http: string;
}

/** What a node says of itself. */
export interface View {
  readonly leads: boolean;
  /** Whether it knows of a leader. */
  readonly follows: boolean;
  /** Its term, or round: each leader has another one. */
  readonly epoch: string;
}

/** A command line. */
export interface CommandLine {
  readonly words: readonly string[];
  /** Whether it notices by a channel that whoever started it is gone. */
  readonly supervised: boolean;
}

/** A program. */
export interface Program {
  /** How its rows are called. */
  readonly name: string;
  readonly kind: Service['kind'];
  /** What starts a node: the first time, and each time after that. */
  commandLine(place: Place, all: readonly Place[]): CommandLine;
  /** `undefined`: it does not answer. */
  look(place: Place): Promise<View | undefined>;
}

/** How long a node may take to say something of itself. */
const askMs = 2_000;

/** Asks for JSON; `undefined`: there is no answer. */
export async function ask(url: string, init: RequestInit = {}): Promise<unknown> {
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(askMs) });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

/** A field of an answer. */
export function fieldOf(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
}
