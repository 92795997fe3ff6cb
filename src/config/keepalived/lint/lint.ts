// All rules of lint over the files of one or several nodes: `weir config lint`.
import { announcements } from './announcements.js';
import { authentication } from './authentication.js';
import { bfd } from './bfd.js';
import type { LintFinding, LintNode, LintRule, LintVerdict } from './finding.js';
import { haste } from './haste.js';
import { heartbeats } from './heartbeats.js';
import { intervals } from './intervals.js';
import { leftovers } from './leftovers.js';
import { nodeAddresses } from './node-addresses.js';
import { owners } from './owners.js';
import { preemption } from './preemption.js';
import { priorities } from './priorities.js';
import { sampleMail } from './sample-mail.js';
import { scriptCommands } from './script-commands.js';
import { scripts } from './scripts.js';
import { servicesOfPair } from './services-of-pair.js';
import { sleepingBackup } from './sleeping-backup.js';
import { strict } from './strict.js';
import { syncGroups } from './sync-groups.js';
import { trackScripts } from './track-scripts.js';
import { trackWeights } from './track-weights.js';
import { transport } from './transport.js';
import { versions } from './versions.js';
import { vipInterfaces } from './vip-interfaces.js';
import { vipLists } from './vip-lists.js';
import { virtualServers } from './virtual-servers.js';
import { vrids } from './vrids.js';

/** First what makes two masters. */
export const lintRules: readonly LintRule[] = [
  vrids,
  versions,
  authentication,
  intervals,
  haste,
  heartbeats,
  transport,
  nodeAddresses,
  vipLists,
  priorities,
  owners,
  preemption,
  sleepingBackup,
  syncGroups,
  trackWeights,
  vipInterfaces,
  strict,
  announcements,
  leftovers,
  scripts,
  scriptCommands,
  trackScripts,
  bfd,
  sampleMail,
  virtualServers,
  servicesOfPair,
];

export const lintVerdicts: readonly LintVerdict[] = lintRules.flatMap(({ verdicts }) => verdicts);

/** In the rules' order. */
export const lint = (nodes: readonly LintNode[]): readonly LintFinding[] => lintRules.flatMap(({ check }) => check(nodes));
