/**
 * The node over HTTP: status, snapshots, health, metrics.
 */
import { UnavailableError } from '@quorate/core';
import { maxKeyBytes, maxValueBytes } from '@quorate/machine-kv';
import type { RouteContext } from './context.ts';
import { membersOf } from './member-routes.ts';
import { Params } from './params.ts';
import { type HttpRequest, jsonReply, type Reply } from './reply.ts';

/**
 * A node that has not been in touch with the group for this long is not sent traffic. Several
 * election time-outs: a new leader is normally found long before.
 */
const readyContactMs = 5_000;

/** `GET /v1/status`. The applied index and the hash belong together: both are read in one go. */
export function status(request: HttpRequest, { replica, facts }: RouteContext): Reply {
  new Params(request.query, []);
  const now = replica.status;
  return jsonReply({
    node: now.node,
    cluster: now.cluster,
    state: now.state,
    role: now.role,
    leader: now.leader ?? null,
    epoch: now.epoch,
    appliedIndex: now.appliedIndex,
    commitIndex: now.commitIndex,
    firstIndex: now.firstIndex,
    lastIndex: now.lastIndex,
    snapshotIndex: now.snapshotIndex,
    stateHash: now.stateHash ?? null,
    members: membersOf(now.membership),
    peers: now.peers,
    contactAgeMs: contactAgeMs(now.contactAt) ?? null,
    pending: now.pending,
    waitingReads: now.waitingReads,
    tailBytes: now.tailBytes,
    ...facts,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1_000),
    limits: { maxKeyBytes, maxValueBytes },
  });
}

/** `POST /v1/snapshot`: takes one on this node now, and trims its log. */
export async function snapshot(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  new Params(request.query, []);
  return jsonReply({ index: await replica.snapshot({ signal: request.signal }) });
}

/** `GET /healthz`: the process lives and its log has not failed. */
export function healthz(_request: HttpRequest, { replica }: RouteContext): Reply {
  const { state } = replica.status;
  if (state === 'failed') {
    throw new UnavailableError(
      'the log of this node has failed; see its log lines, then restart it',
    );
  }
  return jsonReply({ alive: true, state });
}

/** `GET /readyz`: the node can serve: it runs, knows a leader, and is in touch with the group. */
export function readyz(_request: HttpRequest, { replica }: RouteContext): Reply {
  const { state, leader, contactAt } = replica.status;
  const ageMs = contactAgeMs(contactAt);
  if (
    state !== 'running' ||
    leader === undefined ||
    ageMs === undefined ||
    ageMs > readyContactMs
  ) {
    throw new UnavailableError(
      `this node is not ready: it is ${state}, ${leader === undefined ? 'knows no leader' : `follows ${leader}`}, ` +
        `${ageMs === undefined ? 'and has not been in touch with the group' : `last in touch ${String(ageMs)} ms ago`}; ask another one`,
    );
  }
  return jsonReply({ ready: true, leader });
}

/** `GET /metrics` for Prometheus. */
export async function metrics(_request: HttpRequest, context: RouteContext): Promise<Reply> {
  const { contentType, text } = await context.metrics.scrape();
  return { status: 200, headers: { 'content-type': contentType }, body: text };
}

function contactAgeMs(contactAt: number | undefined): number | undefined {
  return contactAt === undefined ? undefined : Math.round(performance.now() - contactAt);
}
