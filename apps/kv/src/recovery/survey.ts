/**
 * What a node's storage holds, in the words of its algorithm: for the one who has to decide whether to go
 * on with it.
 */
import {
  type Algorithm,
  crc32,
  emptyMembership,
  type EngineStatus,
  type LogIndex,
  type Membership,
  type NodeId,
  type Recovered,
  seededRandom,
} from '@quorate/core';
import type { JsonObject } from '../json.ts';

/** What is known of a group from one node alone. */
export interface Survey {
  readonly epoch: number;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  /** Everything up to here is decided for certain; more may be. */
  readonly decidedIndex: LogIndex;
  readonly membership: Membership;
  readonly snapshot:
    | { readonly index: LogIndex; readonly bytes: number; readonly checksum: number }
    | undefined;
  /** The term or ballot of the last entry, as the algorithm calls it; `undefined` where it says nothing. */
  readonly newest: string | undefined;
  /** CRC-32 of the last entry, its engine's header included; `undefined` where there is none. */
  readonly head: number | undefined;
}

/**
 * Looks at it. No engine runs: one is made, asked, and thrown away.
 *
 * @throws CorruptError if what the storage holds does not fit together.
 * @throws InvalidArgumentError if the node ran with other options than the algorithm has.
 */
export function surveyOf<Message>(
  algorithm: Algorithm<Message>,
  node: NodeId,
  recovered: Recovered,
): Survey {
  const { status } = algorithm.create({
    node,
    recovered,
    bootstrap: emptyMembership,
    random: seededRandom(0),
    now: 0,
  });
  const { epoch, firstIndex, commitIndex, membership }: EngineStatus = status;
  const { snapshot, records, lastRecord } = recovered;
  return {
    epoch,
    firstIndex,
    // An engine may know of its last votes only when it has read them.
    lastIndex: Math.max(status.lastIndex, records?.last ?? 0),
    decidedIndex: commitIndex,
    membership,
    snapshot: snapshot && {
      index: snapshot.index,
      bytes: snapshot.bytes,
      checksum: snapshot.checksum,
    },
    newest: newestOf(algorithm, recovered),
    head: lastRecord && crc32(lastRecord),
  };
}

function newestOf<Message>(
  { explain }: Pick<Algorithm<Message>, 'explain'>,
  { lastRecord, snapshot }: Recovered,
): string | undefined {
  const fields = {
    ...(snapshot && explain?.context(snapshot.context)),
    ...(lastRecord && explain?.record(lastRecord)),
  };
  for (const name of ['term', 'ballot', 'knownIn']) {
    const value = fields[name];
    if (typeof value === 'string' || typeof value === 'number') return `${name} ${String(value)}`;
  }
  return undefined;
}

/** The same for an audit record. */
export function surveyToJson({
  snapshot,
  newest,
  head,
  membership,
  ...numbers
}: Survey): JsonObject {
  return {
    ...numbers,
    newest: newest ?? null,
    snapshot: snapshot ?? null,
    head: head ?? null,
    members: membersToJson(membership),
  };
}

/** Members with their roles, without empty lists. */
export function membersToJson({ voters, outgoing, learners }: Membership): JsonObject {
  const lists = { voters, outgoing, learners };
  return Object.fromEntries(
    Object.entries(lists)
      .filter(([, list]) => list.length > 0)
      .map(([role, list]) => [
        role,
        Object.fromEntries(list.map(({ id, address }) => [id, address ?? null])),
      ]),
  );
}
