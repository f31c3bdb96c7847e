import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { membersOfText } from '@quorate/program';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseEndpoints } from '../src/cli/options.ts';
import { readConfigFile, resolveConfig, settingsToRemember } from '../src/node/config.ts';
import { DataFolder, type Memory } from '../src/node/data-folder.ts';
import { settingsOf, settingsOfJson } from '../src/node/settings.ts';

const members = membersOfText('n2=h:12,n1=h:11', 'members');
const first = { node: 'n1', data: '/data', members };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-kv-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the configuration of a node', () => {
  it('fills in defaults, and takes its address from the members', () => {
    expect(resolveConfig(first, undefined)).toEqual({
      node: 'n1',
      data: '/data',
      cluster: 'quorate',
      listen: 'h:11',
      advertise: 'h:11',
      http: '127.0.0.1:7401',
      client: '127.0.0.1:7501',
      members: [
        { id: 'n1', address: 'h:11' },
        { id: 'n2', address: 'h:12' },
      ],
      algorithm: 'raft',
      storage: 'file',
      logLevel: 'info',
    });
  });

  it('goes on with what it remembers, so that node and data are enough', () => {
    const told = { ...first, cluster: 'c', http: 'h:1', client: 'h:3', listen: '0.0.0.0:11' };
    const config = resolveConfig(told, undefined);
    const memory = { joined: true, settings: settingsToRemember(config) };
    expect(resolveConfig({ node: 'n1', data: '/data' }, memory)).toEqual(config);
    expect(resolveConfig({ node: 'n1', data: '/data', http: 'h:2' }, memory).http).toBe('h:2');
  });

  it('keeps what it was told of TLS and of who may ask, with absolute paths, until it is told otherwise', () => {
    const tls = { tlsCa: 'ca.pem', tlsCert: '/n1.pem', tlsKey: 'n1.key' };
    const doors = { clientTokens: 'tokens', clientCertificates: 'optional', httpHosts: ['kv.lan'] };
    const told = settingsOf({ ...tls, ...doors }, (name) => name);
    const config = resolveConfig({ ...first, ...told, httpOrigins: ['https://a'] }, undefined);
    const files = { ca: resolve('ca.pem'), cert: '/n1.pem', key: resolve('n1.key') };
    expect(config).toMatchObject({ ...doors, tls: files, clientTokens: resolve('tokens') });
    const memory = { joined: true, settings: settingsToRemember(config) };
    const again = { node: 'n1', data: '/data' };
    expect(resolveConfig(again, memory)).toEqual(config);
    const renewed = resolveConfig({ ...again, tlsCert: '/new.pem' }, memory);
    expect(renewed.tls).toEqual({ ...files, cert: '/new.pem' });
    const none = { tlsCa: '', tlsCert: '', tlsKey: '', clientTokens: '', httpHosts: '' };
    const forgotten = resolveConfig(
      { ...again, ...settingsOf({ ...none, httpOrigins: [] }, (name) => name) },
      memory,
    );
    expect(forgotten).toEqual({
      ...resolveConfig(first, undefined),
      clientCertificates: 'optional',
    });
  });

  it.each([
    [{ tlsCa: 'a', tlsCert: 'b' }, /--tls-key missing/],
    [{ tlsKey: 'c' }, /--tls-ca and --tls-cert missing/],
  ])('says which file of TLS is missing: %j', (given, message) => {
    const told = { ...first, ...given };
    expect(() => resolveConfig(told, undefined)).toThrow(message);
    expect(() => resolveConfig(told, undefined)).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    );
  });

  it.each([
    [{ cluster: 'other' }, 'FOREIGN_DATA'],
    [{ algorithm: 'paxos' }, 'FOREIGN_DATA'],
    [{ storage: 'memory' }, 'FOREIGN_DATA'],
    [{ members: membersOfText('n1=h:11', 'members') }, 'INVALID_ARGUMENT'],
    [{ members: [] }, 'INVALID_ARGUMENT'],
  ])('does not turn the data of its group into that of another: %j', (given, code) => {
    const settings = settingsToRemember(resolveConfig(first, undefined));
    const again = { node: 'n1', data: '/data', ...given };
    const configOf = (memory: Memory): unknown => resolveConfig(again, memory);
    expect(() => configOf({ joined: true, settings })).toThrow(expect.objectContaining({ code }));
    // A first start that failed may be mended.
    expect(() =>
      configOf({ joined: false, settings: { ...settings, listen: 'h:11' } }),
    ).not.toThrow();
  });

  it.each([
    [{ data: '/data' }, /--node/],
    [{ node: 'n1' }, /--data/],
    [{ node: 'n1', data: '/data' }, /--members.*--join/],
    [{ node: 'n3', data: '/data', members }, /n3 is not among --members/],
    [{ node: 'n3', data: '/data', members: [] }, /--listen/],
  ])('says what is missing: %j', (given, message) => {
    expect(() => resolveConfig(given, undefined)).toThrow(message);
  });

  it('comes from a file too, which names what is wrong in it', async () => {
    const path = join(folder, 'config.json');
    await writeFile(path, '{"node":"n1","members":{"n1":"h:1"},"logLevel":"debug"}');
    const expected = { node: 'n1', members: [{ id: 'n1', address: 'h:1' }], logLevel: 'debug' };
    expect(await readConfigFile(path)).toEqual(expected);
    await writeFile(path, '{"node":');
    await expect(readConfigFile(path)).rejects.toMatchObject({ code: 'MALFORMED' });
    await expect(readConfigFile(join(folder, 'no'))).rejects.toMatchObject({ code: 'IO_FAILED' });
  });

  it.each([
    [{ nodes: 'n1' }, /unknown field "nodes"/],
    [{ node: 'n 1' }, /file: node/],
    [{ http: 'localhost' }, /file: http must be HOST:PORT/],
    [{ http: 'h:0' }, /file: http/],
    [{ client: 'h' }, /file: client must be HOST:PORT/],
    [{ listen: 'h:70000' }, /file: listen/],
    [{ logLevel: 'loud' }, /file: logLevel/],
    [{ members: ['n1'] }, /file: members/],
    [{ members: { n1: 1 } }, /file: members/],
    [{ cluster: 7 }, /file: cluster must be a string/],
    [{ tlsCa: 7 }, /file: tlsCa must be a string/],
    [{ clientCertificates: 'maybe' }, /file: clientCertificates must be one of required, optional/],
    [{ httpHosts: 'kv.lan:7401' }, /file: httpHosts must be a list of host names without ports/],
    [{ httpHosts: ['kv.lan', 7] }, /file: httpHosts must be a string/],
    [{ httpOrigins: 'https://a/b' }, /file: httpOrigins must be a list of origins/],
    [{ httpOrigins: 'example.org' }, /file: httpOrigins/],
    [{ httpOrigins: '*' }, /file: httpOrigins/],
    [{ httpOrigins: 'null' }, /file: httpOrigins/],
  ])('refuses %j', (json, message) => {
    expect(() => settingsOfJson(json, 'file')).toThrow(message);
  });

  it('refuses a member that stands twice', () => {
    expect(() => settingsOf({ members: 'n1=h:1,n1=h:2' }, (name) => `--${name}`)).toThrow(
      /--members.*n1/,
    );
  });
});

describe('the data folder', () => {
  const settings = { node: 'n1', members };

  it('remembers, and is empty before', async () => {
    const data = new DataFolder(folder, 'n1');
    expect(await data.recall()).toBeUndefined();
    await data.remember({ joined: false, settings });
    expect(await data.recall()).toEqual({ joined: false, settings });
    await data.remember({ joined: true, settings });
    expect(await data.recall()).toEqual({ joined: true, settings });
    expect(await data.hasLog()).toBe(false);
  });

  it('belongs to one node', async () => {
    await new DataFolder(folder, 'n1').remember({ joined: true, settings: { node: 'n2' } });
    await expect(new DataFolder(folder, 'n1').recall()).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
    });
  });

  it('is not taken over from somebody else', async () => {
    await mkdir(join(folder, 'n1'));
    await writeFile(join(folder, 'n1', 'file'), '');
    await expect(new DataFolder(folder, 'n1').recall()).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
    });
  });

  it('says so when its memory is damaged, and leaves it as it is', async () => {
    const data = new DataFolder(folder, 'n1');
    await data.remember({ joined: true, settings });
    const path = join(data.path, 'node.json');
    for (const text of [
      '',
      '{}',
      '[]',
      (await readFile(path, 'utf8')).replace('"joined": true', '"joined": 1'),
    ]) {
      await writeFile(path, text);
      await expect(data.recall()).rejects.toMatchObject({ code: 'CORRUPT' });
      expect(await readFile(path, 'utf8')).toBe(text);
    }
  });
});

describe('--endpoints', () => {
  it.each([
    ['7401,7402', ['http://127.0.0.1:7401', 'http://127.0.0.1:7402']],
    ['http://a:1,2, b:3 ,https://c', ['http://a:1', 'http://a:2', 'http://b:3', 'https://c']],
    ['http://[::1]:7401,7402', ['http://[::1]:7401', 'http://[::1]:7402']],
  ])('%s', (text, expected) => {
    expect(parseEndpoints(text, 'it')).toEqual(expected);
  });

  it('are https where TLS is spoken and nothing else is said', () => {
    expect(parseEndpoints('7401,http://a:1,2,b:3', 'it', 'https')).toEqual([
      ...['https://127.0.0.1:7401', 'http://a:1', 'http://a:2', 'https://b:3'],
    ]);
  });

  it.each(['', 'a b', 'http://', '7401,,7402', '70000'])('refuses %j', (text) => {
    expect(() => parseEndpoints(text, 'it')).toThrow(/must be a list like/);
  });
});
