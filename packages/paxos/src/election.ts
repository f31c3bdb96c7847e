/**
 * Who wants to lead, and when: failure detection, apart from the roles of Paxos, whose safety does not
 * depend on it ("Paxos Made Simple", section 2.4: a distinguished proposer is for progress only).
 *
 * A node that has heard from no leader for a randomised time first asks the others whether they have
 * lost the leader too. Only where a phase-1 quorum has, does it begin phase 1: a cut-off or removed
 * node that comes back raises no ballot and disturbs nobody. Who is refused waits at random, longer
 * with each attempt.
 *
 * A prepare is ignored by whoever heard from a leader within the least election time-out, and by whoever
 * has just started, because it may have heard from a leader right before it stopped. Leases rest on
 * that. The leader itself can ask for an exception, when it hands over.
 */
import type { NodeId } from '@quorate/core';
import { type Ballot, compareBallots, isNearRound, sameBallot } from './ballot.ts';
import type { Refuse, Survey, SurveyReply } from './messages.ts';
import type { PaxosNode } from './node.ts';
import { beginPhase1 } from './proposer.ts';

/** A survey that waits for answers. */
export interface SurveyUnderWay {
  readonly askedAt: number;
  readonly answers: Map<NodeId, boolean>;
}

/** The election time-out is over without a leader. */
export function electionTimeout(node: PaxosNode): void {
  node.follow(undefined);
  node.restartTimer();
  // Whoever is no voter waits to be told otherwise, and a node whose disk hangs could not even promise
  // to itself.
  if (!node.mayCampaign || node.isStalled || !node.readBack.done) return;
  startSurvey(node);
}

/** Somebody wants to know whether this node has lost the leader. */
export function receiveSurvey(node: PaxosNode, from: NodeId, survey: Survey): void {
  const { askedAt, agreement } = survey;
  if (agreement !== node.settings.agreement) return;
  const lost = !isLoyal(node, from);
  node.outbox.send(from, { type: 'survey-reply', askedAt, lost, round: node.promised.round });
}

/** An answer. */
export function receiveSurveyReply(node: PaxosNode, from: NodeId, reply: SurveyReply): void {
  const { survey } = node;
  if (survey?.askedAt !== reply.askedAt) return;
  noteRound(node, reply.round);
  survey.answers.set(from, reply.lost);
  settleSurvey(node, survey);
}

/** An acceptor has promised another ballot. */
export function receiveRefuse(node: PaxosNode, refuse: Refuse): void {
  const { ballot, promised } = refuse;
  const own = node.leadership?.ballot ?? node.preparation?.ballot;
  // A refusal of a ballot that this node has left behind says nothing about the present one.
  if (own === undefined || !sameBallot(own, ballot)) return;
  noteRound(node, promised.round);
  // One that has promised a lower ballot of the same round will take the accepts of this one.
  if (compareBallots(promised, own) > 0) node.follow(undefined);
}

/**
 * Whether a leader has this node's word that it promises nobody else anything for now.
 *
 * @param transfer the ballot of the leader who asked the candidate to take over: only that one's word is
 *   its own to give back. A prepare of this kind may come late, when another leader has the word.
 */
export function isLoyal(node: PaxosNode, candidate: NodeId, transfer?: Ballot): boolean {
  if (transfer !== undefined && sameBallot(transfer, node.promised)) return false;
  if (node.role === 'leader' || node.now < node.quietUntil) return true;
  const { heardAt, heardFrom } = node;
  return (
    heardAt !== undefined &&
    heardFrom !== candidate &&
    node.now < heardAt + node.settings.electionTimeoutMs
  );
}

function noteRound(node: PaxosNode, round: number): void {
  const { promised, roundsSeen } = node;
  if (round > roundsSeen && isNearRound(round, promised.round)) node.roundsSeen = round;
}

function startSurvey(node: PaxosNode): void {
  const { now, settings } = node;
  node.role = 'candidate';
  const answers = new Map([[node.id, true]]);
  const survey: SurveyUnderWay = { askedAt: now, answers };
  node.survey = survey;
  const asked = new Set(node.configurations.behind(node.chosen).flat());
  for (const voter of asked) {
    if (voter === node.id) continue;
    const { agreement } = settings;
    node.outbox.send(voter, { type: 'survey', agreement, askedAt: now });
  }
  settleSurvey(node, survey);
}

function settleSurvey(node: PaxosNode, { answers }: SurveyUnderWay): void {
  const { quorums } = node.settings;
  const sets = node.configurations.behind(node.chosen);
  const enough = (agrees: (voter: NodeId) => boolean): boolean =>
    sets.every((voters) => quorums.phase1(voters, agrees));
  if (enough((voter) => answers.get(voter) === true)) beginPhase1(node, undefined);
  else if (!enough((voter) => answers.get(voter) !== false)) node.follow(undefined);
}
