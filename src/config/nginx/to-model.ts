// An nginx.conf as the model of layer 7, with a line for each directive that is not carried.
import { endpointText, parseEndpoint } from '../../model/endpoint-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { expressionFault } from '../../model/expression/regular-expression.js';
import { defaultClientLimits } from '../../model/layer7/defaults.js';
import type { Host, HostName } from '../../model/layer7/host.js';
import type { ClientLimits, Layer7 } from '../../model/layer7/layer7.js';
import type { Listener, ListenerTls } from '../../model/layer7/listener.js';
import type { Pool } from '../../model/layer7/pool.js';
import { type Action, type PathMatch, type Route, WITHOUT_BODY } from '../../model/layer7/route.js';
import type { DestinationKey } from '../../model/service.js';
import { faultText, readWeirFile } from '../weir/read.js';
import { hostNameText, locationText, parseDuration, parseHostName, parseListen, parseLocation } from '../weir/units.js';
import { writeWeirFile } from '../weir/write.js';
import { type Loss, Losses } from './losses.js';
import { type Directive, type NginxFile, parseNginx, type ReadIncluded } from './parse.js';
import { examineProxying, isAboutProxying, proxyingOf } from './proxying.js';
import { isAboutTls, isOnEverywhere, joined, tlsOf } from './tls.js';
import { poolOfUpstream } from './upstream.js';
import { readNginxTemplate } from './variables.js';

const NAME_MAX = 64;
const nameOf = (text: string): string => text.replace(/[^A-Za-z0-9_.-]+/g, '_').slice(0, NAME_MAX) || '_';
const REDIRECTS = [301, 302, 303, 307, 308] as const;
/** What weir answers. */
const [STATUS_MIN, STATUS_MAX] = [200, 599];
/** nginx closes the connection of such a request without an answer. */
const NO_ANSWER = 444;
const EVERYTHING: PathMatch = { kind: 'prefix', path: '/', beforeExpressions: true };
const LEFT_OUT = 'its requests go to the next location that matches, or get 404';

/** What the directives of a server have around them. `name`: what `$server_name` is. */
interface Surroundings {
  readonly name: string;
  readonly levels: readonly (readonly Directive[])[];
}

interface Found {
  readonly action: Action;
  readonly proxyHost: string;
}

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
    if (directive.name === 'keepalive_timeout' && directive.args.length > 1)
      this.losses.add(directive, 'the field Keep-Alive is not sent', 'approximated');
    if (key === 'keepAliveUs' && us === 0) this.#limits = { ...this.#limits, keepAliveRequests: 1 };
    else if (key !== undefined && us !== undefined) this.#limits = { ...this.#limits, [key]: us };
    else if (directive.name === 'keepalive_requests' && /^[1-9]\d{0,5}$/.test(value))
      this.#limits = { ...this.#limits, keepAliveRequests: Number(value) };
    else return false;
    return true;
  }

  /** Two names of nginx may be one of weir.yaml. */
  #poolName(text: string): string {
    const taken = new Set([...this.#pools.values()].map(({ name }) => name));
    const wanted = nameOf(text);
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted.slice(0, NAME_MAX - `_${number}`.length)}_${number}`;
    return name;
  }

  /** The directives of `http`, or of a file that is included in it. */
  http(directives: readonly Directive[]): void {
    const proxying = directives.filter(isAboutProxying);
    examineProxying(proxying, this.losses);
    const tls = directives.filter(isAboutTls);
    for (const one of directives.filter(({ name }) => name === 'upstream')) {
      const [name = ''] = one.args;
      const pool = poolOfUpstream(one, this.#poolName(name), this.losses);
      if (pool !== undefined) this.#pools.set(name, pool);
    }
    for (const one of directives) {
      if (one.name === 'server' && one.block !== undefined) this.#server(one, one.block, proxying, tls);
      else if (one.name === 'http' && one.block !== undefined) this.http(one.block);
      else if (one.name !== 'upstream' && !isAboutProxying(one) && !isAboutTls(one) && !this.#limit(one)) this.losses.add(one);
    }
  }

  /** `own`: the certificates of its server; `isOn`: it has TLS by a directive of its own. Its name; undefined: it is not carried. */
  #listen(
    directive: Directive,
    own: ListenerTls | undefined,
    isOn: boolean,
  ): { readonly name: string; readonly isDefault: boolean } | undefined {
    const [word = '', ...flags] = directive.args;
    const key = listenKey(word);
    if (key === undefined || flags.includes('quic')) {
      this.losses.add(directive, key === undefined ? 'a listener has an address and a port' : 'weir has no HTTP/3');
      return undefined;
    }
    const hasTls = flags.includes('ssl') || isOn;
    if (hasTls && own === undefined) {
      this.losses.add(directive, 'its server has no ssl_certificate with its ssl_certificate_key');
      return undefined;
    }
    const other = flags.filter((flag) => !['default_server', 'default', 'proxy_protocol', 'ssl', 'http2'].includes(flag));
    if (other.length > 0) this.losses.add(directive, `${other.join(' ')} is not carried`);
    const text = endpointText(key);
    const name = nameOf(text.replace(/[[\]]/g, '').replaceAll(':', '_'));
    const everywhere = key.address.family === 'inet' ? [0] : [0, 0, 0, 0];
    const proxyFrom = flags.includes('proxy_protocol') ? [{ address: { ...key.address, words: everywhere }, prefixLength: 0 }] : [];
    const before = this.#listeners.get(text);
    const isDefault = flags.includes('default_server') || flags.includes('default');
    const tls = hasTls || before?.tls !== undefined ? this.#joinedTls(before?.tls, own, flags.includes('http2'), isDefault) : undefined;
    if (tls?.http2 && !before?.tls?.http2)
      this.losses.add(directive, 'HTTP/2 is kept for weir engine; weir proxy has HTTP/1.1 alone', 'approximated');
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
    const isOn = isOnEverywhere([outerTls, block]);
    const found = (listens.length === 0 ? [{ ...directive, name: 'listen', args: ['80'] }] : listens).flatMap(
      (one) => this.#listen(one, tls, isOn) ?? [],
    );
    if (found.length === 0) {
      this.losses.add(directive, 'none of its listen could be carried');
      return;
    }
    const written = block.filter(({ name }) => name === 'server_name');
    const names = written.flatMap((one) => this.#names(one));
    const own = block.filter(isAboutProxying);
    examineProxying(own, this.losses);
    const [word = ''] = written[0]?.args ?? [];
    const routes = this.#routes(block, { name: word.includes('$') ? '' : word, levels: [outer, own] });
    this.#addHosts(names, found, routes);
  }

  /** A host is the default of all its listeners or of none: where a server is that of some, it is two hosts. */
  #addHosts(
    names: readonly HostName[],
    found: readonly { readonly name: string; readonly isDefault: boolean }[],
    routes: readonly Route[],
  ): void {
    const defaults = new Set(found.filter(({ isDefault }) => isDefault).map(({ name }) => name));
    const others = new Set(found.map(({ name }) => name).filter((name) => !defaults.has(name)));
    for (const listeners of [[...defaults], [...others]].filter(({ length }) => length > 0)) {
      const label = names[0] === undefined ? `host ${this.#hosts.length + 1}` : hostNameText(names[0]);
      const isDefault = defaults.has(listeners[0] ?? '');
      this.#hosts.push({ label, names, listeners, defaultOn: isDefault ? listeners : [], routes });
    }
  }

  #routes(block: readonly Directive[], around: Surroundings): readonly Route[] {
    const whole = block.find(({ name }) => name === 'return');
    const routes: Route[] = [];
    const seen = new Set<string>();
    const carried = ['listen', 'server_name'];
    for (const one of block) {
      if (one.name === 'location' || one.name === 'return') {
        const route = whole === undefined ? this.#location(one, around) : one === whole ? this.#whole(one, around) : undefined;
        const text = route && locationText(route.match.path);
        if (whole !== undefined && one !== whole) this.losses.add(one, 'the return of its server comes before it');
        else if (text !== undefined && seen.has(text))
          this.losses.add(one, 'a location of the same path stands before it, and has its requests');
        else if (route !== undefined) routes.push(route);
        seen.add(text ?? '');
      } else if (!carried.includes(one.name) && !isAboutProxying(one) && !isAboutTls(one)) this.losses.add(one);
    }
    return routes;
  }

  /** A `return` of a server comes before all its locations. */
  #whole(directive: Directive, around: Surroundings): Route | undefined {
    const action = this.#return(directive, around.name);
    return action && this.#route(EVERYTHING, { action, proxyHost: '' }, around);
  }

  #route(path: PathMatch, { action, proxyHost }: Found, { levels, name }: Surroundings): Route {
    return { match: { path, methods: [], fields: [], cookies: [] }, action, proxying: proxyingOf(levels, proxyHost, name) };
  }

  #location(directive: Directive, { name, levels }: Surroundings): Route | undefined {
    const block = directive.block ?? [];
    const path = parseLocation(directive.args.join(' '));
    const why = path?.kind === 'expression' ? expressionFault(path.pattern) : undefined;
    if (path === undefined || why !== undefined) {
      this.losses.add(directive, path === undefined ? 'only locations of paths and expressions are carried' : `${why}: ${LEFT_OUT}`);
      return undefined;
    }
    const own = block.filter(isAboutProxying);
    examineProxying(own, this.losses);
    const { found, carried } = this.#action(block, path, name);
    for (const one of block) {
      if (!carried.includes(one) && !isAboutProxying(one))
        this.losses.add(one, one.name === 'location' ? 'locations in locations are not carried' : undefined);
    }
    if (found !== undefined) return this.#route(path, found, { name, levels: [...levels, own] });
    this.losses.add(directive, carried.length === 0 ? `it has neither proxy_pass nor return: ${LEFT_OUT}` : LEFT_OUT);
    return undefined;
  }

  /** What a location does, in the order of nginx's phases, and by which of its directives. */
  #action(
    block: readonly Directive[],
    path: PathMatch,
    serverName: string,
  ): { readonly found: Found | undefined; readonly carried: readonly Directive[] } {
    const first = (name: string): Directive | undefined => block.find((one) => one.name === name);
    const [internal, answer, pass] = [first('internal'), first('return'), first('proxy_pass')];
    const answered = (directive: Directive, action: Action | undefined) => {
      if (pass !== undefined) this.losses.add(pass, `${directive.name} comes before it`);
      return { found: action && { action, proxyHost: '' }, carried: [directive, ...(pass === undefined ? [] : [pass])] };
    };
    if (internal !== undefined) return answered(internal, { kind: 'status', status: 404, body: [] });
    if (answer !== undefined) return answered(answer, this.#return(answer, serverName));
    const access = first('satisfy') === undefined ? block.find((one) => one.name === 'deny' || one.name === 'allow') : undefined;
    if (access?.name === 'deny' && access.args[0] === 'all') return answered(access, { kind: 'status', status: 403, body: [] });
    return pass === undefined ? { found: undefined, carried: [] } : { found: this.#pass(pass, path), carried: [pass] };
  }

  #pass(directive: Directive, path: PathMatch): Found | undefined {
    const lose = (why: string): undefined => {
      this.losses.add(directive, why);
      return undefined;
    };
    const [, scheme = '', host = '', uri] = /^([a-z]+):\/\/([^/]*)(\/.*)?$/i.exec(directive.args[0] ?? '') ?? [];
    if (/\$/.test(directive.args[0] ?? '')) return lose('variables in proxy_pass are not carried');
    if (scheme.toLowerCase() !== 'http') return lose('the proxy speaks HTTP to servers, without TLS');
    if (uri !== undefined && path.kind === 'expression')
      return lose('nginx refuses a URI behind proxy_pass in a location of an expression');
    if (uri !== undefined && /[^!-~]/.test(uri)) return lose('a request has no such target');
    if (!this.#pools.has(host)) {
      const server = { ...directive, name: 'server', args: [host] };
      const pool = poolOfUpstream({ ...directive, block: [server] }, this.#poolName(host.replace(/[[\]]/g, '')), this.losses);
      if (pool === undefined) return undefined;
      this.#pools.set(host, pool);
    }
    const pool = this.#pools.get(host)?.name ?? '';
    return { action: { kind: 'pool', pool, ...(uri === undefined ? {} : { replacePrefix: uri }) }, proxyHost: host };
  }

  #return(directive: Directive, serverName: string): Action | undefined {
    const [first = '', second] = directive.args;
    const status = /^\d{3}$/.test(first) ? Number(first) : 302;
    const redirect = REDIRECTS.find((one) => one === status);
    const location = /^\d{3}$/.test(first) ? second : first;
    const isRedirect = redirect !== undefined && location !== undefined;
    const reading = readNginxTemplate(isRedirect ? location : (second ?? ''), serverName);
    if (status < STATUS_MIN || status > STATUS_MAX) {
      this.losses.add(directive, `weir answers with ${STATUS_MIN} to ${STATUS_MAX}`);
      return undefined;
    }
    if (status === NO_ANSWER) this.losses.add(directive, `clients get an answer, of the status ${NO_ANSWER}`, 'approximated');
    if ('unknownVariable' in reading) this.losses.add(directive, `there is no variable $${reading.unknownVariable}`);
    const template = 'template' in reading && !WITHOUT_BODY.includes(status) ? reading.template : undefined;
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
