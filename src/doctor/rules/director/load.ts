// Is what is loaded whole, of this build, and as it was when it was loaded? `weir load` repairs what is not, but for one end of weir's
// pair without the other one: what has the name, or has it no more, is a person's doing.

import type { RepairDue } from '../../../datapath/ebpf/observe/repairs-due.js';
import type { Finding } from '../../../model/finding.js';
import { otherLayouts } from '../../../model/other-layouts.js';
import { shellWord } from '../../../model/shell-word.js';
import type { DatapathFacts, DirectorFacts } from '../../facts.js';
import { setting } from '../../network.js';
import { hasMarkServices, needsForwarding } from './needs-forwarding.js';
import { sourceRulesFinding } from './source-rules.js';
import { tcAloneFindings } from './tc-alone.js';

const LOAD = 'weir load';
const OTHER_BUILD_ADVICES = {
  'other-build': 'use the build that loaded it, or change builds: ipvsadm-save with that one, then weir unload (connections are lost)',
  'taken-over': 'weir load of the build that has begun to take them over: it goes on, and no connection is lost',
} as const;
const FORWARDING = /\/conf\/weir0\/forwarding$/;

const isPair = ({ kind }: RepairDue): boolean => kind === 'pair-missing' || kind === 'pair-down' || kind === 'pair-setting';

function pairCause(due: RepairDue): string {
  switch (due.kind) {
    case 'pair-missing':
      return `${due.name} is gone or was made again by another program`;
    case 'pair-down':
      return `${due.name} is down`;
    case 'pair-setting':
      return `${due.path.replaceAll('/', '.')} is ${due.value}, not ${due.expected}`;
    default:
      return '';
  }
}

const repairsOf = ({ datapath }: DirectorFacts): readonly RepairDue[] => datapath.repairs ?? [];

/** With ip_forward off, the route to a next hop is looked up as if the packet came in by weir0, which must forward then. */
function noNextHops(facts: DirectorFacts): boolean {
  const lost = repairsOf(facts).some(
    (due) => due.kind === 'pair-missing' || due.kind === 'pair-down' || (due.kind === 'pair-setting' && FORWARDING.test(due.path)),
  );
  return lost && setting(facts, 'net/ipv4/ip_forward') !== 1;
}

/** ip_forward was turned off, and with it that of weir0: what forwarding.ts reports for VS/NAT is the cause of both. */
export function forwardingLost(facts: DirectorFacts): boolean {
  const due = repairsOf(facts).filter(isPair);
  return noNextHops(facts) && due.every((one) => one.kind === 'pair-setting' && FORWARDING.test(one.path));
}

/** Every command that opens the table for changes refuses until the pair is whole again. */
function halfPairFinding(due: RepairDue): readonly Finding[] {
  const what = 'weir and ipvsadm commands fail here';
  switch (due.kind) {
    case 'pair-renamed': {
      const now = shellWord(due.now);
      const fix = `ip link set ${now} down && ip link set ${now} name ${due.name} && ${LOAD}`;
      return [{ severity: 'error', code: 'pair-changed', what, cause: `weir's own interface ${due.name} was renamed to ${due.now}`, fix }];
    }
    case 'pair-broken': {
      const cause = `${due.present} is there without ${due.missing}, and weir makes both as one pair`;
      return [{ severity: 'error', code: 'pair-changed', what, cause, fix: `ip link del ${due.present} && ${LOAD}` }];
    }
    default:
      return [];
  }
}

function pairFinding(facts: DirectorFacts): readonly Finding[] {
  const due = repairsOf(facts).filter(isPair);
  if (due.length === 0 || (forwardingLost(facts) && needsForwarding(facts))) return [];
  const noRoute = noNextHops(facts);
  const lost = due.some(({ kind }) => kind !== 'pair-setting');
  const noMarks = lost && hasMarkServices(facts);
  return [
    {
      severity: noRoute || noMarks ? 'error' : lost ? 'warning' : 'info',
      code: 'pair-changed',
      what: noRoute
        ? 'new next hops are not found (no_route)'
        : noMarks
          ? 'new connections to firewall-mark services are not balanced'
          : "weir's own devices are not as they were",
      cause: due.map(pairCause).join(', '),
      fix: LOAD,
    },
  ];
}

function recordFindings(repairs: readonly RepairDue[]): readonly Finding[] {
  return repairs.flatMap((due): Finding[] => {
    if (due.kind === 'mac-changed') {
      const cause =
        'its MAC address was changed, and the datapath knows the old one: frames for the new one count as those of another host';
      return [{ severity: 'error', code: 'interface-changed', what: `${due.name} does not balance`, cause, fix: LOAD }];
    }
    if (due.kind === 'flags-changed' || due.kind === 'record-missing') {
      const cause = 'it changed since the datapath was attached to it';
      return [{ severity: 'warning', code: 'interface-changed', what: `${due.name} is not as the datapath knows it`, cause, fix: LOAD }];
    }
    return [];
  });
}

/** Other interfaces have the places for their numbers. */
function unrecordedFinding({ unrecorded = [] }: DatapathFacts): readonly Finding[] {
  if (unrecorded.length === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'interface-unrecorded',
      what: `the datapath has no place for what it knows of ${unrecorded.join(', ')}`,
      cause:
        'other interfaces have the places for their numbers: new connections are examined by the strictest rp_filter of such interfaces, ' +
        'and without Ethernet headers nothing is attached there',
      advice:
        'make them again, so that they get other numbers (ip link add index N), or remove interfaces that are not needed and run weir load',
    },
  ];
}

/** Interfaces change together where `all` is set, so that all have one line. */
function reversePathFinding(repairs: readonly RepairDue[]): readonly Finding[] {
  const due = repairs.filter((one) => one.kind === 'reverse-path-changed');
  if (due.length === 0) return [];
  const forbids = due.some((one) => one.forbids);
  return [
    {
      severity: forbids ? 'warning' : 'info',
      code: 'reverse-path-changed',
      what: `rp_filter was changed after the datapath was attached: ${due.map(({ name }) => name).join(', ')}`,
      cause: `new connections are examined by the old value${forbids ? ', which forbids more' : ''}`,
      fix: LOAD,
    },
  ];
}

function acceptLocalFinding(repairs: readonly RepairDue[]): readonly Finding[] {
  const due = repairs.filter((one) => one.kind === 'accept-local-changed');
  if (due.length === 0) return [];
  return [
    {
      severity: 'info',
      code: 'accept-local-changed',
      what: `accept_local was changed after the datapath was attached: ${due.map(({ name }) => name).join(', ')}`,
      cause:
        'by the old value the datapath looks at answers that come by the director from a virtual address (DR, TUN), or leaves them out',
      fix: LOAD,
    },
  ];
}

function markRulesFinding(repairs: readonly RepairDue[]): readonly Finding[] {
  return repairs.flatMap((due): readonly Finding[] => {
    if (due.kind !== 'mark-rules') return [];
    const [what, cause] = due.missing
      ? ['new connections to firewall-mark services are not balanced', 'policy rules of weir (ip rule) were removed or are behind others']
      : ['a policy rule for a firewall mark is left over', 'the command that removed its service was killed'];
    return [{ severity: due.missing ? 'error' : 'info', code: 'mark-rules-changed', what, cause, fix: LOAD }];
  });
}

function firewallFinding(repairs: readonly RepairDue[]): readonly Finding[] {
  return repairs.flatMap((due): readonly Finding[] => {
    if (due.kind !== 'firewall') return [];
    const [what, cause] = due.refused
      ? [
          'new connections to every service are refused',
          'an nft table named weir, by which they come back from the packet filter, was removed',
        ]
      : ['new connections do not pass the packet filter of this host', 'weir load --firewall honour was not carried out'];
    return [{ severity: 'error', code: 'firewall-cut', what, cause, fix: LOAD }];
  });
}

function changeFinding({ change }: DatapathFacts): readonly Finding[] {
  if (change === undefined) return [];
  const what = 'a change of the table is not finished';
  if (change.holder === undefined) {
    return [{ severity: 'warning', code: 'table-unfinished', what, cause: 'the command that made it was killed', fix: LOAD }];
  }
  return [{ severity: 'info', code: 'table-unfinished', what, cause: `process ${change.holder} is at it, and other commands wait` }];
}

function buildFinding({ otherTables, programs }: DatapathFacts): readonly Finding[] {
  if (otherTables !== undefined) {
    const differ = otherLayouts(otherTables.maps);
    return [
      {
        severity: 'warning',
        code: 'datapath-other-build',
        what: `the table of this network namespace is of another build (${otherTables.build})`,
        cause:
          `${differ === '' ? 'it' : `${differ}: it`} goes on as it is, but this build can neither read nor change it, and did not look at its ` +
          'services and servers',
        ...(otherTables.layout === 'before' ? { fix: LOAD } : { advice: OTHER_BUILD_ADVICES[otherTables.layout] }),
      },
    ];
  }
  if (programs === 'mixed') {
    const cause = 'weir load was killed while it exchanged them, or a command of a build that was installed since brought some of its own';
    return [{ severity: 'warning', code: 'programs-mixed', what: 'programs of two builds run on one table', cause, fix: LOAD }];
  }
  if (programs === 'bridging') {
    const cause = 'a weir load is at it, packets go on';
    return [{ severity: 'info', code: 'table-moving', what: 'the connection table gets another size', cause }];
  }
  if (programs === 'bridging-left') {
    const cause = 'weir load was killed while it changed the size: packets use both, more slowly';
    return [{ severity: 'warning', code: 'table-moving', what: 'connections are in two tables', cause, fix: LOAD }];
  }
  if (programs === 'other') {
    const cause = 'a newer or older build was installed since the datapath was loaded';
    return [{ severity: 'info', code: 'programs-other-build', what: 'the programs of another build run', cause, fix: LOAD }];
  }
  return [];
}

export function loadRule(facts: DirectorFacts): readonly Finding[] {
  const { datapath } = facts;
  const repairs = repairsOf(facts);
  const pair = [...repairs.flatMap(halfPairFinding), ...pairFinding(facts)];
  return [
    ...buildFinding(datapath),
    ...changeFinding(datapath),
    ...pair,
    ...recordFindings(repairs),
    ...unrecordedFinding(datapath),
    ...tcAloneFindings(datapath),
    ...markRulesFinding(repairs),
    ...firewallFinding(repairs),
    ...reversePathFinding(repairs),
    ...acceptLocalFinding(repairs),
    ...sourceRulesFinding(facts, repairs),
  ];
}
