import { defaultLimits } from '@quorate/log';
import { describe, expect, it } from 'vitest';
import { algorithmNames } from '../src/algorithms.ts';
import { benchmarks } from '../src/benchmarks.ts';
import { UsageError } from '../src/option-values.ts';
import { help, parse } from '../src/options.ts';

describe('the command line', () => {
  it('needs nothing but a name', () => {
    expect(parse(['algorithms'])).toMatchObject({
      ...{ type: 'run', name: 'algorithms', json: false, svg: undefined },
      settings: {
        ...{ seconds: 2, rounds: 5, windows: [1, 16, 256, 1024], valueBytes: 256 },
        ...{ algorithms: algorithmNames, variants: ['memory', 'durable'], storages: ['file'] },
      },
    });
  });

  it('takes everything else as options', () => {
    const words = '--seconds 0.5 --rounds 7 --windows 4,64 --value-bytes 16 --algorithms raft';
    const more = '--variants single --json --svg plot.svg';
    expect(parse(['engine', ...words.split(' '), ...more.split(' ')])).toMatchObject({
      ...{ name: 'engine', json: true, svg: 'plot.svg' },
      settings: {
        ...{ seconds: 0.5, rounds: 7, windows: [4, 64], valueBytes: 16 },
        ...{ algorithms: ['raft'], variants: ['single'] },
      },
    });
  });

  it('has defaults that suit the benchmark', () => {
    expect(parse(['storage'])).toMatchObject({
      settings: { storages: ['file', 'level', 'memory'], entries: 1_000_000, rounds: 5 },
    });
    expect(parse(['recover'])).toMatchObject({
      settings: { storages: ['file', 'level'], windows: [16, 1024] },
    });
    const paceMiB = defaultLimits.snapshotBytesPerSecond / 1024 / 1024;
    expect(parse(['snapshot'])).toMatchObject({
      settings: { seconds: 10, rounds: 3, windows: [16], stateMiB: 1024, pacesMiB: [paceMiB] },
    });
  });

  it('takes options of some benchmarks', () => {
    const words = '--storage level,file --state-mib 16 --paces 8,0.5e2,unlimited --entries 7';
    expect(parse(['snapshot', ...words.split(' ')])).toMatchObject({
      settings: {
        ...{ storages: ['level', 'file'], stateMiB: 16, pacesMiB: [8, 50, null], entries: 7 },
      },
    });
  });

  it('takes shapes, or one of them in two options', () => {
    expect(parse(['cluster'])).toMatchObject({
      settings: {
        ...{ etcd: 'etcd', etcdLoad: undefined, keys: 100_000, members: [3], floors: true },
        shapes: [
          ...[1, 16, 256, 1024].map((clients) => ({ connections: 1, clients })),
          { connections: 16, clients: 256 },
          { connections: 100, clients: 1000 },
        ],
      },
    });
    expect(parse('cluster --shapes 2x8,4x4 --etcd none'.split(' '))).toMatchObject({
      settings: {
        etcd: undefined,
        shapes: [
          { connections: 2, clients: 8 },
          { connections: 4, clients: 4 },
        ],
      },
    });
    expect(parse('read --clients 300'.split(' '))).toMatchObject({
      settings: { shapes: [{ connections: 16, clients: 300 }] },
    });
  });

  it('knows what a service is to be', () => {
    const words = 'scale --members 1,3 --value-sizes 16,1024 --no-floors';
    expect(parse(words.split(' '))).toMatchObject({
      settings: { members: [1, 3], valueSizes: [16, 1024], floors: false },
    });
    expect(parse(['scale'])).toMatchObject({ settings: { members: [3, 5, 7] } });
    expect(parse(['failover'])).toMatchObject({ settings: { seconds: 8, perSecond: 500 } });
    expect(parse(['soak'])).toMatchObject({ settings: { seconds: 600, rounds: 1 } });
  });

  it('finds a service that runs already', () => {
    const words = 'load --endpoints 127.0.0.1:7501,7502,[::1]:7503 --operation read';
    expect(parse([...words.split(' '), '--consistency', 'local'])).toMatchObject({
      settings: {
        endpoints: ['127.0.0.1:7501', '127.0.0.1:7502', '[::1]:7503'],
        ...{ operation: 'read', consistency: 'local', perSecond: undefined, floors: false },
        ...{ rounds: 1, shapes: [{ connections: 16, clients: 256 }] },
      },
    });
    expect(parse('load --endpoints 7501 --rate 0.5'.split(' '))).toMatchObject({
      settings: { endpoints: ['127.0.0.1:7501'], perSecond: 0.5 },
    });
  });

  it.each([
    { words: 'engine --shapes 1x1', message: /engine has no connections/ },
    { words: 'engine --clients 4', message: /engine has no connections/ },
    { words: 'cluster --shapes 16', message: /--shapes takes CONNECTIONSxCLIENTS/ },
    { words: 'cluster --shapes 16x0', message: /--shapes must be a number from 1/ },
    { words: 'cluster --shapes 16x8', message: /8 clients leave some of 16 connections idle/ },
    { words: 'read --clients 8', message: /8 clients leave some of 16 connections idle/ },
    { words: 'read --shapes 1x1 --clients 8', message: /exclude each other/ },
    { words: 'read --members 1', message: /needs --members 2 or more for a follower/ },
    { words: 'failover --members 1', message: /needs --members 3 or more/ },
    { words: 'failover --rate 0', message: /--rate must be a number from 0.1/ },
    { words: 'scale --members 20', message: /--members must be a number from 1 to 9/ },
    { words: 'scale --value-sizes big', message: /--value-sizes must be a number/ },
    { words: 'load', message: /load needs --endpoints HOST:PORT/ },
    { words: 'load --endpoints here', message: /--endpoints takes HOST:PORT,…, not 'here'/ },
    { words: 'load --endpoints 1:70000', message: /--endpoints takes/ },
    { words: 'load --endpoints 7501 --operation scan', message: /--operation takes put or read/ },
    { words: 'load --endpoints 7501 --consistency no', message: /--consistency takes linear/ },
    { words: '', message: /algorithms, engine, floor/ },
    { words: 'engines', message: /algorithms, engine, floor/ },
    { words: 'engine floor', message: /one benchmark/ },
    { words: 'engine --seconds zero', message: /--seconds must be a number/ },
    { words: 'engine --seconds 0', message: /--seconds must be a number from 0.01/ },
    { words: 'engine --rounds 1.5', message: /--rounds must be whole/ },
    { words: 'engine --windows 1,,2', message: /--windows must be a number/ },
    { words: 'engine --value-bytes 2000000', message: /--value-bytes must be/ },
    { words: 'engine --algorithms zab', message: /--algorithms takes raft/ },
    { words: 'engine --variants durable', message: /--variants takes batch, single/ },
    { words: 'engine --storage file', message: /engine has no storage/ },
    { words: 'algorithms --storage memory', message: /--storage takes file, level, not 'memory'/ },
    { words: 'recover --entries 0', message: /--entries must be/ },
    { words: 'snapshot --state-mib 0.5', message: /--state-mib must be/ },
    { words: 'snapshot --paces slow', message: /--paces must be a number/ },
    { words: 'engine --fast', message: /fast/ },
  ])('refuses "$words"', ({ words, message }) => {
    const attempt = (): unknown => parse(words.split(' ').filter((word) => word !== ''));
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(message);
  });

  it('explains itself', () => {
    expect(parse(['--help'])).toEqual({ type: 'help' });
    for (const name of benchmarks.keys()) expect(help).toContain(`\n  ${name} `);
  });
});
