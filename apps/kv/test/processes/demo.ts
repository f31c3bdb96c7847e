/** The life of one demo, from its first request to its last start; the rooms of it share one group. */
import { cleanUp } from '@quorate/harness';
import { afterAll, beforeAll, describe } from 'vitest';
import { build } from '../harness.ts';
import { clients } from './clients.ts';
import { consistency } from './consistency.ts';
import { documentation } from './documentation.ts';
import { type GroupOf, sharedGroup } from './group.ts';
import { importAndExport } from './import-export.ts';
import { ending, memoryOnly } from './lifecycle.ts';
import { membership } from './membership.ts';
import { running } from './running.ts';

/** Everything that a demo does, but for what states how long it takes. */
export function lifeOfADemo(algorithm: string): void {
  inADemo(algorithm, (group) => {
    consistency(group);
    running(group);
    clients(group);
    documentation(group);
    membership(group);
    importAndExport(group);
    ending(group);
    memoryOnly(algorithm);
  });
}

/** Of that, what its algorithm has a part in. */
export function replicationInADemo(algorithm: string): void {
  inADemo(algorithm, (group) => {
    consistency(group);
    membership(group);
    importAndExport(group);
  });
}

function inADemo(algorithm: string, rooms: (group: GroupOf) => void): void {
  beforeAll(build, 180_000);
  afterAll(cleanUp, 30_000);

  describe(`a demo on ${algorithm}`, () => {
    rooms(sharedGroup(algorithm));
  });
}
