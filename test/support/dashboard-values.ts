// What the dashboard reads of the API, for its tests: a service, its servers and what is known of them, each with what a test is about.
import type { Attempts, Drain, Override, RealHealth, Server, Service, VirtualHealth } from '../../web/data/api-values.js';

const counters = { connections: '10', packets_in: '20', packets_out: '30', bytes_in: '40', bytes_out: '50' };
const rates = { connections: 1, packets_in: 2, packets_out: 3, bytes_in: 4, bytes_out: 5 };

export const someHealth: NonNullable<Server['health']> = {
  up: true,
  since: null,
  checks: 1,
  unchecked: 0,
  times_down: 0,
  down_seconds: 0,
  maintenance: false,
  failed: [],
};

export const someServer = (id: string, given: Partial<Server> = {}): Server => ({
  id,
  address: id.replace(/:\d+$/, ''),
  port: 80,
  method: 'masq',
  weight: 1,
  effective_weight: 1,
  draining: false,
  upper_threshold: 0,
  lower_threshold: 0,
  active: 0,
  inactive: 0,
  persistent: 0,
  health: someHealth,
  counters,
  rates,
  ...given,
});

/** tcp:192.0.2.1:80 */
export const someService = (servers: readonly Server[], given: Partial<Service> = {}): Service => ({
  id: 'tcp:192.0.2.1:80',
  protocol: 'tcp',
  address: '192.0.2.1',
  port: 80,
  family: 'inet',
  scheduler: 'wrr',
  flags: [],
  one_packet: false,
  active: 0,
  inactive: 0,
  persistent: 0,
  health: { quorum_up: true, quorum: 1, weight: servers.length, sorry: false, suspended: false },
  counters,
  rates,
  servers: [...servers],
  ...given,
});

export const someReal = (server: string, given: Partial<RealHealth> = {}): RealHealth => ({
  server,
  up: true,
  since: null,
  weight: 1,
  checks: 1,
  unchecked: 0,
  timesDown: 0,
  failed: [],
  notMade: [],
  attempts: null,
  ...given,
});

/** By default of someService(). */
export const someVirtual = (servers: readonly RealHealth[], name = '[192.0.2.1]:tcp:80'): VirtualHealth => ({
  name,
  quorumUp: true,
  quorum: 1,
  sorry: false,
  suspended: false,
  servers,
});

export const someAttempts = (last: Partial<Attempts['last']> = {}): Attempts => ({
  success: 7,
  failure: 3,
  not_made: 0,
  abandoned: 0,
  last: { check: 'TCP_CHECK', result: 'success', text: '', at: '2026-11-27T00:00:00.000Z', seconds: 0.0031, ...last },
});

export const someDrain = (target: string, given: Partial<Drain> = {}): Drain => ({
  id: target,
  target,
  also: [],
  state: 'draining',
  holds: true,
  startedAt: '2026-11-27T00:00:00.000Z',
  deadlineInS: 250,
  forecastS: null,
  remaining: { open: 12, over: 0, persistent: 0 },
  ...given,
});

export const someOverride = (target: string, given: Partial<Override> = {}): Override => ({
  target,
  state: 'maintenance',
  weight: null,
  reason: 'new disks',
  owner: 'root',
  since: '2026-11-27T11:30:00.000Z',
  until: null,
  ...given,
});
