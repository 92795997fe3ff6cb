// Records of weir's own synchronisation stream for tests: random ones, and a fixed sample of every kind.
import type { Address, Family } from '../../src/model/address.js';
import { drainTargetWord } from '../../src/model/drain/drain-target.js';
import { ADMIN_STATES } from '../../src/model/drain/override.js';
import type { PeerDrain } from '../../src/model/drain/peer-drain.js';
import type { PeerOverride } from '../../src/model/drain/peer-override.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import type { DestinationKey, ForwardingMethod, ServiceKey } from '../../src/model/service.js';
import { StreamEncoder } from '../../src/wire/sync/stream-encoder.js';
import { GOODBYE_REASONS, ITEM_REFUSALS, StreamLayout, type StreamRecord } from '../../src/wire/sync/stream-record.js';
import { connectionStates } from '../../src/wire/sync/sync-entry.js';
import { ip } from './ip.js';
import fc from './properties.js';
import { type AnyItem, type AnyRecord, encodeAll, type ItemRecord, type StreamConnection, type StreamTemplate } from './stream-objects.js';
import { half, ipv4, ipv6, word } from './wire-generators.js';

const addressOf = (family: Family): fc.Arbitrary<Address> => (family === 'inet' ? ipv4 : ipv6);
const endpointOf = (family: Family): fc.Arbitrary<DestinationKey> =>
  fc.record({ address: addressOf(family), port: half }, { noNullPrototype: true });
const families = fc.constantFrom<Family>('inet', 'inet6');
const anyEndpoint = families.chain(endpointOf);
const methods = fc.constantFrom<ForwardingMethod>('masq', 'local', 'tunnel', 'route', 'fullnat');
const seconds = fc.nat(StreamLayout.secondsMax);
const shift = fc.record({ initial: word, delta: word, previousDelta: word }, { noNullPrototype: true });

const services = (family: Family): fc.Arbitrary<ServiceKey> =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom('tcp', 'udp', 'sctp'), endpointOf(family))
      .map(([protocol, endpoint]): ServiceKey => ({ kind: 'address', protocol, ...endpoint })),
    word.filter((mark) => mark > 0).map((mark): ServiceKey => ({ kind: 'fwmark', family, mark })),
  );

const part = <T>(name: string, values: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  fc.option(values, { nil: undefined }).map((value) => (value === undefined ? {} : { [name]: value }));
const seen = part('seen', fc.record({ answered: fc.boolean(), proven: fc.boolean() }, { noNullPrototype: true }));

export const connections: fc.Arbitrary<StreamConnection> = families.chain((family) =>
  fc
    .record({
      service: services(family),
      destination: anyEndpoint,
      client: endpointOf(family),
      other: endpointOf(family),
      protocol: fc.constantFrom(IpProtocol.tcp, IpProtocol.udp, IpProtocol.sctp),
      serverPort: fc.option(half, { nil: undefined }),
      method: methods,
      state: fc.nat(255),
      seconds,
      seen,
      sequence: part('sequence', fc.record({ in: shift, out: shift }, { noNullPrototype: true })),
      local: part('local', anyEndpoint),
      reply: part('reply', fc.tuple(fc.nat(255), fc.nat(255), fc.nat(0xffff_ffff))),
    })
    .map(({ service, destination, client, other, serverPort, method, state, ...more }): StreamConnection => {
      const isOwn = service.kind === 'fwmark' || serverPort !== undefined;
      const protocol = service.kind === 'fwmark' ? more.protocol : IpProtocol[service.protocol];
      return {
        kind: 'connection',
        service,
        destination,
        connection: {
          protocol,
          client,
          virtual: isOwn ? other : { address: service.address, port: service.port },
          server: { address: destination.address, port: serverPort ?? destination.port },
          mark: service.kind === 'fwmark' ? service.mark : 0,
          method,
          state: state % connectionStates(protocol),
          seconds: more.seconds,
          timeout: 0,
          late: false,
          ...more.seen,
        },
        ...more.sequence,
        ...more.local,
        ...more.reply,
      };
    }),
);

export const templates: fc.Arbitrary<StreamTemplate> = families.chain((family) =>
  fc
    .record({
      service: services(family),
      destination: anyEndpoint,
      client: addressOf(family),
      portless: fc.boolean(),
      method: methods,
      assured: fc.boolean(),
      seconds,
      timeout: seconds,
      call: part('callId', fc.uint8Array({ minLength: 1, maxLength: StreamLayout.callIdMax })),
    })
    .map(({ service, destination, portless, call, ...more }): StreamTemplate => {
      const nowhere = { address: { family, words: family === 'inet' ? [0] : [0, 0, 0, 0] }, port: 0 };
      const isMark = service.kind === 'fwmark';
      const virtual = isMark ? nowhere : { address: service.address, port: portless ? 0 : service.port };
      const isPortless = portless || (virtual.port === 0 && destination.port === 0);
      return {
        kind: 'template',
        service,
        destination,
        template: {
          protocol: isMark ? 0 : IpProtocol[service.protocol],
          virtual,
          server: { address: destination.address, port: isPortless ? 0 : destination.port },
          mark: isMark ? service.mark : 0,
          ...more,
        },
        ...call,
      };
    }),
);

const number = fc.nat(0xffff_ffff_ffff);

const itemRecords: fc.Arbitrary<ItemRecord> = fc
  .tuple(
    fc.constantFrom<ItemRecord['kind'][]>('item', 'delete'),
    fc.oneof(connections, templates),
    fc.nat(StreamLayout.idleMax),
    fc.constantFrom(0, 7, 0xffff_ffff),
  )
  .map(([kind, item, idle, sent]) => ({ kind, item, idle, sent }));

const drainTargets = fc.oneof(
  families
    .chain((family) => fc.tuple(services(family), endpointOf(family)))
    .map(([of, key]): string => drainTargetWord({ kind: 'server', service: of, server: key })),
  anyEndpoint.map((key): string => drainTargetWord({ kind: 'address', ...key })),
  families.chain(services).map((of): string => drainTargetWord({ kind: 'service', service: of })),
);
const drainMs = fc.nat(StreamLayout.secondsMax * 1000);

const drains: fc.Arbitrary<PeerDrain> = fc.record(
  {
    uid: fc.stringMatching(/^[0-9a-f]{16}$/),
    version: word,
    target: drainTargets,
    also: fc.array(drainTargets, { maxLength: 5 }),
    persistence: fc.constantFrom('honour', 'release'),
    end: fc.constantFrom('keep', 'remove', 'reset'),
    state: fc.constantFrom('draining', 'empty', 'deadline', 'cancelled'),
    startedAt: fc.nat(2 ** 41).map((ms) => new Date(ms).toISOString()),
    ageMs: word,
    leftMs: drainMs,
    honourLeftMs: drainMs,
    settleMs: drainMs,
    idleMs: drainMs,
    released: fc.boolean(),
    slowStartLeftMs: drainMs,
  },
  { noNullPrototype: true },
);

const lines = fc.string({ unit: 'grapheme', maxLength: 50 }).filter((text) => !/\p{Cc}/u.test(text));
const overrides: fc.Arbitrary<PeerOverride> = fc
  .tuple(
    drainTargets,
    word.map((version) => Math.max(1, version)),
    drainMs,
    fc.constantFrom(...ADMIN_STATES, undefined),
    lines,
    lines,
  )
  .map(([target, version, leftMs, state, owner, reason]): PeerOverride => {
    if (state === undefined) return { target, version, leftMs, override: null };
    const weight = state === 'ready' ? version % 65_536 : null;
    const since = new Date(leftMs).toISOString();
    return { target, version, leftMs: version % 2 === 0 ? null : leftMs, override: { state, weight, reason, owner, since } };
  });

const plainRecords: fc.Arbitrary<StreamRecord> = fc.oneof(
  fc
    .tuple(fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/), fc.stringMatching(/^[0-9a-f]{16}$/))
    .map(([node, id]): StreamRecord => ({ kind: 'hello', node, id })),
  fc.tuple(word, fc.boolean()).map(([sent, whole]): StreamRecord => ({ kind: 'beat', sent, whole })),
  number.map((count): StreamRecord => ({ kind: 'ack', count })),
  fc
    .tuple(number, word, fc.constantFrom(...ITEM_REFUSALS))
    .map(([at, count, reason]): StreamRecord => ({ kind: 'refused', number: at, count, reason })),
  fc.constant<StreamRecord>({ kind: 'again' }),
  fc.constantFrom(...GOODBYE_REASONS).map((reason): StreamRecord => ({ kind: 'goodbye', reason })),
  fc.tuple(number, number, word).map(([count, sum, lost]): StreamRecord => ({ kind: 'digest', count, sum, lost })),
  fc.tuple(number, number, word, word, word, word).map(
    ([count, sum, unbound, full, port, unsupported]): StreamRecord => ({
      kind: 'compared',
      count,
      sum,
      lacking: { unbound, full, port, unsupported },
    }),
  ),
  fc.stringMatching(/^[0-9a-f]{16}$/).map((id): StreamRecord => ({ kind: 'tables', id })),
  drains.map((drain): StreamRecord => ({ kind: 'drain', drain })),
  overrides.map((override): StreamRecord => ({ kind: 'override', override })),
);

export const sampleHello: StreamRecord = { kind: 'hello', node: 'lb1', id: '0123456789abcdef' };

/** What one node sends another in a connection. */
export const conversations = fc
  .array(fc.oneof<fc.Arbitrary<AnyRecord>[]>(itemRecords, plainRecords), { maxLength: 30 })
  .map((all) => [sampleHello, ...all]);

const service: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 };
const server = { address: ip('10.0.0.2'), port: 8080 };

/** 198.51.100.7:40000 to 192.0.2.1:80, by masquerading to 10.0.0.2:8080, established, 900 s. */
export const sampleConnection: StreamConnection = {
  kind: 'connection',
  service,
  destination: server,
  connection: {
    protocol: IpProtocol.tcp,
    client: { address: ip('198.51.100.7'), port: 40_000 },
    virtual: { address: service.address, port: service.port },
    server,
    mark: 0,
    method: 'masq',
    state: 1,
    seconds: 900,
    timeout: 0,
    late: false,
    seen: { answered: true, proven: false },
  },
};

const sampleTemplate: StreamTemplate = {
  kind: 'template',
  service,
  destination: server,
  template: {
    protocol: IpProtocol.tcp,
    client: ip('198.51.100.0'),
    virtual: { address: service.address, port: service.port },
    server,
    mark: 0,
    method: 'masq',
    assured: true,
    seconds: 300,
    timeout: 360,
  },
  callId: new TextEncoder().encode('call@example'),
};

const byMark: AnyItem = {
  ...sampleConnection,
  service: { kind: 'fwmark', family: 'inet', mark: 5 },
  connection: { ...sampleConnection.connection, mark: 5 },
  sequence: { in: { initial: 1, delta: 2, previousDelta: 3 }, out: { initial: 4, delta: 5, previousDelta: 6 } },
  local: { address: ip('2001:db8::9'), port: 1024 },
  reply: [1, 2, 0xffff_fffe],
};

export const sampleDrain: PeerDrain = {
  uid: 'fedcba9876543210',
  version: 3,
  target: 'tcp:192.0.2.1:80/10.0.0.2:8080',
  also: ['tcp:192.0.2.1:443/10.0.0.2:8443'],
  persistence: 'honour',
  end: 'remove',
  state: 'draining',
  startedAt: '2026-11-27T16:30:00.123Z',
  ageMs: 1000,
  leftMs: 300_000,
  honourLeftMs: 60_000,
  settleMs: 2000,
  idleMs: 30_000,
  released: false,
  slowStartLeftMs: 0,
};

export const sampleOverride: PeerOverride = {
  target: '10.0.0.2:8080',
  version: 4,
  leftMs: null,
  override: { state: 'maintenance', weight: null, reason: 'neue Platten für 磁盘', owner: 'ops', since: '2026-11-27T16:30:00.123Z' },
};

/** One of each kind. */
export const sampleRecords: readonly AnyRecord[] = [
  sampleHello,
  ...[sampleConnection, byMark, sampleTemplate].map((item, index): AnyRecord => ({ kind: 'item', item, idle: 100 * index, sent: 5 })),
  { kind: 'delete', item: sampleConnection, idle: 0, sent: 6 },
  { kind: 'delete', item: sampleTemplate, idle: StreamLayout.idleMax, sent: 7 },
  { kind: 'beat', sent: 0xffff_ffff, whole: true },
  { kind: 'ack', count: 0xffff_ffff_ffff },
  { kind: 'refused', number: 12, count: 3, reason: 'full' },
  { kind: 'again' },
  { kind: 'digest', count: 7, sum: 0xffff_ffff_ffff, lost: 2 },
  { kind: 'compared', count: 7, sum: 1, lacking: { unbound: 1, full: 0, port: 2, unsupported: 0xffff_ffff } },
  { kind: 'drain', drain: sampleDrain },
  { kind: 'override', override: sampleOverride },
  { kind: 'tables', id: 'fedcba9876543210' },
  { kind: 'goodbye', reason: 'stop' },
];

export const sampleStream = (): Uint8Array => encodeAll(new StreamEncoder(), sampleRecords);
