// What the datapath drops: where that goes on while doctor looks, something is wrong; what is over, or comes with any traffic, is only
// counted.
import { counted } from '../../../model/counted.js';
import type { Finding, FindingSeverity } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import type { DropFacts } from '../../table-facts.js';
import { latestDrops, ongoingDrops } from './drop-count.js';
import { fillText, isAlmostFull, templatesText } from './fill.js';
import { areAnswersDropped } from './nat-icmp-send.js';

interface Rule {
  readonly reason: string;
  readonly code: string;
  readonly severity: FindingSeverity;
  /** Another error is its cause: it is not reported beside one. */
  readonly consequence?: true;
  readonly what: (packets: string) => string;
  readonly cause: (facts: DirectorFacts) => string;
  readonly advice: string;
}

const LARGER = 'a larger table: weir load --connections N, which loses no connection';
const MORE_PORTS = 'another local address: ipvsadm -e … --fullnat --local-address ADDRESS,ADDRESS; or another server';

const RULES: readonly Rule[] = [
  {
    reason: 'table_full',
    code: 'table-full',
    severity: 'error',
    what: (packets) => `new connections are dropped (${packets})`,
    cause: (facts) => `the connection table is full: ${fillText(facts.fill)}`,
    advice: LARGER,
  },
  {
    reason: 'half_open_replaced',
    code: 'table-evicts',
    severity: 'warning',
    what: (packets) => `half-open and UDP connections are replaced by new ones (${packets})`,
    cause: (facts) => `the connection table has no room for them: ${fillText(facts.fill)}`,
    advice: LARGER,
  },
  {
    reason: 'idle_replaced',
    code: 'table-evicts',
    severity: 'warning',
    what: (packets) => `idle connections are replaced by new ones (${packets})`,
    cause: (facts) => `the connection table has no room for them: ${fillText(facts.fill)}`,
    advice: LARGER,
  },
  {
    reason: 'template_replaced',
    code: 'templates-full',
    severity: 'warning',
    what: (packets) => `clients' persistence ends early (${packets})`,
    cause: (facts) => `the table of templates has no room for all clients: ${templatesText(facts.fill)}`,
    advice:
      'a shorter persistence, or networks as clients: ipvsadm -E … -p SECONDS -M MASK; a larger table, with the next load: weir unload, then weir load --connections N',
  },
  {
    reason: 'no_local_port',
    code: 'local-ports-full',
    severity: 'error',
    what: (packets) => `FULLNAT: new connections are dropped (${packets})`,
    cause: () => 'clients that go on have all ports of the local addresses towards a server',
    advice: MORE_PORTS,
  },
  {
    reason: 'local_port_replaced',
    code: 'local-ports-short',
    severity: 'warning',
    what: (packets) => `FULLNAT: connections give their local ports to new ones (${packets})`,
    cause: () =>
      'no port of the local addresses towards a server is free, as in a flood of SYNs; the server may still have the closed ones in TIME_WAIT',
    advice: `${MORE_PORTS}; shorter timeouts of UDP: ipvsadm --set`,
  },
  {
    reason: 'no_route',
    code: 'next-hop-missing',
    severity: 'warning',
    consequence: true,
    what: (packets) => `packets are dropped for want of a next hop (${packets})`,
    cause: () => 'this host has no route, or gets no answer to ARP, for some of its servers or clients',
    advice: 'ip route get ADDRESS and ip neigh for the addresses that ipvsadm -Lnc lists',
  },
  {
    reason: 'redirect_failed',
    code: 'sending-failed',
    severity: 'warning',
    consequence: true,
    what: (packets) => `packets could not be rewritten or sent (${packets})`,
    cause: () => 'either an interface of servers or clients is down or does not take packets of their size, or memory is short',
    advice: 'ip -s -d link; the log of the kernel (dmesg)',
  },
];

/**
 * Other rules name the cause: no server in service, a VIP that is not here. doctor's own SYNs come from the port of FTP's data. No packet is
 * lost where a closed connection gives way.
 */
const EXPLAINED: ReadonlySet<string> = new Set(['no_destination', 'not_local', 'ftp_data', 'closed_replaced', 'firewall', 'drop_packet']);

const LIMITS_TEXT = 'expected in small numbers from any network';
/** Fewer of these come with any traffic: late packets of connections that ended, port scans. */
const NO_CONNECTION_MIN = 100;

const isWorthwhile = ([reason, count]: readonly [string, number]): boolean => reason !== 'no_connection' || count >= NO_CONNECTION_MIN;

/** Everything that is no finding of its own, in one line. */
function rest(drops: DropFacts, reported: ReadonlySet<string>): readonly Finding[] {
  const shown = [...drops.recent].filter(([reason]) => !reported.has(reason) && !EXPLAINED.has(reason)).filter(isWorthwhile);
  if (shown.length === 0) return [];
  const packets = shown.reduce((sum, [, count]) => sum + count, 0);
  return [
    {
      severity: 'info',
      code: 'drops-seen',
      what: `in the last ${Math.round(drops.seconds)} s ${counted(packets, 'packet')} ${packets === 1 ? 'was' : 'were'} not balanced`,
      cause: `${shown.map(([reason, count]) => `${count} ${reason} (${drops.texts.get(reason) ?? reason})`).join(', ')}; ${LIMITS_TEXT}`,
    },
  ];
}

/** `explained`: another rule has found an error, of which some drops are a consequence. */
export function dropsRule(facts: DirectorFacts, explained: boolean): readonly Finding[] {
  const { drops } = facts;
  if (drops === undefined) return [];
  const reported = new Set(areAnswersDropped(facts) ? ['nat_icmp_send'] : []);
  const found = RULES.flatMap(({ reason, code, severity, consequence, what, cause, advice }): readonly Finding[] => {
    const isStillFull = reason === 'table_full' && isAlmostFull(facts.fill);
    const packets = isStillFull ? latestDrops(drops, reason) : ongoingDrops(drops, reason);
    if (packets === undefined) return [];
    reported.add(reason);
    if (consequence === true && explained) return [];
    return [{ severity, code, what: what(packets), cause: cause(facts), advice }];
  });
  return [...found, ...rest(drops, reported)];
}
