/** The leader sees to it that what has to run out does, and gives everybody time when it takes over. */
import { ByteReader, type LogEvent, OutcomeUnknownError, readEnvelope } from '@quorate/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { openWorld, type World } from '../world.ts';
import { decide, payloadOfEnvelope } from './probe.ts';

let world: World;
/** What was submitted by the replica itself, since nobody else does here. */
let written: string[] = [];

beforeEach(async () => {
  world = await openWorld();
  written = [];
  const submit = world.log.submit.bind(world.log);
  world.log.submit = (payload, caller): void => {
    written.push(readEnvelope(new ByteReader(payload)).type);
    submit(payload, caller);
  };
});

function open(timeoutMs: number): void {
  decide(world, [payloadOfEnvelope({ type: 'open-session', timeoutMs })], world.runtime.wallTime());
}

async function lead(leader: string | undefined, epoch: number): Promise<void> {
  const event: LogEvent = { type: 'leader', leader, epoch };
  world.log.emit(event);
  await world.runtime.settle();
}

const sessions = (): number | undefined => world.replica.counters['sessions'];

describe('a leader', () => {
  it('writes nothing while nothing can run out', async () => {
    await lead('a', 1);
    await world.runtime.run(3_600_000);
    expect(written).toEqual([]);
    expect(world.runtime.pending).toBe(0);
  });

  it('ends a session when its time is over, once, and not before', async () => {
    await lead('a', 1);
    open(5_000);
    await world.runtime.run(4_999);
    expect(sessions()).toBe(1);
    await world.runtime.run(200);
    expect(sessions()).toBe(0);
    await world.runtime.run(60_000);
    expect(written).toEqual(['time']);
  });

  it('writes nothing for a session that was heard of meanwhile', async () => {
    await lead('a', 1);
    open(5_000);
    for (let round = 0; round < 20; round++) {
      await world.runtime.run(1_000);
      const keep = payloadOfEnvelope({ type: 'keep-session', session: 1, answered: 0 });
      decide(world, [keep], world.runtime.wallTime());
    }
    expect(written).toEqual([]);
    expect(sessions()).toBe(1);
  });

  it('that takes over gives all sessions their time again, after all that was decided before', async () => {
    open(5_000);
    await world.runtime.run(60_000);
    world.log.asking = true;
    await lead('a', 2);
    expect(written).toEqual([]);
    world.log.barriers[0]?.resolve(1);
    await world.runtime.settle();
    expect(written).toEqual(['leader']);
    await world.runtime.run(4_900);
    expect(sessions()).toBe(1);
    await world.runtime.run(300);
    expect(sessions()).toBe(0);
    expect(written).toEqual(['leader', 'time']);
  });

  it('goes by the time of the log where a leader before had a clock that was ahead', async () => {
    await lead('a', 1);
    const ahead = world.runtime.wallTime() + 3_600_000;
    const envelope = { type: 'open-session', timeoutMs: 5_000 } as const;
    decide(world, [payloadOfEnvelope(envelope)], ahead);
    await world.runtime.run(4_000);
    expect(sessions()).toBe(1);
    decide(world, [payloadOfEnvelope(envelope)], ahead + 5_000);
    await world.runtime.run(200);
    expect(sessions()).toBe(1);
    expect(written).toEqual(['time']);
  });

  it('tries again where its entry did not get through', async () => {
    await lead('a', 1);
    open(1_000);
    world.log.holding = true;
    await world.runtime.run(1_200);
    expect(written).toEqual(['time']);
    world.log.rejectSubmitted(new OutcomeUnknownError('lost'));
    world.log.holding = false;
    await world.runtime.run(1_200);
    expect(written).toEqual(['time', 'time']);
    expect(sessions()).toBe(0);
  });

  it('has not more than one entry under way', async () => {
    await lead('a', 1);
    open(1_000);
    world.log.holding = true;
    await world.runtime.run(60_000);
    expect(written).toEqual(['time']);
  });
});

describe('who does not lead', () => {
  it('writes nothing', async () => {
    await lead('b', 1);
    open(1_000);
    await world.runtime.run(60_000);
    expect(written).toEqual([]);
    expect(sessions()).toBe(1);
  });

  it('writes nothing any more', async () => {
    await lead('a', 1);
    open(1_000);
    await lead(undefined, 2);
    await world.runtime.run(60_000);
    expect(written).toEqual([]);
  });

  it('nor does a replica that is closed', async () => {
    await lead('a', 1);
    open(1_000);
    await world.replica.close();
    await world.runtime.run(60_000);
    expect(written).toEqual([]);
    expect(world.runtime.pending).toBe(0);
  });
});
