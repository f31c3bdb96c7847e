/** Programs of this repository, built as `tooling/launch/src/join.js` does it: they start in half the time. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { finish, startProcess } from './processes.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A program, by its folder. */
export interface BuiltProgram {
  /** The file to run, once it is built. */
  readonly path: string;
  /** Builds it, as far as it is stale; once in this process. */
  build(): Promise<void>;
}

const built = new Map<string, Promise<void>>();

/** @param folder such as `apps/kv`. */
export function builtProgram(folder: string): BuiltProgram {
  return {
    path: join(root, 'node_modules/.cache/quorate/joined', folder, 'dist/program.js'),
    build: () => {
      const running = built.get(folder) ?? build(folder);
      built.set(folder, running);
      return running;
    },
  };
}

async function build(folder: string): Promise<void> {
  const joiner = join(root, 'tooling/launch/src/join.js');
  const { code, stderr } = await finish(startProcess(process.execPath, [joiner, folder]));
  if (code !== 0) throw new Error(`the program cannot be built:\n${stderr}`);
}
