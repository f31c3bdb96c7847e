/** Bugs of sessions, on both sides: the table in the replicated state, and the client. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

export const sessionMutations: readonly Mutation[] = [
  {
    id: 'session-1',
    area: 'replica',
    title: 'the last command of a session happens again when it comes again',
    edits: [edit('replica/sessions/table', 'if (sequence <= last) {', 'if (sequence < last) {')],
    suite: suite('replica', ['sessions/sessions', 'sessions/replicas']),
  },
  {
    id: 'session-2',
    area: 'replica',
    title: 'a command overtakes the one that it has to follow',
    edits: [
      edit(
        'replica/sessions/table',
        'if (sequence > last + 1) return refused(outOfOrder(sequence, last));',
        'if (sequence > last + 2) return refused(outOfOrder(sequence, last));',
      ),
    ],
    suite: suite('replica', ['sessions/sessions', 'sessions/replicas']),
  },
  {
    id: 'session-3',
    area: 'replica',
    title: 'a snapshot brings back the state, and forgets the sessions',
    edits: [edit('replica/apply', '      this.sessions.restore(sessions);\n', '')],
    suite: suite('replica', ['sessions/replicas', 'sessions/sessions']),
  },
  {
    id: 'session-4',
    area: 'replica',
    title: 'room is made by the session that was heard of last',
    edits: [
      edit(
        'replica/sessions/table',
        'session.activeAt < silent.activeAt',
        'session.activeAt > silent.activeAt',
      ),
    ],
    suite: suite('replica', ['sessions/sessions']),
  },
  {
    id: 'session-5',
    area: 'replica',
    title: 'one reply too many is dropped',
    edits: [
      edit(
        'replica/sessions/session',
        'Math.min(answered, this.last)',
        'Math.min(answered + 1, this.last)',
      ),
    ],
    suite: suite('replica', ['sessions/sessions']),
  },
  {
    id: 'session-6',
    area: 'replica',
    title: 'a new leader does not give the sessions their time again',
    edits: [edit('replica/apply', '        sessions.renew(time);\n', '')],
    suite: suite('replica', ['sessions/expiry', 'sessions/sessions']),
  },
  {
    id: 'session-7',
    area: 'replica',
    title: 'a client can write the entries that only a leader may write',
    edits: [
      edit(
        'replica/service/service',
        "if (type === 'time' || type === 'leader') {",
        "if (type === 'time') {",
      ),
    ],
    suite: suite('client', ['client'], 'speak as a leader'),
  },
  {
    id: 'client-1',
    area: 'client',
    title: 'what was under way when the connection broke is said never to happen',
    edits: [
      edit('client/session/place', '    this.#wasLost = true;\n    this.#owner', '    this.#owner'),
    ],
    suite: suite('client', ['client']),
  },
  {
    id: 'client-2',
    area: 'client',
    title: 'a command that was given up is sent again instead of a skip',
    edits: [
      edit(
        'client/session/session',
        "if (call.settled) this.#send(place, { type: 'skip', session, sequence, answered });",
        "if (sequence < 0) this.#send(place, { type: 'skip', session, sequence, answered });",
      ),
    ],
    suite: suite('client', ['client']),
  },
  {
    id: 'client-3',
    area: 'client',
    title: 'the end of a session counts as definite for what was sent before',
    edits: [
      edit(
        'client/session/session',
        `      place.call.refuse(place.uncertain ? unknown(error) : error);
      this.#done(place);`,
        `      place.call.refuse(error);
      this.#done(place);`,
      ),
    ],
    suite: suite('client', ['client']),
  },
  {
    id: 'client-4',
    area: 'client',
    title: 'on a new connection commands get new numbers',
    edits: [
      edit(
        'client/session/session',
        '    const session = this.#id;\n    place.isUnderWay = true;',
        '    const session = this.#id;\n    if (place.uncertain) this.#lastSequence += 1;\n    place.isUnderWay = true;',
      ),
    ],
    suite: suite('client', ['client']),
  },
  {
    id: 'client-5',
    area: 'client',
    title: 'a watch begins anew on a new connection',
    edits: [edit('client/watch', '    this.#rest = rest.slice();\n', '    rest.slice();\n')],
    suite: suite('client', ['watch']),
  },
  {
    id: 'client-6',
    area: 'client',
    title: 'a server sends events that nobody reads without end',
    edits: [edit('client/server/watching', 'this.#window <= 0 || ', '')],
    suite: suite('client', ['watch'], 'holds back'),
  },
  {
    id: 'client-7',
    area: 'client',
    title: 'a server takes any token',
    edits: [
      edit(
        'client/server/connection',
        'tokens === undefined || isOneOf(token, tokens())',
        'tokens === undefined || token !== undefined',
      ),
    ],
    suite: suite('client', ['client'], 'show a token'),
  },
  {
    id: 'client-8',
    area: 'client',
    title: 'what was lost with a connection counts as under way',
    edits: [
      edit('client/flights', '    this.#flights.fill(undefined);\n    this.#size = 0;\n', ''),
    ],
    suite: suite('client', ['flights', 'client', 'watch']),
  },
];
