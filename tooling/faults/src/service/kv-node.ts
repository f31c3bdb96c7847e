/** A node of the real service, `quorate-kv serve`, as a process of its own. */
import { fileURLToPath } from 'node:url';
import type { Child, Ended } from '../kernel/child.ts';
import { diesWithParent } from '../kernel/strace.ts';
import type { Stage } from '../scenarios/stage.ts';
import { brief } from '../text.ts';
import { eventually } from './eventually.ts';

const program = fileURLToPath(new URL('../../../../apps/kv/dist/bin.js', import.meta.url));

const lifeMs = 300_000;
const startMs = 30_000;
const askMs = 2_000;

/** Where a node lives. */
export interface KvPlace {
  readonly name: string;
  /** Its data lies in a folder of its name in here. */
  readonly data: string;
  /** `host:port` */
  readonly http: string;
  /** Where it serves clients, `host:port`. */
  readonly client: string;
  readonly members: string;
  readonly storage: string;
  /** Words before the command: into a namespace, for instance. */
  readonly enter: readonly string[];
}

/** What a node says of itself. */
export interface KvStatus {
  readonly role: string;
  readonly appliedIndex: number;
  readonly stateHash: string;
}

/** A node, over all of its starts. */
export class KvNode {
  readonly place: KvPlace;
  readonly #stage: Stage;
  #child: Child | undefined;

  constructor(stage: Stage, place: KvPlace) {
    this.#stage = stage;
    this.place = place;
  }

  get url(): string {
    return `http://${this.place.http}`;
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  /** Starts it. @param wrap words before the command that make it fail. */
  start(wrap: readonly string[] = []): void {
    const { name, data, http, client, members, storage, enter } = this.place;
    const words = ['serve', '--node', name, '--data', data, '--http', http, '--client', client];
    const more = ['--members', members, '--storage', storage, '--log-level', 'silent'];
    this.#child = this.#stage.start({
      command: [...diesWithParent, ...enter, ...wrap, process.execPath, program, ...words, ...more],
      timeoutMs: lifeMs,
    });
  }

  /** Waits until it answers. */
  async serves(): Promise<void> {
    await eventually(`${this.place.name} serves`, startMs, async () => {
      if (!this.running) throw new Error(`${this.place.name} ended: ${brief(this.stderr)}`);
      return (await this.status()) !== undefined;
    });
  }

  get stderr(): string {
    return this.#child?.stderr ?? '';
  }

  /** Waits until it has ended by itself; `undefined`: it has not. */
  async ended(timeoutMs: number): Promise<Ended | undefined> {
    const child = this.#child;
    if (child === undefined) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, undefined);
    });
    try {
      return await Promise.race([child.ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it in good order, or at once where that takes too long. */
  async stop(): Promise<void> {
    this.#child?.terminate();
    await this.kill(10_000);
  }

  /** Ends it at once. @param graceMs that it has before. */
  async kill(graceMs: number = 0): Promise<void> {
    if ((await this.ended(graceMs)) !== undefined) return;
    this.#child?.kill();
    await this.#child?.ended;
  }

  /** What it says of itself; `undefined`: nothing. */
  async status(): Promise<KvStatus | undefined> {
    try {
      const answer = await fetch(`${this.url}/v1/status`, { signal: AbortSignal.timeout(askMs) });
      return (await answer.json()) as KvStatus;
    } catch {
      return undefined;
    }
  }
}
