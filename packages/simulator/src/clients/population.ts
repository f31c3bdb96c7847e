/**
 * All clients of a run, and what was said to them: held against what really happened, call by call, and in
 * the end as a whole by the checker of histories.
 */
import type { Codec, LogIndex, Random } from '@quorate/core';
import { type History, HistoryRecorder } from '@quorate/linearizability';
import { judge } from '../checks/history.ts';
import type { Place, States } from '../checks/states.ts';
import { behindAll } from '../checks/witness.ts';
import type { Streams } from '../network/links.ts';
import { resultChecksum } from '../nodes/watched-machine.ts';
import type { ClientPlan } from '../plan.ts';
import { Clock } from '../world/clock.ts';
import type { Journal } from '../world/journal.ts';
import type { Schedule } from '../world/schedule.ts';
import type { AnyNode } from '../world/stage.ts';
import type { Workload } from '../workloads/workload.ts';
import { type CallOutcome, Client, type ClientCounts, type ClientWorld } from './client.ts';
import { DirectDoor } from './direct.ts';
import type { Door, Entrance } from './entrance.ts';
import { RemoteClient } from './remote.ts';

/** What a population lives in. */
export interface PopulationParts {
  readonly schedule: Schedule;
  readonly journal: Journal;
  readonly workload: Workload<unknown, unknown, unknown, unknown>;
  readonly plan: ClientPlan;
  readonly states: States;
  readonly streams: Streams;
  readonly random: Random;
  /** For what clients far away are made of. */
  readonly remoteRandom: Random;
  /** Names of the hosts of all nodes. */
  readonly endpoints: readonly string[];
  /** Nodes that may be asked now. */
  readonly candidates: () => readonly AnyNode[];
  readonly violated: (rule: string) => void;
}

/** So many operations of each client must succeed once nothing fails any more. */
const provingOperations = 3;

/** The clients of a run. */
export class Population {
  readonly #parts: PopulationParts;
  /** Hosts of clients far away. */
  readonly remotes: readonly RemoteClient[];
  readonly #results: Codec<unknown>;
  readonly #clients: readonly Client[];
  readonly #bursts: Client[] = [];
  readonly #history = new HistoryRecorder<unknown, unknown>();
  readonly #world: ClientWorld;
  /** Calls whose commands must never be applied. */
  readonly #refused: number[] = [];
  /** The call of each command in the history. */
  readonly #callOf = new Map<number, number>();
  /** The entry behind which each query in the history was answered. */
  readonly #readAt = new Map<number, LogIndex>();
  /** Successes of each client when it began to prove itself. */
  #before: ReadonlyMap<Client, number> | undefined;
  #operations = 0;
  #calls = 0;
  #processes = 0;

  constructor(parts: PopulationParts) {
    const { plan, random } = parts;
    this.#parts = parts;
    this.#world = this.#makeWorld();
    this.#results = parts.workload.machine().results;
    const remotes: RemoteClient[] = [];
    this.remotes = remotes;
    this.#clients = Array.from({ length: plan.count }, () => {
      const own = random.fork();
      return new Client(this.#world, own, this.#findDoor(remotes, own));
    });
  }

  /** How operations have ended so far. */
  get counts(): ClientCounts {
    const sum: ClientCounts = { ok: 0, failed: 0, unknown: 0 };
    for (const { counts } of [...this.#clients, ...this.#bursts]) {
      sum.ok += counts.ok;
      sum.failed += counts.failed;
      sum.unknown += counts.unknown;
    }
    return sum;
  }

  begin(): void {
    for (const remote of this.remotes) remote.start();
    for (const client of this.#clients) client.begin();
  }

  /** Many operations at once, by one way in. */
  burst(operations: number, entrance: Entrance): void {
    const random = this.#parts.random.fork();
    for (let operation = 0; operation < operations; operation++) {
      // In a history one process does one thing at a time.
      const client = new Client(this.#world, random);
      this.#bursts.push(client);
      const call = ++this.#calls;
      client.perform(entrance, call, this.#parts.workload.next(random, call), () => undefined);
    }
  }

  /** From now on each client goes on until it has had its answers. */
  beginProving(): void {
    this.#before = new Map(this.#clients.map((client) => [client, client.counts.ok]));
  }

  /** Whether every client has had them. Asked after each event. */
  get isContent(): boolean {
    return this.#clients.every((client) => this.#hasProven(client));
  }

  /** How many clients still have too few answers. */
  get waiting(): number {
    return this.#clients.filter((client) => !this.#hasProven(client)).length;
  }

  /** Every client is told the truth, and what they were told could have been said by one machine alone. */
  judge(): History<unknown, unknown> {
    const { states, violated, workload } = this.#parts;
    for (const call of this.#refused) {
      if (states.placeOf(call) !== undefined) violated(lie(call, 'failed'));
    }
    const history = this.#history.history();
    const { model } = workload;
    const broken =
      model === undefined ? undefined : judge(model, history, (id) => this.#placeOf(id));
    if (broken !== undefined) violated(broken);
    return history;
  }

  /** Where an operation of the history took effect; `undefined`: nowhere that anybody would notice. */
  #placeOf(id: number): Place | undefined {
    const call = this.#callOf.get(id);
    if (call !== undefined) return this.#parts.states.placeOf(call);
    const index = this.#readAt.get(id);
    return index === undefined ? undefined : { index, position: behindAll };
  }

  #makeWorld(): ClientWorld {
    const { schedule, journal, workload, plan } = this.#parts;
    return {
      schedule,
      journal,
      workload,
      plan,
      history: this.#history,
      nextCall: () => ++this.#calls,
      nextProcess: () => this.#processes++,
      called: (call, id) => {
        this.#callOf.set(id, call);
      },
      read: (id, index) => {
        this.#readAt.set(id, index);
      },
      ended: (call, outcome, result) => {
        this.#ended(call, outcome, result);
      },
      admits: (client) => {
        if (this.#before !== undefined) return !this.#hasProven(client);
        return ++this.#operations <= plan.operations;
      },
    };
  }

  /** A client is beside a node, or far away; there several of them may share a connection. */
  #findDoor(remotes: RemoteClient[], random: Random): Door {
    const { plan, schedule, journal, workload, streams, endpoints, remoteRandom } = this.#parts;
    const { sessions } = plan;
    if (!remoteRandom.chance(sessions.share)) {
      return new DirectDoor(this.#parts.candidates, random, plan.sticky);
    }
    const last = remotes.at(-1);
    if (last !== undefined && remoteRandom.chance(sessions.together)) return last;
    const rate = 1 + remoteRandom.between(-1, 1) * sessions.clockDrift;
    const clock = new Clock(rate, Math.floor(remoteRandom.between(0, 100_000)), 0);
    const world = { schedule, journal, workload, streams, endpoints, plan: sessions };
    const name = `c${String(remotes.length + 1)}`;
    const remote = new RemoteClient(world, name, clock, remoteRandom.below(2 ** 30));
    remotes.push(remote);
    return remote;
  }

  #ended(call: number, outcome: CallOutcome, result: unknown): void {
    if (outcome === 'unknown') return;
    if (outcome === 'failed') this.#refused.push(call);
    const { states, violated } = this.#parts;
    const real = states.resultOf(call);
    if ((outcome === 'ok') !== (real !== undefined)) violated(lie(call, outcome));
    else if (real !== undefined && real !== resultChecksum(this.#results, result)) {
      violated(
        `told the truth: a caller has another result of command ${String(call)} than it had`,
      );
    }
  }

  /** Whether it got as many answers as it has to since nothing fails any more. */
  #hasProven(client: Client): boolean {
    return client.counts.ok - (this.#before?.get(client) ?? 0) >= provingOperations;
  }
}

function lie(call: number, outcome: 'ok' | 'failed'): string {
  return outcome === 'ok'
    ? `told the truth: a caller has a result of command ${String(call)}, which nobody applied`
    : `told the truth: command ${String(call)} never happens, a caller was told, and it was applied`;
}
