/** Lets a fault happen. */
import { seededRandom, unreachable } from '@quorate/core';
import { entranceAt } from '../clients/direct.ts';
import type { Stage } from '../world/stage.ts';
import { strikeClients } from './clients.ts';
import { strikeClock } from './clocks.ts';
import { strikeDisk } from './disks.ts';
import type { Fault } from './fault.ts';
import { strikeNetwork } from './network.ts';
import { strikeNodes } from './nodes.ts';
import { operate } from './operators.ts';
import { targetOf } from './target.ts';

/** Lets a fault happen now. */
export function strike(stage: Stage, fault: Fault): void {
  const random = seededRandom(fault.seed);
  switch (fault.type) {
    case 'crash':
    case 'outage':
    case 'pause':
      strikeNodes(stage, fault);
      return;
    case 'partition':
    case 'flapping':
    case 'clog':
    case 'clog-one-by-one':
    case 'weather':
      strikeNetwork(stage, fault, random);
      return;
    case 'disk-stall':
    case 'disk-slow':
    case 'disk-full':
    case 'disk-error':
    case 'bit-rot':
    case 'misdirected-write':
      strikeDisk(stage, fault, random);
      return;
    case 'clock-jump':
    case 'clock-drift':
      strikeClock(stage, fault);
      return;
    case 'change':
    case 'transfer':
    case 'snapshot':
      operate(stage, fault, random);
      return;
    case 'client-crash':
    case 'client-pause':
    case 'client-cut':
    case 'client-burst':
    case 'client-reset':
      strikeClients(stage, fault, random);
      return;
    case 'overload': {
      const node = targetOf(stage, fault.target);
      if (node?.replica === undefined) return;
      stage.journal.fault(fault.type, node.id);
      stage.burst(fault.operations, entranceAt(node));
      return;
    }
    default:
      unreachable(fault);
  }
}
