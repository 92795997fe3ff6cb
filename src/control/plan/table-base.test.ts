import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../model/address-text.js';
import { serviceId } from '../../model/identity.js';
import { type DestinationSpec, PLAIN_TUNNEL, type ServiceSpec } from '../../model/service.js';
import { tableBase } from './table-base.js';

const ip = (text: string) => parseAddress(text) ?? assert.fail(text);
const timeouts = { tcp: 900, tcpFin: 120, udp: 300 };
const one: DestinationSpec = {
  ...{ address: ip('10.0.0.1'), port: 80, method: 'masq', weight: 1 },
  ...{ upperThreshold: 0, lowerThreshold: 0, tunnel: PLAIN_TUNNEL },
};
const two: DestinationSpec = { ...one, address: ip('10.0.0.2') };
const web: ServiceSpec = {
  key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 },
  ...{ scheduler: 'wlc', schedFlags: 0, onePacket: false },
};
type Entry = readonly [ServiceSpec, readonly DestinationSpec[]];
const baseOf = (services: readonly Entry[], times = timeouts, owners: readonly string[] = []): string =>
  tableBase({
    present: new Map(services.map(([spec, destinations]) => [serviceId(spec.key), { spec, destinations }] as const)),
    owners: new Map(owners.map((id) => [id, 'keepalived'] as const)),
    timeouts: times,
  });

const keyed = (key: Partial<Extract<ServiceSpec['key'], { kind: 'address' }>>): ServiceSpec => ({
  ...web,
  key: { ...web.key, ...key } as ServiceSpec['key'],
});
const mark = (family: 'inet' | 'inet6', number: number): ServiceSpec => ({ ...web, key: { kind: 'fwmark', family, mark: number } });

test('each setting of a service, of a server and of the table makes another name', () => {
  const tunnel = { ...one, method: 'tunnel' } as const;
  const fullnat = { ...one, method: 'fullnat' } as const;
  const servers: readonly DestinationSpec[] = [
    ...[one, { ...one, weight: 2 }, { ...one, upperThreshold: 1 }, { ...one, lowerThreshold: 1 }, { ...one, port: 81 }, two],
    ...[
      { ...one, method: 'route' as const },
      { ...one, address: ip('::ffff:10.0.0.1') },
    ],
    ...[tunnel, { ...tunnel, tunnel: { ...PLAIN_TUNNEL, type: 'gre' as const } }],
    ...[{ ...tunnel, tunnel: { type: 'gue' as const, port: 6080, checksum: 'nocsum' as const } }],
    ...[{ ...tunnel, tunnel: { type: 'gue' as const, port: 6081, checksum: 'nocsum' as const } }],
    ...[{ ...tunnel, tunnel: { type: 'gue' as const, port: 6080, checksum: 'csum' as const } }],
    ...[
      { ...fullnat, localAddresses: [ip('10.0.0.9')] },
      { ...fullnat, localAddresses: [ip('10.0.0.9'), ip('10.0.0.8')] },
    ],
    ...[{ ...fullnat, localAddresses: [ip('10.0.0.9')], clientAddress: 'toa' as const }],
  ];
  const persistence = { timeout: 300, netmask: 0xffff_ffff };
  const services: readonly ServiceSpec[] = [
    ...[keyed({ port: 81 }), keyed({ protocol: 'udp' }), keyed({ address: ip('192.0.2.2') }), keyed({ address: ip('::192.0.2.1') })],
    ...[
      { ...web, scheduler: 'rr' },
      { ...web, schedFlags: 1 },
      { ...web, onePacket: true },
      { ...web, idleEngine: 'sip' as const },
    ],
    ...[
      { ...web, persistence },
      { ...web, persistence: { ...persistence, timeout: 301 } },
    ],
    ...[
      { ...web, persistence: { ...persistence, netmask: 0xffff_ff00 } },
      { ...web, persistence: { ...persistence, engine: 'sip' as const } },
    ],
    ...[mark('inet', 1), mark('inet', 2), mark('inet6', 1)],
  ];
  const names = [
    ...servers.map((server) => baseOf([[web, [server]]])),
    ...services.map((service) => baseOf([[service, [one]]])),
    ...[baseOf([]), baseOf([[web, []]]), baseOf([[web, [one, two]]])],
    ...(['tcp', 'tcpFin', 'udp'] as const).map((name) => baseOf([], { ...timeouts, [name]: 1 })),
    baseOf([
      [web, [one]],
      [keyed({ port: 81 }), [two]],
    ]),
    baseOf([
      [web, [two]],
      [keyed({ port: 81 }), [one]],
    ]),
  ];
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[0-9a-f]{16}$/);
});

test('the order makes none, nor do services of others', () => {
  const other: Entry = [keyed({ port: 81 }), [one]];
  const both: readonly Entry[] = [[web, [one, two]], other];
  assert.equal(baseOf(both), baseOf([other, [web, [two, one]]]));
  assert.equal(baseOf([[web, [one, two]]]), baseOf(both, timeouts, [serviceId(other[0].key)]));
  assert.equal(baseOf([[web, [{ ...one, localAddresses: [] }]]]), baseOf([[web, [one]]]));
});
