/**
 * One folder that lives on from fault to fault, and what must be in it.
 *
 * After a life that ended badly it is only known that some number of its writes took effect. A check
 * tells which; then the next life can begin.
 */
import { type Found, judge } from '../plan/judge.ts';
import { Model } from '../plan/model.ts';
import { type LifePlan, type PlannedOp, type Shape, stepsOf, type Staging } from '../plan/steps.ts';
import type { LifeEvent } from '../processes/events.ts';
import type { ProcessOrder } from '../processes/order.ts';
import { Trail } from '../processes/trail.ts';
import { brief } from '../text.ts';
import { type Circumstances, type Host, timeoutMs } from './host.ts';
import type { Problem } from './scenario.ts';

/** What a lineage begins with. */
export interface LineageSetup {
  readonly host: Host;
  /** Name of the storage. */
  readonly storage: string;
  readonly seed: number;
  /** The folder, as its processes see it. */
  readonly directory: string;
}

/** How a process is treated. */
export interface Treatment extends Circumstances {
  /** Whether there is something for which it may refuse to work, with STORAGE_FAILED. @default false */
  readonly faulty?: boolean;
}

/** How one life goes. */
export interface LifeOptions extends Treatment {
  readonly writes: number;
  readonly inFlight: number;
  /** @default false */
  readonly hoards?: boolean;
}

/** What is known after a process has ended. */
export interface Lived {
  readonly trail: Trail;
  readonly problems: readonly Problem[];
  /** Whether it was killed before it came to its end. */
  readonly killed: boolean;
}

/** How a folder is checked. */
export interface CheckOptions {
  /** Of a life that goes on with it afterwards; 0: it is only looked at. @default 12 */
  readonly writes?: number;
  /** Whether it may say that it cannot be opened yet. @default false */
  readonly mayRefuse?: boolean;
}

/** What a check came to. */
export interface Checked {
  readonly problems: readonly Problem[];
  /** Writes that took effect without being acknowledged. */
  readonly beyond: number;
  /** Whether it could not be looked at. */
  readonly closed: boolean;
}

/** Writes of the life that a check goes on with. */
const checkWrites = 12;

/** A folder with a history. */
export class Lineage {
  readonly #setup: LineageSetup;
  #model: Model;
  #lives: number;
  #staged: Staging | undefined;
  /** The life that nobody knows yet how far it came. */
  #open: { readonly plan: LifePlan; readonly trail: Trail } | undefined;

  constructor(setup: LineageSetup) {
    this.#setup = setup;
    this.#model = new Model();
    this.#lives = 0;
  }

  get directory(): string {
    return this.#setup.directory;
  }

  /**
   * Another one that has the same past, in a copy of the folder.
   *
   * @param seen how many writes of the life under way were acknowledged before the copy was made.
   */
  branch(directory: string, seen: number): Lineage {
    const branch = new Lineage({ ...this.#setup, directory });
    branch.#model = this.#model.clone();
    // Lives of either must not be those of the other.
    branch.#lives = this.#lives;
    branch.#staged = this.#staged;
    const open = this.#open;
    if (open === undefined) return branch;
    const trail = new Trail(open.trail.staged);
    trail.acknowledged = seen;
    trail.called = open.trail.called;
    branch.#open = { plan: open.plan, trail };
    return branch;
  }

  /** What is known of the life that is under way. */
  get trail(): Trail | undefined {
    return this.#open?.trail;
  }

  /** Goes through one life. */
  async live(options: LifeOptions): Promise<Lived> {
    if (this.#open !== undefined) throw new TypeError('check how far the last life came, first');
    const { writes, inFlight, hoards = false } = options;
    const { storage, seed, directory } = this.#setup;
    const plan: LifePlan = {
      seed,
      life: ++this.#lives,
      start: this.#model.shape,
      resume: this.#staged,
      hoards,
    };
    const trail = new Trail(this.#staged);
    this.#open = { plan, trail };
    return this.#run({ type: 'live', storage, directory, plan, writes, inFlight }, options, trail);
  }

  /** Opens and looks, under circumstances that may keep it from that. */
  async disturb(treatment: Treatment): Promise<Lived> {
    const { lived, found } = await this.#look(this.#checkOrder(0), treatment);
    const [first] = found;
    if (first === undefined) return lived;
    // Whoever opened it was told what is there: so it must be there for good.
    const { message } = this.#settle(first);
    if (message === undefined) return lived;
    return { ...lived, problems: [...lived.problems, { kind: 'lost', message }] };
  }

  /** Opens and compares all that is there with what must be. */
  async check(options: CheckOptions = {}): Promise<Checked> {
    const { writes = checkWrites, mayRefuse = false } = options;
    const order = this.#checkOrder(writes);
    const { lived, found } = await this.#look(order, { faulty: mayRefuse });
    const { problems, trail } = lived;
    if (problems.length > 0 || trail.refusals.length > 0) {
      return { problems, beyond: 0, closed: true };
    }
    const [first, second] = found;
    if (first === undefined) throw new TypeError('a check finds something or refuses');
    const { beyond, message } = this.#settle(first);
    if (message !== undefined) {
      return { problems: [{ kind: 'lost', message }], beyond, closed: false };
    }
    if (second === undefined) return { problems: [], beyond, closed: false };
    const lost = this.#goneOn(order.plan.life, writes, second);
    return {
      problems: lost === undefined ? [] : [{ kind: 'lost', message: `when written on: ${lost}` }],
      beyond,
      closed: false,
    };
  }

  async #look(
    order: ProcessOrder,
    treatment: Treatment,
  ): Promise<{ readonly lived: Lived; readonly found: readonly Found[] }> {
    const found: Found[] = [];
    const lived = await this.#run(
      order,
      {
        ...treatment,
        onEvent: (event, victim) => {
          if (event.type === 'found') found.push(event.found);
          treatment.onEvent?.(event, victim);
        },
      },
      new Trail(),
    );
    return { lived, found };
  }

  /** The last life is known now: as far as was found. */
  #settle(found: Found): { readonly beyond: number; readonly message?: string } {
    const open = this.#open;
    const acknowledged = open?.trail.acknowledged ?? 0;
    const judgement = judge(
      this.#model,
      open === undefined ? [] : writesOf(open.plan),
      acknowledged,
      open?.trail.called ?? 0,
      found,
    );
    if (judgement.type === 'lost') return { beyond: 0, message: judgement.message };
    this.#model = judgement.model;
    if (open !== undefined) this.#staged = open.trail.staged;
    this.#open = undefined;
    return { beyond: judgement.kept - acknowledged };
  }

  #goneOn(life: number, writes: number, found: Found): string | undefined {
    const start: Shape = this.#model.shape;
    const plan = { seed: this.#setup.seed, life, start, resume: undefined, hoards: false };
    const judgement = judge(this.#model, writesOf(plan), writes, writes, found);
    if (judgement.type === 'lost') return judgement.message;
    this.#model = judgement.model;
    // The life that went on may have staged one of its own, which is the one that is remembered.
    if (stagesByName(plan, writes)) this.#staged = undefined;
    return undefined;
  }

  #checkOrder(writes: number): ProcessOrder & { readonly type: 'check' } {
    const { storage, seed, directory } = this.#setup;
    const plan = { seed, life: ++this.#lives, hoards: false };
    const staged = this.#open === undefined ? this.#staged : this.#open.trail.staged;
    return { type: 'check', storage, directory, plan, writes, staged };
  }

  async #run(order: ProcessOrder, treatment: Treatment, trail: Trail): Promise<Lived> {
    const { faulty = false, ...circumstances } = treatment;
    const take = (event: LifeEvent): void => {
      trail.take(event);
    };
    const { code, stderr, late, killed } = await this.#setup.host.run(order, circumstances, take);
    const problems: Problem[] = trail.breaches.map((message) => ({ kind: 'broken', message }));
    for (const { asked, code: errorCode, message } of trail.refusals) {
      if (faulty && errorCode === 'STORAGE_FAILED') continue;
      const text = `${asked} is refused with ${errorCode ?? 'no code'}: ${message}`;
      problems.push({ kind: 'refused', message: text });
    }
    if (late) problems.push({ kind: 'stuck', message: `no end within ${timeoutMs} ms` });
    else if (code !== 0 && !killed) {
      problems.push({ kind: 'broken', message: `ended with ${String(code)}: ${brief(stderr)}` });
    }
    return { trail, problems, killed };
  }
}

function* writesOf(plan: LifePlan): Generator<readonly PlannedOp[], void> {
  for (const step of stepsOf(plan)) if (step.type === 'write') yield step.ops;
}

function stagesByName(plan: LifePlan, writes: number): boolean {
  for (const step of stepsOf(plan)) {
    if (step.type === 'stage' && step.name !== undefined) return true;
    if (step.type === 'write' && step.write >= writes) return false;
  }
  return false;
}
