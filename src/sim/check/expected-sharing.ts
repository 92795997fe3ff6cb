// What shared_checks makes of the checks that ask the same: all of them go on from where the one is that is known best.
import { questionOf } from '../../model/keepalived/check-question.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { Expected } from './expected.js';
import { checkerKeys } from './names.js';

/** The keys of the checks that ask each question, in the order of the file. */
export function keysByQuestion(servers: readonly VirtualServer[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  const add = (server: VirtualServer, real: RealServer): void => {
    for (const [index, key] of checkerKeys(server, real).entries()) {
      const checker = real.checkers[index];
      const question = checker === undefined ? undefined : questionOf(checker, real, server);
      if (question === undefined) continue;
      groups.set(question, [...(groups.get(question) ?? []), key]);
    }
  };
  for (const server of servers) for (const real of server.realServers) add(server, real);
  return groups;
}

/** `before`: the question of each check until now. */
export function shareExpected(
  checks: ReadonlyMap<string, Expected>,
  servers: readonly VirtualServer[],
  before: ReadonlyMap<string, string>,
): void {
  for (const [question, keys] of keysByQuestion(servers)) {
    const group = keys.map((key) => ({ one: checks.get(key) as Expected, stays: before.get(key) === question }));
    const best =
      group.find(({ one, stays }) => one.ran && stays) ??
      group.find(({ one }) => one.ran) ??
      group.find(({ stays }) => stays) ??
      (group[0] as (typeof group)[number]);
    const { ran, up, failures, contrary, url, urlFailed, weight } = best.one;
    for (const { one } of group) {
      Object.assign(one, { ran, failures, contrary, url, urlFailed });
      if (!ran) continue;
      one.up = up;
      one.weight.instead = weight.instead;
    }
  }
}
