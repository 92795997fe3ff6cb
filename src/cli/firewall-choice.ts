// What `--firewall auto` decides: new connections pass the host's packet filter where a rule may drop packets for a service, or mark what is for one
// service for another, which comes first.

import type { Director } from '../datapath/director.js';
import type { BypassedOptions, BypassedRules } from '../doctor/collect/bypassed.js';
import { someOf } from '../model/counted.js';
import { type MarkKey, marksAmong } from '../model/mark-keys.js';
import type { ServiceSpec } from '../model/service.js';

export type FindBypassed = (services: () => readonly ServiceSpec[], options?: BypassedOptions) => BypassedRules | Promise<BypassedRules>;

const NAMED_MAX = 3;

/** Some of the rules that may drop packets, for one line; empty: none. */
const droppingText = ({ rules, unknown }: BypassedRules): string => (rules.length === 0 ? (unknown ?? '') : someOf(rules, NAMED_MAX));

/** Some of all, for one line; empty: none. */
export const rulesText = (found: BypassedRules): string => droppingText({ ...found, rules: [...found.rules, ...found.marking] });

/** What was decided, where it changed something. `why`: rules, or what is not known of them. `marks`: they only mark packets. */
export type FirewallChoice = { readonly passes: true; readonly why: string; readonly marks: boolean } | { readonly passes: false };

/** The rules for these services, of all that there are where they are not given, or where one is of a mark, which may come before any. */
export async function findBypassed(
  director: Director,
  find: FindBypassed,
  services: readonly ServiceSpec[] | undefined,
  first = false,
): Promise<BypassedRules> {
  const all = (): readonly ServiceSpec[] => director.services().map(({ spec }) => spec);
  const looked = (): readonly ServiceSpec[] => (services === undefined || marksAmong(services).length > 0 ? all() : services);
  return find(looked, { first, marks: (): readonly MarkKey[] => marksAmong(all()) });
}

/**
 * Decides by the rules and services that there are now. `added`: these services came, or changed; nothing else did, so no other one is looked at.
 * Undefined: it stays as it was, also where the kernel refuses, which the director reports.
 */
export async function chooseFirewall(
  director: Director,
  find: FindBypassed,
  added?: readonly ServiceSpec[],
): Promise<FirewallChoice | undefined> {
  if (director.firewallMode?.() !== 'auto' || director.decideFirewall === undefined) return undefined;
  const before = director.passesFirewall?.() === true;
  if (before && added !== undefined) return undefined;
  const found = await findBypassed(director, find, added, before);
  const why = rulesText(found);
  // Without services nothing passes it, whatever was decided.
  if (why === '' && added !== undefined) return undefined;
  const passes = director.decideFirewall(why !== '');
  return passes === before ? undefined : passes ? { passes, why, marks: droppingText(found) === '' } : { passes };
}

export const choiceText = (choice: FirewallChoice): string =>
  choice.passes
    ? `new connections pass the packet filter before they are balanced from now on: ${choice.why}`
    : 'new connections are balanced in front of the packet filter from now on: no rule of it is for a service any more';
