// The model as a haproxy.cfg for `weir engine`, with a line for what HAProxy does not have.
import { defaultClientLimits, defaultProxying } from '../../model/layer7/defaults.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import { distinctLosses, type EngineLoss } from '../engine/engine-loss.js';
import { ENGINE_MARKER, type EngineCertificate, type EngineOptions, type EngineText } from '../engine/engine-options.js';
import { BackendBook } from './backend-book.js';
import { timeWord, word } from './haproxy-words.js';
import { textDigest } from './text-digest.js';
import { BackendWriter } from './write-backend.js';
import { FrontendWriter } from './write-frontend.js';
import type { NumberedHost } from './write-matching.js';

/** What fields of its own may add to a head. */
const REWRITE_BYTES = 1024;
/** Bytes; HAProxy's own bound is 1024, which a long path fills before the status. */
const LOG_LINE_MAX = 65_535;
/** Fields of its own. */
const OWN_FIELDS = 16;

const indented = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => (/^(?:global|defaults|frontend|backend)\b/.test(line) ? line : `  ${line}`));

/** A certificate with its key, which HAProxy reads from one file. The name depends on what is in it. */
function bundlePath(folder: string, { chain, key }: EngineCertificate): string {
  return `${folder}/certificates/${textDigest(`${chain}${key}`).toString(16)}.pem`;
}

class HaproxyWriter {
  readonly losses: EngineLoss[] = [];
  readonly companions = new Map<string, string>();
  readonly #report = (where: string, why: string): void => void this.losses.push({ where, why });

  constructor(
    readonly model: Layer7,
    readonly options: EngineOptions,
  ) {}

  #global(): readonly string[] {
    const { folder, workers, log } = this.options;
    const { limits } = this.model;
    const threads = Math.max(1, workers);
    return [
      ENGINE_MARKER,
      'global',
      `stats socket ${word(`${folder}/haproxy.sock`)} mode 600 level admin`,
      ...(workers === 0 ? [] : [`nbthread ${workers}`]),
      `maxconn ${limits.connectionsMax * threads}`,
      // where there are fewer descriptors than that, it takes as many connections as it can, as nginx does
      'no strict-limits',
      `tune.bufsize ${limits.headMaxBytes + REWRITE_BYTES}`,
      `tune.maxrewrite ${REWRITE_BYTES}`,
      `tune.http.maxhdr ${limits.fieldsMax + OWN_FIELDS}`,
      ...(log === undefined ? [] : [`tune.http.logurilen ${limits.headMaxBytes}`, `log stdout len ${LOG_LINE_MAX} format raw daemon`]),
    ];
  }

  #defaults(): readonly string[] {
    const { limits } = this.model;
    if (limits.keepAliveRequests !== defaultClientLimits.keepAliveRequests)
      this.#report('layer7.limits.keepalive_requests', 'HAProxy ends connections of clients by silence alone');
    if (limits.bodyTimeoutUs !== limits.sendTimeoutUs)
      this.#report('layer7.limits.client_body_timeout', 'HAProxy has one time for both directions, which is the longer one');
    return [
      'defaults',
      'mode http',
      ...(this.options.log === undefined ? [] : ['log global', 'option dontlognull']),
      `timeout client ${timeWord(Math.max(limits.bodyTimeoutUs, limits.sendTimeoutUs))}`,
      `timeout http-request ${timeWord(limits.headTimeoutUs)}`,
      `timeout http-keep-alive ${timeWord(limits.keepAliveUs)}`,
      // a server that is full is passed over, as by nginx; where all are, there is none
      'timeout queue 1ms',
      `http-error status 503 content-type text/plain string '502 Bad Gateway'`,
    ];
  }

  /** Of all hosts, each route with a number of its own. */
  #numbered(): readonly NumberedHost[] {
    let next = 0;
    return this.model.hosts.map((host, number) => ({
      number,
      host,
      routes: host.routes.map((route) => ({ number: ++next, route })),
    }));
  }

  #loseOf(hosts: readonly NumberedHost[]): void {
    for (const { host, routes } of hosts) {
      for (const { route } of routes) {
        if (route.action.kind !== 'pool') continue;
        if (![0, defaultProxying.bodyMaxBytes].includes(route.proxying.bodyMaxBytes))
          this.#report(`layer7.hosts, ${host.label}: client_max_body_size`, 'HAProxy limits bodies that state their length alone');
      }
    }
  }

  #certificates(listener: string): readonly string[] {
    return (this.options.certificates[listener] ?? []).map((one) => {
      const path = bundlePath(this.options.folder, one);
      this.companions.set(path, `${one.chain.trimEnd()}\n${one.key}`);
      return path;
    });
  }

  text(): string {
    const { listeners, pools } = this.model;
    const hosts = this.#numbered();
    this.#loseOf(hosts);
    const book = new BackendBook(pools);
    const frontends = listeners.flatMap((listener) => {
      const here = hosts.filter(({ host }) => host.listeners.includes(listener.name));
      const writer = new FrontendWriter(this.model, listener, here, book, this.options.log !== undefined);
      return writer.lines(this.#certificates(listener.name));
    });
    const backends = new BackendWriter(this.options, this.#report);
    const pieces = book.uses.flatMap((use) => {
      const copies = book.uses.filter(({ pool }) => pool === use.pool).length;
      return backends.lines(
        use,
        copies,
        this.options.orders.find(({ pool }) => pool === use.pool.name),
      );
    });
    return [...indented([...this.#global(), ...this.#defaults(), ...frontends, ...pieces]), ''].join('\n').replace(/^ {2}#/, '#');
  }
}

export function writeHaproxy(model: Layer7, options: EngineOptions): EngineText {
  const writer = new HaproxyWriter(model, options);
  const text = writer.text();
  const generation = `weir-${textDigest(text).toString(16)}`;
  const named = text.replace('global\n', `global\n  description ${generation}\n`);
  return { text: named, losses: distinctLosses(writer.losses), companions: writer.companions, generation };
}
