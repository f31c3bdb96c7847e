/**
 * Transfers for a ledger alone, as a replica hands them to it: bytes are decoded, applied, and the result is there.
 * Beside it the hashes that it makes for them, and nothing else.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { decode, encode, type Random, seededRandom } from '@quorate/core';
import {
  expectType,
  ledger,
  type LedgerCommand,
  type LedgerMachine,
  ledgerMachine,
  type LedgerTransfer,
  maxPageLength,
} from '@quorate/machine-ledger';
import { type Measurement, Recorder } from '../results/measurement.ts';

/** How much is done, and whether to go on: `checkpoint` throws where not. */
export interface LedgerTask {
  /** Of one command. */
  readonly transfers: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly checkpoint: () => void;
}

const accounts = 1000;
/** Transfers that are made ready at a time, in a turn of their own. Making them is not measured. */
const sliceTransfers = 2000;
/** A ledger forgets nothing: another takes its place, so that a long run does not fill the memory. */
const maxTransfers = 500_000;
const startTime = 1_700_000_000_000;

/** Applies transfers between random accounts, one command after the other. */
export async function applyTransfers(task: LedgerTask): Promise<Measurement> {
  let bench = new Bench();
  return measured(task, () => {
    if (bench.transfers >= maxTransfers) bench = new Bench();
    const commands = bench.commands(task.transfers);
    return (recorder) => {
      for (const command of commands) {
        const from = performance.now();
        bench.apply(command);
        recorder.record(performance.now() - from, task.transfers);
      }
    };
  });
}

/**
 * Makes the hashes for as many records: a leaf, a link of the chain, and a node of the tree. A tree of n leaves has
 * n - 1 nodes at most, so one each is what it comes to.
 */
export async function hashRecords(task: LedgerTask): Promise<Measurement> {
  const records = someRecords();
  const pair = new Uint8Array(65);
  return measured(task, () => (recorder) => {
    for (let done = 0; done < sliceTransfers; done += task.transfers) {
      const from = performance.now();
      for (let at = done; at < done + task.transfers; at++) {
        const leaf = sha256(records[at % records.length] ?? pair);
        pair.set(leaf, 1);
        pair.set(sha256(pair), 33);
        pair.set(sha256(pair), 1);
      }
      recorder.record(performance.now() - from, task.transfers);
    }
  });
}

/** How long a record of such a transfer is. */
export function recordBytes(): number {
  const records = someRecords();
  return Math.round(records.reduce((sum, { length }) => sum + length, 0) / records.length) - 1;
}

/** A ledger with accounts, and commands for it. */
class Bench {
  transfers = 0;
  readonly machine: LedgerMachine = ledgerMachine();
  readonly #random: Random = seededRandom(1);
  #index = 0;

  constructor() {
    for (let at = 0; at < accounts; at++) {
      this.#do(ledger.open({ id: accountId(at), currency: 'EUR' }));
    }
  }

  /** Bytes of the next commands, of so many transfers each. */
  commands(transfers: number): readonly Uint8Array[] {
    const commands: Uint8Array[] = [];
    for (let made = 0; made < sliceTransfers; made += transfers) {
      const operations = Array.from({ length: transfers }, () => this.#transfer());
      const [only] = operations;
      const command = transfers === 1 && only !== undefined ? only : ledger.atomic(...operations);
      commands.push(encode(this.machine.commands, command));
    }
    return commands;
  }

  apply(bytes: Uint8Array): void {
    this.#do(decode(this.machine.commands, bytes));
  }

  #transfer(): LedgerTransfer {
    this.transfers += 1;
    const debit = this.#random.below(accounts);
    const credit = (debit + 1 + this.#random.below(accounts - 1)) % accounts;
    return ledger.transfer({
      id: `payment-${String(this.transfers).padStart(8, '0')}`,
      debit: accountId(debit),
      credit: accountId(credit),
      amount: BigInt(1 + this.#random.below(100_000)),
    });
  }

  #do(command: LedgerCommand): void {
    this.#index += 1;
    const context = { index: this.#index, position: 0, time: startTime + this.#index };
    const { type } = this.machine.apply(command, context);
    if (type !== 'applied') throw new Error('the ledger refuses what is to be measured');
  }
}

/** Records as they are hashed, each behind a byte for what it is hashed as. */
function someRecords(): readonly Uint8Array[] {
  const bench = new Bench();
  for (const command of bench.commands(1)) bench.apply(command);
  const query = ledger.records(accounts, maxPageLength);
  const { records } = expectType(bench.machine.query(query), 'records');
  return records.map((record) => {
    const prefixed = new Uint8Array(1 + record.length);
    prefixed.set(record, 1);
    return prefixed;
  });
}

function accountId(at: number): string {
  return `account-${String(at).padStart(4, '0')}`;
}

/**
 * Goes slice by slice, others having turns in between. Nothing here waits for anything, so it is CPU time that counts
 * (of collecting garbage too): what other programs take from this one is no cost of the ledger.
 *
 * @param prepare what is not timed, for one slice that is.
 */
async function measured(
  { seconds, warmUpSeconds, checkpoint }: LedgerTask,
  prepare: () => (recorder: Recorder) => void,
): Promise<Measurement> {
  const work = async (untilMs: number, recorder: Recorder): Promise<number> => {
    let busyMs = 0;
    do {
      checkpoint();
      const slice = prepare();
      await new Promise(setImmediate);
      const before = process.cpuUsage();
      slice(recorder);
      const { user, system } = process.cpuUsage(before);
      busyMs += (user + system) / 1000;
    } while (busyMs < untilMs);
    return busyMs;
  };
  await work(warmUpSeconds * 1000, new Recorder());
  const recorder = new Recorder();
  const busyMs = await work(seconds * 1000, recorder);
  return recorder.result(busyMs, {
    microsecondsPerCommand: (busyMs * 1000) / recorder.operations,
  });
}
