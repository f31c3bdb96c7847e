/** Bugs of the replica, between the log and the machine. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

export const replicaMutations: readonly Mutation[] = [
  {
    id: 'replica-1',
    area: 'replica',
    title: 'the time of a machine falls with the clock of another leader',
    edits: [
      edit(
        'replica/apply',
        'const time = Math.max(this.time, entry.time);',
        'const { time } = entry;',
      ),
    ],
    suite: suite('replica', ['apply']),
  },
  {
    id: 'replica-2',
    area: 'replica',
    title: 'the state is looked at when a snapshot is read, not when it is taken',
    edits: [
      edit(
        'replica/snapshot',
        `  const first = chunks.next();
  first.catch(() => undefined);
  return inFront(header.take(), sessions, first, chunks);`,
        `  const first = {
    then: (good: never, bad: never) => chunks.next().then(good, bad),
  } as unknown as Promise<IteratorResult<Uint8Array, unknown>>;
  return inFront(header.take(), sessions, first, chunks);`,
      ),
    ],
    suite: suite('replica', ['snapshot']),
  },
  {
    id: 'replica-3',
    area: 'replica',
    title: 'a restored machine starts with its clock at zero',
    edits: [
      edit(
        'replica/apply',
        '      this.time = time;\n      this.sessions',
        '      this.time = Math.min(time, 0);\n      this.sessions',
      ),
    ],
    suite: suite('replica', ['snapshot', 'apply', 'cluster']),
  },
  {
    id: 'replica-4',
    area: 'replica',
    title: 'the results of a batch go to the first caller',
    edits: [edit('replica/apply', 'callers?.[position]);', 'callers?.[0]);')],
    suite: suite('replica', ['execute', 'batch']),
  },
  {
    id: 'replica-5',
    area: 'replica',
    title: 'a machine that breaks is taken for one that refuses, and goes on',
    edits: [
      edit(
        'replica/run',
        'if (error instanceof CommandRejectedError) return new Refusal(error);',
        'if (error !== undefined) return new Refusal(new CommandRejectedError(String(error)));',
      ),
    ],
    suite: suite('replica', ['apply']),
  },
  {
    id: 'replica-6',
    area: 'replica',
    title: 'a query shares a barrier that was asked for before it came',
    edits: [
      edit(
        'replica/reads',
        `  #begin(guarantee: ReadGuarantee, batch: Batch<Q, A>): void {
    this.#open.delete(guarantee);
`,
        `  #begin(guarantee: ReadGuarantee, batch: Batch<Q, A>): void {
    this.#setup.runtime.nextTurn(() => this.#open.delete(guarantee));
`,
      ),
    ],
    suite: suite('replica', ['reads'], 'shares none that was asked for before'),
  },
  {
    id: 'replica-7',
    area: 'replica',
    title: 'a query is answered before everything up to its barrier is applied',
    edits: [
      edit(
        'replica/reads',
        '    if (index <= this.#appliedIndex) {\n      this.#makeReady(batch);',
        '    if (index <= this.#appliedIndex + 1) {\n      this.#makeReady(batch);',
      ),
    ],
    suite: suite('replica', ['reads']),
  },
  {
    id: 'replica-8',
    area: 'replica',
    title: 'a query sees a machine in the middle of a restore',
    edits: [
      edit(
        'replica/reads',
        "if (consistency === 'local' && !this.#restoring) {",
        "if (consistency === 'local') {",
      ),
    ],
    suite: suite('replica', ['reads', 'snapshot', 'away']),
  },
  {
    id: 'replica-9',
    area: 'replica',
    title: '`acknowledge: all` is answered when a quorum has it',
    edits: [
      edit(
        'replica/callers',
        "if (this.#call.acknowledge === 'all') {",
        "if (this.#call.acknowledge === 'all' && index === 0) {",
      ),
      edit(
        'replica/execution',
        "if (this.#acknowledge === 'all') {",
        "if (this.#acknowledge === 'all' && index === 0) {",
      ),
    ],
    suite: suite('replica', ['acknowledge']),
  },
  {
    id: 'replica-10',
    area: 'replica',
    title: 'a batch of which something may still happen is told to be definitely not done',
    edits: [
      edit(
        'replica/callers',
        'definite &&= error !== undefined && !(error instanceof OutcomeUnknownError);',
        'definite &&= error !== undefined;',
      ),
    ],
    suite: suite('replica', ['batch'], 'another may still happen'),
  },
  {
    id: 'replica-11',
    area: 'replica',
    title: 'entries that do not follow one another are applied',
    edits: [
      edit(
        'replica/apply',
        "    invariant(index === this.appliedIndex + 1, 'entries come without a gap');\n",
        '',
      ),
    ],
    suite: suite('replica', ['apply']),
  },
];
