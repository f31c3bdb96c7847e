/** A demo on Paxos, as real processes. A file of its own, so that the two run side by side. */
import { lifeOfADemo } from './processes/demo.ts';

lifeOfADemo('paxos');
