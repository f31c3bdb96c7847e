/**
 * Watches the nodes of a demo by asking for their status, the way any monitor would: so it also
 * sees a node that somebody has started again by hand.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpKvClient } from '../http-client/client.ts';
import { objectOf, parseJson } from '../json.ts';
import type { DemoPlan, PlannedNode } from './plan.ts';

/** What a node says of itself. */
export interface NodeReport {
  readonly node: string;
  readonly cluster: string;
  readonly role: string;
  readonly leader: string | undefined;
  readonly epoch: number;
  readonly pid: number;
}

/** What the watch notices. */
export type Sighting =
  | { readonly type: 'leader'; readonly leader: string; readonly epoch: number }
  /** A process that the demo did not start answers for a node. */
  | { readonly type: 'back'; readonly plan: PlannedNode; readonly pid: number };

const intervalMs = 250;

/** Asks one node; `undefined` where nobody answers, or somebody who is not that node. */
export async function askNode(
  client: HttpKvClient,
  plan: PlannedNode,
  cluster: string,
): Promise<NodeReport | undefined> {
  const result = await client.ask(plan.http, { method: 'GET', path: '/v1/status' });
  if (result.type !== 'answered') return undefined;
  try {
    const text = Buffer.from(result.response.body).toString('utf8');
    const report = reportOf(parseJson(text, 'the status'));
    return report.node === plan.node && report.cluster === cluster ? report : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Goes on until `signal` fires.
 *
 * @param first the leader that is known already.
 * @param pidOf the process that is known to run the node.
 */
export async function watchNodes(
  client: HttpKvClient,
  plan: DemoPlan,
  first: NodeReport,
  pidOf: (node: string) => number | undefined,
  notice: (sighting: Sighting) => void,
  signal: AbortSignal,
): Promise<void> {
  let { epoch, node: leader } = first;
  const stopped = (): boolean => signal.aborted;
  while (!stopped()) {
    const reports = await Promise.all(
      plan.nodes.map(async (node) => ({ node, report: await askNode(client, node, plan.cluster) })),
    );
    if (stopped()) return;
    for (const { node, report } of reports) {
      if (report === undefined) continue;
      if (report.pid !== pidOf(node.node)) notice({ type: 'back', plan: node, pid: report.pid });
      // Only a leader's own word counts: a follower may still name the one before.
      if (report.role !== 'leader' || report.epoch < epoch) continue;
      if (report.epoch === epoch && report.node === leader) continue;
      ({ epoch } = report);
      leader = report.node;
      notice({ type: 'leader', leader, epoch });
    }
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

function reportOf(value: unknown): NodeReport {
  const { node, cluster, role, leader, epoch, pid } = objectOf(value, 'the status');
  if (
    typeof node !== 'string' ||
    typeof cluster !== 'string' ||
    typeof role !== 'string' ||
    typeof epoch !== 'number' ||
    typeof pid !== 'number'
  ) {
    throw new Error('not a status of quorate-kv');
  }
  return {
    node,
    cluster,
    role,
    leader: typeof leader === 'string' ? leader : undefined,
    epoch,
    pid,
  };
}
