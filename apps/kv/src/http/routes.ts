/**
 * Which request goes where: one table. Adding a route is one line.
 */
import { serviceError } from '../errors.ts';
import { takeBackup } from './backup-route.ts';
import type { RouteContext } from './context.ts';
import { compact, deleteKey, getKey, listKeys, putKey, runTransaction } from './kv-routes.ts';
import { grantLease, keepLease, leaseKeys, listLeases, revokeLease } from './lease-routes.ts';
import { changeMembers, transfer } from './member-routes.ts';
import { healthz, metrics, readyz, snapshot, status } from './node-routes.ts';
import { keyPathPrefix } from './params.ts';
import { errorReply } from './errors.ts';
import type { HttpRequest, Reply } from './reply.ts';
import type { Handler } from './server.ts';

type Route = (request: HttpRequest, context: RouteContext) => Reply | Promise<Reply>;

/** Path → method → route. The path of a single key stands for all that begin with it. */
const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/v1/kv': { GET: listKeys },
  [keyPathPrefix]: { GET: getKey, PUT: putKey, DELETE: deleteKey },
  '/v1/txn': { POST: runTransaction },
  '/v1/compact': { POST: compact },
  '/v1/leases': { GET: listLeases, POST: grantLease },
  '/v1/leases/keys': { GET: leaseKeys },
  '/v1/leases/keep-alive': { POST: keepLease },
  '/v1/leases/revoke': { POST: revokeLease },
  '/v1/status': { GET: status },
  '/v1/members': { POST: changeMembers },
  '/v1/transfer': { POST: transfer },
  '/v1/snapshot': { GET: takeBackup, POST: snapshot },
  '/healthz': { GET: healthz },
  '/readyz': { GET: readyz },
  '/metrics': { GET: metrics },
};

/** Answers every request, counts it, and never throws. */
export function createHandler(context: RouteContext): Handler {
  return async (request) => {
    const startedAt = performance.now();
    const path = request.rawPath.startsWith(keyPathPrefix) ? keyPathPrefix : request.rawPath;
    const methods = Object.hasOwn(routes, path) ? routes[path] : undefined;
    // HEAD is GET, of which the server sends the head alone.
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route =
      methods !== undefined && Object.hasOwn(methods, method) ? methods[method] : undefined;
    const reply = await (route === undefined
      ? noRoute(methods)
      : answer(route, request, context).catch(errorReply));
    context.metrics.observeRequest({
      // Paths and methods that do not exist are one label, or anybody could make up new ones.
      route: methods === undefined ? 'unknown' : path,
      method: route === undefined ? 'unknown' : request.method,
      status: reply.status,
      seconds: (performance.now() - startedAt) / 1_000,
    });
    return reply;
  };
}

/** A route that throws at once fails like one that throws later. */
async function answer(route: Route, request: HttpRequest, context: RouteContext): Promise<Reply> {
  return route(request, context);
}

function noRoute(methods: Readonly<Record<string, Route>> | undefined): Reply {
  if (methods === undefined) {
    return errorReply(
      serviceError('NOT_FOUND', 'there is nothing at this path; keys are at /v1/kv/{key}'),
    );
  }
  const allow = Object.keys(methods)
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');
  const reply = errorReply(serviceError('METHOD_NOT_ALLOWED', `this path takes ${allow}`));
  return { ...reply, headers: { ...reply.headers, allow } };
}
