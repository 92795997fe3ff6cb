// The screen of `weir status`. Pure, but for the time zone.
import { counted, someOf } from '../../model/counted.js';
import { holderText } from '../../model/drain/holder.js';
import { shellWord } from '../../model/shell-word.js';
import { tcAloneText } from '../../model/tc-alone.js';
import type {
  DaemonStatus,
  DatapathStatus,
  InstanceStatus,
  ServerStatus,
  ServiceStatus,
  Status,
  SyncStatus,
  TableStatus,
} from '../../report/status/status.js';
import { readinessText } from '../sync/stream-status-text.js';
import { healthLines } from './health-text.js';
import { daemonText, sinceText } from './moments.js';

/** More would not fit one screen; --json has them all. */
const SERVICES_MAX = 12;
const SERVERS_MAX = 4;
const INSTANCES_MAX = 12;
const MISSING_MAX = 8;

function datapathLines({ state, programs, build, since }: DatapathStatus, now: number): readonly string[] {
  switch (state) {
    case 'absent':
      return ['not loaded in this network namespace (weir load, or any ipvsadm command, loads it)'];
    case 'unfinished':
      return ['not loaded: a command was killed while it loaded or unloaded it (weir load repairs it)'];
    case 'other-tables':
      return [
        `tables of another build (${build ?? 'unknown'}), loaded${sinceText(since, now)}`,
        'this build cannot read them; packets go on as they did',
      ];
    case 'loaded': {
      const whose = {
        this: 'programs of this build',
        other: `programs of another build (${build}) on the same tables (weir load exchanges them)`,
        mixed: 'programs of two builds: an exchange was interrupted (weir load completes it)',
        bridging: 'the connection table gets another size now',
        'bridging-left': 'two connection tables: a change of their size was interrupted (weir load completes it)',
      } as const;
      return [`loaded${sinceText(since, now)}, ${whose[programs ?? 'this']}`];
    }
  }
}

function interfaceLines({ interfaces, tcAlone, repairsDue, state }: DatapathStatus): readonly string[] {
  const covered = interfaces.filter(({ tc }) => tc);
  const half = interfaces.filter(({ ingressAlone }) => ingressAlone);
  const uncovered = interfaces.filter(({ tc, ingressAlone }) => !tc && !ingressAlone);
  const list = covered.map(({ name, xdp }) => `${name} ${xdp ? 'tc+XDP' : 'tc'}`).join(', ');
  if (state === 'absent' || state === 'unfinished') return ['none is covered'];
  return [
    list === '' ? 'none is covered' : list,
    ...(uncovered.length === 0 ? [] : [`not covered: ${uncovered.map(({ name }) => name).join(', ')} (weir load covers them)`]),
    ...(half.length === 0 ? [] : [`covered at ingress alone: ${half.map(({ name }) => name).join(', ')} (weir doctor has what to do)`]),
    ...tcAlone.map(
      (alone) => `${tcAloneText(alone)}${alone.obstacle === 'vlan' || alone.obstacle === 'kind' ? '' : ' (weir load tries again)'}`,
    ),
    ...(repairsDue === 0 ? [] : [`${counted(repairsDue, 'repair')} due (weir doctor names them, weir load does them)`]),
  ];
}

const FIREWALL_TEXTS = {
  true: 'new connections pass it before they are balanced',
  false: 'new connections are balanced in front of it',
} as const;

function firewallLines({ firewall }: DatapathStatus): readonly string[] {
  return firewall === null ? [] : [`${FIREWALL_TEXTS[`${firewall.passes}`]} (--firewall ${firewall.mode})`];
}

function percent(fill: number): string {
  return `${(fill * 100).toFixed(fill > 0 && fill < 0.1 ? 2 : 0)} %`;
}

function tableLines(table: TableStatus): readonly string[] {
  const { connections, active, inactive, capacity, fill, services, destinations, unfinishedChange: change } = table;
  return [
    `${counted(connections, 'connection')} (${active} active, ${inactive} inactive) of ${capacity.connections}; ${percent(fill)} of its places taken`,
    `${counted(services, 'service')} of ${capacity.services}, ${counted(destinations, 'destination')} of ${capacity.destinations}`,
    ...(change === null
      ? []
      : [
          change.pid === null
            ? 'a change was not finished: its command was killed (weir load repairs it)'
            : `process ${change.pid} is changing it; what is shown is not of one moment`,
        ]),
  ];
}

/** Why it gets no new connections. One whose configured weight is 0 would get none without what holds it. */
function outText({ weight, configuredWeight, heldBy }: ServerStatus): string {
  if (weight > 0) return 'at its upper threshold';
  if (heldBy.length === 0) return 'weight 0';
  return `weight 0, ${configuredWeight} configured; ${heldBy.map(holderText).join('; ')}`;
}

function serverList(servers: readonly ServerStatus[]): string {
  const names = servers.slice(0, SERVERS_MAX).map((one) => `${one.server} (${outText(one)})`);
  return [...names, ...(servers.length > SERVERS_MAX ? [`${servers.length - SERVERS_MAX} more`] : [])].join(', ');
}

function serviceLine({ service, scheduler, up, servers }: ServiceStatus): string {
  const out = servers.filter(({ inService }) => !inService);
  const head = `${up ? 'up  ' : 'DOWN'} ${service} ${scheduler}:`;
  if (servers.length === 0) return `${head} it has no server`;
  if (out.length === 0) return `${head} ${counted(servers.length, 'server')} in service`;
  return `${head} ${servers.length - out.length} of ${counted(servers.length, 'server')} in service, out of service: ${serverList(out)}`;
}

function serviceLines(services: readonly ServiceStatus[]): readonly string[] {
  const down = services.filter(({ up }) => !up);
  const incomplete = services.filter(({ up, servers }) => up && servers.some(({ inService }) => !inService));
  const whole = services.filter((one) => one.up && !incomplete.includes(one));
  const shown = [...down, ...incomplete, ...whole].slice(0, SERVICES_MAX);
  const more = services.length - shown.length;
  if (services.length === 0) return ['none'];
  return [
    `${services.length - down.length} up, ${down.length} down`,
    ...shown.map((service) => `  ${serviceLine(service)}`),
    ...(more > 0 ? [`  … ${more} more (--json lists all)`] : []),
  ];
}

function dropLines({ drops, table }: Status): readonly string[] {
  if (table === null) return [];
  if (drops === null) return ['not known: programs of an older build run (weir load exchanges them)'];
  const counts = Object.entries(drops.counts).sort(([, a], [, b]) => b - a);
  const list = counts.map(([key, count]) => `${count} ${key}`).join(', ');
  return [`in the last ${Math.round(drops.seconds)} s: ${list === '' ? 'none' : `${list} (weir stats drops explains them)`}`];
}

function streamLines({ peers, wouldBreak }: SyncStatus): readonly string[] {
  const down = peers.filter(({ to, from }) => !to.connected || !from.connected);
  const names = down.map(({ address }) => address).join(', ');
  return [readinessText(wouldBreak), ...(down.length === 0 ? [] : [`no session with ${names} (weir doctor has why)`])];
}

function waitText({ waitsForConnections: wait }: InstanceStatus, now: number): string {
  if (wait === null) return '';
  const left = wait.until === null ? 0 : Math.max(0, Math.ceil((Date.parse(wait.until) - now) / 1000));
  return `; waits for connections of its peers before it preempts, at most ${left} s: ${wait.of.join(', ')}`;
}

function instanceLine(instance: InstanceStatus, now: number): string {
  const { name, state, since, interface: device, virtualRouterId, priority, faults } = instance;
  const why = faults.length === 0 ? '' : `: ${faults.join('; ')}`;
  return `${name} ${state}${sinceText(since, now)}, VRID ${virtualRouterId} on ${device}, priority ${priority}${why}${instance.released ? '; released: it leaves its addresses to its peers' : ''}${waitText(instance, now)}`;
}

/** Those that are not up, and how many are. */
function bfdLines(daemons: readonly DaemonStatus[], now: number): readonly string[] {
  const sessions = daemons.flatMap(({ bfd }) => bfd ?? []);
  const down = sessions.filter(({ state }) => state !== 'Up');
  const more = down.length - INSTANCES_MAX;
  if (sessions.length === 0) return [];
  return [
    `${sessions.length - down.length} of ${counted(sessions.length, 'session')} up`,
    ...down
      .slice(0, INSTANCES_MAX)
      .map(
        ({ name, neighbour, state, since, remoteState, diagnostic }) =>
          `  ${name} with ${neighbour} ${state}${sinceText(since, now)}, the neighbour ${remoteState}: ${diagnostic}`,
      ),
    ...(more > 0 ? [`  … ${more} more (--json lists all)`] : []),
  ];
}

function vrrpLines(daemons: readonly DaemonStatus[], now: number): readonly string[] {
  const instances = daemons.flatMap((daemon) => daemon.instances ?? []);
  const silent = daemons.filter(
    (daemon) =>
      daemon.instances === null && daemon.health === null && daemon.bfd === null && daemon.proxies === undefined && !daemon.otherBuild,
  );
  const more = instances.length - INSTANCES_MAX;
  return [
    ...instances.slice(0, INSTANCES_MAX).map((instance) => instanceLine(instance, now)),
    ...(more > 0 ? [`… ${more} more (--json lists all)`] : []),
    ...silent.map(({ program, pid }) =>
      program === 'weir'
        ? `weir ${pid} publishes no state: it runs neither VRRP nor checks, or cannot write to /run/weir`
        : `keepalived ${pid} publishes no state (kill -USR1 ${pid} makes it write keepalived.data)`,
    ),
  ];
}

const layer7Lines = (daemons: readonly DaemonStatus[]): readonly string[] =>
  daemons.flatMap(({ program, pid, proxies }) =>
    (proxies ?? []).map((proxy) => `${program} ${pid} serves it (process ${proxy}): weir proxy status shows its pools and their checks`),
  );

const daemonLines = (daemons: readonly DaemonStatus[], now: number): readonly string[] =>
  daemons.map((daemon) => {
    const why = daemon.otherBuild ? ': it is of another build, so not all of its state is shown until it is restarted' : '';
    return `${daemonText(daemon, now)}${why}`;
  });

const notAppliedLines = ({ notApplied }: Status): readonly string[] =>
  (notApplied ?? []).map(
    ({ path, missing }) => `of ${path} is not on this host: ${someOf(missing, MISSING_MAX)} (weir apply ${shellWord(path)} puts it there)`,
  );

/** `now`: ms since 1970. */
export function statusText(status: Status, now: number): string {
  const { datapath, table, daemons } = status;
  const rooms: readonly (readonly [string, readonly string[]])[] = [
    ['weir', [`${status.version}, build ${status.build}`]],
    ['datapath', datapathLines(datapath, now)],
    ['interfaces', interfaceLines(datapath)],
    ['firewall', firewallLines(datapath)],
    ['table', table === null ? [] : tableLines(table)],
    ['services', table === null ? [] : serviceLines(status.services)],
    ['health', healthLines(daemons, now)],
    ['drops', dropLines(status)],
    ['sync', status.stream === null ? [] : streamLines(status.stream)],
    ['VRRP', vrrpLines(daemons, now)],
    ['BFD', bfdLines(daemons, now)],
    ['daemons', daemons.length === 0 ? ['none'] : daemonLines(daemons, now)],
    ['weir.yaml', notAppliedLines(status)],
    ['layer 7', layer7Lines(daemons)],
  ];
  return rooms.flatMap(([name, lines]) => lines.map((line, k) => `${(k === 0 ? name : '').padEnd(11)}${line}\n`)).join('');
}
