// Does the table have what the running daemons' configurations ask for?
import { someOf } from '../../../model/counted.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameDestination, sameService } from '../../../model/identity.js';
import type { Facts, ServiceFact } from '../../facts.js';
import { serviceText } from '../../network.js';
import type { VirtualServerFact, VrrpFacts } from '../../vrrp-facts.js';

/** Names that one finding lists. */
const NAMES_MAX = 4;

const listed = (texts: readonly string[]): string => someOf(texts, NAMES_MAX);

const reload = ({ pid }: VirtualServerFact): string => `kill -HUP ${pid}`;

/** Groups that have the same cause are one finding. */
function byKey<T>(all: readonly T[], keyOf: (one: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return [...groups.values()];
}

function absentServices(absent: readonly VirtualServerFact[]): readonly Finding[] {
  return byKey(absent, ({ file, pid }) => `${file} ${pid}`).flatMap((group): readonly Finding[] => {
    const [first] = group;
    if (first === undefined) return [];
    const what = `${listed(group.map(({ spec }) => serviceText(spec)))} of ${first.file} ${group.length === 1 ? 'is' : 'are'} not in the table`;
    return [
      {
        severity: 'error',
        code: 'virtual-server-absent',
        what,
        cause: `keepalived (pid ${first.pid}) runs with that file: another program removed ${group.length === 1 ? 'it' : 'them'}, or the file was changed and not loaded`,
        fix: reload(first),
      },
    ];
  });
}

interface AbsentServer {
  readonly service: VirtualServerFact;
  readonly server: VirtualServerFact['destinations'][number];
}

const EXAMINE = 'doctor on that host with --role rs and --port examines the server';

function whyAbsent(service: VirtualServerFact, { checked, health }: AbsentServer['server']): Omit<Finding, 'code' | 'what'> {
  const fix = reload(service);
  if (!checked) {
    const cause = `${service.file} has it without a health check: another program removed it, or the file was changed and not loaded`;
    return { severity: 'error', cause, fix };
  }
  if (health === undefined) {
    const cause = `${service.file} has it with a health check: either the check fails, or another program removed it`;
    return { severity: 'warning', cause, advice: `keepalived's log has the check's results; ${EXAMINE}` };
  }
  if (health.up) return { severity: 'error', cause: 'its health checks succeed: another program removed it', fix };
  const cause = `its health check fails: ${health.reason}`;
  return { severity: 'warning', cause, advice: `weir stats health shows since when, and when it is asked again; ${EXAMINE}` };
}

function absentServers(absent: readonly AbsentServer[]): readonly Finding[] {
  return byKey(
    absent,
    ({ service, server }) =>
      `${service.file} ${service.pid} ${endpointText(server)} ${server.checked} ${JSON.stringify(server.health ?? null)}`,
  ).flatMap((group): readonly Finding[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { service, server } = first;
    const what = `real server ${endpointText(server)} of ${listed(group.map((one) => serviceText(one.service.spec)))} is not in the table`;
    return [{ code: 'real-server-absent', what, ...whyAbsent(service, server) }];
  });
}

export function virtualServersRule(host: Facts, { virtualServers }: VrrpFacts): readonly Finding[] {
  if (host.role === 'rs') return [];
  const services: readonly ServiceFact[] = host.role === 'director' ? host.services : [];
  const found = virtualServers.map((wanted) => ({ wanted, present: services.find(({ spec }) => sameService(spec.key, wanted.spec.key)) }));
  // ha_suspend keeps a service out while its VIP is elsewhere.
  const absent = found.filter(({ wanted, present }) => present === undefined && !wanted.suspends).map(({ wanted }) => wanted);
  const servers = found.flatMap(({ wanted, present }) =>
    present === undefined || present.destinations.length === 0
      ? []
      : wanted.destinations
          .filter((server) => !present.destinations.some((one) => sameDestination(one, server)))
          .map((server): AbsentServer => ({ service: wanted, server })),
  );
  return [...absentServices(absent), ...absentServers(servers)];
}
