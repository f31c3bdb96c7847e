/** Addresses and options, and what is wrong with those that cannot work. */
import { InvalidArgumentError, TransportFailedError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress } from '@quorate/connections';
import { tcpTransport, type TcpTransportOptions } from '../src/index.ts';
import { startNode } from './support.ts';

describe('an address', () => {
  it.each([
    ['127.0.0.1:7001', { host: '127.0.0.1', port: 7001 }],
    ['node-1.example.org:0', { host: 'node-1.example.org', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    ['[fe80::1%eth0]:80', { host: 'fe80::1%eth0', port: 80 }],
  ])('%s can be read, and written again', (text, address) => {
    expect(parseAddress(text, 'listen')).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  it.each([
    '',
    'localhost',
    ':80',
    'a:b',
    'a:65536',
    'a:-1',
    '::1:80',
    '[::1]',
    'http://a:80',
    'a b:80',
    `${'a'.repeat(300)}:80`,
  ])('%j is none', (text) => {
    expect(() => parseAddress(text, 'listen')).toThrow(InvalidArgumentError);
  });
});

describe('options', () => {
  it.each<[string, Partial<TcpTransportOptions>]>([
    ['advertise', { listen: '0.0.0.0:7001' }],
    ['advertise', { listen: '[::]:7001' }],
    ['advertise', { advertise: 'nowhere' }],
    ['maxFrameBytes', { maxFrameBytes: 0 }],
    ['maxFrameBytes', { maxFrameBytes: 2 ** 31, maxQueuedBytes: 2 ** 33 }],
    ['maxQueuedBytes', { maxFrameBytes: 1000, maxQueuedBytes: 1000 }],
    ['maxDialQueueBytes', { maxDialQueueBytes: -1 }],
    ['handshakeTimeoutMs', { handshakeTimeoutMs: 0 }],
    ['keepAliveMs', { keepAliveMs: 1 }],
    ['reconnect.minMs', { reconnect: { minMs: 100, maxMs: 10 } }],
    ['maxConnections', { maxConnections: 1.5 }],
    ['closeTimeoutMs', { closeTimeoutMs: Number.NaN }],
  ])('a bad %s is named: %j', (name, options) => {
    expect(() => tcpTransport({ listen: '127.0.0.1:0', ...options })).toThrow(InvalidArgumentError);
    expect(() => tcpTransport({ listen: '127.0.0.1:0', ...options })).toThrow(name);
  });
});

describe('the address of a started transport', () => {
  it('has the port that is listened on', async () => {
    const a = await startNode('a');
    expect(a.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  });

  it('is the advertised one, where there is one', async () => {
    const fixed = await startNode('a', { listen: '0.0.0.0:0', advertise: 'a.example.org:7001' });
    expect(fixed.address).toBe('a.example.org:7001');
    const open = await startNode('b', { listen: '0.0.0.0:0', advertise: 'b.example.org:0' });
    expect(open.address).toMatch(/^b\.example\.org:[1-9]\d*$/);
  });
});

describe('a start that fails', () => {
  it('names the address that is taken, and says what to do', async () => {
    const a = await startNode('a');
    const second = tcpTransport({ listen: a.address });
    const start = second.start({ cluster: 'test', node: 'b', receive: () => undefined });
    await expect(start).rejects.toThrow(TransportFailedError);
    await expect(start).rejects.toThrow(
      `cannot listen on ${a.address}: another process uses this port; stop it, or give this node another port`,
    );
    await second.close();
  });

  it('says that an address belongs to another machine', async () => {
    const transport = tcpTransport({ listen: '192.0.2.1:7001' });
    const start = transport.start({ cluster: 'test', node: 'a', receive: () => undefined });
    await expect(start).rejects.toThrow('this machine has no such address');
    await transport.close();
  });

  it('refuses names that can name nothing', async () => {
    const transport = tcpTransport({ listen: '127.0.0.1:0' });
    const start = transport.start({ cluster: 'no spaces', node: 'a', receive: () => undefined });
    await expect(start).rejects.toThrow(InvalidArgumentError);
    await transport.close();
  });
});
