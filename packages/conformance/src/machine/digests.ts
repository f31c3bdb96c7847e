/**
 * The digest of the state, by which replicas are compared while they run.
 */
import { check, equal } from '../check.ts';
import { collect } from './chunks.ts';
import type { MachineTests } from './options.ts';

export function digestTests({ has, test }: MachineTests): void {
  test('stateHash is there, or named in `without`', async (bench) => {
    const { machine } = bench.fresh();
    equal(machine.stateHash !== undefined, has('stateHash'), 'whether it has stateHash');
  });

  test(
    'a digest is lower-case hexadecimal, and asking changes nothing',
    async (bench) => {
      const { hosted, script } = bench.lived(0);
      for (let at = 0; at < bench.length; at++) {
        hosted.do(script.next());
        const digest = hosted.machine.stateHash?.() ?? '';
        check(/^[0-9a-f]{8,}$/.test(digest), `"${digest}" is no digest of 8 digits or more`);
        equal(hosted.machine.stateHash?.(), digest, 'the digest, asked again');
      }
    },
    ['stateHash'],
  );

  test(
    'states have the same digest if, and only if, they have the same snapshot',
    async (bench) => {
      const { hosted, script } = bench.lived(0);
      const digests = new Map<string, Uint8Array>();
      const snapshots = new Map<string, string>();
      for (let at = 0; at < bench.length; at++) {
        const digest = hosted.machine.stateHash?.() ?? '';
        const snapshot = await collect(hosted.machine.snapshot());
        equal(digests.get(digest) ?? snapshot, snapshot, `the snapshot of states with ${digest}`);
        digests.set(digest, snapshot);
        const key = snapshot.join();
        equal(snapshots.get(key) ?? digest, digest, 'the digest of states with the same snapshot');
        snapshots.set(key, digest);
        hosted.do(script.next());
      }
    },
    ['stateHash', 'equalSnapshots'],
  );
}
