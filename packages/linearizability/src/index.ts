/**
 * Checks whether a history of concurrent operations is linearizable.
 *
 * ```ts
 * const verdict = check(casRegisterModel(), parseHistory(lines));
 * ```
 *
 * @packageDocumentation
 */
export { type CheckOptions, check } from './check.ts';
export { LinearizabilityError, type LinearizabilityErrorCode } from './errors.ts';
export { formatHistory } from './format.ts';
export { canonical, type Json } from './json.ts';
export type { Model } from './model.ts';
export { type CounterOptions, counterModel } from './models/counter.ts';
export { kvModel } from './models/kv.ts';
export { type Balances, type LedgerOptions, ledgerModel } from './models/ledger.ts';
export { casRegisterModel, type RegisterOptions, registerModel } from './models/register.ts';
export type { Answer, Call, Ending, History, Moment, Operation, Process } from './operation.ts';
export { HistoryParser, type ParseOptions, parseHistory } from './parser.ts';
export { HistoryRecorder, type RecorderOptions } from './recorder.ts';
export { type PageOptions, violationPage } from './picture/page.ts';
export { drawViolation } from './picture/svg.ts';
export { describeViolation } from './picture/words.ts';
export type { GiveUp } from './search/budget.ts';
export type { Contradiction, Order, Verdict, Violation, Work } from './verdict.ts';
