// Objects of Kubernetes → services: Service with its EndpointSlices, as kubectl prints them. Without an API server: what is in the text counts.
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { failureLine, WeirError } from '../../model/errors/weir-error.js';
import { widestNetmask } from '../../model/identity.js';
import type { Protocol } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import { parseVip } from '../../model/vip-address.js';
import { type Place, readYaml, type YamlValue } from '../weir/yaml-value.js';
import { eachServerOnce } from './each-once.js';
import { type At, ImportReport } from './import-report.js';
import type { Imported, ImportedDestination, ImportOptions } from './imported.js';
import { ObjectReader } from './json-object.js';
import { serverAt } from './proxies.js';

const [DOCUMENTS_MAX, AFFINITY_S, AFFINITY_MAX_S, CHECK_INTERVAL_S] = [10_000, 10_800, 86_400, 10];

interface Placed {
  readonly object: ObjectReader;
  readonly at: At;
}

const nameOf = (object: ObjectReader): string =>
  `${object.of('metadata', 'namespace').text ?? 'default'}/${object.of('metadata', 'name').text ?? ''}`;

const plainOf = (value: YamlValue): unknown => {
  if (value.kind === 'list') return value.items.map(plainOf);
  return value.kind === 'map' ? Object.fromEntries(value.entries.map(({ key, value: inner }) => [key, plainOf(inner)])) : value.value;
};

/** Of YAML, with the line in front of each. */
function documentsOf(text: string): readonly { readonly text: string; readonly before: number }[] {
  const lines = text.split('\n');
  const ends = lines.flatMap((line, index) => (/^---(\s|$)/.test(line) ? [index] : []));
  const begins = [0, ...ends.map((index) => index + 1)];
  return begins.map((begin, at) => ({ text: lines.slice(begin, ends[at] ?? lines.length).join('\n'), before: begin }));
}

/** Documents of YAML or JSON, and the items of lists in them. */
function objectsOf(file: string, text: string): readonly Placed[] {
  const documents = documentsOf(text);
  if (documents.length > DOCUMENTS_MAX)
    throw new WeirError('import-syntax', { file, line: 1, what: `more than ${DOCUMENTS_MAX} documents` });
  return documents.flatMap((document) => {
    const { value, faults } = readYaml(document.text);
    const [fault] = faults;
    if (value === undefined || fault !== undefined)
      throw new WeirError('import-syntax', {
        file,
        line: document.before + (fault?.at.line ?? 1),
        what: fault === undefined ? 'nothing can be read' : failureLine(fault.failure),
      });
    const whole = new ObjectReader(plainOf(value));
    const items = whole.of('items').list;
    const placed = items.length === 0 || value.kind !== 'map' ? [{ object: whole, at: value.at }] : placesOfItems(value, items);
    return placed
      .filter(({ object }) => object.of('kind').text !== undefined)
      .map(({ object, at }) => ({
        object,
        at: { file, line: document.before + at.line, text: `${object.of('kind').text} ${nameOf(object)}` },
      }));
  });
}

function placesOfItems(
  { entries }: Extract<YamlValue, { kind: 'map' }>,
  items: readonly ObjectReader[],
): readonly { readonly object: ObjectReader; readonly at: Place }[] {
  const list = entries.find(({ key }) => key === 'items')?.value;
  return items.map((object, index) => ({
    object,
    at: (list?.kind === 'list' ? list.items[index]?.at : undefined) ?? { line: 1, column: 1 },
  }));
}

/** Addresses that clients use: of the load balancer, external ones, and the cluster's where there are no others. */
function vipsOf(service: ObjectReader): readonly string[] {
  const balancer = service.of('status', 'loadBalancer', 'ingress').list.flatMap((each) => each.of('ip').text ?? []);
  const asked = service.of('spec', 'loadBalancerIP').text;
  const outside = [
    ...balancer,
    ...service.of('spec', 'externalIPs').list.flatMap((each) => each.text ?? []),
    ...(asked === undefined ? [] : [asked]),
  ];
  const cluster = [service.of('spec', 'clusterIP').text ?? '', ...service.of('spec', 'clusterIPs').list.flatMap((each) => each.text ?? [])];
  return [...new Set(outside.length > 0 ? outside : cluster.filter((text) => text !== '' && text !== 'None'))];
}

const protocolOf = (port: ObjectReader): Protocol | undefined => {
  const name = (port.of('protocol').text ?? 'TCP').toLowerCase();
  return name === 'tcp' || name === 'udp' || name === 'sctp' ? name : undefined;
};

/** An endpoint may be in several slices, while it moves from one to another: that it is ready in one of them counts. */
const moreReady = (before: ImportedDestination, one: ImportedDestination): ImportedDestination =>
  before.spec.weight < one.spec.weight ? one : before;

class Kubernetes {
  readonly report = new ImportReport();

  constructor(
    readonly slices: readonly Placed[],
    readonly options: ImportOptions,
  ) {}

  service({ object, at }: Placed): void {
    const { report } = this;
    const vips = vipsOf(object);
    if (object.of('spec', 'type').text === 'ExternalName' || vips.length === 0) {
      report.add(at, 'refused', '', 'no service is made: it has no address of its own', 'metadata of a headless service are for DNS');
      return;
    }
    for (const name of object.of('metadata', 'annotations').names) report.lost({ ...at, text: name }, 'annotations decide nothing here');
    this.#policies(object, at);
    const own = this.slices.filter(
      ({ object: slice }) =>
        slice.of('metadata', 'labels', 'kubernetes.io/service-name').text === object.of('metadata', 'name').text &&
        slice.of('metadata', 'namespace').text === object.of('metadata', 'namespace').text,
    );
    if (own.length === 0)
      report.add(
        at,
        'approximated',
        'a service without servers',
        'clients are refused: no EndpointSlice of it is in the file',
        'kubectl get services,endpointslices -A -o yaml',
      );
    const addressed = own.filter(({ object: slice }) => slice.of('addressType').text !== 'FQDN');
    for (const vip of vips) for (const port of object.of('spec', 'ports').list) this.#port(object, at, vip, port, addressed);
    this.#unused(object, at, vips, own);
  }

  /** What nothing of the above is made of. */
  #unused(object: ObjectReader, at: At, vips: readonly string[], slices: readonly Placed[]): void {
    const { report } = this;
    const families = new Set(vips.flatMap((vip) => parseAddress(vip)?.family ?? []));
    for (const { object: slice, at: ofSlice } of slices) {
      const type = slice.of('addressType').text ?? '';
      const family = type === 'IPv6' ? 'inet6' : 'inet';
      if (type === 'FQDN') report.add(ofSlice, 'refused', '', 'its endpoints get no connections: names are not looked up');
      else if (!families.has(family)) report.lost(ofSlice, `its endpoints get no connections: the Service has no address of ${type}`);
    }
    for (const port of object.of('spec', 'ports').list) {
      const node = port.of('nodePort').number;
      if (node !== undefined && node > 0) report.lost({ ...at, text: `nodePort ${node}` }, 'no node of the cluster is reached by it here');
    }
    const cluster = object.of('spec', 'clusterIP').text ?? 'None';
    if (cluster !== 'None' && !vips.includes(cluster))
      report.lost(
        { ...at, text: `clusterIP ${cluster}` },
        'no service is made of it, since there are addresses for clients outside: those in the cluster go on by its own way',
      );
  }

  #policies(object: ObjectReader, at: At): void {
    const policy = object.of('spec', 'externalTrafficPolicy').text;
    if (policy === 'Local')
      this.report.add(
        { ...at, text: 'externalTrafficPolicy: Local' },
        'equivalent',
        "clients' addresses are kept",
        'servers of all nodes have connections',
      );
    if (object.of('spec', 'loadBalancerSourceRanges').list.length > 0)
      this.report.lost(
        { ...at, text: 'loadBalancerSourceRanges' },
        'clients are not refused by it: the packet filter of the host can refuse them',
      );
  }

  #port(object: ObjectReader, at: At, vip: string, port: ObjectReader, slices: readonly Placed[]): void {
    const { report } = this;
    const [address, number, protocol] = [parseVip(vip), port.of('port').number, protocolOf(port)];
    if (address === undefined || number === undefined || protocol === undefined) {
      report.add(at, 'refused', '', `no service is made of ${vip} port ${port.of('port').number ?? '?'}`);
      return;
    }
    const place = { address, port: number };
    const key = { kind: 'address', protocol, ...place } as const;
    const affinity = object.of('spec', 'sessionAffinity').text === 'ClientIP';
    const timeout = object.of('spec', 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds').number ?? AFFINITY_S;
    report.add(at, 'equivalent', serviceWord(key));
    const destinations = eachServerOnce(
      slices.flatMap((slice) => this.#endpoints(slice, port, place)),
      moreReady,
    );
    if (destinations.length === 0 && slices.length > 0)
      report.add(at, 'approximated', '', `${serviceWord(key)} has no server: clients are refused: no endpoint is ready for its port`);
    report.service(at, {
      spec: {
        key,
        scheduler: 'rr',
        schedFlags: 0,
        onePacket: false,
        ...(affinity
          ? { persistence: { timeout: Math.min(Math.max(timeout, 1), AFFINITY_MAX_S), netmask: widestNetmask(address.family) } }
          : {}),
      },
      destinations,
      checkInterval: CHECK_INTERVAL_S,
      keepsFailed: false,
    });
  }

  /** Those that end have no new connections; those that are not ready have none at all. */
  #endpoints(
    { object, at }: Placed,
    port: ObjectReader,
    place: { readonly address: { readonly family: string } & NonNullable<ReturnType<typeof parseAddress>>; readonly port: number },
  ): readonly ImportedDestination[] {
    const { report, options } = this;
    const named = object.of('ports').list.find((each) => (each.of('name').text ?? '') === (port.of('name').text ?? ''));
    const target = named?.of('port').number;
    if (target === undefined) return [];
    return object.of('endpoints').list.flatMap((endpoint): readonly ImportedDestination[] => {
      const isReady = endpoint.of('conditions', 'ready').flag ?? true;
      const isEnding = endpoint.of('conditions', 'terminating').flag === true && endpoint.of('conditions', 'serving').flag !== false;
      if (!isReady && !isEnding) {
        const text = endpoint.of('addresses').list.map((each) => each.text ?? '?');
        report.add(
          { ...at, text: text.join(' ') },
          'equivalent',
          'no server',
          'it is not ready, and has no connections in the cluster either',
        );
        return [];
      }
      return endpoint.of('addresses').list.flatMap((each): readonly ImportedDestination[] => {
        const address = parseAddress(each.text ?? '');
        if (address === undefined) {
          report.add(at, 'refused', '', `${each.text ?? 'an endpoint'} gets no connections: it is no address`);
          return [];
        }
        if (address.family !== place.address.family) return [];
        report.add({ ...at, text: formatAddress(address) }, 'exact', isReady ? 'weight 1' : 'weight 0');
        const spec = serverAt({ at, address, port: target, weight: isReady ? 1 : 0 }, place, options, report);
        return spec === undefined ? [] : [{ spec, check: true }];
      });
    });
  }
}

/** @throws WeirError import-syntax */
export function importKubernetes(file: string, text: string, options: ImportOptions): Imported {
  const objects = objectsOf(file, text);
  const ofKind = (kind: string): readonly Placed[] => objects.filter(({ object }) => object.of('kind').text === kind);
  const importer = new Kubernetes(ofKind('EndpointSlice'), options);
  for (const service of ofKind('Service')) importer.service(service);
  for (const { object, at } of objects) {
    const kind = object.of('kind').text;
    if (kind !== 'Service' && kind !== 'EndpointSlice')
      importer.report.lost(at, 'no packet goes another way for it: services and their EndpointSlices are read');
  }
  return importer.report.done();
}
