/**
 * What programs composed of the parts of Quorate share. This entry loads nothing that connects or stores: commands
 * start with it.
 *
 * ```ts
 * const replica = await algorithmNamed('raft')((algorithm) => openReplica({ algorithm, … }));
 * ```
 *
 * @packageDocumentation
 */
export {
  addressesOf,
  addressOf,
  checkMembers,
  formatMembers,
  memberOfText,
  membersOfText,
} from './addresses.ts';
export {
  codeOf,
  exitCodeOf,
  exitCodes,
  formatError,
  hasSystemCode,
  ProgramError,
  systemCodeOf,
  usageError,
} from './errors.ts';
export { isLogLevel, type LogLevel, logLevels } from './log-level.ts';
export { table, write, writeJson, writeLine } from './output.ts';
export {
  algorithmNamed,
  algorithmNames,
  type AlgorithmPart,
  storageNamed,
  storageNames,
  type StoragePart,
} from './parts.ts';
export { type EndOptions, waitForEnd } from './shutdown.ts';
export { versionIn } from './version.ts';
