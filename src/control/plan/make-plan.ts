// The plan of a reload, or of a start: what the table, the VIPs, the checks and the settings will be, and what becomes of live connections.
// Pure: what is there is an argument.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { serviceId } from '../../model/identity.js';
import { CHECK_NAMES } from '../../model/keepalived/check-names.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { failedText } from '../../model/keepalived/server-health.js';
import type { WantedTable } from '../../model/keepalived/wanted-table.js';
import type { ServiceKey, Timeouts } from '../../model/service.js';
import { isAttempted } from '../check/kinds/index.js';
import { realName } from '../check/names.js';
import type { CheckMachine } from '../check/state.js';
import { itemsFrom } from '../timed-list.js';
import { type PlanNames, serviceName } from '../virtual-server/names.js';
import { type PresentTable, planFlush, planTimeouts, type ServicePlan } from '../virtual-server/plan.js';
import { countByAddress, planAddresses } from './addresses.js';
import { planChecks } from './checks.js';
import { type ConnectionCounts, fateOf } from './connection-counts.js';
import { METHOD_NAMES } from './differences.js';
import { findDrift } from './drift.js';
import { type Plan, type PlannedAddress, type PlannedServer, type PlannedService, type PlannedSettings, untouched } from './plan.js';
import { type KnownHealth, reloadTable } from './reload-table.js';
import { planServices } from './services.js';
import { planSettings } from './settings.js';
import { differingTimeouts } from './timeouts.js';

/** What is there. */
export interface PlanFacts {
  readonly present: PresentTable;
  /** Live connections. `services`: which service each key of it is, also of those that were removed. */
  readonly connections: ConnectionCounts;
  readonly services: ReadonlyMap<string, ServiceKey>;
  readonly health: KnownHealth;
  /** Addresses that this host has, by `addressId`. */
  readonly held: ReadonlySet<string>;
  readonly timeouts?: Timeouts;
  /** The director's sysctl expire_nodest_conn. */
  readonly expireNodest: boolean;
  /** keepalived's, by default. */
  readonly names?: PlanNames;
}

/** `running`: what a daemon runs with; undefined: the plan is one of a start. */
export function makePlan(running: KeepalivedConfiguration | undefined, next: KeepalivedConfiguration, facts: PlanFacts): Plan {
  const { before, intent, machine } = reloadTable(running, next, facts.health);
  const wanted = intent.wanted;
  const flush = running === undefined && next.global.lvsFlush ? planFlush(wanted, facts.present) : [];
  const plans: readonly ServicePlan[] = [...flush, ...intent.plan(facts.present)];
  const services = withServersOut(planServices(plans, wanted, facts), machine);
  const addressOf = (id: string): Address | undefined => {
    const key = facts.services.get(id);
    return key?.kind === 'address' ? key.address : undefined;
  };
  const addresses = planAddresses(running, next, { held: facts.held, connections: countByAddress(facts, addressOf) });
  const lost = lostAddresses(addresses);
  return {
    services,
    addresses,
    checks: planChecks(running, next),
    settings: [...planSettings(running, next), ...timeoutLines(next, facts.timeouts)],
    drift: findDrift(running === undefined ? undefined : before, wanted, {
      ...facts,
      present: withoutStated(facts.present, next, wanted),
    }).filter(({ stays }) => !stays || flush.length === 0),
    expireNodest: facts.expireNodest,
    ...fateOf(facts, services, serviceName, (address) => lost.has(formatAddress(address))),
  };
}

/** Services that the weir.yaml has without checks are of a file, and no reload is about them. */
function withoutStated(present: PresentTable, { weir }: KeepalivedConfiguration, wanted: WantedTable): PresentTable {
  const stated = new Set((weir?.table?.services ?? []).map(({ spec }) => serviceId(spec.key)));
  return new Map([...present].filter(([id]) => !stated.has(id) || wanted.has(id)));
}

function timeoutLines({ global }: KeepalivedConfiguration, present: Timeouts | undefined): readonly PlannedSettings[] {
  const wanted = present === undefined ? undefined : planTimeouts(global.lvsTimeouts, present);
  if (wanted === undefined || present === undefined) return [];
  const differences = differingTimeouts(present, wanted);
  return [{ action: 'change', object: 'timeouts of connections', differences }];
}

/** Adds to each virtual server the real servers of the file that are not in its table, with the reason. */
function withServersOut(services: readonly PlannedService[], { servers, checkers }: CheckMachine): readonly PlannedService[] {
  const out = new Map<string, readonly PlannedServer[]>();
  for (const { config, reals, sorry } of servers) {
    const dead = reals.filter(({ alive, config: real }) => !alive && !real.inhibitOnFailure && !sorry);
    const lines = dead.map(({ config: real, firstChecker, checkerCount }): PlannedServer => {
      const own = itemsFrom(checkers, firstChecker, checkerCount);
      const failing = own.filter(({ up, ran, config: one }) => !up && (ran || !isAttempted(one.check.kind)));
      const failure = failing.map(({ config: { check }, reason }) => failedText({ check: CHECK_NAMES[check.kind], reason })).join('; ');
      return {
        action: 'out',
        server: realName(real, config),
        method: METHOD_NAMES[real.method],
        weight: real.weight,
        differences: [],
        connections: untouched,
        reason: failing.length > 0 ? 'failed' : 'not checked yet',
        ...(failure === '' ? {} : { failure }),
      };
    });
    if (lines.length > 0) out.set(config.name, lines);
  }
  return services.map((service) => {
    const lines = service.action === 'remove' ? undefined : out.get(service.virtualServer);
    return lines === undefined ? service : { ...service, servers: [...service.servers, ...lines] };
  });
}

/** Those that the host has and that leave it, as text. */
const lostAddresses = (addresses: readonly PlannedAddress[]): ReadonlySet<string> =>
  new Set(addresses.flatMap(({ action, held, address }) => (action === 'remove' && held ? [address.replace(/\/.*/, '')] : [])));
