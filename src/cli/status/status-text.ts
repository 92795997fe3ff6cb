// The screen of `weir status`. Pure, but for the time zone.
import { counted } from '../../model/counted.js';
import type {
  DaemonStatus,
  DatapathStatus,
  HealthStatus,
  InstanceStatus,
  RealHealthStatus,
  ServerStatus,
  ServiceStatus,
  Status,
  TableStatus,
} from './status.js';

/** More would not fit one screen; --json has them all. */
const SERVICES_MAX = 12;
const SERVERS_MAX = 4;
const INSTANCES_MAX = 12;
const HEALTH_LINES_MAX = 12;

const two = (number: number): string => String(number).padStart(2, '0');

/** How long ago, in its largest unit. */
function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

/** `2026-11-21 00:48:03 (12 min ago)`, by this host's clock. */
function moment(iso: string, now: number): string {
  const at = new Date(iso);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} (${age(now - at.getTime())} ago)`;
}

const sinceText = (iso: string | null, now: number): string => (iso === null ? '' : ` since ${moment(iso, now)}`);

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
      } as const;
      return [`loaded${sinceText(since, now)}, ${whose[programs ?? 'this']}`];
    }
  }
}

function interfaceLines({ interfaces, repairsDue, state }: DatapathStatus): readonly string[] {
  const covered = interfaces.filter(({ tc }) => tc);
  const uncovered = interfaces.filter(({ tc }) => !tc);
  const list = covered.map(({ name, xdp }) => `${name} ${xdp ? 'tc+XDP' : 'tc'}`).join(', ');
  if (state === 'absent' || state === 'unfinished') return ['none is covered'];
  return [
    list === '' ? 'none is covered' : list,
    ...(uncovered.length === 0 ? [] : [`not covered: ${uncovered.map(({ name }) => name).join(', ')} (weir load covers them)`]),
    ...(repairsDue === 0 ? [] : [`${counted(repairsDue, 'repair')} due (weir doctor names them, weir load does them)`]),
  ];
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

function serverList(servers: readonly ServerStatus[]): string {
  const names = servers
    .slice(0, SERVERS_MAX)
    .map(({ server, weight }) => `${server} (${weight > 0 ? 'at its upper threshold' : 'weight 0'})`);
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

function instanceLine({ name, state, since, interface: device, virtualRouterId, priority, faults }: InstanceStatus, now: number): string {
  const why = faults.length === 0 ? '' : `: ${faults.join('; ')}`;
  return `${name} ${state}${sinceText(since, now)}, VRID ${virtualRouterId} on ${device}, priority ${priority}${why}`;
}

/** `10.0.0.2:80 down since … (5 min ago): HTTP_GET HTTP status code error` */
function deadLine({ server, since, failed }: RealHealthStatus, now: number): string {
  const [first] = failed;
  const others = failed.length > 1 ? ` and ${counted(failed.length - 1, 'other check')}` : '';
  const why = first === undefined ? '' : `: ${[first.check, first.reason].join(' ').trim()}${others}`;
  return `  ${server} down${since === null ? ', no check succeeded yet' : sinceText(since, now)}${why}`;
}

/** `10.0.0.2:80 starts slowly: weight 30 of 100` */
const slowLine = ({ server, weight, slowWeight }: RealHealthStatus): string =>
  `  ${server} starts slowly: weight ${slowWeight} of ${weight}`;

function healthHead({ name, quorumUp, quorum, weight, sorry, suspended, servers }: HealthStatus): string {
  const up = servers.filter((server) => server.up).length;
  const parts = [
    `${up} of ${counted(servers.length, 'server')} up`,
    ...(quorumUp ? [] : [`weight ${weight}, quorum ${quorum}`]),
    ...(sorry ? ['the sorry server serves'] : []),
    ...(suspended ? ['checks wait for its address (ha_suspend)'] : []),
  ];
  return `${quorumUp ? 'up  ' : 'DOWN'} ${name}: ${parts.join('; ')}`;
}

function healthLines(daemons: readonly DaemonStatus[], now: number): readonly string[] {
  const all = daemons.flatMap(({ health }) => health ?? []);
  if (all.length === 0) return [];
  const servers = all.flatMap((one) => one.servers);
  const down = all.filter(({ quorumUp }) => !quorumUp).length;
  const waiting = servers.filter(({ unchecked }) => unchecked > 0).length;
  const notable = all
    .filter((one) => !one.quorumUp || one.suspended || one.servers.some(({ up, slowWeight }) => !up || slowWeight !== undefined))
    .toSorted((a, b) => Number(a.quorumUp) - Number(b.quorumUp));
  const lines = notable.flatMap((one) => [
    healthHead(one),
    ...one.servers.filter(({ up }) => !up).map((real) => deadLine(real, now)),
    ...one.servers.filter(({ slowWeight }) => slowWeight !== undefined).map(slowLine),
  ]);
  const summary = [
    `${all.length - down} up, ${down} down`,
    `${servers.filter(({ up }) => up).length} of ${counted(servers.length, 'server')} up`,
    ...(waiting === 0 ? [] : [`${waiting} not checked yet`]),
  ];
  const more = lines.length - HEALTH_LINES_MAX;
  return [
    summary.join('; '),
    ...lines.slice(0, HEALTH_LINES_MAX).map((line) => `  ${line}`),
    ...(more > 0 ? [`  … ${counted(more, 'line')} more (--json lists all)`] : []),
  ];
}

function vrrpLines(daemons: readonly DaemonStatus[], now: number): readonly string[] {
  const instances = daemons.flatMap((daemon) => daemon.instances ?? []);
  const silent = daemons.filter((daemon) => daemon.instances === null && daemon.health === null);
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

const daemonLines = (daemons: readonly DaemonStatus[], now: number): readonly string[] =>
  daemons.map(({ program, pid, since, file }) => `${program} ${pid}${sinceText(since, now)}, ${file}`);

/** `now`: ms since 1970. */
export function statusText(status: Status, now: number): string {
  const { datapath, table, daemons } = status;
  const rooms: readonly (readonly [string, readonly string[]])[] = [
    ['weir', [`${status.version}, build ${status.build}`]],
    ['datapath', datapathLines(datapath, now)],
    ['interfaces', interfaceLines(datapath)],
    ['table', table === null ? [] : tableLines(table)],
    ['services', table === null ? [] : serviceLines(status.services)],
    ['health', healthLines(daemons, now)],
    ['drops', dropLines(status)],
    ['VRRP', vrrpLines(daemons, now)],
    ['daemons', daemons.length === 0 ? ['none'] : daemonLines(daemons, now)],
  ];
  return rooms.flatMap(([name, lines]) => lines.map((line, k) => `${(k === 0 ? name : '').padEnd(11)}${line}\n`)).join('');
}
