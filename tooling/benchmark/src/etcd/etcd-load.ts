/** Load on etcd by a program of its own, on etcd's own client in Go: handed in by whoever has built it. */
import { spawn } from 'node:child_process';
import { withCost, type LoadOrder } from '../load/generate.ts';
import { processorMsOf } from '../load/processor.ts';
import type { Measurement } from '../results/measurement.ts';
import { fieldOf } from '../services/program.ts';
import { DisturbedError } from '../subjects/subject.ts';
import { diesWithParent } from '../services/dies-with-parent.ts';

/** It may take longer by this: it connects first, and waits for the last ones. */
const graceMs = 60_000;
/** How often its use of the processor is looked at; once it has ended, nobody knows any more. */
const lookMs = 50;

/** What it can be asked for, in its words. */
export function operationOf({ operation, consistency }: LoadOrder): 'put' | 'range' | 'srange' {
  if (operation === 'put') return 'put';
  return consistency === 'local' ? 'srange' : 'range';
}

/** Runs it. It counts in whole seconds, has no warm-up, and knows closed loops alone. */
export async function runEtcdLoad(program: string, order: LoadOrder): Promise<Measurement> {
  const { service, connections, clients, seconds, valueBytes, keys, processes } = order;
  const words = [
    ...['-endpoints', service.endpoints.join(','), '-conns', connections, '-clients', clients],
    ...['-secs', Math.max(Math.ceil(seconds), 1), '-val', valueBytes, '-keys', keys],
    ...['-op', operationOf(order)],
  ].map(String);
  const before = {
    servers: processorMsOf(processes.servers),
    others: processorMsOf(processes.others),
  };
  const from = performance.now();
  const { output, processorMs } = await run(program, words, seconds * 1000 + graceMs);
  const percentOf = (ms: number): number => (ms / (performance.now() - from)) * 100;
  const used = (name: 'servers' | 'others'): number | undefined => {
    const after = processorMsOf(processes[name]);
    const earlier = before[name];
    return after === undefined || earlier === undefined ? undefined : percentOf(after - earlier);
  };
  const servers = used('servers');
  const others = used('others');
  return withCost({
    ...measurementOf(output),
    figures: {
      ...(processorMs === undefined ? {} : { loadPercent: percentOf(processorMs) }),
      ...(servers === undefined ? {} : { serversPercent: servers }),
      ...(others === undefined || processes.others.length === 0 ? {} : { othersPercent: others }),
    },
  });
}

/** What its line says. @throws Error if it is no such line. */
export function measurementOf(line: string): Measurement {
  const found: unknown = JSON.parse(line);
  const number = (name: string): number => {
    const value = fieldOf(found, name);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new Error(`the load generator of etcd says no ${name}: ${line.slice(0, 200)}`);
  };
  return {
    seconds: number('seconds'),
    operationsPerSecond: number('operationsPerSecond'),
    p50: number('p50'),
    p99: number('p99'),
    p999: number('p999'),
    max: number('max'),
    figures: {},
  };
}

async function run(
  program: string,
  words: readonly string[],
  timeoutMs: number,
): Promise<{ readonly output: string; readonly processorMs: number | undefined }> {
  const [file = program, ...args] = [...diesWithParent(), program, ...words];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let trouble = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    trouble = (trouble + text).slice(-2000);
  });
  let processorMs: number | undefined;
  const look = setInterval(() => {
    if (child.pid !== undefined) processorMs = processorMsOf([child.pid]) ?? processorMs;
  }, lookMs);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    const how = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve(signal ?? String(code));
      });
    });
    // A client that fails ends by itself, and what it was to do is missing then.
    if (how === '0' && trouble === '') return { output, processorMs };
    throw new DisturbedError(`${program} ended with ${how}: ${trouble || output}`);
  } finally {
    clearInterval(look);
    clearTimeout(timer);
  }
}
