/** Members: how the nodes of one cluster find, know and hear each other on links. */
export { makeCounters, type TransportCounters } from './counters.ts';
export {
  checkMemberOptions,
  type MemberOptions,
  memberOptionNames,
  type Settings,
} from './options.ts';
export { linkTransport, type LinkTransport, type Listening } from './transport.ts';
