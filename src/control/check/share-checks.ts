// shared_checks: checks that ask the same of the same target with the same times make one attempt, and each of them takes its outcome. They
// are kept alike: a check that joins takes over what is known, so that one outcome leads all of them to the same next moment.
import { questionOf } from '../../model/keepalived/check-question.js';
import type { Before } from './carry.js';
import { checkerIdentity, realIdentity, serverIdentity } from './identity.js';
import { addedByStatus } from './kinds/misc.js';
import type { CheckerState, CheckMachine, ServerState } from './state.js';

interface Sharing {
  readonly checkers: readonly CheckerState[];
  readonly sharers: CheckMachine['sharers'];
}

/** The checks of a start or a reload, those that share made alike. */
export function shareChecks(checkers: readonly CheckerState[], servers: readonly ServerState[], old: Before): Sharing {
  const byQuestion = new Map<string, number[]>();
  for (const [index, checker] of checkers.entries()) {
    const { config: server, reals } = servers[checker.server] as ServerState;
    const real = reals[checker.real]?.config;
    const question = real === undefined ? undefined : questionOf(checker.config, real, server);
    if (question === undefined) continue;
    const group = byQuestion.get(question);
    if (group === undefined) byQuestion.set(question, [index]);
    else group.push(index);
  }
  const shared = checkers.slice();
  const sharers = new Map<number, readonly number[]>();
  for (const [question, group] of byQuestion) {
    if (group.length === 1) continue;
    const members = group.map((index) => ({ index, checker: checkers[index] as CheckerState }));
    const rank = ({ checker }: (typeof members)[number]): number =>
      2 * Number(checker.ran) + Number(wasAsked(question, checker, servers, old));
    const [leader] = members.toSorted((a, b) => rank(b) - rank(a));
    if (leader === undefined) continue;
    for (const { index, checker } of members) {
      sharers.set(index, group);
      if (index !== leader.index) shared[index] = alike(checker, leader.checker, servers);
    }
  }
  return { checkers: shared, sharers };
}

/** Whether a check of its server asked just this before. */
function wasAsked(question: string, { server, real, config }: CheckerState, servers: readonly ServerState[], old: Before): boolean {
  const { config: virtual, reals } = servers[server] as ServerState;
  const realServer = reals[real]?.config;
  if (realServer === undefined) return false;
  const was = old.real(serverIdentity(virtual), realIdentity(realServer));
  const before = old.servers.get(serverIdentity(virtual));
  if (was === undefined || before === undefined) return false;
  return was.checkers.some(
    (one) =>
      checkerIdentity(one.config) === checkerIdentity(config) && questionOf(one.config, was.state.config, before.config) === question,
  );
}

/** A check with the moments and, once there is one, the verdict of another one. Its own weight is of its own server. */
function alike(checker: CheckerState, leader: CheckerState, servers: readonly ServerState[]): CheckerState {
  const { ran, retries, contrary, dueAtUs, attempt, startedAtUs, behindUs, hindrance, url, urlFailed } = leader;
  const same = { ...checker, ran, retries, contrary, dueAtUs, attempt, startedAtUs, behindUs, hindrance, url, urlFailed };
  if (!ran) return same;
  const { up, status, reason } = leader;
  const { check } = checker.config;
  const weight = servers[checker.server]?.reals[checker.real]?.config.weight ?? 0;
  return {
    ...same,
    up,
    status,
    reason,
    sinceUs: checker.up === up ? (checker.sinceUs ?? leader.sinceUs) : leader.sinceUs,
    weight: check.kind === 'misc' && up ? addedByStatus(check, status, weight) : 0,
  };
}
