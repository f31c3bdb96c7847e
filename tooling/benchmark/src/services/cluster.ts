/** Nodes of one service on the loopback, each a process of its own with a folder of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '../load/connection.ts';
import type { Context } from '../runs/bench.ts';
import { DisturbedError } from '../subjects/subject.ts';
import { freeAddresses } from './free-addresses.ts';
import { diesWithParent } from './dies-with-parent.ts';
import { NodeProcess } from './node-process.ts';
import type { Place, Program } from './program.ts';

/** Without a leader after this long it has failed. */
const leaderTimeoutMs = 60_000;
const lookMs = 100;
/** When those that were paused have noticed it, and have held an election where they thought it due. */
const settleMs = 1500;

/** A node, over all of its starts. */
export interface Node {
  readonly place: Place;
  process: NodeProcess;
}

/** A service. */
export class Cluster {
  readonly program: Program;
  readonly nodes: readonly Node[];
  readonly #context: Context;
  #paused = false;
  #epoch = '';

  private constructor(program: Program, nodes: readonly Node[], context: Context) {
    this.program = program;
    this.nodes = nodes;
    this.#context = context;
  }

  /** Starts it, and waits until there is a leader. */
  static async start(context: Context, program: Program, members: number): Promise<Cluster> {
    const { stage } = context;
    const addresses = await freeAddresses(3 * members);
    const places = await Promise.all(
      Array.from({ length: members }, async (_, at): Promise<Place> => {
        const [peer = '', client = '', http = ''] = addresses.slice(3 * at, 3 * at + 3);
        return { name: `n${at + 1}`, directory: await stage.folder(), peer, client, http };
      }),
    );
    const nodes = places.map((place): Node => {
      const process = stage.own(new NodeProcess(program.commandLine(place, places)));
      return { place, process };
    });
    const cluster = new Cluster(program, nodes, context);
    await cluster.leader();
    return cluster;
  }

  /** As clients see it. @param endpoints of some nodes. @default of all */
  service(nodes: readonly Node[] = this.nodes): Service {
    return { kind: this.program.kind, endpoints: nodes.map(({ place }) => place.client) };
  }

  /** The term or round of the leader that was found last: another one, though of the same node, had to be elected. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Numbers of its processes. */
  get processes(): readonly number[] {
    return this.nodes.map(({ process }) => process.pid);
  }

  /**
   * Waits until one leads, and all others know of a leader.
   *
   * @throws Error if a node has ended by itself.
   * @throws DisturbedError if it takes too long.
   */
  async leader(): Promise<Node> {
    const deadline = performance.now() + leaderTimeoutMs;
    do {
      const views = await Promise.all(this.nodes.map((node) => this.program.look(node.place)));
      const leaders = this.nodes.filter((_, at) => views[at]?.leads === true);
      const [leader] = leaders;
      const agreed = views.every((view) => view?.leads === true || view?.follows === true);
      if (leader !== undefined && leaders.length === 1 && agreed) {
        this.#epoch = views.find((view) => view?.leads === true)?.epoch ?? '';
        return leader;
      }
      this.#context.stage.checkpoint();
      this.#checkRunning();
      await sleep(lookMs);
    } while (performance.now() < deadline);
    throw new DisturbedError(`${this.program.name}: no leader after ${leaderTimeoutMs} ms`);
  }

  /**
   * Stops all of its processes where they are, so that they cost those nothing that are measured. Not where they
   * would stay behind like this if the benchmark were killed.
   */
  pause(): void {
    if (this.#paused || diesWithParent().length === 0) return;
    this.#paused = true;
    for (const { process } of this.nodes) process.signal('SIGSTOP');
  }

  /** Lets them go on, and waits until they are as they were. */
  async resume(): Promise<void> {
    if (!this.#paused) return;
    this.#paused = false;
    for (const { process } of this.nodes) process.signal('SIGCONT');
    await sleep(settleMs);
  }

  /** Starts a node again, on its folder. */
  restart(node: Node): void {
    const { stage } = this.#context;
    const places = this.nodes.map(({ place }) => place);
    node.process = stage.own(new NodeProcess(this.program.commandLine(node.place, places)));
  }

  #checkRunning(): void {
    const gone = this.nodes.find(({ process }) => !process.running);
    if (gone === undefined) return;
    const { place, process } = gone;
    throw new Error(`${place.name} of ${this.program.name} has ended: ${process.trouble}`);
  }
}
