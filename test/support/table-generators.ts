// Random tables: all that ipvsadm can make of services and servers.
import type { Family } from '../../src/model/address.js';
import { destinationId, serviceFamily, serviceId, widestNetmask } from '../../src/model/identity.js';
import { masquerades } from '../../src/model/masquerades.js';
import { schedulerFlags, schedulers } from '../../src/model/schedulers.js';
import { type DestinationSpec, PLAIN_TUNNEL, type ServiceKey, type ServiceSpec } from '../../src/model/service.js';
import type { DocumentService } from '../../src/model/table-document.js';
import { ip } from './ip.js';
import fc from './properties.js';

const plain = { noNullPrototype: true } as const;

/** Few, so that two tables have some in common. */
const addresses: Readonly<Record<Family, readonly string[]>> = {
  inet: ['192.0.2.1', '10.0.0.2', '10.0.0.3', '240.0.0.1', '198.51.100.77'],
  inet6: ['2001:db8::1', '2001:db8::2', 'fd00::3', '2001:db8:1:2:3:4:5:6'],
};
const addressOf = (family: Family) => fc.constantFrom(...addresses[family]).map(ip);
const families = fc.constantFrom<Family>('inet', 'inet6');
const ports = fc.constantFrom(0, 21, 80, 443, 65_535);

const keys: fc.Arbitrary<ServiceKey> = families.chain((family) =>
  fc.oneof(
    fc.record(
      {
        kind: fc.constant('address' as const),
        protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
        address: addressOf(family),
        port: ports,
      },
      plain,
    ),
    fc.record({ kind: fc.constant('fwmark' as const), family: fc.constant(family), mark: fc.constantFrom(1, 5, 0xffff_ffff) }, plain),
  ),
);

const netmasks = (family: Family) =>
  family === 'inet'
    ? fc.constantFrom(0xffff_ffff, 0xffff_ff00, 0xff00_ff00, 0xf000_0000, 0, 24)
    : fc.constantFrom(1, 64, 127, widestNetmask('inet6'));

const serviceSpecs: fc.Arbitrary<ServiceSpec> = keys.chain((key) =>
  fc
    .record(
      {
        scheduler: fc.constantFrom(...schedulers.filter(({ newerKernels }) => newerKernels === undefined).map(({ name }) => name)),
        schedFlags: fc.nat(7),
        persistence: fc.option(
          fc.record({
            timeout: fc.constantFrom(1, 60, 300, 360, 3601, 2_678_400),
            netmask: netmasks(serviceFamily(key)),
            engine: fc.option(fc.constant('sip'), { nil: undefined }),
          }),
          { nil: undefined },
        ),
        onePacket: fc.boolean(),
      },
      plain,
    )
    .map(({ scheduler, schedFlags, persistence, onePacket }) => {
      const needsPersistence = key.kind === 'address' && key.port === 0;
      const kept =
        persistence ?? (needsPersistence ? { timeout: 360, netmask: widestNetmask(serviceFamily(key)), engine: undefined } : undefined);
      const { engine, ...rest } = kept ?? {};
      return {
        key,
        scheduler,
        schedFlags: schedulerFlags(scheduler).length < 3 && schedFlags === 0 ? 0 : schedFlags,
        ...(kept === undefined
          ? {}
          : { persistence: { ...(rest as { timeout: number; netmask: number }), ...(engine === undefined ? {} : { engine }) } }),
        onePacket: onePacket && (key.kind === 'fwmark' || key.protocol === 'udp'),
      };
    }),
);

const numbers = fc.constantFrom(0, 1, 2, 100, 65_535, 0x7fff_ffff);
const tunnels = fc.oneof(
  fc.constant(PLAIN_TUNNEL),
  fc.record(
    {
      type: fc.constant('gue' as const),
      port: fc.constantFrom(1, 6080),
      checksum: fc.constantFrom('nocsum' as const, 'csum' as const, 'remcsum' as const),
    },
    plain,
  ),
  fc.record(
    { type: fc.constant('gre' as const), port: fc.constant(0), checksum: fc.constantFrom('nocsum' as const, 'csum' as const) },
    plain,
  ),
);

function forwarding({
  key,
  onePacket,
}: ServiceSpec): fc.Arbitrary<Omit<DestinationSpec, 'port' | 'weight' | 'upperThreshold' | 'lowerThreshold'>> {
  const family = serviceFamily(key);
  const untunnelled = fc.record(
    {
      address: addressOf(family),
      method: fc.constantFrom('masq' as const, 'route' as const, 'local' as const),
      tunnel: fc.constant(PLAIN_TUNNEL),
    },
    plain,
  );
  const tunnelled = fc.record({ address: families.chain(addressOf), method: fc.constant('tunnel' as const), tunnel: tunnels }, plain);
  const isReported = key.kind === 'fwmark' || key.protocol === 'tcp';
  const fullnat = fc
    .record(
      {
        address: addressOf(family),
        localAddresses: fc.uniqueArray(fc.constantFrom(...addresses[family]), { minLength: 1, maxLength: 3 }),
        clientAddress: fc.option(fc.constantFrom('toa' as const, 'proxy' as const), { nil: undefined }),
      },
      plain,
    )
    .map(({ address, localAddresses, clientAddress }) => ({
      ...{ address, method: 'fullnat' as const, tunnel: PLAIN_TUNNEL, localAddresses: localAddresses.map(ip) },
      ...(clientAddress === undefined || !isReported ? {} : { clientAddress }),
    }));
  return onePacket ? fc.oneof(untunnelled, tunnelled) : fc.oneof(untunnelled, tunnelled, fullnat);
}

const servers = (spec: ServiceSpec): fc.Arbitrary<DestinationSpec> =>
  fc.tuple(forwarding(spec), ports, numbers, fc.tuple(numbers, numbers)).map(([how, port, weight, [a, b]]) => ({
    ...how,
    port: spec.key.kind === 'address' && !masquerades(how) ? spec.key.port : port,
    weight,
    upperThreshold: Math.max(a, b),
    lowerThreshold: Math.min(a, b),
  }));

const services: fc.Arbitrary<DocumentService> = serviceSpecs.chain((spec) =>
  fc.uniqueArray(servers(spec), { selector: destinationId, maxLength: 4 }).map((destinations) => ({ spec, destinations })),
);

/** Each service once. */
export const tables: fc.Arbitrary<readonly DocumentService[]> = fc.uniqueArray(services, {
  selector: ({ spec }) => serviceId(spec.key),
  maxLength: 5,
});
