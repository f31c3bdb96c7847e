#!/usr/bin/env node
/** Three replicas and a client in one process: counts, loses the leader meanwhile, and is exact. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from '@quorate/client';
import { serveClients } from '@quorate/client/server';
import { add, counterMachine, expectType, read } from '@quorate/machine-counter';
import { openReplica } from '@quorate/replica';
import { algorithms, choose, networks, storages } from './parts.ts';

process.on('uncaughtException', ({ message }) => {
  console.error(`quorate-counter: ${message}`);
  process.exit(2);
});
const flag = (value: string) => ({ type: 'string', default: value }) as const;
const parts = { algorithm: flag('raft'), storage: flag('memory'), transport: flag('memory') };
const options = { ...parts, port: flag('7600'), data: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const algorithm = choose(algorithms, values.algorithm);
const storage = choose(storages, values.storage);
const [address, transportAt, links] = choose(networks, values.transport);

const place = (offset: number) => `127.0.0.1:${Number(values.port) + offset}`;
const members = ['a', 'b', 'c'].map((id, at) => ({ id, address: address(place(at)) }));
const data = values.data ?? (await mkdtemp(join(tmpdir(), 'quorate-counter-')));
const closing: (() => Promise<unknown>)[] = [];

async function start(node: string, at: number) {
  const transport = transportAt(place(at));
  const own = { algorithm: algorithm(), storage: storage(join(data, node)), transport };
  const machine = counterMachine();
  const replica = await openReplica({ node, cluster: 'counter', members, machine, ...own });
  closing.push(() => replica.close());
  const server = await serveClients({ service: replica.service, links, listen: place(10 + at) });
  closing.push(() => server.close());
  return { replica, server, transport };
}

try {
  const nodes = await Promise.all(members.map(({ id }, at) => start(id, at)));
  const endpoints = nodes.map(({ server }) => server.address);
  const client = connect({ machine: counterMachine(), links, endpoints });
  closing.push(() => client.close());
  const count = async () => expectType(await client.query(read('visits')), 'read').value;
  const addOne = () => client.execute(add('visits', 1n));
  const before = await count();
  await Promise.all(Array.from({ length: 1000 }, addOne));
  console.log(`counted from ${before} to ${await count()}`);

  const leader = nodes.find(({ replica }) => replica.status.role === 'leader');
  const underWay = Array.from({ length: 1000 }, addOne);
  // Cut off from the others and from its clients at once, as if its process had died.
  await Promise.all([leader?.transport.close(), leader?.server.close()]);
  console.log(`killed the leader ${leader?.replica.node}, 1000 more under way`);
  await Promise.all(underWay);
  const after = await count();
  console.log(`${client.status.leader} leads now, and the count is ${after}`);
  process.exitCode = after === before + 2000n ? 0 : 1;
} finally {
  await Promise.all(closing.map((close) => close()));
  if (values.data === undefined) await rm(data, { recursive: true });
}
