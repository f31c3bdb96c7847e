/** Clocks that are set, and clocks that run fast or slow. */
import type { Stage } from '../world/stage.ts';
import type { Fault } from './fault.ts';
import { targetOf } from './target.ts';

type ClockFault = Extract<Fault, { readonly type: 'clock-jump' | 'clock-drift' }>;

/** Lets one happen. */
export function strikeClock(stage: Stage, fault: ClockFault): void {
  const node = targetOf(stage, fault.target);
  if (node === undefined) return;
  stage.journal.fault(fault.type, node.id, fault);
  if (fault.type === 'clock-jump') node.clock.jump(fault.ms);
  else node.clock.drift(stage.schedule.now, fault.rate);
}
