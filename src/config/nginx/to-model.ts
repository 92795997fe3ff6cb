// An nginx.conf as the model of layer 7, with a line for each directive that is not carried.
import { endpointText, parseEndpoint } from '../../model/endpoint-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { expressionFault } from '../../model/expression/regular-expression.js';
import { defaultClientLimits } from '../../model/layer7/defaults.js';
import type { Host, HostName } from '../../model/layer7/host.js';
import type { ClientLimits, Layer7 } from '../../model/layer7/layer7.js';
import type { Listener, ListenerTls } from '../../model/layer7/listener.js';
import type { Pool } from '../../model/layer7/pool.js';
import type { Action, PathMatch, Route } from '../../model/layer7/route.js';
import { readTemplate } from '../../model/layer7/template.js';
import type { DestinationKey } from '../../model/service.js';
import { faultText, readWeirFile } from '../weir/read.js';
import { hostNameText, parseDuration, parseHostName, parseListen, parseLocation } from '../weir/units.js';
import { writeWeirFile } from '../weir/write.js';
import { type Loss, Losses } from './losses.js';
import { type Directive, type NginxFile, parseNginx, type ReadIncluded } from './parse.js';
import { examineProxying, isAboutProxying, proxyingOf } from './proxying.js';
import { isAboutTls, joined, tlsOf } from './tls.js';
import { poolOfUpstream } from './upstream.js';

const poolName = (text: string): string => text.replace(/[^A-Za-z0-9_.-]+/g, '_').slice(0, 64);
const REDIRECTS = [301, 302, 303, 307, 308] as const;

/** The key of a `listen`: a port alone is on all addresses. */
function listenKey(word: string): DestinationKey | undefined {
  if (/^\d{1,5}$/.test(word)) return parseEndpoint(`0.0.0.0:${word}`);
  return parseListen(word.replace(/^\*:/, '0.0.0.0:'), 80);
}

class Importer {
  readonly losses = new Losses();

  /** `folder`: what relative paths of certificates begin at. */
  constructor(readonly folder: string) {}

  readonly #pools = new Map<string, Pool>();
  readonly #listeners = new Map<string, Listener>();
  readonly #hosts: Host[] = [];
  #limits: ClientLimits = defaultClientLimits;

  #limit(directive: Directive): boolean {
    const value = directive.args[0] ?? '';
    const us = parseDuration(value);
    const key = (
      {
        client_header_timeout: 'headTimeoutUs',
        client_body_timeout: 'bodyTimeoutUs',
        send_timeout: 'sendTimeoutUs',
        keepalive_timeout: 'keepAliveUs',
      } as const
    )[directive.name];
    if (key !== undefined && us !== undefined) this.#limits = { ...this.#limits, [key]: us };
    else if (directive.name === 'keepalive_requests' && /^[1-9]\d{0,5}$/.test(value))
      this.#limits = { ...this.#limits, keepAliveRequests: Number(value) };
    else return false;
    return true;
  }

  /** The directives of `http`, or of a file that is included in it. */
  http(directives: readonly Directive[]): void {
    const proxying = directives.filter(isAboutProxying);
    for (const one of proxying) examineProxying(one, this.losses);
    const tls = directives.filter(isAboutTls);
    for (const one of directives.filter(({ name }) => name === 'upstream')) {
      const [name = ''] = one.args;
      const pool = poolOfUpstream(one, poolName(name), this.losses);
      if (pool !== undefined) this.#pools.set(name, pool);
    }
    for (const one of directives) {
      if (one.name === 'server' && one.block !== undefined) this.#server(one, one.block, proxying, tls);
      else if (one.name === 'http' && one.block !== undefined) this.http(one.block);
      else if (one.name !== 'upstream' && !isAboutProxying(one) && !isAboutTls(one) && !this.#limit(one)) this.losses.add(one);
    }
  }

  /** `own`: the certificates of its server. Its name; undefined: it is not carried. */
  #listen(directive: Directive, own: ListenerTls | undefined): { readonly name: string; readonly isDefault: boolean } | undefined {
    const [word = '', ...flags] = directive.args;
    const key = listenKey(word);
    if (key === undefined || flags.includes('quic')) {
      this.losses.add(directive, key === undefined ? 'a listener has an address and a port' : 'weir has no HTTP/3');
      return undefined;
    }
    const hasTls = flags.includes('ssl');
    if (hasTls && own === undefined) {
      this.losses.add(directive, 'its server has no ssl_certificate with its ssl_certificate_key');
      return undefined;
    }
    const other = flags.filter((flag) => !['default_server', 'default', 'proxy_protocol', 'ssl', 'http2'].includes(flag));
    if (other.length > 0) this.losses.add(directive, `${other.join(' ')} is not carried`);
    const text = endpointText(key);
    const name = poolName(text.replace(/[[\]]/g, '').replaceAll(':', '_'));
    const everywhere = key.address.family === 'inet' ? [0] : [0, 0, 0, 0];
    const proxyFrom = flags.includes('proxy_protocol') ? [{ address: { ...key.address, words: everywhere }, prefixLength: 0 }] : [];
    const before = this.#listeners.get(text);
    const isDefault = flags.includes('default_server') || flags.includes('default');
    const tls = hasTls || before?.tls !== undefined ? this.#joinedTls(before?.tls, own, flags.includes('http2'), isDefault) : undefined;
    if (tls?.http2 && !before?.tls?.http2) this.losses.add(directive, 'HTTP/2 is kept for weir engine; weir proxy has HTTP/1.1 alone');
    this.#listeners.set(text, {
      name,
      ...key,
      proxyFrom: before === undefined || before.proxyFrom.length === 0 ? proxyFrom : before.proxyFrom,
      ...(tls === undefined ? {} : { tls }),
    });
    return { name, isDefault };
  }

  #joinedTls(before: ListenerTls | undefined, own: ListenerTls | undefined, http2: boolean, isDefault: boolean): ListenerTls | undefined {
    const all = before === undefined || own === undefined ? (own ?? before) : joined(before, own, isDefault);
    return all === undefined ? undefined : { ...all, http2: all.http2 || http2 };
  }

  #names(directive: Directive): readonly HostName[] {
    return directive.args.flatMap((text): readonly HostName[] => {
      if (text === '' || text === '_') return [];
      const name = parseHostName(text);
      const why = name?.kind === 'expression' ? expressionFault(name.pattern) : undefined;
      if (name !== undefined && why === undefined) return [name];
      this.losses.add(directive, `${text}: ${why ?? 'it is no name'}`);
      return [];
    });
  }

  #server(directive: Directive, block: readonly Directive[], outer: readonly Directive[], outerTls: readonly Directive[]): void {
    const tls = tlsOf([outerTls, block], this.folder, this.losses);
    const listens = block.filter(({ name }) => name === 'listen');
    const found = (listens.length === 0 ? [{ ...directive, name: 'listen', args: ['80'] }] : listens).flatMap(
      (one) => this.#listen(one, tls) ?? [],
    );
    if (found.length === 0) {
      this.losses.add(directive, 'none of its listen could be carried');
      return;
    }
    const names = block.filter(({ name }) => name === 'server_name').flatMap((one) => this.#names(one));
    const own = block.filter(isAboutProxying);
    for (const one of own) examineProxying(one, this.losses);
    const levels = [outer, own];
    const routes = block.flatMap((one) => {
      if (one.name === 'location') return this.#location(one, levels);
      if (one.name === 'return') return this.#whole(one, levels);
      if (!['listen', 'server_name'].includes(one.name) && !isAboutProxying(one) && !isAboutTls(one)) this.losses.add(one);
      return [];
    });
    this.#hosts.push({
      label: names[0] === undefined ? `host ${this.#hosts.length + 1}` : hostNameText(names[0]),
      names,
      listeners: found.map(({ name }) => name),
      defaultOn: found.filter(({ isDefault }) => isDefault).map(({ name }) => name),
      routes,
    });
  }

  /** A `return` of a server comes before all its locations. */
  #whole(directive: Directive, levels: readonly (readonly Directive[])[]): readonly Route[] {
    const action = this.#return(directive);
    const path: PathMatch = { kind: 'prefix', path: '/', beforeExpressions: true };
    return action === undefined ? [] : [this.#route(path, action, levels, '')];
  }

  #route(path: PathMatch, action: Action, levels: readonly (readonly Directive[])[], proxyHost: string): Route {
    return { match: { path, methods: [], fields: [], cookies: [] }, action, proxying: proxyingOf(levels, proxyHost) };
  }

  #location(directive: Directive, levels: readonly (readonly Directive[])[]): readonly Route[] {
    const block = directive.block ?? [];
    const path = parseLocation(directive.args.join(' '));
    const why = path?.kind === 'expression' ? expressionFault(path.pattern) : undefined;
    if (path === undefined || why !== undefined) {
      this.losses.add(directive, why ?? 'only locations of paths and expressions are carried');
      return [];
    }
    const own = block.filter(isAboutProxying);
    for (const one of own) examineProxying(one, this.losses);
    const pass = block.find(({ name }) => name === 'proxy_pass');
    const answer = block.find(({ name }) => name === 'return');
    for (const one of block) {
      if (one !== pass && one !== answer && !isAboutProxying(one))
        this.losses.add(one, one.name === 'location' ? 'locations in locations are not carried' : undefined);
    }
    if (pass === undefined && answer === undefined) {
      this.losses.add(directive, 'it has neither proxy_pass nor return');
      return [];
    }
    const found = answer === undefined ? this.#pass(pass as Directive, path) : { action: this.#return(answer), proxyHost: '' };
    return found?.action === undefined ? [] : [this.#route(path, found.action, [...levels, own], found.proxyHost)];
  }

  #pass(directive: Directive, path: PathMatch): { readonly action: Action; readonly proxyHost: string } | undefined {
    const [, scheme = '', host = '', uri] = /^([a-z]+):\/\/([^/]*)(\/.*)?$/.exec(directive.args[0] ?? '') ?? [];
    if (scheme !== 'http' || /\$/.test(`${host}${uri ?? ''}`)) {
      this.losses.add(
        directive,
        scheme === 'http' ? 'variables in proxy_pass are not carried' : 'the proxy speaks HTTP to servers, without TLS',
      );
      return undefined;
    }
    if (!this.#pools.has(host)) {
      const server = { ...directive, name: 'server', args: [host] };
      const pool = poolOfUpstream({ ...directive, block: [server] }, poolName(host.replace(/[[\]]/g, '')), this.losses);
      if (pool === undefined) return undefined;
      this.#pools.set(host, pool);
    }
    if (uri !== undefined && path.kind === 'expression') {
      this.losses.add(directive, 'nginx refuses a URI behind proxy_pass in a location of an expression');
      return undefined;
    }
    const pool = this.#pools.get(host)?.name ?? '';
    return { action: { kind: 'pool', pool, ...(uri === undefined ? {} : { replacePrefix: uri }) }, proxyHost: host };
  }

  #return(directive: Directive): Action | undefined {
    const [first = '', second] = directive.args;
    const status = /^\d{3}$/.test(first) ? Number(first) : 302;
    const redirect = REDIRECTS.find((one) => one === status);
    const location = /^\d{3}$/.test(first) ? second : first;
    const isRedirect = redirect !== undefined && location !== undefined;
    const reading = readTemplate(isRedirect ? location : (second ?? ''));
    if ('unknownVariable' in reading) this.losses.add(directive, `there is no variable $${reading.unknownVariable}`);
    const template = 'template' in reading ? reading.template : undefined;
    if (!isRedirect) return { kind: 'status', status, body: template ?? [] };
    return template && { kind: 'redirect', status: redirect, location: template };
  }

  result(): Layer7 {
    return { listeners: [...this.#listeners.values()], hosts: this.#hosts, pools: [...this.#pools.values()], limits: this.#limits };
  }
}

export interface Imported {
  readonly layer7: Layer7;
  /** The same as a weir.yaml, which weir reads. */
  readonly text: string;
  readonly losses: readonly Loss[];
}

/** `folder`: of the file, for relative paths of certificates. @throws WeirError nginx-syntax, nginx-include-loop, nginx-without-listener, nginx-not-carried */
export function importNginx(file: NginxFile, readIncluded: ReadIncluded, folder = '/etc/nginx'): Imported {
  const importer = new Importer(folder);
  importer.http(parseNginx(file, readIncluded));
  const layer7 = importer.result();
  if (layer7.listeners.length === 0) throw new WeirError('nginx-without-listener', { file: file.file });
  const text = writeWeirFile(layer7);
  const [fault] = readWeirFile(text).faults;
  if (fault !== undefined) throw new WeirError('nginx-not-carried', { file: file.file, fault: faultText('weir.yaml', fault) });
  return { layer7, text, losses: importer.losses.list() };
}
