/**
 * What a demo shows: lines of JSON for programs, text for people.
 */
import type { DemoEvent } from './demo.ts';
import type { DemoPlan, PlannedNode } from './plan.ts';
import { restartCommand } from './restart-command.ts';

/** Shows what happens. */
export interface DemoPresenter {
  show(event: DemoEvent): void;
  stopping(): void;
}

/**
 * One line a node when it serves, then `{"ready":true}`. What happens later has an `event`, except
 * that a node which is back says the same as at its first start.
 */
export class JsonPresenter implements DemoPresenter {
  show(event: DemoEvent): void {
    switch (event.type) {
      case 'serving':
      case 'back': {
        const { node, http, client, peer } = event.plan;
        const restart = restartCommand(event.plan);
        print({ node, pid: event.pid, http, client, peer, restart });
        return;
      }
      case 'ready':
        print({ ready: true, leader: event.leader });
        return;
      case 'leader':
        print({ event: 'leader', leader: event.leader, epoch: event.epoch });
        return;
      case 'gone':
        print({
          event: 'gone',
          gone: event.plan.node,
          pid: event.pid,
          ...event.exit,
          restart: restartCommand(event.plan),
        });
    }
  }

  stopping(): void {
    print({ event: 'stopping' });
  }
}

/** Text for people. */
export class HumanPresenter implements DemoPresenter {
  readonly #plan: DemoPlan;
  readonly #pids = new Map<string, number>();
  #ready = false;

  constructor(plan: DemoPlan) {
    this.#plan = plan;
    const { data, resumed, algorithm, storage } = plan;
    say(
      `Starting three nodes (${algorithm}, ${storage}) ` +
        (resumed ? `with the data in ${data}` : `with new data in ${data}`),
    );
  }

  show(event: DemoEvent): void {
    switch (event.type) {
      case 'serving':
        this.#pids.set(event.plan.node, event.pid);
        return;
      case 'ready':
        this.#ready = true;
        say(this.#overview(event.leader));
        return;
      case 'leader':
        if (this.#ready) say(`${event.leader} leads (epoch ${String(event.epoch)})`);
        return;
      case 'gone': {
        const { node } = event.plan;
        const how = event.exit.signal ?? `exit code ${String(event.exit.code)}`;
        say(
          `\n${node} is gone (${how}). Start it again with:\n    ${restartCommand(event.plan)}\n`,
        );
        return;
      }
      case 'back':
        say(
          `${event.plan.node} is back (pid ${String(event.pid)}); it ends together with this demo`,
        );
    }
  }

  stopping(): void {
    say('\nStopping: handing over and closing. Ctrl-C again to stop at once.');
  }

  #overview(leader: string): string {
    const { nodes } = this.#plan;
    const [first, second] = nodes;
    const rows = nodes.map((plan) => {
      const role = plan.node === leader ? 'leader  ' : 'follower';
      const pid = String(this.#pids.get(plan.node) ?? 0);
      return `    ${plan.node}  ${role}  ${plan.http}  clients ${plan.client}  pid ${pid}`;
    });
    const killable = nodes.find(({ node }) => node === leader);
    return `
  Ready: three nodes, one leader.

${rows.join('\n')}

  Put at one node, read at another:
    curl -X PUT --data-binary hello ${httpOf(first)}/v1/kv/greeting
    curl ${httpOf(second)}/v1/kv/greeting

  See that all three have the same state:
    ${nodes.map(({ http }) => `curl -s ${http}/v1/status`).join('; ')}

  Kill the leader; the others go on:
    kill -9 ${String(this.#pids.get(leader) ?? 0)}
  and start it again:
    ${killable === undefined ? '' : restartCommand(killable)}

  Ctrl-C stops all three; their data stays in ${this.#plan.data}
`;
  }
}

function httpOf(plan: PlannedNode | undefined): string {
  return plan?.http ?? '';
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
