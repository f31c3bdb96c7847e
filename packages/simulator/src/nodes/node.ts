/**
 * One node: a machine with a disk and clocks, and the processes that run on it one after the other, each
 * of them the production replica on the production log, engine and storage.
 */
import {
  CorruptError,
  describeError,
  type Engine,
  type Member,
  type Membership,
  emptyMembership,
  membershipOf,
  type NodeId,
  type Random,
  type Runtime,
  seededRandom,
  type StateMachine,
  StorageFailedError,
} from '@quorate/core';
import type { WatchedNode } from '@quorate/core/checks';
import {
  type Failure,
  type Loss,
  type SimulatedDisk,
  simulatedDisk,
} from '@quorate/files/simulated';
import { type ClientServer, serveClients } from '@quorate/client/server';
import type { Links } from '@quorate/connections';
import { openReplica, type Replica } from '@quorate/replica';
import { makeTransport } from '../network/transport.ts';
import type { Clock } from '../world/clock.ts';
import { makeRuntime } from '../world/runtime.ts';
import { DiskRecord, type Finding } from './disk-record.ts';
import { watchEngineOf } from './engine-watch.ts';
import { Life } from './life.ts';
import type { NodeWorld } from './node-world.ts';
import { watchAlgorithm } from './watched-algorithm.ts';
import {
  type Answered,
  type Called,
  type MachineWatch,
  WatchedMachine,
} from './watched-machine.ts';
import { watchStorage } from './watched-storage.ts';

/** The tables of sessions are compared at every so many entries. */
const entriesPerTableCheck = 16;

/** How a process ends. */
export type Ending =
  /** Power loss. */
  | { readonly type: 'power'; readonly loss: Loss }
  /** The system lives on and writes back what it was given. */
  | { readonly type: 'kill' };

/** One node; outlives its processes. */
export class SimulatedNode<Command, Result, Query, Answer> implements WatchedNode {
  readonly id: NodeId;
  readonly clock: Clock;
  readonly disk: DiskRecord = new DiskRecord();
  readonly bootstrap: Membership;
  /** The disk as such. */
  readonly device: SimulatedDisk;
  /** In how many places its disk was made to rot. */
  strikes = 0;
  /** What it holds is refused for good. */
  broken = false;
  readonly #world: NodeWorld<Command, Result, Query, Answer>;
  readonly #random: Random;
  readonly #founders: readonly Member[];
  #lives = 0;
  #life: Life | undefined;
  /** Whether the power is going to go in an operation of the disk. */
  #armed = false;
  /** How many faults make its disk fail. */
  #failing = 0;
  /** How many hold it up. */
  #stalls = 0;
  /** By how much each of those that make it slow does. */
  readonly #slowness: number[] = [];
  /** Whether the disk failed at some time in this life: the process may stop. */
  #excused = false;
  #runtime: Runtime | undefined;
  #engine: Engine<unknown> | undefined;
  #replica: Replica<Called<Command>, Result, Query, Answered<Answer>> | undefined;
  #server: ClientServer | undefined;

  constructor(
    id: NodeId,
    seed: number,
    clock: Clock,
    founders: readonly Member[],
    world: NodeWorld<Command, Result, Query, Answer>,
  ) {
    this.id = id;
    this.clock = clock;
    this.#world = world;
    this.#random = seededRandom(seed);
    this.#founders = founders.some((member) => member.id === id) ? founders : [];
    this.bootstrap = this.#founders.length === 0 ? emptyMembership : membershipOf(founders);
    this.device = simulatedDisk({
      random: this.#random.fork(),
      latencyMs: world.diskLatencyMs,
      garbage: 'bytes',
      runtime: this.#deviceRuntime(),
    });
  }

  get up(): boolean {
    return this.#engine !== undefined;
  }

  /** Whether a process runs, or is starting. */
  get alive(): boolean {
    return this.#life !== undefined;
  }

  get life(): number {
    return this.#lives;
  }

  /** The process that runs now. */
  get process(): Life | undefined {
    return this.#life;
  }

  get engine(): Engine<unknown> {
    if (this.#engine === undefined) throw new Error(`${this.id} is down`);
    return this.#engine;
  }

  /** Takes calls, once it has started. */
  get replica(): Replica<Called<Command>, Result, Query, Answered<Answer>> | undefined {
    return this.#replica;
  }

  get leads(): boolean {
    return this.#engine?.status.role === 'leader';
  }

  get paused(): boolean {
    return (this.#life?.pausedUntil ?? 0) > this.#world.schedule.now;
  }

  /** Starts a process, if none runs and the disk is not refused. */
  start(): void {
    if (this.#life !== undefined || this.broken) return;
    const world = this.#world;
    const life = new Life(++this.#lives);
    this.#life = life;
    this.#excused = this.#failing > 0;
    const random = this.#random.fork();
    const runtime = makeRuntime({
      schedule: world.schedule,
      clock: this.clock,
      random,
      owner: life,
      turnMs: () => random.between(...world.turnMs),
    });
    this.#runtime = runtime;
    world.journal.add(this.id, 'starts', undefined);
    const links = world.streams.linksOf(this.id, life);
    const machine = world.workload.machine();
    const opening = openReplica<Called<Command>, Result, Query, Answered<Answer>>({
      node: this.id,
      cluster: 'simulation',
      members: this.#founders,
      runtime,
      limits: world.limits,
      algorithm: watchAlgorithm(
        world.algorithm,
        watchEngineOf({
          node: this,
          life,
          observers: world.observers,
          journal: world.journal,
          guard: (check) => {
            world.guard(check);
          },
          created: (engine) => {
            this.#engine = engine;
          },
        }),
      ),
      storage: watchStorage(
        world.makeStorage({
          files: this.device.files(),
          directory: '/data',
          runtime,
          random: this.#random.fork(),
        }),
        this.disk,
        {
          ended: () => life.ended,
          opened: (finding) => {
            this.#opened(finding);
          },
        },
      ),
      transport: makeTransport({
        network: world.network,
        schedule: world.schedule,
        owner: life,
        maxFrameBytes: world.maxFrameBytes,
      }),
      machine: new WatchedMachine(machine, this.#watchMachine(life, machine)),
    });
    opening.then(
      (replica) => {
        if (life.ended) return;
        this.#replica = replica;
        replica.on((event) => {
          if (event.type === 'failed') this.#failed(life, event.error);
          else if (event.type === 'snapshot') world.journal.reached('snapshot taken');
        });
        if (replica.status.state === 'failed') this.#failed(life, new Error('failed at once'));
        else this.#serve(life, runtime, replica, links);
      },
      (error: unknown) => {
        this.#failed(life, error);
      },
    );
  }

  /** Whether its disk rots: what it finds may be refused. */
  get damaged(): boolean {
    return this.strikes > 0;
  }

  /** Ends the process at once. */
  crash(ending: Ending): void {
    if (this.#life === undefined) return;
    this.#world.journal.add(this.id, 'crashes', ending);
    if (ending.type === 'kill') this.device.kill();
    else {
      this.device.crash(ending.loss);
      this.#world.streams.losePower(this.id);
      this.#armed = false;
    }
    this.#end();
  }

  /**
   * Its disk fails until the function that it returns is called: the process may stop, and not start
   * again meanwhile.
   */
  failDisk(...failures: readonly Failure[]): () => void {
    this.#failing += 1;
    this.#excused = true;
    const ends = failures.map((failure) => this.device.fail(failure));
    return () => {
      this.#failing -= 1;
      for (const end of ends) end();
    };
  }

  /** Nothing is written or synced until the function that it returns is called. */
  stallDisk(): () => void {
    this.#stalls += 1;
    this.device.stall('write', 'sync');
    return () => {
      this.#stalls -= 1;
      if (this.#stalls === 0) this.device.resume();
    };
  }

  /** The disk takes so many times as long until the function that it returns is called. */
  slowDisk(factor: number): () => void {
    this.#slowness.push(factor);
    return () => {
      this.#slowness.splice(this.#slowness.indexOf(factor), 1);
    };
  }

  /** The power will go right before one of the next changes of the disk. */
  crashAtOperation(nth: number, loss: Loss): void {
    if (this.#life === undefined) return;
    this.device.crashAt(nth, loss);
    this.#armed = true;
  }

  /**
   * Has to be called after each event: where the power has gone in the middle of an operation of the
   * disk, the process ends as well. @returns whether it has.
   */
  endIfPowerless(): boolean {
    if (!this.#armed || !this.device.crashed) return false;
    this.#world.journal.add(this.id, 'loses power in an operation', undefined);
    this.#armed = false;
    this.#world.streams.losePower(this.id);
    this.#end();
    return true;
  }

  /** Ends the process as it should end, and resolves when it has. */
  async close(): Promise<void> {
    const life = this.#life;
    const replica = this.#replica;
    if (life === undefined || replica === undefined) return;
    this.#world.journal.add(this.id, 'closes', undefined);
    await Promise.all([this.#server?.close(), replica.close()]);
    if (life.ended) return;
    this.device.kill();
    this.#end();
  }

  /** Stops the process for so long. Its disk and its clocks go on. */
  pause(ms: number): void {
    if (this.#life === undefined) return;
    const { schedule, journal } = this.#world;
    journal.add(this.id, 'pauses', { ms });
    this.#life.pausedUntil = Math.max(this.#life.pausedUntil, schedule.now + ms);
  }

  #watchMachine(
    life: Life,
    machine: StateMachine<Command, Result, Query, Answer>,
  ): MachineWatch<Command> {
    const world = this.#world;
    const { journal, sessions, states, workload } = world;
    const follower = sessions.follower(this.id);
    return {
      begins: (place) => {
        if (life.ended || !sessions.some || place.index % entriesPerTableCheck !== 0) return;
        const digest = this.#replica?.sessionsHash();
        if (digest === undefined) return;
        world.guard(() => {
          states.table(this.id, place, digest);
        });
      },
      applied: ({ call, command }, place, result) => {
        if (life.ended) return;
        world.guard(() => {
          states.applied(this.id, call, place, result);
          workload.applied?.(machine, command);
        });
      },
      reached: (place, chain, hash) => {
        if (life.ended) return;
        journal.digest.add(chain);
        world.guard(() => {
          states.reached(this.id, place, chain, hash);
        });
      },
      did: (place) => {
        if (life.ended) return;
        world.guard(() => {
          follower.did(place);
        });
      },
      restored: (place) => {
        if (life.ended) return;
        follower.restored(place);
        journal.reached('snapshot restored');
      },
    };
  }

  /** Lets clients in over links, where there are such. */
  #serve(
    life: Life,
    runtime: Runtime,
    { service }: Replica<Called<Command>, Result, Query, Answered<Answer>>,
    links: Links,
  ): void {
    const { serving } = this.#world;
    if (serving === undefined) return;
    serveClients({ service, links, listen: this.id, runtime, ...serving }).then(
      (server) => {
        if (!life.ended) this.#server = server;
      },
      (error: unknown) => {
        this.#failed(life, error);
      },
    );
  }

  #opened(finding: Finding): void {
    const { journal } = this.#world;
    if (finding.type === 'as-written') {
      if (finding.batches > 0) journal.reached('batch under way found at a start');
      return;
    }
    if (finding.type === 'last-batches-missing' && finding.batches <= this.strikes) {
      // What is damaged at the end of the log cannot be told from what was torn there: a batch a strike.
      journal.reached('damage taken for a torn tail');
      this.broken = true;
      throw new CorruptError('the damage of this disk went unnoticed; the simulation retires it');
    }
    this.#world.violated(
      `durability: the storage of ${this.id} was opened and holds something else than it had acknowledged (${finding.type})`,
    );
  }

  /** A process ended by itself. */
  #failed(life: Life, error: unknown): void {
    // It is the first to notice that the power is gone.
    if (life.ended || (this.#armed && this.device.crashed)) return;
    const corrupt = error instanceof CorruptError;
    const isOfDisk =
      (this.damaged && corrupt) ||
      ((this.#excused || this.damaged) && error instanceof StorageFailedError);
    this.#world.journal.add(this.id, 'fails', { error: describeError(error) });
    if (!isOfDisk) {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#world.violated(`${this.id} stopped, and its disk is no reason for that: ${stack}`);
    }
    if (corrupt) {
      this.broken = true;
      this.#world.journal.reached('damage refused');
    }
    if (this.#excused && !corrupt) this.#world.journal.reached('stopped by its disk');
    this.device.kill();
    this.#end();
    this.#world.ended(this);
  }

  #end(): void {
    const life = this.#life;
    if (life === undefined) return;
    if (this.#engine !== undefined) {
      for (const observer of this.#world.observers) observer.crashed?.(this);
    }
    this.#engine = undefined;
    this.#replica = undefined;
    this.#server = undefined;
    this.#runtime = undefined;
    this.#life = undefined;
    this.#world.network.attach(this.id, undefined);
    life.end();
  }

  /** The disk works for whichever process runs; what it has done, a paused one sees later. */
  #deviceRuntime(): Runtime {
    const current = (): Runtime => {
      if (this.#runtime === undefined) throw new Error(`nobody uses the disk of ${this.id}`);
      return this.#runtime;
    };
    return {
      now: () => current().now(),
      wallTime: () => current().wallTime(),
      random: () => current().random(),
      nextTurn: (run) => {
        current().nextTurn(run);
      },
      setTimer: (ms, run) => current().setTimer(ms * Math.max(1, ...this.#slowness), run),
    };
  }
}
