/**
 * Which doors to the world are shut in which package. Engines are pure; the driver, the replica and the
 * transports reach the clock, timers and randomness through the `Runtime` they are handed, so that a
 * simulator can hand in another; what must run in a browser uses nothing of Node's.
 *
 * @typedef {'async' | 'asyncTypes' | 'microtasks' | 'clock' | 'timers' | 'random' | 'node'} Door
 */

/** What lies behind each door. */
export const doors = {
  /** Waiting: also `async`, `await` and `for await`. */
  async: { globals: ['Promise'], modules: [], members: [] },
  /** Even a type that speaks of waiting. */
  asyncTypes: {
    globals: [
      'Promise',
      'PromiseLike',
      'AsyncIterable',
      'AsyncIterator',
      'AsyncGenerator',
      'AsyncDisposable',
    ],
    modules: [],
    members: [],
  },
  microtasks: { globals: ['queueMicrotask'], modules: [], members: ['process.nextTick'] },
  clock: {
    globals: ['Date', 'Temporal', 'performance'],
    modules: ['perf_hooks'],
    members: ['process.hrtime', 'process.uptime'],
  },
  timers: {
    globals: [
      'setTimeout',
      'setInterval',
      'setImmediate',
      'clearTimeout',
      'clearInterval',
      'clearImmediate',
      'requestAnimationFrame',
      'requestIdleCallback',
      'MessageChannel',
      'scheduler',
    ],
    modules: ['timers', 'timers/promises'],
    members: ['AbortSignal.timeout'],
  },
  random: {
    globals: [],
    modules: [],
    members: ['Math.random', 'crypto.getRandomValues', 'crypto.randomUUID'],
  },
  /** Node's own globals; every module of Node belongs here too. */
  node: {
    globals: ['process', 'Buffer', 'global', 'require', '__dirname', '__filename'],
    modules: [],
    members: [],
  },
};

/** @type {readonly Door[]} */
const engine = ['async', 'asyncTypes', 'microtasks', 'clock', 'timers', 'random', 'node'];
/** @type {readonly Door[]} */
const browser = ['clock', 'timers', 'random', 'node'];
/** @type {readonly Door[]} */
const runtime = ['clock', 'timers', 'random'];

/** @type {Readonly<Record<string, readonly Door[]>>} folder under `packages` → the doors shut in its src */
export const shut = {
  // Its ports are interfaces that speak of promises; only their types may.
  core: ['async', 'microtasks', 'clock', 'timers', 'random', 'node'],
  raft: engine,
  paxos: engine,
  log: browser,
  replica: browser,
  client: browser,
  'machine-kv': browser,
  'machine-counter': browser,
  'machine-ledger': browser,
  files: runtime,
  'storage-file': runtime,
  'storage-indexeddb': browser,
  connections: browser,
  'transport-memory': runtime,
  'transport-tcp': runtime,
  'transport-ws': runtime,
  'transport-broadcast': browser,
};

/** Folders that keep other doors shut than the package around them: folder under `packages` → its line. */
export const parts = {
  /** What engines are built of is as pure as they are. */
  'core/src/engines': engine,
  /** Nothing of a world may decide what a check says. */
  'core/src/checks': engine,
  /** What links on Node share; the rest of the package runs in browsers too. */
  'connections/src/node': runtime,
  'transport-ws/src/browser': browser,
};

/** Single files that are the door: file under `packages` → what stays shut in it. */
export const exceptions = {
  /** The default `Runtime`, made of what `globalThis` offers in Node and in browsers. @type {readonly Door[]} */
  'core/src/runtime.ts': ['async', 'node'],
};
