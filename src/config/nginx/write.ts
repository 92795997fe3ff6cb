// The model as an nginx.conf for `weir engine`, with a line for what nginx does not have.
import { endpointText } from '../../model/endpoint-text.js';
import { defaultClientLimits } from '../../model/layer7/defaults.js';
import type { Host, HostName } from '../../model/layer7/host.js';
import type { ClientLimits, Layer7 } from '../../model/layer7/layer7.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { Route } from '../../model/layer7/route.js';
import { distinctLosses, type EngineLoss, type ReportEngineLoss } from '../engine/engine-loss.js';
import { ENGINE_MARKER, type EngineCertificate, type EngineOptions, type EngineText, NO_UPGRADE } from '../engine/engine-options.js';
import { hostNameText, subnetText } from '../weir/units.js';
import { hasConditions, locationLines } from './write-location.js';
import { upstreamLines } from './write-upstream.js';
import { quoted, timeWord } from './write-words.js';

/** Requests that nginx would repeat after they were sent and weir does not: of POST, LOCK and PATCH nginx knows that itself. */
const ONCE = `map $request_method $weir_once { default 1; ${['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'LOCK', 'PATCH'].map((method) => `"${method}" "";`).join(' ')} }`;
/** Whether a connection comes from where no PROXY header may come from. */
const untrusted = ({ listeners }: Layer7, listener: Listener): string => `$weir_untrusted_${listeners.indexOf(listener)}`;
/** What a decoded path has where a client wrote ends of lines into it: `$uri`, `$1` and the like would pass them on. */
const NO_CONTROLS = 'if ($uri ~ "[\\x00-\\x1f\\x7f]") { return 400; }';
/** Listeners, logs and the like, of one process. */
const OTHER_DESCRIPTORS = 256;

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

const covers = (certificate: EngineCertificate, name: HostName): boolean => {
  const text = name.kind === 'expression' ? '' : hostNameText(name).replace(/^\./, '');
  return certificate.names.includes(text) || certificate.names.includes(text.replace(/^[^.*]+\./, '*.'));
};

/** The certificates for a name: one of each type of key. */
function certificatesFor(all: readonly EngineCertificate[], name: HostName | undefined): readonly EngineCertificate[] {
  const first = all.find((one) => name !== undefined && covers(one, name)) ?? all[0];
  const same = all.filter(({ names }) => names.toSorted().join() === first?.names.toSorted().join());
  return same.filter(({ keyType }, index) => same.findIndex((one) => one.keyType === keyType) === index);
}

class NginxWriter {
  readonly losses: EngineLoss[] = [];
  readonly #report: ReportEngineLoss = (where, why) => void this.losses.push({ where, why });
  readonly #defaults: ReadonlyMap<string, Host | undefined>;

  constructor(
    readonly model: Layer7,
    readonly options: EngineOptions,
  ) {
    const { hosts, listeners } = model;
    const onListener = (name: string): readonly Host[] => hosts.filter((host) => host.listeners.includes(name));
    this.#defaults = new Map(
      listeners.map(({ name }) => [name, onListener(name).find(({ defaultOn }) => defaultOn.includes(name)) ?? onListener(name)[0]]),
    );
  }

  #limits({ headMaxBytes, fieldsMax, ...limits }: ClientLimits): readonly string[] {
    if (fieldsMax !== defaultClientLimits.fieldsMax) this.#report('layer7.limits.fields_max', 'nginx does not count fields');
    return [
      `large_client_header_buffers 4 ${headMaxBytes};`,
      `client_header_timeout ${timeWord(limits.headTimeoutUs)};`,
      `client_body_timeout ${timeWord(limits.bodyTimeoutUs)};`,
      `send_timeout ${timeWord(limits.sendTimeoutUs)};`,
      `keepalive_timeout ${timeWord(limits.keepAliveUs)};`,
      `keepalive_requests ${limits.keepAliveRequests};`,
    ];
  }

  /** A server block of one listener; hosts whose names have several certificates need several. */
  #server(host: Host, listener: Listener, names: readonly HostName[], certificates: readonly EngineCertificate[]): readonly string[] {
    const { tls, proxyFrom, name } = listener;
    const isDefault = this.#defaults.get(name) === host && (names.length === 0 || names[0] === host.names[0]);
    const flags = [
      // shared with a proxy or an engine whose place it takes
      ...(isDefault ? ['default_server', 'reuseport'] : []),
      ...(tls === undefined ? [] : ['ssl']),
      ...(tls?.http2 ? ['http2'] : []),
      ...(proxyFrom.length === 0 ? [] : ['proxy_protocol']),
    ];
    const where = `layer7.hosts, ${host.label}`;
    const answersAll = host.routes.some(({ match }) => match.path.kind === 'prefix' && match.path.path === '/' && !hasConditions(match));
    return [
      'server {',
      ...indented([
        `listen ${[endpointText(listener), ...flags].join(' ')};`,
        ...(names.length === 0 ? [] : [`server_name ${names.map((one) => quoted(hostNameText(one))).join(' ')};`]),
        ...certificates.flatMap(({ file, keyFile }) => [`ssl_certificate ${quoted(file)};`, `ssl_certificate_key ${quoted(keyFile)};`]),
        ...(tls === undefined ? [] : [`ssl_protocols ${tls.minVersion === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2 TLSv1.3'};`]),
        ...(proxyFrom.length === 0
          ? []
          : [
              'real_ip_header proxy_protocol;',
              `if (${untrusted(this.model, listener)}) { return 444; }`,
              ...proxyFrom.map((one) => `set_real_ip_from ${subnetText(one)};`),
            ]),
        NO_CONTROLS,
        ...host.routes.flatMap((route, index) =>
          locationLines(route, where, { once: `@once_${index}`, servers: this.#serversOf(route) }, this.#report),
        ),
        // without any location nginx would look for files
        ...(answersAll ? [] : ['location "/" { return 404; }']),
      ]),
      '}',
    ];
  }

  #serversOf({ action }: Route): number {
    return this.model.pools.find(({ name }) => action.kind === 'pool' && name === action.pool)?.servers.length ?? 0;
  }

  #servers(host: Host): readonly string[] {
    return host.listeners.flatMap((name) => {
      const listener = this.model.listeners.find((one) => one.name === name);
      if (listener === undefined) return [];
      const all = this.options.certificates[name] ?? [];
      const groups = new Map<string, { readonly names: HostName[]; readonly certificates: readonly EngineCertificate[] }>();
      for (const one of host.names.length === 0 ? [undefined] : host.names) {
        const certificates = certificatesFor(all, one);
        const key = certificates.map(({ file }) => file).join(' ');
        const group = groups.get(key) ?? { names: [], certificates };
        if (one !== undefined) group.names.push(one);
        groups.set(key, group);
      }
      return [...groups.values()].flatMap(({ names, certificates }) => this.#server(host, listener, names, certificates));
    });
  }

  text(): string {
    const { folder, workers, log } = this.options;
    const { pools, hosts, limits } = this.model;
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${quoted(`${folder}/${name}`)};`,
    );
    const http = [
      log === undefined ? 'access_log off;' : `access_log ${quoted(log)} combined;`,
      ...temporary,
      'server_tokens off;',
      'default_type text/plain;',
      ...this.#limits(limits),
      `map $http_upgrade $weir_upgrade { default $http_upgrade; "~*${NO_UPGRADE}" ""; }`,
      `map $http_upgrade $weir_connection { default "upgrade"; "" ""; "~*${NO_UPGRADE}" ""; }`,
      ONCE,
      ...this.model.listeners
        .filter(({ proxyFrom }) => proxyFrom.length > 0)
        .map((one) => {
          const trusted = one.proxyFrom.map((subnet) => `${subnetText(subnet)} "";`);
          return `geo $realip_remote_addr ${untrusted(this.model, one)} { default 1; ${trusted.join(' ')} }`;
        }),
      ...pools.flatMap((pool) =>
        upstreamLines(
          pool,
          this.options.orders.find((order) => order.pool === pool.name),
          this.#report,
        ),
      ),
      ...hosts.flatMap((host) => this.#servers(host)),
    ];
    return [
      ENGINE_MARKER,
      `worker_processes ${workers === 0 ? 'auto' : workers};`,
      `pid ${quoted(`${folder}/nginx.pid`)};`,
      'error_log stderr warn;',
      'daemon off;',
      `worker_rlimit_nofile ${2 * limits.connectionsMax + OTHER_DESCRIPTORS};`,
      `events { worker_connections ${2 * limits.connectionsMax}; }`,
      'http {',
      ...indented(http),
      '}',
      '',
    ].join('\n');
  }
}

export function writeNginx(model: Layer7, options: EngineOptions): EngineText {
  const writer = new NginxWriter(model, options);
  const text = writer.text();
  return { text, losses: distinctLosses(writer.losses), companions: new Map(), generation: '' };
}
