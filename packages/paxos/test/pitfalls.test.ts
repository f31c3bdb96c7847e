/**
 * Where each known pitfall of Paxos implementations is tested. The titles there start with the number,
 * or hold it behind another one.
 *
 *     P1   promise not durable before it is sent               acceptor, phase1
 *     P2   promise not recorded where the slot exists          acceptor
 *     P3   one variable for promised and accepted ballot       acceptor, durability
 *     P4   accept does not raise the promise                   acceptor
 *     P5   durable state truncated at start                    durability
 *     P6   sync skipped, or grouped past the reply             acceptor, durability, snapshots
 *     P7   promise leaves out what is chosen                   acceptor, phase1, membership, snapshots
 *     P8   next slot below the chosen prefix                   phase1
 *     P9   gaps never filled                                   phase1, learner
 *     P10  messages counted, or an older ballot                phase1, phase2, acceptor
 *     P11  "chosen" marks whatever stands there                learner
 *     P12  stale suffix of a former leader trusted             learner
 *     P13  vote below the trimmed prefix                       acceptor, snapshots
 *     P14  proposing past the window                           phase2, membership
 *     P15  snapshot and trim not one step                      snapshots
 *     P16  accepted given out as chosen                        phase1, reads
 *     P17  lease holder that slept answers                     lease, reads
 *     P18  corruption read as a short log                      durability
 *     P19  immediate retry: a duel                             elections
 *     P20  sent to a minimal quorum, and never again           phase1, phase2
 *     P21  highest ballot taken as leadership                  phase1
 *     P22  one command chosen in two slots                     settled
 *     P23  round reused after a restart                        phase1, durability
 *     P24  pages taken as complete before the last             acceptor, phase1
 *
 * And of those of Raft that any engine can fall into:
 *
 *     R1   change before the leader knows what was before it   membership
 *     R3   reads before a leader knows what is chosen          reads, lease, membership
 *     R4   lease counted from anything but the send time       lease, quorum-systems
 *     R5   lease that survives a transfer, or a change         transfer, membership
 *     R6   read confirmed by an answer to something older      reads
 *     R13  snapshot with the membership of another index       snapshots
 *     R15  own vote counted before the own sync                phase2
 *     R16  word given that a restart forgets                   durability, lease
 *     R17  crash between any two writes                        durability
 *     R18  stale completion of a write                         acceptor, durability
 *     R19  shuffled completions                                durability
 *     R20  higher promise that nobody can pass                 elections
 *     R21  survey refused to the last leader                   elections
 *     R22  removed or cut-off node disturbs the group          elections, membership
 *     R23  campaign of a node that does not vote               membership
 *     R24  voter that does not know of its promotion           membership
 *     R25  removed leader leads on                             membership
 *     R26  leader with a stalled disk                          elections, transfer
 *     R27  lost window                                         phase2
 *     R29  writes during a transfer                            transfer
 *     R30  compaction faster than a snapshot's journey         snapshots
 *
 * Not to be met here: R2 (nothing is counted but in the present ballot), R7, R8, R10, R12 and R28 (no
 * suffix is truncated, no log is matched backwards), R9 (no engine waits in the middle of a step), R11
 * (a membership counts once it is chosen), R14 (a prefix of what is chosen never has to be taken back).
 *
 * P22 is asserted rather than provoked: no leader gives a proposal two slots, and the checks of every
 * cluster (`Requests`) find a proposal that is decided twice. Most of the others also have a chance to
 * show in `cluster.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const here = new URL('./pitfalls.test.ts', import.meta.url);

/** Number of the pitfall → the files that the tables above name. */
function table(): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(here, 'utf8').matchAll(/^ \* {5}([PR]\d+) .* {2}(\S.*)$/gm);
  return new Map(Array.from(lines, ([, number = '', files = '']) => [number, files.split(', ')]));
}

describe('the tables', () => {
  it('name every pitfall of Paxos, and each has a test where they say', () => {
    const rows = table();
    const ofPaxos = [...rows.keys()].filter((number) => number.startsWith('P'));
    expect(ofPaxos).toEqual(Array.from({ length: 24 }, (_, at) => `P${String(at + 1)}`));
    for (const [number, files] of rows) {
      for (const file of files) {
        const text = readFileSync(new URL(`./${file}.test.ts`, here), 'utf8');
        const title = new RegExp(`it\\('[PR \\d]*\\b${number} `);
        expect([number, file, title.test(text)]).toEqual([number, file, true]);
      }
    }
  });

  it('and Raft’s are there or ruled out', () => {
    const text = readFileSync(here, 'utf8');
    for (let number = 1; number <= 30; number++) {
      expect([number, new RegExp(`\\bR${String(number)}\\b`).test(text)]).toEqual([number, true]);
    }
  });
});
