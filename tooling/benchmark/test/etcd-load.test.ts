/** The program that puts load on etcd, as far as it is told what to do, and understood. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measurementOf, operationOf, runEtcdLoad } from '../src/etcd/etcd-load.ts';
import type { LoadOrder } from '../src/load/generate.ts';
import { DisturbedError } from '../src/subjects/subject.ts';

const line =
  '{"operation":"put","connections":2,"clients":8,"valueBytes":256,"seconds":1.02,"operationsPerSecond":4700,"p50":1300,"p99":9000,"p999":12000,"max":15000}';

const order: LoadOrder = {
  service: { kind: 'etcd', endpoints: ['127.0.0.1:1', '127.0.0.1:2'] },
  ...{ operation: 'put', consistency: 'linearizable', valueBytes: 256, keys: 1000 },
  ...{ connections: 2, clients: 8, seconds: 0.2, warmUpSeconds: 0.05 },
  arrival: { type: 'closed' },
  processes: { servers: [process.pid], others: [] },
};

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-bench-test-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function programThat(script: string): Promise<string> {
  const file = join(directory, 'etcd-load');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

describe('the load generator of etcd', () => {
  it('is told what to do, in whole seconds, and its line is a measurement', async () => {
    const said = join(directory, 'words');
    const program = await programThat(`echo "$@" > ${said}; echo '${line}'`);
    const measurement = await runEtcdLoad(program, order);
    expect(measurement).toMatchObject({ seconds: 1.02, operationsPerSecond: 4700, p50: 1300 });
    expect((await readFile(said, 'utf8')).trim()).toBe(
      '-endpoints 127.0.0.1:1,127.0.0.1:2 -conns 2 -clients 8 -secs 1 -val 256 -keys 1000 -op put',
    );
  });

  it.each(['echo no connection >&2', 'exit 3', `echo '${line}'; echo a client ended >&2`])(
    'that fails disturbs the measurement: %s',
    async (script) => {
      const program = await programThat(script);
      await expect(runEtcdLoad(program, order)).rejects.toBeInstanceOf(DisturbedError);
    },
  );

  it('that is not there is an error', async () => {
    await expect(runEtcdLoad(join(directory, 'none'), order)).rejects.toThrow();
  });

  it('must say everything', () => {
    expect(() => measurementOf(line.replace('"p999":12000,', ''))).toThrow(/says no p999/);
    expect(() => measurementOf('7')).toThrow(/says no seconds/);
    expect(() => measurementOf('')).toThrow();
  });

  it('knows two kinds of reads', () => {
    expect(operationOf(order)).toBe('put');
    expect(operationOf({ ...order, operation: 'read' })).toBe('range');
    expect(operationOf({ ...order, operation: 'read', consistency: 'lease' })).toBe('range');
    expect(operationOf({ ...order, operation: 'read', consistency: 'local' })).toBe('srange');
  });
});
