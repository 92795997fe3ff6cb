// `weir config lint`: all rules over the files of one or several nodes.
import { announcements } from './addresses/announcements.js';
import { nodeAddresses } from './addresses/node-addresses.js';
import { strict } from './addresses/strict.js';
import { vipInterfaces } from './addresses/vip-interfaces.js';
import { vipLists } from './addresses/vip-lists.js';
import { authentication } from './adverts/authentication.js';
import { heartbeatPairs } from './adverts/heartbeat-pairs.js';
import { intervals } from './adverts/intervals.js';
import { shortIntervals } from './adverts/short-intervals.js';
import { transport } from './adverts/transport.js';
import { versions } from './adverts/versions.js';
import { vrids } from './adverts/vrids.js';
import { bfd } from './bfd.js';
import { nopreemptWithWeights } from './election/nopreempt-with-weights.js';
import { ownerByDefault } from './election/owner-by-default.js';
import { preemption } from './election/preemption.js';
import { priorities } from './election/priorities.js';
import { syncGroups } from './election/sync-groups.js';
import { trackWeights } from './election/track-weights.js';
import { leftBehind } from './process/left-behind.js';
import { routerIds } from './process/router-id.js';
import { sampleMail } from './process/sample-mail.js';
import type { LintFinding, LintNode, LintRule, LintVerdict } from './rule.js';
import { scriptCommands } from './scripts/script-commands.js';
import { scripts } from './scripts/scripts.js';
import { trackScripts } from './scripts/track-scripts.js';
import { certificates } from './services/certificates.js';
import { servicesOfPair } from './services/services-of-pair.js';
import { sharedChecks } from './services/shared-checks.js';
import { slowStart } from './services/slow-start.js';
import { vipChecks } from './services/vip-checks.js';
import { virtualServers } from './services/virtual-servers.js';

/** Rules about two masters come first. */
const lintRules: readonly LintRule[] = [
  vrids,
  versions,
  authentication,
  intervals,
  shortIntervals,
  heartbeatPairs,
  transport,
  nodeAddresses,
  vipLists,
  priorities,
  ownerByDefault,
  preemption,
  nopreemptWithWeights,
  syncGroups,
  trackWeights,
  vipInterfaces,
  strict,
  announcements,
  leftBehind,
  scripts,
  scriptCommands,
  trackScripts,
  bfd,
  sampleMail,
  routerIds,
  virtualServers,
  certificates,
  slowStart,
  vipChecks,
  sharedChecks,
  servicesOfPair,
];

export const lintVerdicts: readonly LintVerdict[] = lintRules.flatMap(({ verdicts }) => verdicts);

/** The findings, in the order of the rules. */
export const lint = (nodes: readonly LintNode[]): readonly LintFinding[] => lintRules.flatMap(({ examine }) => examine(nodes));
