/** Processes that end or stand still. */
import type { Loss } from '@quorate/files/simulated';
import type { AnyNode, Stage } from '../world/stage.ts';
import type { Fault } from './fault.ts';
import { targetOf } from './target.ts';

type NodeFault = Extract<Fault, { readonly type: 'crash' | 'outage' | 'pause' }>;

/** Lets one happen. */
export function strikeNodes(stage: Stage, fault: NodeFault): void {
  if (fault.type === 'outage') {
    stage.journal.fault('outage', undefined, { loss: fault.loss });
    for (const node of stage.nodes) losePower(stage, node, fault.loss, fault.downMs);
    return;
  }
  const node = targetOf(stage, fault.target);
  if (node?.process === undefined) return;
  if (fault.type === 'pause') {
    stage.journal.fault('pause', node.id, { ms: fault.ms });
    node.pause(fault.ms);
    return;
  }
  const { how, loss, downMs } = fault;
  stage.journal.fault(`crash: ${how}`, node.id, { loss });
  switch (how) {
    case 'power':
      losePower(stage, node, loss, downMs);
      return;
    case 'kill':
      node.crash({ type: 'kill' });
      stage.startAfter(downMs, node);
      return;
    case 'operation':
      // The world starts it again.
      node.crashAtOperation(1 + (fault.seed % 12), loss);
      return;
    case 'close': {
      const life = node.process;
      node.close().then(
        () => {
          stage.startAfter(downMs, node);
        },
        () => undefined,
      );
      // Whoever waits too long for the end pulls the plug.
      stage.undoAfter(20_000, () => {
        if (node.process === life && !stage.healing) losePower(stage, node, loss, downMs);
      });
    }
  }
}

function losePower(stage: Stage, node: AnyNode, loss: Loss, downMs: number): void {
  if (node.process === undefined) return;
  node.crash({ type: 'power', loss });
  stage.startAfter(downMs, node);
}
