// A listener as HAProxy's frontend: which host and route a request has, what is changed of it, and which backend takes it.

import { formatAddress } from '../../model/address-text.js';
import { endpointText } from '../../model/endpoint-text.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { FieldEdit } from '../../model/layer7/proxying.js';
import { LEAVES_PREFIX, leavablePrefix } from '../../model/layer7/route.js';
import { NO_UPGRADE } from '../engine/engine-options.js';
import { subnetText } from '../weir/units.js';
import { aclLines } from './acl-lines.js';
import type { BackendBook } from './backend-book.js';
import { formatText, is, nameArgument, not, word } from './haproxy-words.js';
import { hasValue, isNeverEmpty, keepRule, TemplateFormats, type TemplatePlace } from './template-format.js';
import {
  addsSlash,
  hostRules,
  type NumberedHost,
  type NumberedRoute,
  noRoute,
  onRoutes,
  pathRules,
  routeRules,
  slashlessOf,
} from './write-matching.js';

/** What nginx escapes in a path, of which `url_enc` does more than it. */
const LEFT_ALONE = "!$&'()*+,/:;=@";

/** A path as nginx escapes it. */
function escapedPath(sample: string): string {
  const encoded = `${sample},url_enc`;
  return Array.from(LEFT_ALONE).reduce(
    (text, char) => `${text},regsub('%${char.charCodeAt(0).toString(16).toUpperCase()}','${char === "'" ? "'\\''" : char}',g)`,
    encoded,
  );
}

const escapedText = (path: string): string =>
  path.replace(/[^!$&-;=@-Z_a-z~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

const isItself = ({ name, value }: FieldEdit): boolean => {
  const [part] = value;
  if (value.length !== 1 || part === undefined || part.kind === 'text') return false;
  const lower = name.toLowerCase();
  return part.kind === 'variable' ? part.variable === 'http_host' && lower === 'host' : part.variable === 'http' && part.of === lower;
};

export class FrontendWriter {
  readonly #formats = new TemplateFormats();
  readonly #acts: string[] = [];
  readonly #answers: string[] = [];
  readonly #keys: string[] = [];
  readonly #scheme: 'http' | 'https';

  constructor(
    readonly model: Layer7,
    readonly listener: Listener,
    readonly hosts: readonly NumberedHost[],
    readonly backends: BackendBook,
    readonly logs: boolean,
  ) {
    this.#scheme = listener.tls === undefined ? 'http' : 'https';
  }

  #place({ number, route }: NumberedRoute): TemplatePlace {
    const { path } = route.match;
    return {
      scheme: this.#scheme,
      serverPort: this.listener.port,
      proxyHost: route.action.kind === 'pool' ? route.action.pool : '',
      ...(path.kind === 'expression' ? { expression: path } : {}),
      when: [onRoutes([number])],
    };
  }

  #slashless(one: NumberedRoute): void {
    const { path } = one.route.match;
    if (!addsSlash(one) || path.kind === 'expression') return;
    const { address, port } = this.listener;
    const shown = port === (this.#scheme === 'http' ? 80 : 443) ? '' : `:${port}`;
    const to = `${this.#scheme}://%[var(txn.host,'${formatAddress(address)}')]${shown}${formatText(escapedText(path.path))}${this.#formats.query()}`;
    this.#acts.push(`http-request redirect location ${word(to)} code 301 if ${onRoutes([slashlessOf(one.number)])}`);
  }

  #edit({ name, value }: FieldEdit, index: number, place: TemplatePlace): void {
    const when = place.when.join(' ');
    const format = this.#formats.format(value, place);
    if (format === '') this.#acts.push(`http-request del-header ${word(name)} if ${when}`);
    else if (isNeverEmpty(value)) this.#acts.push(`http-request set-header ${word(name)} ${word(format)} if ${when}`);
    else {
      const kept = `v${index}`;
      this.#acts.push(
        keepRule(kept, format, place.when),
        `http-request set-header ${word(name)} ${word(`%[var(txn.${kept})]`)} if ${when} ${hasValue(kept)}`,
        `http-request del-header ${word(name)} if ${when} ${not(hasValue(kept))}`,
      );
    }
  }

  /** What the server is chosen by. An empty key is none. */
  #key({ route: { action } }: NumberedRoute, place: TemplatePlace): void {
    const pool = this.model.pools.find(({ name }) => action.kind === 'pool' && name === action.pool);
    const { persistence, balance } = pool ?? {};
    const when = place.when.join(' ');
    if (persistence?.kind === 'field') {
      const field = `req.fhdr(${nameArgument(persistence.name)})`;
      this.#keys.push(`http-request set-var(txn.sticky) ${word(field)} if ${when} ${is(field, 'len', ['1:'])}`);
    } else if (balance?.kind === 'hash' || balance?.kind === 'sum') {
      this.#keys.push(
        keepRule('whole_key', this.#formats.format(balance.key, place), place.when),
        `http-request set-var(txn.key) var(txn.whole_key) if ${when} ${hasValue('whole_key')}`,
      );
    }
  }

  /** Fields of answers, HAProxy's own too. */
  #addFields({ route }: NumberedRoute, place: TemplatePlace): void {
    for (const [index, { name, value }] of route.proxying.responseFields.entries()) {
      const kept = `r${index}`;
      this.#acts.push(keepRule(kept, this.#formats.format(value, place), place.when));
      this.#answers.push(
        `http-after-response add-header ${word(name)} ${word(`%[var(txn.${kept})]`)} if ${place.when.join(' ')} ${hasValue(kept)}`,
      );
    }
  }

  #pool(one: NumberedRoute): void {
    const { route } = one;
    if (route.action.kind !== 'pool') return;
    const { requestFields, hiddenFields, bodyMaxBytes } = route.proxying;
    const place = this.#place(one);
    const when = place.when.join(' ');
    if (bodyMaxBytes > 0)
      this.#acts.push(`http-request deny status 413 if ${when} ${is('req.body_size', 'int', [`${bodyMaxBytes + 1}:`])}`);
    for (const [index, edit] of requestFields.entries()) if (!isItself(edit)) this.#edit(edit, index, place);
    for (const name of hiddenFields) this.#answers.push(`http-response del-header ${word(name)} if ${when}`);
    const { replacePrefix } = route.action;
    const { path } = route.match;
    if (replacePrefix !== undefined && path.kind !== 'expression') {
      const rest = escapedPath(`var(txn.path),bytes(${new TextEncoder().encode(path.path).length})`);
      this.#acts.push(
        `http-request set-var(txn.rest) ${word(rest)} if ${when}`,
        ...(leavablePrefix(route) !== undefined
          ? [`http-request deny status 400 if ${when} ${is('var(txn.rest)', 'reg', [`^${LEAVES_PREFIX}`])}`]
          : []),
        `http-request set-path ${word(`${formatText(replacePrefix)}%[var(txn.rest)]`)} if ${when}`,
      );
    }
    this.#key(one, place);
    this.backends.use(one);
  }

  #act(one: NumberedRoute): void {
    const { route } = one;
    const place = this.#place(one);
    const when = place.when.join(' ');
    this.#slashless(one);
    this.#addFields(one, place);
    if (route.action.kind === 'pool') this.#pool(one);
    else if (route.action.kind === 'redirect') {
      const { location, status } = route.action;
      this.#acts.push(`http-request redirect location ${word(this.#formats.format(location, place))} code ${status} if ${when}`);
    } else {
      const { body, status } = route.action;
      const content = body.length === 0 ? '' : ` content-type text/plain lf-string ${word(this.#formats.format(body, place))}`;
      this.#acts.push(`http-request return status ${status}${content} if ${when}`);
    }
  }

  #bind(certificates: readonly string[]): readonly string[] {
    const { tls, proxyFrom } = this.listener;
    const words = [
      `bind ${endpointText(this.listener).replace(/[[\]]/g, '')} transparent`,
      ...(tls === undefined ? [] : ['ssl', ...certificates.map((path) => `crt ${word(path)}`)]),
      ...(tls === undefined ? [] : [`ssl-min-ver ${tls.minVersion}`, `alpn ${tls.http2 ? 'h2,http/1.1' : 'http/1.1'}`]),
    ];
    if (proxyFrom.length === 0) return [words.join(' ')];
    return [
      words.join(' '),
      ...aclLines('trusted', 'src', 'ip', proxyFrom.map(subnetText)),
      'tcp-request connection reject if !trusted',
      'tcp-request connection expect-proxy layer4',
    ];
  }

  #log(): readonly string[] {
    if (!this.logs) return [];
    const format =
      '%ci - - [%trl] "%HM %HPO%HQ %HV" %ST %B %{+Q,+E}[var(txn.l_referer,-)] %{+Q,+E}[var(txn.l_agent,-)] %si:%sp %rc %Tr %Ta "%ts"';
    return [
      `log-format ${word(format)}`,
      'http-request set-var(txn.l_referer) req.fhdr(referer)',
      'http-request set-var(txn.l_agent) req.fhdr(user-agent)',
    ];
  }

  lines(certificates: readonly string[]): readonly string[] {
    const fallback = this.hosts.find(({ host }) => host.defaultOn.includes(this.listener.name)) ?? this.hosts[0];
    const isAlone = this.hosts.length === 1;
    for (const { routes } of this.hosts) for (const one of routes) this.#act(one);
    const routing = this.hosts.flatMap(({ number, routes }) => routeRules(routes, isAlone ? [] : [is('var(txn.vhost)', 'int', [number])]));
    return [
      `frontend ${this.listener.name}`,
      ...this.#bind(certificates),
      ...this.#log(),
      // what two programs could read differently, as far as HAProxy sees it
      `http-request deny status 400 if ${not(is('req.fhdr_cnt(host)', 'int', [1]))} ${not('{ req.ver 1.0 }')}`,
      `http-request deny status 400 if ${is('req.fhdr_cnt(host)', 'int', ['2:'])}`,
      `http-request deny status 400 if { req.ver 1.0 } ${is('req.fhdr_cnt(transfer-encoding)', 'int', ['1:'])}`,
      'http-request deny status 405 if { method TRACE CONNECT }',
      'http-request del-header _ -m sub',
      `http-request del-header Upgrade if { req.fhdr(upgrade) -m reg -i ${word(NO_UPGRADE)} }`,
      `http-request set-var(txn.host) ${word('req.fhdr(host),host_only,lower')}`,
      ...pathRules(),
      ...(isAlone || fallback === undefined
        ? []
        : [`http-request set-var(txn.name) ${word("var(txn.host),regsub('[.]$','')")}`, ...hostRules(this.hosts, fallback)]),
      ...routing,
      `http-request return status 404 content-type text/plain string '404 Not Found' if ${noRoute}`,
      ...this.#formats.rules,
      ...this.#keys,
      ...this.#acts,
      ...this.#answers,
      ...this.backends.useLines(this.hosts.flatMap(({ routes }) => routes.map(({ number }) => number))),
    ];
  }
}
