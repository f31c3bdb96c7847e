/** Whom a fault hits. */
import type { Random } from '@quorate/core';
import { type AnyNode, leaderOf, type Stage } from '../world/stage.ts';
import type { Target } from './fault.ts';

/** The node that is meant. */
export function targetOf(stage: Stage, target: Target): AnyNode | undefined {
  if (target === 'leader') return leaderOf(stage);
  return stage.nodes[target % stage.nodes.length];
}

/** In a random order. */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const rest = [...items];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(random.below(rest.length), 1));
  return order;
}
