/**
 * Nodes as programs, and what connects with them.
 *
 * @packageDocumentation
 */
export {
  clientLinks,
  type ClientLinksOptions,
  type NodeAccess,
  nodeAccess,
  type NodeAccessOptions,
} from './access.ts';
export { spaceCollections } from './collections.ts';
export { createLogger, type LoggingOptions } from './logger.ts';
export { checkFree, explainListening, listenError } from './ports.ts';
export { type Serving, serveUntilEnd } from './serve.ts';
export { type Exit, type NodeMessage, NodeProcess, tellSupervisor } from './supervision.ts';
