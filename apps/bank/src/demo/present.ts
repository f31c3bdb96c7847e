/**
 * What a demo shows: lines of JSON for programs, text for people.
 */
import type { DemoEvent } from './demo.ts';
import type { DemoOptions } from './plan.ts';

/** Shows what happens. */
export interface DemoPresenter {
  begin(options: DemoOptions): void;
  show(event: DemoEvent): void;
  /** @param staysAt where the nodes go on serving, if they do. */
  end(holds: boolean, staysAt: readonly string[]): void;
}

/** One line for each event, and at last `{"event":"report","holds":…}`. */
export const jsonPresenter: DemoPresenter = {
  begin: () => undefined,
  show: (event) => print(JSON.stringify(event)),
  end: (holds) => print(JSON.stringify({ event: 'report', holds })),
};

/** Text. */
export const textPresenter: DemoPresenter = {
  begin: ({ algorithm, storage, payments, concurrency }) => {
    print(
      `\n  A bank on ${algorithm} and ${storage} storage: ${String(payments)} payments, ${String(concurrency)} at a time\n`,
    );
  },
  show: (event) => print(`    ${textOf(event)}`),
  end: (holds, staysAt) => {
    print(`\n  ${holds ? 'All of it holds.' : 'Not all of it holds.'}`);
    if (staysAt.length > 0) print(`  The nodes go on at ${staysAt.join()}; Ctrl-C ends them.`);
    print('');
  },
};

function textOf(event: DemoEvent): string {
  switch (event.event) {
    case 'serving':
      return `${event.node} serves clients at ${event.client}, pid ${String(event.pid)}`;
    case 'opened':
      return `${event.leader} leads; ${String(event.accounts)} accounts are open`;
    case 'killed':
      return `${event.node} is killed (SIGKILL, pid ${String(event.pid)}), with ${String(event.done)} payments through`;
    case 'resumed':
      return `${event.leader} leads, ${String(event.afterMs)} ms later`;
    case 'restarted':
      return `${event.node} is back, pid ${String(event.pid)}`;
    case 'paid': {
      const seconds = (event.tookMs / 1000).toFixed(1);
      return `${String(event.payments)} payments in ${seconds} s: ${String(event.refused)} refused for want of money, ${String(event.repeated)} asked for again\n`;
    }
    case 'finding':
      return `${event.holds ? 'yes' : 'NO '}  ${event.name}: ${event.detail}`;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
