/** The transport passes the suite that every transport must pass, without TLS and with it. */
import { issueMembers, makeAuthority, type Pair } from '@quorate/certificates';
import { clusterNames, nodeNames, transportSuite } from '@quorate/conformance/transport';
import type { Transport } from '@quorate/core';
import { describe, it } from 'vitest';
import { tcpTransport, type TcpTransport } from '../src/index.ts';

for (const isSecure of [false, true]) {
  transportSuite({
    framework: { describe, it },
    name: isSecure ? 'transport-tcp with TLS' : 'transport-tcp',
    create: async () => {
      const made = new Map<Transport, TcpTransport>();
      const { ca, pairs } = await certificates();
      return {
        transport: ({ node, cluster, maxFrameBytes, maxQueuedBytes, address }) => {
          const pair = pairs.get(cluster)?.get(node);
          if (pair === undefined) throw new Error(`no certificate for ${node}`);
          const transport = tcpTransport({
            listen: address ?? '127.0.0.1:0',
            maxFrameBytes,
            maxQueuedBytes,
            reconnect: { minMs: 5, maxMs: 100 },
            ...(isSecure ? { tls: { ca, ...pair } } : {}),
          });
          made.set(transport, transport);
          return transport;
        },
        writes: (transport) => made.get(transport)?.counters['socket_writes'] ?? 0,
        remove: async () => undefined,
      };
    },
  });
}

interface Certificates {
  readonly ca: string;
  /** By cluster, then by node. */
  readonly pairs: ReadonlyMap<string, ReadonlyMap<string, Pair>>;
}

let madeCertificates: Promise<Certificates> | undefined;

/** One authority for all tests: that it has signed a certificate proves no cluster. */
function certificates(): Promise<Certificates> {
  madeCertificates ??= makeCertificates();
  return madeCertificates;
}

async function makeCertificates(): Promise<Certificates> {
  const authority = await makeAuthority();
  const pairs = new Map<string, ReadonlyMap<string, Pair>>();
  for (const cluster of clusterNames) {
    pairs.set(cluster, await issueMembers(authority, cluster, nodeNames));
  }
  return { ca: authority.ca, pairs };
}
