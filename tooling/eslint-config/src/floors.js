/**
 * The floors of the house: which package may import which. A package imports only from floors below its
 * own, and only what its line names. `log` and `replica` stand above the adapters and still never see
 * one: concrete parts are handed in by the caller. Nothing imports an app.
 *
 * @typedef {object} Floor
 * @property {number} floor
 * @property {readonly string[] | 'every package'} mayImport folder names under `packages`
 */

/** @type {Readonly<Record<string, Floor>>} folder under `packages` → its line */
export const packages = {
  core: { floor: 1, mayImport: [] },

  // A mezzanine: what the storages on files stand on.
  files: { floor: 1.5, mayImport: ['core'] },
  // Another: what everything that talks to other processes stands on.
  connections: { floor: 1.5, mayImport: ['core'] },

  raft: { floor: 2, mayImport: ['core'] },
  paxos: { floor: 2, mayImport: ['core'] },
  'storage-memory': { floor: 2, mayImport: ['core'] },
  'storage-file': { floor: 2, mayImport: ['core', 'files'] },
  'storage-level': { floor: 2, mayImport: ['core', 'files'] },
  'storage-indexeddb': { floor: 2, mayImport: ['core'] },
  'transport-memory': { floor: 2, mayImport: ['core', 'connections'] },
  'transport-tcp': { floor: 2, mayImport: ['core', 'connections'] },
  'transport-ws': { floor: 2, mayImport: ['core', 'connections'] },
  'transport-broadcast': { floor: 2, mayImport: ['core', 'connections'] },
  'machine-kv': { floor: 2, mayImport: ['core'] },
  'machine-counter': { floor: 2, mayImport: ['core'] },
  'machine-ledger': { floor: 2, mayImport: ['core'] },
  client: { floor: 2, mayImport: ['core', 'connections'] },
  linearizability: { floor: 2, mayImport: [] },

  log: { floor: 3, mayImport: ['core'] },

  replica: { floor: 4, mayImport: ['core', 'log'] },

  simulator: {
    floor: 5,
    mayImport: ['client', 'connections', 'core', 'files', 'log', 'replica', 'linearizability'],
  },
  conformance: {
    floor: 5,
    mayImport: ['connections', 'core', 'log', 'replica', 'linearizability'],
  },
  // What programs share: here, and nowhere below, concrete parts are chosen by name.
  program: {
    floor: 5,
    mayImport: [
      'client',
      'connections',
      'core',
      'paxos',
      'raft',
      'storage-file',
      'storage-level',
      'storage-memory',
      'transport-tcp',
    ],
  },
};

/** Composition and presentation. @type {Floor} */
export const apps = { floor: 6, mayImport: 'every package' };

/** The folders under `apps`; their names must not appear in any import. */
export const appNames = ['bank', 'counter', 'docs', 'inspect', 'kv'];

/** Tools stand beside the house, and may use each other. @type {Floor} */
export const tooling = { floor: Infinity, mayImport: 'every package' };
