// The control API without a socket, on a table in memory: what a test asks, and what is answered.

import type { Caller } from '../../src/api/access/caller.js';
import { Refusals } from '../../src/api/access/refusals.js';
import { ApplyCounts } from '../../src/api/changes/apply-counts.js';
import { Journal, type JournalStore } from '../../src/api/changes/journal.js';
import { PlanBook } from '../../src/api/changes/plan-book.js';
import { EventRing } from '../../src/api/events/event-ring.js';
import { TrafficHistory } from '../../src/api/events/traffic-history.js';
import { type AppOptions, makeApp } from '../../src/api/http/app.js';
import { RequestCounts } from '../../src/api/http/request-counts.js';
import { routes } from '../../src/api/routes/routes.js';
import type { ApiReaders, ApiSources } from '../../src/api/sources.js';
import { tableBase } from '../../src/control/plan/table-base.js';
import { NO_FACTS } from '../../src/control/plan/table-facts.js';
import { cancelDrainOf, moveDeadlineOf, startDrainOf } from '../../src/daemon/drain/drains.js';
import { removeOverrideOf, setOverrideOf } from '../../src/daemon/drain/overrides.js';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { applyDocument } from '../../src/document/apply-document.js';
import { presentFacts } from '../../src/document/observed-facts.js';
import { type Drain, NO_DRAINS } from '../../src/model/drain/drain.js';
import { WeirError } from '../../src/model/errors/weir-error.js';
import type { Log } from '../../src/model/log-level.js';
import type { ServiceEntry, Stats } from '../../src/model/service.js';
import { servicePage } from '../../src/model/service-page.js';
import type { Status } from '../../src/report/status/status.js';
import { monotonicUs } from '../../src/sys/clock.js';
import { ip } from './ip.js';

export const writer: Caller = { name: 'uid 0 (pid 1)', stream: 'uid 0', scope: 'write', confidential: true };
export const reader: Caller = { name: 'uid 1000 (pid 2)', stream: 'uid 1000', scope: 'read', confidential: false };

const stats: Stats = {
  conns: 2n ** 63n,
  inPackets: 3n,
  outPackets: 4n,
  inBytes: 5n,
  outBytes: 6n,
  connRate: 7n,
  inPacketRate: 8n,
  outPacketRate: 9n,
  inByteRate: 10n,
  outByteRate: 11n,
};

export const oneService: ServiceEntry = {
  spec: {
    key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 },
    scheduler: 'wrr',
    schedFlags: 0,
    onePacket: false,
  },
  stats,
  destinations: [
    {
      spec: {
        address: ip('10.0.0.2'),
        port: 8080,
        method: 'masq',
        weight: 3,
        upperThreshold: 0,
        lowerThreshold: 0,
        tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
      },
      active: 1,
      inactive: 2,
      persistent: 0,
      stats,
    },
  ],
};

export const oneDrain: Drain = {
  id: 'd1',
  target: '10.0.0.2',
  also: [],
  persistence: 'release',
  end: 'keep',
  state: 'draining',
  startedAt: '2026-11-27T00:00:00.000Z',
  startedUs: 0,
  deadlineUs: 1e9,
  persistenceDeadlineUs: 0,
  settleS: 2,
  idleS: 30,
  released: true,
  holds: true,
  remaining: null,
  openAtStart: null,
  lookedUs: 0,
  quietSinceUs: null,
  samples: [],
  endedUs: null,
  endDone: true,
};

export const emptyStatus: Status = {
  version: 'source',
  build: '',
  datapath: { state: 'loaded', build: null, programs: null, since: null, interfaces: [], tcAlone: [], firewall: null, repairsDue: 0 },
  table: null,
  services: [],
  drops: null,
  stream: null,
  daemons: [],
  notApplied: [],
};

const connections = Array.from({ length: 250 }, (_, index) => ({
  protocol: 'TCP',
  client: `198.51.100.7:${index + 1}`,
  virtual: '192.0.2.1:80',
  server: '10.0.0.2:8080',
  method: 'masq',
  state: 'ESTABLISHED',
  expires: 900,
  idle: 0,
  local: null,
}));

export const memoryReaders: ApiReaders = {
  now: () => Date.UTC(2026, 10, 27),
  monotonicUs,
  drainRecord: () => NO_DRAINS,
  daemonsServices: () => [],
  metrics: (query, accept) => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', pieces: [`# ${query} ${accept}\n`] }),
  table: () => ({ services: [oneService], timeouts: { tcp: 900, tcpFin: 120, udp: 300 }, totals: stats, generation: 7 }),
  totals: () => stats,
  state: () => ({
    present: new Map(),
    owners: new Map(),
    files: new Map(),
    timeouts: { tcp: 900, tcpFin: 120, udp: 300 },
    base: '0123456789abcdef',
  }),
  configured() {
    return this.table();
  },
  page(asked) {
    const table = this.table();
    const { services, next } = servicePage(table.services, asked);
    return { table: next === undefined && asked.after === undefined ? table : { ...table, services }, next, base: this.state().base };
  },
  service: () => oneService,
  generation: () => 7,
  status: () => emptyStatus,
  daemons: () => [],
  attempts: () => [],
  neighbours: () => [{ ifindex: 2, address: ip('10.0.0.2'), state: 'reachable', mac: '02:00:00:00:00:02' }],
  vips: () => [
    { address: '192.0.2.1', prefixLength: 32, interface: 'lo', label: 'lo:1', present: true },
    { address: '2001:db8::1', prefixLength: 128, interface: 'eth0', present: false },
  ],
  drops: () => ({ total: [{ key: 'no_route', text: 'no route', count: 2n ** 60n }], recent: undefined }),
  connections: () => connections,
  explain: () => {
    throw new Error('no packet is explained here');
  },
  examine: () => Promise.reject(new WeirError('role-not-clear')),
  dashboard: (file) => `/* ${file} */`,
};

/** A store of lines in memory. */
export function memoryStore(text = ''): JournalStore & { readonly text: string } {
  let held = text;
  return {
    read: () => held,
    stamp: () => (held === '' ? undefined : { file: 'memory', bytes: Buffer.byteLength(held) }),
    append(line) {
      held += line;
    },
    replace(all) {
      held = all;
    },
    get text() {
      return held;
    },
  };
}

/** A table in memory that the API changes. */
export function changingSources(director = new MemoryDirector(), store = memoryStore(), log: Log = () => {}): ApiSources {
  let ids = 0;
  const newId = (): string => String(++ids);
  const facts = () => ({ ...NO_FACTS, ...presentFacts(director) });
  return {
    ...memoryReaders,
    newId,
    facts,
    state() {
      const { present, owners, files, timeouts } = facts();
      return { present, owners, files, timeouts, base: tableBase({ present, owners, timeouts }) };
    },
    drainRecord: () => director.drainRecord(),
    drainDriver: () => undefined,
    driveDrains: () => {},
    releaseInstance: async () => {},
    startDrain: (request) => Promise.resolve().then(() => startDrainOf(director, request)),
    setOverride: (wanted, check) => Promise.resolve().then(() => setOverrideOf(director, wanted, { check })),
    removeOverride: (target, check) => Promise.resolve().then(() => removeOverrideOf(director, target, { check })),
    moveDeadline: (id, deadlineS) => Promise.resolve().then(() => moveDeadlineOf(director, id, deadlineS)),
    cancelDrain: (id, slowStartS) => Promise.resolve().then(() => cancelDrainOf(director, id, slowStartS)),
    table: () => ({ ...memoryReaders.table(), services: director.services() }),
    service: (key) => director.service(key),
    plans: new PlanBook(memoryReaders.now, newId),
    journal: new Journal(store, log),
    events: new EventRing('test', 5),
    history: new TrafficHistory(),
    refusals: new Refusals(() => {}),
    requests: new RequestCounts(),
    applies: new ApplyCounts(),
    warnings: () => Promise.resolve([]),
    apply: (document, base, options) =>
      Promise.resolve().then(() => applyDocument(director, document, { base, unlocked: NO_FACTS, options })),
  };
}

export const memorySources: ApiSources = { ...changingSources(), ...memoryReaders };

export interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly caller?: Caller;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** An app, and a function that asks it. */
export function testApi(options: Partial<AppOptions> = {}): (path: string, asked?: Asked) => Promise<Answered> {
  const mistakes: unknown[] = [];
  const app = makeApp({
    routes,
    sources: memorySources,
    callerOf: (_request, env) => env as Caller,
    onMistake: (error) => void mistakes.push(error),
    ...options,
  });
  return async (path, { method = 'GET', body, headers = {}, caller = writer } = {}) => {
    const init = { method, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers } };
    const answer = await app.request(path, body === undefined ? init : { ...init, body }, caller);
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  };
}
