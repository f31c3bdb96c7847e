import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { afterAll, describe, it } from 'vitest';
import { floorsRule } from '../src/floors-rule.js';
import { purityRule } from '../src/purity-rule.js';

Object.assign(RuleTester, { afterAll, describe, it, itOnly: it.only });

const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } });

const inside = (file: string) => (code: string) => ({
  name: `${file}: ${code}`,
  code,
  filename: `/repo/${file}`,
});
const reported = (file: string, messageId: string) => (code: string) => ({
  ...inside(file)(code),
  errors: [{ messageId }],
});

tester.run('floors', floorsRule, {
  valid: [
    inside('packages/raft/src/engine.ts')("import type { Entry } from '@quorate/core';"),
    inside('packages/raft/src/engine.ts')("import { majority } from './quorum/majority.ts';"),
    inside('packages/raft/src/deep/room.ts')("export * from '../messages.ts';"),
    inside('packages/storage-level/src/index.ts')("import { ClassicLevel } from 'classic-level';"),
    inside('packages/replica/src/replica.ts')("import { openLog } from '@quorate/log';"),
    inside('packages/conformance/src/storage/index.ts')("import '@quorate/replica';"),
    inside('apps/kv/src/bin.ts')("import { raft } from '@quorate/raft';"),
    inside('apps/kv/src/bin.ts')("import { tcp } from '@quorate/transport-tcp';"),
    inside('tooling/bench/src/run.ts')("import { raft } from '@quorate/raft';"),
    // Tests compose what they need.
    inside('packages/raft/test/engine.test.ts')(
      "import { memory } from '@quorate/storage-memory';",
    ),
    // The last house in the path is the one that counts.
    inside('apps/checkout/packages/log/src/driver.ts')("import '@quorate/core';"),
  ],
  invalid: [
    ...[
      "import { a } from '@quorate/log';",
      "import type { A } from '@quorate/log';",
      "export { a } from '@quorate/log';",
      "export * from '@quorate/log';",
      "const a = import('@quorate/log');",
      'const a = import(`@quorate/log`);',
      "type A = import('@quorate/log').A;",
      "import '@quorate/log/deep';",
      // Siblings on one floor do not see each other, nor does a package import itself by name.
      "import { paxos } from '@quorate/paxos';",
      "import { memory } from '@quorate/storage-memory';",
      "import { raft } from '@quorate/raft';",
    ].map(reported('packages/raft/src/engine.ts', 'notBelow')),
    reported('packages/paxos/src/engine.ts', 'notBelow')("import '@quorate/raft';"),
    reported('packages/core/src/engine.ts', 'notBelow')("import '@quorate/log';"),
    reported('packages/linearizability/src/index.ts', 'notBelow')("import '@quorate/core';"),
    reported('packages/log/src/driver.ts', 'notBelow')("import '@quorate/storage-memory';"),
    reported('packages/replica/src/replica.ts', 'notBelow')("import '@quorate/transport-tcp';"),
    reported('packages/conformance/src/index.ts', 'notBelow')("import '@quorate/simulator';"),
    reported('packages/simulator/src/index.ts', 'app')("import '@quorate/kv';"),
    reported('apps/kv/src/bin.ts', 'app')("import '@quorate/docs';"),
    reported('tooling/bench/src/run.ts', 'app')("import '@quorate/kv';"),
    reported('packages/raft/src/engine.ts', 'leaves')("import '../../core/src/index.ts';"),
    reported('packages/raft/src/engine.ts', 'leaves')("import '../../../apps/kv/src/bin.ts';"),
    reported('packages/raft/src/engine.ts', 'leaves')("import '../../../vitest.config.ts';"),
    reported('packages/nameless/src/index.ts', 'noFloor')("import '@quorate/core';"),
    reported('packages/conformance/src/index.ts', 'noFloor')("import '@quorate/nameless';"),
    {
      ...inside('packages/log/src/driver.ts')("import '@quorate/raft';"),
      errors: [{ message: 'log (floor 3) may import only core, not raft (floor 2).' }],
    },
  ],
});

const core = 'packages/core/src/machine.ts';
const runtime = 'packages/core/src/runtime.ts';
const engines = 'packages/core/src/engines/outbox.ts';
const raft = 'packages/raft/src/engine.ts';
const log = 'packages/log/src/driver.ts';
const tcp = 'packages/transport-tcp/src/connection.ts';

tester.run('purity', purityRule, {
  valid: [
    inside(raft)('export function step(now: number): number { return Math.max(now, 1); }'),
    inside(raft)('interface Options { readonly performance: number }'),
    inside(raft)('export const take = (performance: { now(): number }) => performance.now();'),
    inside(raft)('const object = { Date: 1, async: 2 }; object.Date;'),
    inside(core)(
      'export interface Storage { close(): Promise<void>; read(): AsyncIterable<Uint8Array> }',
    ),
    inside(runtime)(
      'globalThis.setTimeout(run, 5); Math.random(); new MessageChannel(); Date.now();',
    ),
    inside(runtime)('const { performance } = globalThis as Host; performance.now();'),
    inside(log)('export async function open(): Promise<void> { await Promise.resolve(); }'),
    inside(log)('queueMicrotask(run); runtime.setTimer(5, run); AbortSignal.any([]);'),
    inside(tcp)("import { connect } from 'node:net'; Buffer.alloc(1); process.version;"),
    inside('packages/raft/test/engine.test.ts')("import 'node:fs'; await later(Date.now());"),
    inside('packages/storage-level/src/index.ts')("import 'node:fs'; Date.now();"),
    inside('apps/kv/src/bin.ts')('setTimeout(run, 5);'),
  ],
  invalid: [
    ...[
      'export async function step() {}',
      'export const step = async () => {};',
      'const engine = { async step() {} };',
      'await later;',
      'for await (const each of all) take(each);',
      'Promise.resolve();',
      'type Later = Promise<void>;',
      'interface Source { chunks(): AsyncIterable<Uint8Array> }',
      'queueMicrotask(run);',
      'Date.now();',
      'new Date();',
      'performance.now();',
      'setTimeout(run, 5);',
      'setImmediate(run);',
      'globalThis.setTimeout(run, 5);',
      "globalThis['setTimeout'](run, 5);",
      'globalThis.Math.random();',
      'const { setTimeout: later } = globalThis;',
      'Math.random();',
      "Math['random']();",
      'const { random } = Math;',
      'crypto.randomUUID();',
      'AbortSignal.timeout(5);',
      "import { readFile } from 'node:fs';",
      "import type { Socket } from 'net';",
      "import { performance } from 'node:perf_hooks';",
      "export { setTimeout } from 'node:timers';",
      'process.exit();',
      'Buffer.alloc(1);',
    ].map(reported(raft, 'shut')),
    reported('packages/paxos/src/engine.ts', 'shut')('export async function step() {}'),
    reported(raft, 'unknownName')('const world = globalThis;'),
    reported(raft, 'unknownName')('globalThis[name]();'),
    ...[
      'export async function open() {}',
      'Promise.all([]);',
      'Date.now();',
      'setTimeout(run);',
    ].map(reported(core, 'shut')),
    ...['type Later = Promise<void>;', 'Date.now();', 'export async function take() {}'].map(
      reported(engines, 'shut'),
    ),
    ...['process.hrtime();', "import 'node:fs';", 'globalThis.Buffer;'].map(
      reported(runtime, 'shut'),
    ),
    ...[
      'Date.now();',
      'performance.now();',
      'setTimeout(run, 5);',
      'setImmediate(run);',
      'Math.random();',
      "import 'node:fs';",
      'Buffer.alloc(1);',
      'process.pid;',
    ].flatMap((code) =>
      [
        log,
        'packages/replica/src/a.ts',
        'packages/client/src/a.ts',
        'packages/machine-kv/src/a.ts',
      ].map((file) => reported(file, 'shut')(code)),
    ),
    ...[
      'Date.now();',
      'setTimeout(run, 5);',
      'setImmediate(run);',
      'Math.random();',
      'process.hrtime.bigint();',
      "import { setTimeout } from 'node:timers/promises';",
    ].flatMap((code) =>
      [tcp, 'packages/transport-memory/src/a.ts', 'packages/storage-file/src/a.ts'].map((file) =>
        reported(file, 'shut')(code),
      ),
    ),
  ],
});
