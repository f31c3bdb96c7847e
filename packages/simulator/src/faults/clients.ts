/** Clients far away that die, stand still, and lose touch with nodes. */
import type { Random } from '@quorate/core';
import type { Stage } from '../world/stage.ts';
import type { Fault } from './fault.ts';

type ClientFault = Extract<
  Fault,
  {
    readonly type: 'client-crash' | 'client-pause' | 'client-cut' | 'client-burst' | 'client-reset';
  }
>;

/** Each node is one of those that are out of reach with this probability. */
const cutChance = 0.6;

/** Lets one happen. */
export function strikeClients(stage: Stage, fault: ClientFault, random: Random): void {
  const { remotes, journal, network, nodes, streams } = stage;
  const client = remotes[fault.target % Math.max(1, remotes.length)];
  if (client === undefined) return;
  const { name } = client;
  switch (fault.type) {
    case 'client-crash': {
      journal.fault(`client crash: ${fault.how}`, name);
      const restart = (): void => {
        stage.schedule.after(fault.downMs, undefined, () => {
          client.start();
        });
      };
      if (fault.how === 'close') {
        client.close().then(restart, () => undefined);
      } else {
        client.kill();
        restart();
      }
      return;
    }
    case 'client-pause':
      journal.fault('client pause', name, { ms: fault.ms });
      client.pause(fault.ms);
      return;
    case 'client-cut': {
      const out = nodes.filter(() => random.chance(cutChance)).map(({ id }) => id);
      journal.fault(`client cut: ${fault.direction}`, name, { out, ms: fault.ms });
      const there = out.map((id) => [name, id] as const);
      const back = out.map((id) => [id, name] as const);
      const { direction } = fault;
      stage.undoAfter(
        fault.ms,
        network.cut([
          ...(direction === 'back' ? [] : there),
          ...(direction === 'there' ? [] : back),
        ]),
      );
      return;
    }
    case 'client-burst':
      journal.fault('client burst', name, { operations: fault.operations });
      stage.burst(fault.operations, client.choose());
      return;
    case 'client-reset':
      journal.fault('client reset', name);
      streams.break(name);
  }
}
