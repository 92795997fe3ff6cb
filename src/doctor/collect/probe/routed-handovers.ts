// Tests by packets whether servers of VS/TUN take what comes by their tunnels, and those of FULLNAT answer the local addresses.
import type { HandoverFact, HostFacts } from '../../facts.js';
import { HANDOVERS_MAX } from './handovers.js';
import { answeringInterfaces, echoesOf, type RoutedHandover, type RoutedInput, routedHandovers } from './routed-plan.js';
import { runProbes } from './run-probes.js';

export interface RoutedAnswers {
  readonly handovers: readonly HandoverFact[];
  /** Tests that were not done. */
  readonly left: number;
}

/** By handover: what became of the echo requests in its place. */
function echoAnswers(
  failed: readonly RoutedHandover[],
  answersBy: readonly number[],
): ReadonlyMap<RoutedHandover, NonNullable<HandoverFact['echoes']>> {
  const echoes = failed.flatMap(echoesOf).map((one) => ({ ...one, answersBy }));
  const answers = runProbes(echoes);
  const found = new Map<RoutedHandover, NonNullable<HandoverFact['echoes']>>();
  for (const one of echoes) {
    const kind = answers.get(one)?.kind;
    if (kind !== undefined) found.set(one.about, { ...found.get(one.about), [one.of]: kind });
  }
  return found;
}

/** @throws SystemError */
export function collectRoutedHandovers(host: HostFacts, input: RoutedInput): RoutedAnswers {
  const answersBy = answeringInterfaces(host);
  const all = routedHandovers(input).map((one) => ({ ...one, answersBy }));
  const own = all.slice(0, HANDOVERS_MAX);
  const answers = runProbes(own);
  const echoes = echoAnswers(
    own.filter((one) => ['silent', 'rejected'].includes(answers.get(one)?.kind ?? '')),
    answersBy,
  );
  const handovers = own.flatMap((one): readonly HandoverFact[] => {
    const [answer, more] = [answers.get(one), echoes.get(one)];
    return answer === undefined ? [] : [{ ...one.fact, answer, ...(more === undefined ? {} : { echoes: more }) }];
  });
  return { handovers, left: all.length - own.length };
}
