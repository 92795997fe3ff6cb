// The section `layer7` of a weir.yaml as the model has it; what one value means for another is examined here.

import { endpointText } from '../../model/endpoint-text.js';
import { type Failure, failure } from '../../model/errors/weir-error.js';
import { defaultClientLimits } from '../../model/layer7/defaults.js';
import type { Host } from '../../model/layer7/host.js';
import type { ClientLimits, Layer7 } from '../../model/layer7/layer7.js';
import type { Listener, ListenerTls } from '../../model/layer7/listener.js';
import { type Action, type NamedMatch, type Route, WITHOUT_BODY } from '../../model/layer7/route.js';
import { nearest } from '../../model/nearest.js';
import type { HostKeys, Layer7Keys, LocationKeys, ProxyingKeys, TlsKeys } from './layer7-shape.js';
import { poolOf } from './pool-to-model.js';
import { proxyingOf } from './proxying-to-model.js';
import type { Report } from './shape.js';
import { hostNameText, locationText } from './units.js';

const missing = (what: string, name: string, known: readonly string[]): Failure =>
  failure('file-reference', { what, name, meant: nearest(name, known) });

/** Reports the second of two with one name. */
function unique<T>(list: readonly T[], nameOf: (one: T) => string, onSecond: (one: T, name: string) => void): void {
  const seen = new Set<string>();
  for (const one of list) {
    const name = nameOf(one);
    if (seen.has(name)) onSecond(one, name);
    seen.add(name);
  }
}

const matchesOf = (matches: LocationKeys['value']['headers']): readonly NamedMatch[] =>
  (matches ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [{ name, value }]));

/** Nothing where it is the default. */
const wayOf = (way: ProxyingKeys['way']): Pick<Route, 'way'> => (way === undefined || way === 'proxy' ? {} : { way });

/** What all hosts of a file share. */
class HostBuilder {
  constructor(
    readonly outer: ProxyingKeys,
    readonly listeners: readonly string[],
    readonly pools: readonly string[],
    readonly report: Report,
  ) {}

  #action({ value, at }: LocationKeys): Action | undefined {
    const { pool, redirect, return: answer, replace_prefix } = value;
    if ([pool, redirect, answer].filter((one) => one !== undefined).length !== 1) {
      this.report(at, failure('file-keys-exclude', { keys: 'pool, redirect and return' }));
    }
    if (pool !== undefined) {
      if (!this.pools.includes(pool.value)) this.report(pool.at, missing('pool', pool.value, this.pools));
      return { kind: 'pool', pool: pool.value, ...(replace_prefix === undefined ? {} : { replacePrefix: replace_prefix }) };
    }
    if (redirect?.value.to !== undefined) return { kind: 'redirect', status: redirect.value.status ?? 302, location: redirect.value.to };
    if (answer?.value.body !== undefined && WITHOUT_BODY.includes(answer.value.status ?? 0))
      this.report(
        answer.at,
        failure('file-value', { expected: `no body with the status ${answer.value.status}`, given: 'one', meant: undefined }),
      );
    if (answer?.value.status !== undefined) return { kind: 'status', status: answer.value.status, body: answer.value.body ?? [] };
    return undefined;
  }

  #route(keys: LocationKeys, host: ProxyingKeys): Route | undefined {
    const { value } = keys;
    const action = this.#action(keys);
    if (value.location === undefined || action === undefined) return undefined;
    return {
      match: {
        path: value.location,
        methods: value.methods ?? [],
        fields: matchesOf(value.headers).map(({ name, value: match }) => ({ name: name.toLowerCase(), value: match })),
        cookies: matchesOf(value.cookies),
        ...(value.sni === undefined ? {} : { sni: value.sni }),
      },
      action,
      proxying: proxyingOf([this.outer, host, value]),
      ...wayOf(value.way ?? host.way ?? this.outer.way),
    };
  }

  #examineLocations(locations: readonly LocationKeys[]): void {
    const bare = locations.filter(({ value }) => (value.methods ?? value.headers ?? value.cookies ?? value.sni) === undefined);
    unique(
      bare.flatMap(({ value, at }) => (value.location === undefined ? [] : [{ text: locationText(value.location), at }])),
      ({ text }) => text,
      ({ at }, name) => this.report(at, failure('file-twice', { what: 'the location', name })),
    );
  }

  host({ value }: HostKeys, index: number): Host {
    for (const { value: name, at } of value.listen ?? []) {
      if (!this.listeners.includes(name)) this.report(at, missing('listener', name, this.listeners));
    }
    const { passthrough } = value;
    if (passthrough !== undefined && !this.pools.includes(passthrough.value))
      this.report(passthrough.at, missing('pool', passthrough.value, this.pools));
    this.#examineLocations(value.locations ?? []);
    const names = value.server_name ?? [];
    const listeners = value.listen?.map((one) => one.value) ?? this.listeners;
    return {
      label: names[0] === undefined ? `host ${index + 1}` : hostNameText(names[0]),
      names,
      listeners,
      defaultOn: value.default_server === true ? listeners : [],
      routes: (value.locations ?? []).flatMap((keys) => this.#route(keys, value) ?? []),
      ...(passthrough === undefined ? {} : { passthrough: passthrough.value }),
    };
  }
}

function limitsOf(limits: Layer7Keys['limits']): ClientLimits {
  const given = limits?.value;
  const base = defaultClientLimits;
  return {
    headMaxBytes: given?.head_max ?? base.headMaxBytes,
    fieldsMax: given?.fields_max ?? base.fieldsMax,
    headTimeoutUs: given?.client_header_timeout ?? base.headTimeoutUs,
    bodyTimeoutUs: given?.client_body_timeout ?? base.bodyTimeoutUs,
    sendTimeoutUs: given?.send_timeout ?? base.sendTimeoutUs,
    keepAliveUs: given?.keepalive_timeout ?? base.keepAliveUs,
    keepAliveRequests: given?.keepalive_requests ?? base.keepAliveRequests,
    connectionsMax: given?.connections_max ?? base.connectionsMax,
  };
}

function tlsOf({ value }: TlsKeys): ListenerTls {
  const certificates = (value.certificates ?? []).flatMap(({ value: { ssl_certificate: chain, ssl_certificate_key: key } }) =>
    chain === undefined || key === undefined ? [] : [{ chain, key }],
  );
  return { certificates, minVersion: value.min_version ?? 'TLSv1.2', http2: value.http2 ?? false };
}

function listenerOf(name: string, keys: NonNullable<Layer7Keys['listeners']>[number]['value']): Listener | undefined {
  if (keys === undefined) return undefined;
  const { value } = keys;
  if (!('listen' in value)) {
    const { address, port } = value as Partial<Pick<Listener, 'address' | 'port'>>;
    return address === undefined || port === undefined ? undefined : { name, address, port, proxyFrom: [] };
  }
  if (value.listen === undefined) return undefined;
  const { listen, proxy_protocol_from, tls } = value;
  return { name, ...listen, proxyFrom: proxy_protocol_from ?? [], ...(tls === undefined ? {} : { tls: tlsOf(tls) }) };
}

function engineOf(engine: Layer7Keys['engine']): Pick<Layer7, 'engine'> {
  if (engine === undefined || engine === 'proxy') return {};
  if (typeof engine === 'string') return { engine: { name: engine, lossy: false } };
  const { name, lossy } = engine.value;
  return name === undefined ? {} : { engine: { name, lossy: lossy ?? false } };
}

/** Engines have nginx's format alone. */
function accessLogOf(log: Layer7Keys['access_log'], isEngine: boolean, report: Report): Pick<Layer7, 'accessLog'> {
  if (log === undefined) return {};
  if (typeof log === 'string') return { accessLog: { path: log, format: 'combined' } };
  const { path, format } = log.value;
  if (isEngine && format === 'json') report(log.at, failure('file-keys-exclude', { keys: 'an engine and the format json' }));
  return path === undefined ? {} : { accessLog: { path, format: format ?? 'combined' } };
}

export function layer7Of(keys: Layer7Keys, report: Report): Layer7 {
  const written = keys.listeners ?? [];
  const listeners = written.flatMap(({ name, value }) => listenerOf(name, value) ?? []);
  unique(listeners, endpointText, ({ name }, text) =>
    report(
      written.find((one) => one.name === name)?.at ?? { line: 1, column: 1 },
      failure('file-twice', { what: 'the address', name: text }),
    ),
  );
  const pools = (keys.pools ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [poolOf(name, value, report)]));
  const builder = new HostBuilder(
    keys,
    written.map(({ name }) => name),
    (keys.pools ?? []).map(({ name }) => name),
    report,
  );
  const hosts = (keys.hosts ?? []).map((host, index) => builder.host(host, index));
  const engine = engineOf(keys.engine);
  const accessLog = accessLogOf(keys.access_log, engine.engine !== undefined, report);
  return { listeners, hosts, pools, limits: limitsOf(keys.limits), ...engine, ...accessLog };
}
