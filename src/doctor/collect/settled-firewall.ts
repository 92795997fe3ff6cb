// The rules of the packet filter, and whether new connections pass it, of one moment: a command or a daemon may change either while doctor looks.
import { type FirewallState, firewallState } from '../../datapath/ebpf/observe/firewall-state.js';
import type { ObservingReader } from '../../datapath/ebpf/observe/observing-reader.js';
import type { DatapathFacts } from '../facts.js';
import { collectFilterChains, type FilterChains } from './filter-chains.js';

const LOOKS_MAX = 3;

const isSame = (one: FirewallState, other: FirewallState): boolean => one.passes === other.passes && one.mode === other.mode;

interface Looked {
  readonly state: FirewallState;
  readonly filters: FilterChains;
}

/** Reads the rules between two looks at the state, until these agree. */
export function lookUntilSettled(stateNow: () => FirewallState, filtersNow: () => FilterChains): Looked {
  let before = stateNow();
  for (let looks = 1; ; looks++) {
    const filters = filtersNow();
    const state = stateNow();
    if (looks === LOOKS_MAX || isSame(before, state)) return { state, filters };
    before = state;
  }
}

/** A repair of the way by the packet filter is due where it was at the first look, too: in between a command may have been making that way. */
export function withFirewall(facts: DatapathFacts, { passes, mode, due }: FirewallState): DatapathFacts {
  const { repairs = [] } = facts;
  const others = repairs.filter(({ kind }) => kind !== 'firewall');
  const isStillDue = due !== undefined && others.length < repairs.length;
  return { ...facts, repairs: isStillDue ? [...others, due] : others, firewall: passes, firewallMode: mode };
}

/** `reader`: absent where there is no table that this build can read. */
export function collectSettledFirewall(
  datapath: DatapathFacts,
  reader: ObservingReader | undefined,
): { readonly datapath: DatapathFacts; readonly filters: FilterChains } {
  if (reader === undefined) return { datapath, filters: collectFilterChains() };
  const { state, filters } = lookUntilSettled(() => firewallState(reader.tables), collectFilterChains);
  return { datapath: withFirewall(datapath, state), filters };
}
