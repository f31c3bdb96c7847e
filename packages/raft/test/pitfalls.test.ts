/**
 * Where each known pitfall of Raft implementations is tested. The titles there start with the number.
 * What every engine must avoid is tested by the suite of all engines: `suite/…`.
 *
 *     R1   first change of a term before its first commit      membership, suite/memberships
 *     R2   counting replicas of an earlier term (figure 8)     replication
 *     R3   reads before the first commit of a term             reads, lease, suite/reads
 *     R4   lease counted from anything but the send time       suite/leases
 *     R5   lease that survives a transfer                      lease, suite/leases
 *     R6   read confirmed by an answer to something older      reads, suite/reads
 *     R7   commit past what an append verified                 replication
 *     R8   old, shorter append truncates                       replication
 *     R9   entries in a term that was never won                elections
 *     R10  snapshot keeps a conflicting entry                  snapshots, suite/snapshots
 *     R11  snapshot keeps an undecided membership              snapshots, suite/snapshots
 *     R12  truncation keeps the membership                     membership, suite/memberships
 *     R13  snapshot with the membership of another index       suite/snapshots
 *     R14  commit index against a naive count                  replication
 *     R15  own entry counted before the own sync               durability, suite/restarts
 *     R16  vote, or acknowledgement, before it is durable      durability, suite/restarts
 *     R17  term and entries out of order on disk               suite/restarts
 *     R18  stale completion of a write                         durability
 *     R19  shuffled completions                                durability, suite/restarts
 *     R20  higher term with a shorter log ignored for ever     elections
 *     R21  pre-vote refused to the last leader                 elections
 *     R22  removed or cut-off node disturbs the group          suite/elections
 *     R23  campaigns and memberships not applied or decided    membership, suite/memberships
 *     R24  learner that does not know of its promotion         membership
 *     R25  removed leader leads on                             membership, suite/memberships
 *     R26  leader with a stalled disk                          elections, suite/elections
 *     R27  lost window                                         flow-control, suite/replication
 *     R28  linear backtracking                                 replication
 *     R29  writes during a transfer                            suite/transfers
 *     R30  compaction faster than a snapshot's journey         snapshots, suite/snapshots
 *
 * All of them, but for R1 and R28, also have a chance to show in `cluster.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const here = new URL('./pitfalls.test.ts', import.meta.url);

/** Number of the pitfall → the files that the table above names. */
function table(): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(here, 'utf8').matchAll(/^ \* {5}(R\d+) .* {2}(\S.*)$/gm);
  return new Map(Array.from(lines, ([, number = '', files = '']) => [number, files.split(', ')]));
}

/** The file that a name in the table stands for. */
function fileOf(name: string): URL {
  const [, topic] = /^suite\/(.*)$/.exec(name) ?? [];
  return topic === undefined
    ? new URL(`./${name}.test.ts`, here)
    : new URL(`../../conformance/src/engine/${topic}.ts`, here);
}

describe('the table', () => {
  it('names every pitfall, and each has a test where it says', () => {
    const rows = table();
    expect([...rows.keys()]).toEqual(Array.from({ length: 30 }, (_, at) => `R${String(at + 1)}`));
    for (const [number, files] of rows) {
      for (const file of files) {
        const text = readFileSync(fileOf(file), 'utf8');
        expect([number, file, text.includes(`'${number} `)]).toEqual([number, file, true]);
      }
    }
  });
});
