/** Disks that stall, fill up, fail and rot. */
import type { Random } from '@quorate/core';
import { type AnyNode, canLose, type Stage } from '../world/stage.ts';
import type { Fault } from './fault.ts';
import { targetOf } from './target.ts';

type DiskFault = Extract<
  Fault,
  {
    readonly type:
      | 'disk-stall'
      | 'disk-slow'
      | 'disk-full'
      | 'disk-error'
      | 'bit-rot'
      | 'misdirected-write';
  }
>;

/** Nothing more finds room. */
const full = (['write', 'truncate', 'create'] as const).map((operation) => ({
  operation,
  code: 'ENOSPC' as const,
  times: Number.POSITIVE_INFINITY,
}));
/** A failure that has not come about by then is taken back. */
const patienceMs = 3000;

/** Lets one happen. */
export function strikeDisk(stage: Stage, fault: DiskFault, random: Random): void {
  const node = targetOf(stage, fault.target);
  if (node === undefined || node.broken) return;
  const { device } = node;
  switch (fault.type) {
    case 'disk-stall':
      if (node.process === undefined) return;
      struck(stage, fault, node);
      stage.undoAfter(fault.ms, node.stallDisk());
      return;
    case 'disk-slow':
      struck(stage, fault, node);
      stage.undoAfter(fault.ms, node.slowDisk(fault.factor));
      return;
    case 'disk-full':
      struck(stage, fault, node);
      stage.undoAfter(fault.ms, node.failDisk(...full));
      return;
    case 'disk-error':
      struck(stage, fault, node);
      stage.undoAfter(patienceMs, node.failDisk({ operation: fault.operation, nth: fault.nth }));
      return;
    case 'bit-rot':
      rot(stage, fault, node, random);
      return;
    case 'misdirected-write':
      if (node.process === undefined || !canLose(stage, [node.id])) return;
      struck(stage, fault, node);
      // It is missing where it belongs, and stands where something else belongs.
      node.strikes += 2;
      device.misdirectNextWrite({ position: 4096 * random.below(16) });
  }
}

/** One intact copy of everything has to stay somewhere: that of a quorum. */
function rot(
  stage: Stage,
  fault: Extract<Fault, { readonly type: 'bit-rot' }>,
  node: AnyNode,
  random: Random,
): void {
  const { device } = node;
  const bytes = device.storedBytes;
  if (bytes === 0 || !canLose(stage, [node.id])) return;
  struck(stage, fault, node);
  node.strikes += fault.flips;
  for (let flip = 0; flip < fault.flips; flip++)
    device.flipBit(random.below(bytes), random.below(8));
}

function struck(stage: Stage, fault: Fault, node: AnyNode): void {
  stage.journal.fault(fault.type, node.id, fault);
}
