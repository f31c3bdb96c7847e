/**
 * Files of tokens: what clients are let in by, one token a line.
 *
 * A token is whoever has it. So it is read from a file of its owner's alone, and never from a command
 * line, which every user of the machine can read.
 */
import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { describeError, InvalidArgumentError, type Logger, type Runtime } from '@quorate/core';
import { FileChanges } from './file-changes.ts';

/** What an `Authorization` field can carry (`b64token` of RFC 6750, section 2.1), so that a token works wherever one is asked for. */
const pattern = /^[A-Za-z0-9._~+/-]+=*$/;

/** Longest token, in characters: below what a client may show in its greeting. */
const maxTokenLength = 1024;

/** Largest file that is read. */
const maxFileBytes = 1024 * 1024;

/**
 * Reads the tokens of a file: one a line; blank lines, and those that start with `#`, are none.
 *
 * @param what names the file in errors, such as the option that chose it.
 * @throws InvalidArgumentError if the file cannot be read, is readable by others than its owner, has no
 *   token, or has a line that can be none. No message shows what is in it.
 */
export function readTokens(path: string, what: string): readonly string[] {
  const tokens: string[] = [];
  readPrivateFile(path, what)
    .split('\n')
    .forEach((line, at) => {
      const token = line.trim();
      if (token === '' || token.startsWith('#')) return;
      checkToken(token, `${what}: line ${at + 1} of ${path}`);
      tokens.push(token);
    });
  if (tokens.length > 0) return [...new Set(tokens)];
  throw new InvalidArgumentError(
    `${what}: ${path} has no token; write one a line, such as the output of \`openssl rand -hex 32\``,
  );
}

/**
 * Reads the one token of a file of the same form.
 *
 * @throws InvalidArgumentError as {@link readTokens}, and if there are several.
 */
export function readToken(path: string, what: string): string {
  const [token = '', ...more] = readTokens(path, what);
  if (more.length === 0) return token;
  throw new InvalidArgumentError(
    `${what}: ${path} has several tokens; a client shows one, write it into a file of its own`,
  );
}

/** @throws InvalidArgumentError if the text can be no token; it is not shown. */
export function checkToken(token: string, what: string): void {
  if (token.length <= maxTokenLength && pattern.test(token)) return;
  throw new InvalidArgumentError(
    `${what} is no token: up to ${maxTokenLength} letters, digits and - . _ ~ + /`,
  );
}

/** Tokens that are read again when their file has changed. */
export class TokenFile {
  readonly #path: string;
  readonly #what: string;
  readonly #logger: Logger;
  readonly #changes: FileChanges;
  #tokens: readonly string[];

  /**
   * @param reloadIntervalMs the file is looked at when tokens are asked for, at most this often.
   * @throws InvalidArgumentError as {@link readTokens}.
   */
  constructor(
    path: string,
    what: string,
    { runtime, logger }: { readonly runtime: Runtime; readonly logger: Logger },
    reloadIntervalMs: number = 1_000,
  ) {
    this.#path = path;
    this.#what = what;
    this.#logger = logger;
    this.#changes = new FileChanges([path], reloadIntervalMs, runtime);
    this.#tokens = readTokens(path, what);
  }

  /**
   * Those that hold now; another array whenever they are others. A file that cannot be used changes nothing and is
   * logged: the tokens before it hold on.
   */
  get current(): readonly string[] {
    try {
      if (this.#changes.isDue && this.#changes.look()) {
        this.#tokens = readTokens(this.#path, this.#what);
        this.#logger.info('new tokens are in use');
      }
    } catch (error) {
      this.#logger.error(
        `new tokens cannot be used, those that were read before still hold: ${describeError(error)}`,
      );
    }
    return this.#tokens;
  }
}

/** What others than its owner may do with a file, as `0644`; `undefined` for nothing, or where it cannot be seen. */
export function modeForOthers(path: string): string | undefined {
  const { mode } = statSync(path, { throwIfNoEntry: false }) ?? { mode: 0 };
  return modeText(mode);
}

function modeText(mode: number): string | undefined {
  // Windows has no such bits.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined;
  return (mode & 0o777).toString(8).padStart(4, '0');
}

/** Looked at and read through one handle, so that it is the same file both times. */
function readPrivateFile(path: string, what: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new InvalidArgumentError(`${what}: cannot read ${path}: ${describeError(cause)}`, {
      cause,
    });
  }
  try {
    const { mode, size } = fstatSync(file);
    const forOthers = modeText(mode);
    if (forOthers !== undefined) {
      throw new InvalidArgumentError(
        `${what}: others than its owner may use ${path} (mode ${forOthers}); chmod 600 it, and replace the tokens if others may have seen them`,
      );
    }
    if (size > maxFileBytes) {
      throw new InvalidArgumentError(`${what}: ${path} is over ${maxFileBytes} bytes`);
    }
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw cause;
    throw new InvalidArgumentError(`${what}: cannot read ${path}: ${describeError(cause)}`, {
      cause,
    });
  } finally {
    closeSync(file);
  }
}
