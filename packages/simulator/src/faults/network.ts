/**
 * Links that are cut, clogged or bad. Clients far away are somewhere in the network as well: about half of them
 * beside one of the nodes, and what separates that one from others separates them.
 */
import type { NodeId, Random } from '@quorate/core';
import type { NetworkConditions } from '../network/conditions.ts';
import type { Stage } from '../world/stage.ts';
import type { Fault } from './fault.ts';
import { shuffled, targetOf } from './target.ts';

type NetworkFault = Extract<
  Fault,
  { readonly type: 'partition' | 'flapping' | 'clog' | 'clog-one-by-one' | 'weather' }
>;

type Links = readonly (readonly [from: string, to: string])[];

/** How often a stream does not outlive a cut. */
const breakChance = 0.3;

/** Lets one happen. */
export function strikeNetwork(stage: Stage, fault: NetworkFault, random: Random): void {
  const ids = stage.nodes.map(({ id }) => id);
  const { network, journal } = stage;
  switch (fault.type) {
    case 'partition': {
      const between = partition(stage, fault.shape, random);
      if (between.length === 0) return;
      const links = withClients(stage, between, random);
      journal.fault(`partition: ${fault.shape}`, undefined, { links, ms: fault.ms });
      stage.undoAfter(fault.ms, network.cut(links));
      if (random.chance(breakChance)) breakCut(stage, links);
      return;
    }
    case 'flapping': {
      const node = targetOf(stage, fault.target);
      if (node === undefined) return;
      journal.fault('flapping', node.id, { ms: fault.ms });
      flap(
        stage,
        withClients(stage, around(node.id, ids), random),
        fault.periodMs,
        stage.schedule.now + fault.ms,
      );
      return;
    }
    case 'clog': {
      const [from, to] = shuffled(ids, random);
      if (from === undefined || to === undefined) return;
      journal.fault('clog', from, { to, ms: fault.ms });
      stage.undoAfter(fault.ms, network.clog(withClients(stage, [[from, to]], random)));
      return;
    }
    case 'clog-one-by-one':
      journal.fault('clog-one-by-one', undefined, { eachMs: fault.eachMs });
      clogNext(stage, shuffled(ids, random), fault.eachMs, random);
      return;
    case 'weather':
      journal.fault('weather', undefined, fault);
      changeWeather(stage, fault);
  }
}

/** Both directions between everybody in one and everybody in the other. */
function between(left: readonly NodeId[], right: readonly NodeId[]): Links {
  return left.flatMap((one) =>
    right.flatMap((other) => [[one, other] as const, [other, one] as const]),
  );
}

function around(id: NodeId, ids: readonly NodeId[]): Links {
  return between(
    [id],
    ids.filter((other) => other !== id),
  );
}

/** The same links, and those of clients that are beside one of the nodes. */
function withClients({ remotes, nodes }: Stage, links: Links, random: Random): Links {
  const added = remotes.flatMap(({ name }) => {
    if (random.chance(0.5)) return [];
    const { id } = random.pick(nodes);
    return links.flatMap(([from, to]) => {
      if (from === id) return [[name, to] as const];
      return to === id ? [[from, name] as const] : [];
    });
  });
  return [...links, ...added];
}

/** Streams of clients that cannot get through do not always wait. */
function breakCut({ remotes, streams }: Stage, links: Links): void {
  for (const { name } of remotes) {
    streams.break(name, new Set(links.flatMap(([from, to]) => (from === name ? [to] : []))));
  }
}

function partition(
  stage: Stage,
  shape: Extract<Fault, { readonly type: 'partition' }>['shape'],
  random: Random,
): Links {
  const ids = stage.nodes.map(({ id }) => id);
  const order = shuffled(ids, random);
  const half = 1 + random.below(Math.max(1, ids.length - 1));
  const [left, right] = [order.slice(0, half), order.slice(half)];
  const leader = targetOf(stage, 'leader')?.id ?? order[0] ?? '';
  switch (shape) {
    case 'halves':
      return between(left, right);
    case 'isolate':
      return around(random.chance(0.5) ? leader : (order[0] ?? ''), ids);
    case 'one-way':
      return left.flatMap((from) => right.map((to) => [from, to] as const));
    // It speaks and does not hear: others keep it for the leader.
    case 'leader-deaf':
      return ids.filter((id) => id !== leader).map((from) => [from, leader] as const);
    // Two halves, neither of them empty, and one that sees both.
    case 'bridge': {
      const middle = Math.max(2, half);
      return between(order.slice(1, middle), order.slice(middle));
    }
    // Where the voters change: the old ones on one side, the new ones on the other.
    case 'by-change': {
      const { voters, outgoing } = stage.memberships().find((each) => each.outgoing.length > 0) ?? {
        voters: [],
        outgoing: [],
      };
      const old = outgoing.map(({ id }) => id);
      const added = voters.map(({ id }) => id).filter((id) => !old.includes(id));
      return between(old, added);
    }
  }
}

function flap(stage: Stage, links: Links, periodMs: number, endsAt: number): void {
  if (stage.healing || stage.schedule.now >= endsAt) return;
  const up = stage.network.cut(links);
  stage.undoAfter(periodMs / 2, up);
  stage.schedule.after(periodMs, undefined, () => {
    up();
    flap(stage, links, periodMs, endsAt);
  });
}

function clogNext(
  stage: Stage,
  [node, ...rest]: readonly NodeId[],
  eachMs: number,
  random: Random,
): void {
  if (node === undefined || stage.healing) return;
  const ids = stage.nodes.map(({ id }) => id);
  const open = stage.network.clog(withClients(stage, around(node, ids), random));
  stage.undoAfter(eachMs, open);
  stage.schedule.after(eachMs, undefined, () => {
    open();
    clogNext(stage, rest, eachMs, random);
  });
}

function changeWeather(stage: Stage, fault: Extract<Fault, { readonly type: 'weather' }>): void {
  const { network } = stage;
  const before = network.conditions;
  const storm: NetworkConditions = {
    delayMs: [before.delayMs[0], before.delayMs[1] + fault.delayMs],
    reordering: true,
    loss: fault.loss,
    duplication: fault.duplication,
    replay: fault.replay,
    corruption: fault.corruption,
  };
  stage.undoAfter(fault.ms, network.storm(storm));
}
