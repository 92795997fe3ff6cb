// Whose attempts are made: those of a check that several servers share are each one's.
import { endpointText } from '../../model/endpoint-text.js';
import { itemsFrom } from '../timed-list.js';
import type { CheckMachine } from './state.js';

/** A real server of a virtual one, by the names of published health. */
export interface AttemptOwner {
  readonly virtual: string;
  readonly server: string;
}

/** `index`: of a checker. */
export function attemptOwners({ servers, checkers, sharers }: CheckMachine, index: number): readonly AttemptOwner[] {
  return (sharers.get(index) ?? [index]).flatMap((sharer): readonly AttemptOwner[] => {
    const [checker] = itemsFrom(checkers, sharer, 1);
    const virtual = checker && servers[checker.server];
    const real = checker && virtual?.reals[checker.real];
    return virtual === undefined || real === undefined ? [] : [{ virtual: virtual.config.name, server: endpointText(real.config) }];
  });
}

/** All that are configured. */
export function* configuredOwners({ servers }: CheckMachine): Generator<AttemptOwner> {
  for (const { config, reals } of servers) for (const real of reals) yield { virtual: config.name, server: endpointText(real.config) };
}
