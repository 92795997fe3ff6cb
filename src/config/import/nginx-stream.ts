// The block `stream` of an nginx.conf → services. What its `http` has is layer 7 (../nginx).
import { parseAddress } from '../../model/address-text.js';
import { entryOf } from '../../model/own-entry.js';
import { type Directive, type NginxFile, parseNginx, type ReadIncluded } from '../nginx/parse.js';
import { type At, ImportReport } from './import-report.js';
import type { Imported, ImportOptions } from './imported.js';
import { clientsAreSeen, type ListenPlace, listenAt, type ProxiedServer, placesOf, portsOf } from './proxies.js';
import { PORT_MAX, tcpCheck, wholeNumber } from './values.js';

const [WEIGHT_MAX, THRESHOLD_MAX, CHECK_INTERVAL_S] = [65_535, 0x7fff_ffff, 10];

interface Upstream {
  readonly scheduler: string;
  readonly servers: readonly ProxiedServer[];
}

/** Of a server in an upstream; max_conns=0 is none. */
const PARAMETERS = /^(?:weight=.*|max_conns=\d+|down|backup|(?:max_fails|fail_timeout|slow_start|service)=.*|resolve)$/;

const placeOf = ({ name, args, at }: Directive): At => ({ ...at, text: [name, ...args].join(' ') });

/** `name=value` among the words. */
const namedValue = (args: readonly string[], name: string): string | undefined =>
  args.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

const SCHEDULERS: Readonly<Record<string, (args: readonly string[]) => readonly [scheduler: string, why?: string] | undefined>> = {
  least_conn: () => ['wlc'],
  random: (args) => (args[0] === 'two' ? ['twos'] : ['twos', 'of two servers by chance the one with fewer connections has it']),
  hash: ([key = '', consistent]) => (/^\$(?:binary_)?remote_addr$/.test(key) ? [consistent === 'consistent' ? 'mh' : 'sh'] : undefined),
};

/** What a listen has that is about sockets: packets have none. */
const SOCKETS =
  /^(?:udp|tcp|reuseport|ipv6only=(?:on|off)|backlog=\d+|rcvbuf=\w+|sndbuf=\w+|so_keepalive=[\w:]+|bind|deferred|fastopen=\d+)$/;
/** Of a whole file: processes of nginx, its files and its logs. */
const MAIN =
  /^(?:user|worker_\w+|pid|lock_file|error_log|events|daemon|master_process|load_module|env|pcre_jit|thread_pool|timer_resolution|google_perftools_profiles)$/;

/** Why a word is no server, and what helps. */
function unusable(word: string): readonly [why: string, hint?: string] {
  if (word.includes('$')) return ['variables are not filled in', 'write its address and port'];
  if (word.startsWith('unix:')) return ['it is a socket of this host, to which no packets go'];
  if (parseAddress(word.replace(/^\[(.*)\]$/, '$1')) !== undefined) return ['it has no port', 'write its port'];
  return ['names are not looked up', 'write its address'];
}

/** nginx notices what fails by connections of clients alone. */
const CHECKS = { udp: { keyword: 'PING_CHECK', rows: [] }, tcp: tcpCheck(undefined) } as const;

const LOST: Readonly<Record<string, string>> = {
  proxy_timeout: 'idle connections end after the timeouts of the table (15 minutes of TCP, 5 of UDP)',
  proxy_connect_timeout: 'a client whose server does not answer asks again itself',
  proxy_next_upstream: 'a client whose server does not answer asks again itself',
  proxy_responses: 'a flow of UDP ends by its timeout, not by the number of answers',
  proxy_bind: 'servers do not see this address',
  zone: 'no packet goes another way for it',
  access_log: 'no packet goes another way for it',
  error_log: 'no packet goes another way for it',
  allow: 'clients are not refused by it: the packet filter of the host can refuse them',
  deny: 'clients are not refused by it: the packet filter of the host can refuse them',
};

class Stream {
  readonly report = new ImportReport();
  readonly #upstreams = new Map<string, Upstream>();

  constructor(readonly options: ImportOptions) {}

  read(directives: readonly Directive[]): void {
    for (const each of directives.filter(({ name }) => name === 'upstream')) this.#upstreams.set(each.args[0] ?? '', this.#upstream(each));
    for (const each of directives) {
      if (each.name === 'server') this.#server(each, directives);
      else if (each.name !== 'upstream') this.#lost(each);
    }
  }

  #lost(directive: Directive): void {
    this.report.lost(placeOf(directive), entryOf(LOST, directive.name) ?? 'weir does nothing of the kind to packets');
  }

  #upstream({ block = [] }: Directive): Upstream {
    let scheduler = 'wrr';
    const servers: ProxiedServer[] = [];
    for (const each of block) {
      const { name, args } = each;
      const choose = entryOf(SCHEDULERS, name);
      if (name === 'server') servers.push(...this.#listed(each));
      else if (choose === undefined) this.#lost(each);
      else {
        const [found = 'wlc', why = undefined] = choose(args) ?? ['wlc', 'weir does not choose by that'];
        scheduler = found;
        this.report.add(placeOf(each), why === undefined ? 'equivalent' : 'approximated', found, why);
      }
    }
    return { scheduler, servers };
  }

  #listed(directive: Directive): readonly ProxiedServer[] {
    const { report } = this;
    const at = placeOf(directive);
    const [word = '', ...args] = directive.args;
    const server = this.#place(word, at);
    if (server === undefined) return [];
    const upperThreshold = wholeNumber(namedValue(args, 'max_conns'), 1, THRESHOLD_MAX);
    const given = namedValue(args, 'weight');
    const isDown = args.includes('down');
    const weight = isDown ? 0 : (wholeNumber(given, 1, WEIGHT_MAX) ?? 1);
    if (upperThreshold !== undefined)
      report.add(at, 'approximated', `upper_threshold ${upperThreshold}`, 'connections that end count, too');
    else report.add(at, args.every((each) => each.startsWith('weight=')) ? 'exact' : 'equivalent', `weight ${weight}`);
    if (given !== undefined && wholeNumber(given, 1, WEIGHT_MAX) === undefined)
      report.add(at, 'approximated', `weight ${weight}`, `a weight is 1 to ${WEIGHT_MAX}, not ${given}`);
    for (const word of args.filter((each) => /^(max_fails|fail_timeout)=/.test(each)))
      report.add(
        at,
        'approximated',
        'TCP_CHECK, PING_CHECK of UDP',
        `${word}: servers are checked from time to time, and failures of clients do not count`,
      );
    for (const word of args.filter((each) => each.startsWith('slow_start=')))
      report.add(at, 'approximated', '', `${word}: a server that comes back has its whole share, unless slow_start is set`);
    for (const word of args.filter((each) => each === 'resolve' || each.startsWith('service=')))
      report.add(at, 'equivalent', 'nothing', `${word}: a server that is named by its address is not looked up`);
    for (const word of args.filter((each) => !PARAMETERS.test(each)))
      report.add(at, 'lost', '', `${word}: weir does nothing of the kind to packets`);
    return [{ ...server, at, weight, backup: args.includes('backup'), ...(upperThreshold === undefined ? {} : { upperThreshold }) }];
  }

  #place(word: string, at: At): Pick<ProxiedServer, 'address' | 'port'> | undefined {
    const [, six, four = '', digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+|\$server_port)$/.exec(word) ?? [];
    const [address, port] = [parseAddress(six ?? four), wholeNumber(digits, 1, PORT_MAX)];
    if (address !== undefined && (port !== undefined || digits === '$server_port')) return { address, port };
    const [why, hint] = unusable(word);
    this.report.add(at, 'refused', '', `${word} gets no connections: ${why}`, hint);
    return undefined;
  }

  #server({ block = [], ...directive }: Directive, around: readonly Directive[]): void {
    const { report, options } = this;
    const read = new Set(['listen', 'proxy_pass', 'proxy_protocol', 'ssl_preread', 'preread_timeout']);
    const pass = block.find(({ name }) => name === 'proxy_pass');
    const at = placeOf(directive as Directive);
    const needs = block.find(
      ({ name, args }) => (name === 'proxy_protocol' || name === 'ssl_preread' || name === 'proxy_ssl') && args[0] === 'on',
    );
    if (pass === undefined || needs !== undefined) {
      const why = needs === undefined ? 'it passes nothing on' : `${needs.name} needs a process that has the connection`;
      report.add(needs === undefined ? at : placeOf(needs), 'refused', '', `no service is made: ${why}`, 'weir proxy (docs/layer7.md)');
      return;
    }
    const target = pass.args[0] ?? '';
    const upstream = this.#upstreams.get(target) ?? this.#single(target, placeOf(pass));
    if (upstream === undefined) return;
    for (const each of [...block, ...around.filter(({ name }) => name.startsWith('proxy_') && name !== 'proxy_pass')])
      if (!read.has(each.name)) this.#lost(each);
    const listens = block.filter(({ name }) => name === 'listen');
    if (listens.length === 0) report.add(at, 'refused', '', 'no service is made: it listens nowhere');
    for (const listen of listens) {
      const places = this.#places(listen);
      const protocol = listen.args.includes('udp') ? ('udp' as const) : ('tcp' as const);
      const pool = { ...upstream, protocol, checkOf: () => CHECKS[protocol], checkInterval: CHECK_INTERVAL_S };
      const made = places.filter((place) => listenAt(placeOf(listen), place, pool, options, report));
      if (made.length > 0) clientsAreSeen(placeOf(listen), options, report);
    }
  }

  #single(target: string, at: At): Upstream | undefined {
    const server = this.#place(target, at);
    return server && { scheduler: 'wrr', servers: [{ ...server, at, weight: 1, backup: false }] };
  }

  #places(listen: Directive): readonly ListenPlace[] {
    const { report, options } = this;
    const at = placeOf(listen);
    const [word = '', ...args] = listen.args;
    if (args.includes('ssl')) {
      report.add(at, 'refused', '', 'no service is made: TLS needs a process that ends the connection', 'weir proxy (docs/layer7.md)');
      return [];
    }
    for (const flag of args.filter((each) => !SOCKETS.test(each))) report.lost(at, `${flag}: weir does nothing of the kind to packets`);
    const [, six, four, behind, alone] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):([\d-]+)|([\d-]+))$/.exec(word) ?? [];
    const ports = portsOf(behind ?? alone);
    if (ports === undefined) {
      report.add(at, 'refused', '', `no service is made of ${word}: it is no address with ports`);
      return [];
    }
    return placesOf(at, six ?? four ?? '*', ports, options, report);
  }
}

/** @throws WeirError nginx-syntax, nginx-include-loop */
export function importNginxStream(file: NginxFile, readIncluded: ReadIncluded, options: ImportOptions): Imported {
  const stream = new Stream(options);
  for (const each of parseNginx(file, readIncluded)) {
    if (each.name === 'stream') {
      stream.report.known();
      stream.read(each.block ?? []);
    } else if (each.name === 'http')
      stream.report.lost(placeOf(each), 'no service is made of it: requests are layer 7', 'weir import nginx');
    else if (MAIN.test(each.name)) stream.report.add(placeOf(each), 'equivalent', 'nothing', 'no packet goes another way for it');
    else stream.report.unknown(placeOf(each), 'lost', 'weir does nothing of the kind to packets');
  }
  return stream.report.done();
}
