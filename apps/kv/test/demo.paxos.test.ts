/**
 * A demo on Paxos, as real processes: what the algorithm has a part in. A file of its own, so that the two run
 * side by side.
 */
import { replicationInADemo } from './processes/demo.ts';

replicationInADemo('paxos');
