// The rules about ARP that this host has, where nft is installed.
import { type ArpRule, arpRulesIn } from '../control/realserver/arp-rules.js';
import { runTool } from './run-tool.js';

/** Empty where nft is missing or refuses: the sysctls alone count then. */
export function hostArpRules(): readonly ArpRule[] {
  const run = runTool('nft', ['-j', 'list', 'ruleset']);
  return run.kind === 'text' ? arpRulesIn(run.text) : [];
}
