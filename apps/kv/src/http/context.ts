/**
 * What the routes work with: a replica of the map, and what is known of the node around it.
 */
import type { KvAnswer, KvCommand, KvQuery, KvResult } from '@quorate/machine-kv';
import type { Replica } from '@quorate/replica';
import type { Backups } from '../backup/source.ts';
import type { Metrics } from '../metrics.ts';
import type { HttpLimits } from './limits.ts';

/** The part of a replica that is reached over HTTP. */
export type KvReplica = Pick<
  Replica<KvCommand, KvResult, KvQuery, KvAnswer>,
  | 'node'
  | 'status'
  | 'counters'
  | 'execute'
  | 'read'
  | 'changeMembership'
  | 'transferLeadership'
  | 'snapshot'
>;

/** What the status tells besides what the replica says. */
export interface NodeFacts {
  readonly algorithm: string;
  readonly storage: string;
  readonly version: string;
  readonly http: string;
  readonly client: string;
  readonly peer: string;
}

/** What every route is given. */
export interface RouteContext {
  readonly replica: KvReplica;
  readonly backups: Pick<Backups, 'open'>;
  readonly facts: NodeFacts;
  readonly metrics: Metrics;
  readonly limits: HttpLimits;
}
