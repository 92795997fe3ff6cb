// What `--firewall auto` decides: new connections pass the host's packet filter where a rule may drop packets for a service.
import type { Director } from '../datapath/director.js';
import type { BypassedRules } from '../doctor/collect/bypassed.js';
import type { ServiceSpec } from '../model/service.js';

export type FindBypassed = (services: readonly ServiceSpec[], first?: boolean) => BypassedRules | Promise<BypassedRules>;

const NAMED_MAX = 3;

/** Some of them, for one line; empty: none. */
export function rulesText({ rules, unknown }: BypassedRules): string {
  if (rules.length === 0) return unknown ?? '';
  const more = rules.length > NAMED_MAX ? ` and ${rules.length - NAMED_MAX} more` : '';
  return `${rules.slice(0, NAMED_MAX).join(', ')}${more}`;
}

/** What was decided, where it changed something. `why`: rules, or what is not known of them. */
export type FirewallChoice = { readonly passes: true; readonly why: string } | { readonly passes: false };

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
  const found = await find(added ?? director.services().map(({ spec }) => spec), before);
  const why = rulesText(found);
  // Without services nothing passes it, whatever was decided.
  if (why === '' && added !== undefined) return undefined;
  const passes = director.decideFirewall(why !== '');
  return passes === before ? undefined : passes ? { passes, why } : { passes };
}

export const choiceText = (choice: FirewallChoice): string =>
  choice.passes
    ? `new connections pass the packet filter before they are balanced from now on: ${choice.why}`
    : 'new connections are balanced in front of the packet filter from now on: no rule of it is for a service any more';
