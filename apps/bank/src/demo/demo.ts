/**
 * Three nodes as three processes, and payments through a client: the leader is killed when a third of them is
 * through, and started again when two thirds are. Then everything is audited.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf } from '@quorate/program';
import { checkFree, NodeProcess } from '@quorate/program/node';
import { type Bank, openBank } from '../bank.ts';
import { bankError } from '../errors.ts';
import { currencies, openingOf } from './accounts.ts';
import { audit, type Finding } from './audit.ts';
import { drawPayments } from './payments.ts';
import { type DemoOptions, type PlannedNode, planNodes } from './plan.ts';
import { Teller } from './teller.ts';

/** What a demo tells while it runs. */
export type DemoEvent =
  | ({ readonly event: 'serving' | 'restarted' } & RunningNode)
  | { readonly event: 'opened'; readonly accounts: number; readonly leader: string }
  | ({ readonly event: 'killed'; readonly done: number } & RunningNode)
  | { readonly event: 'resumed'; readonly leader: string; readonly afterMs: number }
  | ({ readonly event: 'paid' } & Payments)
  | ({ readonly event: 'finding' } & Finding);

interface RunningNode {
  readonly node: string;
  readonly pid: number;
  /** Where it serves clients. */
  readonly client: string;
}

interface Payments {
  readonly payments: number;
  /** The bank said no, for want of money. */
  readonly refused: number;
  /** Operations that were asked for again, since nobody had answered. */
  readonly repeated: number;
  readonly tookMs: number;
}

/** How long a call goes on trying. */
const timeoutMs = 30_000;
const pollMs = 5;
/** The payments are the same each time. */
const seed = 1;

/** A demo that runs. */
export class Demo {
  readonly #options: DemoOptions;
  readonly #folder: string;
  readonly #tell: (event: DemoEvent) => void;
  readonly #nodes: readonly PlannedNode[];
  readonly #bank: Bank;
  readonly #processes = new Map<string, NodeProcess>();
  #isStopping = false;

  /**
   * @param folder of its own, for everything that it leaves on disk.
   * @throws BankError with the code USAGE.
   */
  constructor(options: DemoOptions, folder: string, tell: (event: DemoEvent) => void) {
    this.#options = options;
    this.#folder = folder;
    this.#tell = tell;
    this.#nodes = planNodes(options, folder);
    this.#bank = openBank({ endpoints: this.endpoints, timeoutMs });
  }

  /** Where its nodes serve clients. */
  get endpoints(): readonly string[] {
    return this.#nodes.map(({ client }) => client);
  }

  /** @returns whether everything held. */
  async run(): Promise<boolean> {
    const { payments, concurrency } = this.#options;
    for (const address of this.#nodes.flatMap(({ client, peer }) => [client, peer])) {
      await checkFree(addressOf(address, 'address'), '--port');
    }
    await Promise.all(this.#nodes.map((node) => this.#start(node, 'serving')));
    const teller = new Teller(this.#bank);
    for (const currency of currencies) await teller.open(openingOf(currency));
    const accounts = teller.acknowledged.filter(({ operation }) => operation.type === 'open');
    this.#tell({ event: 'opened', accounts: accounts.length, leader: await this.#leader() });

    const start = performance.now();
    await Promise.all([
      teller.makeAll(drawPayments(payments, seed), concurrency),
      this.#loseLeader(teller),
    ]);
    const tookMs = Math.round(performance.now() - start);
    const { refused, repeated, acknowledged } = teller;
    this.#tell({ event: 'paid', payments, refused, repeated, tookMs });

    const findings = await audit({
      bank: this.#bank,
      nodes: this.#nodes,
      acknowledged,
      exportFile: join(this.#folder, 'export.jsonl'),
    });
    for (const finding of findings) this.#tell({ event: 'finding', ...finding });
    return findings.every(({ holds }) => holds);
  }

  /** Ends every node in good order. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#bank.close();
    await Promise.all([...this.#processes.values()].map((each) => each.stop()));
  }

  async #loseLeader(teller: Teller): Promise<void> {
    const { payments } = this.#options;
    await teller.reached(Math.ceil(payments / 3));
    const node = await this.#leader();
    const plan = this.#nodes.find((each) => each.node === node);
    const lost = this.#processes.get(node);
    if (plan === undefined || lost === undefined) {
      throw bankError('DEMO_FAILED', `nobody here runs the leader, ${node}`);
    }
    await lost.kill();
    const killedAt = performance.now();
    const { pid } = lost;
    this.#tell({ event: 'killed', node, pid, client: plan.client, done: teller.done });
    const leader = await this.#leader(node);
    this.#tell({ event: 'resumed', leader, afterMs: Math.round(performance.now() - killedAt) });
    await teller.reached(Math.ceil((payments * 2) / 3));
    await this.#start(plan, 'restarted');
  }

  /** Who leads, as the client found out; anybody but the one that is known not to. */
  async #leader(lost?: string): Promise<string> {
    for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; ) {
      const { leader } = this.#bank.status;
      if (leader !== undefined && leader !== lost) return leader;
      await sleep(pollMs);
    }
    throw bankError('DEMO_FAILED', 'nobody leads; see what the nodes log');
  }

  async #start(plan: PlannedNode, event: 'serving' | 'restarted'): Promise<void> {
    if (this.#isStopping) return;
    const { node, client } = plan;
    const started = new NodeProcess(node, plan.args);
    this.#processes.set(node, started);
    await started.serving;
    this.#tell({ event, node, pid: started.pid, client });
  }
}
