// haproxy.cfg, proxies of mode tcp → services. What it does between two connections of its own has no packets to follow: a line for each.
import { parseAddress } from '../../model/address-text.js';
import { checkRule, type HaproxyCheck, serverCheck } from './haproxy-checks.js';
import { type HaproxyLine, type HaproxyProxy, haproxySeconds, readHaproxy } from './haproxy-sections.js';
import { ImportReport } from './import-report.js';
import type { Imported, ImportedDestination, ImportOptions } from './imported.js';
import { clientsAreSeen, type ListenPlace, listenAt, type ProxiedServer, placesOf, portsOf } from './proxies.js';
import { PORT_MAX, wholeNumber } from './values.js';

const WEIGHT_MAX = 256;
const THRESHOLD_MAX = 0x7fff_ffff;
const PERSISTENCE_MAX_S = 31 * 86_400;

const SCHEDULERS: Readonly<Record<string, readonly [scheduler: string, why?: string]>> = {
  roundrobin: ['wrr'],
  'static-rr': ['wrr'],
  leastconn: ['wlc'],
  source: ['sh'],
  first: ['fo', 'the next server has connections when the one before it is out, not when it is full'],
  random: ['twos', 'of two servers by chance the one with fewer connections has it'],
};

/** Statements that decide nothing about packets. */
const WITHOUT_EFFECT =
  /^(log|log-format|log-tag|option (tcplog|dontlognull|dontlog-normal|log-health-checks|logasap|tcp-smart-\w+|tcpka|clitcpka|srvtcpka|splice-\w+|nolinger|abortonclose|contstats)|description|id|guid|email-alert|stats|maxconn|fullconn|nbproc|bind-process|backlog|hash-balance-factor|load-server-state-from-file|rate-limit)\b/;
const REFUSED_WORDS = /^(ssl|crt|alpn|accept-proxy|send-proxy(-v2.*)?|verify|ca-file|sni)$/;

/** A backend's lines behind a frontend's, each with what `defaults` has. */
class Tcp {
  readonly #lines: readonly HaproxyLine[];

  constructor(
    readonly front: HaproxyProxy,
    readonly back: HaproxyProxy,
    readonly options: ImportOptions,
    readonly report: ImportReport,
  ) {
    this.#lines = [...back.defaults, ...back.lines];
  }

  read(): void {
    const { front, back, report, options } = this;
    const places = front.lines.filter(({ words }) => words[0] === 'bind').flatMap((line) => this.#places(line));
    const check = checkRule(this.#lines, report);
    const servers = back.lines.filter(({ words }) => words[0] === 'server').flatMap((line) => this.#server(line, check));
    const pool = {
      ...({ protocol: 'tcp', servers, checkInterval: check.interval } as const),
      scheduler: this.#scheduler(),
      persistence: this.#stickSeconds(),
      checkOf: (server: Server) => server.check,
    };
    for (const place of places) listenAt(front.at, place, pool, options, report);
    if (places.length > 0) clientsAreSeen(front.at, report);
    this.#others();
  }

  #places({ words, at }: HaproxyLine): readonly ListenPlace[] {
    const { report, options } = this;
    const refused = words.slice(2).find((word) => REFUSED_WORDS.test(word));
    if (refused !== undefined) {
      report.add(
        at,
        'refused',
        '',
        `no service is made: ${refused} needs a process that ends the connection`,
        'weir proxy (docs/layer7.md)',
      );
      return [];
    }
    return (words[1] ?? '').split(',').flatMap((place) => {
      const [, host = '', ports] = /^(?:ipv[46]@|tcp[46]?@)?\[?(.*?)\]?:([\d-]+)$/.exec(place) ?? [];
      const numbers = portsOf(ports);
      if (numbers === undefined) {
        report.add(at, 'refused', '', `no service is made of ${place}: it is no address with ports`);
        return [];
      }
      return placesOf(at, host, numbers, options, report);
    });
  }

  #server({ words, at }: HaproxyLine, check: HaproxyCheck): readonly Server[] {
    const { report, back } = this;
    const defaults = this.#lines.filter((line) => line.words[0] === 'default-server').flatMap((line) => line.words.slice(1));
    const params = [...defaults, ...words.slice(3)];
    /** The last one counts. */
    const value = (name: string): string | undefined => (params.includes(name) ? params[params.lastIndexOf(name) + 1] : undefined);
    const [, host = '', digits] = /^(?:ipv[46]@)?\[?(.*?)\]?(?::([+-]?\d+))?$/.exec(words[2] ?? '') ?? [];
    const address = parseAddress(host);
    const refused = params.find((word) => REFUSED_WORDS.test(word) && word !== 'verify');
    const port = digits === undefined || digits === '0' ? undefined : wholeNumber(digits, 1, PORT_MAX);
    if (address === undefined || refused !== undefined || (digits !== undefined && digits !== '0' && port === undefined)) {
      const why =
        address === undefined
          ? 'names are not looked up'
          : refused === undefined
            ? 'ports are not shifted'
            : `${refused} needs a connection of its own to the server`;
      report.add(at, 'refused', '', `${words[1] ?? ''} of ${back.name} gets no connections: ${why}`);
      return [];
    }
    const upperThreshold = wholeNumber(value('maxconn'), 1, THRESHOLD_MAX);
    const isOut = params.includes('disabled');
    const weight = isOut ? 0 : (wholeNumber(value('weight'), 0, WEIGHT_MAX) ?? 1);
    if (upperThreshold !== undefined)
      report.add(
        at,
        'approximated',
        `upper_threshold ${upperThreshold}`,
        'who comes beyond it goes to another server or is refused, and does not wait; connections that end count, too',
      );
    else report.add(at, isOut ? 'equivalent' : 'exact', isOut ? 'weight 0' : `weight ${weight}`);
    for (const name of [
      'cookie',
      'slowstart',
      'track',
      'observe',
      'agent-check',
      'source',
      'maxqueue',
      'on-marked-down',
      'redir',
      'resolvers',
      'tcp-ut',
    ].filter((each) => params.includes(each)))
      report.add(at, name === 'slowstart' ? 'approximated' : 'lost', '', LOST_OF_SERVERS[name] ?? `${name} has no effect`);
    return [
      {
        at,
        address,
        port,
        weight,
        backup: params.includes('backup'),
        check: params.includes('check') ? serverCheck(check, value) : true,
        ...(upperThreshold === undefined ? {} : { upperThreshold }),
      },
    ];
  }

  #scheduler(): string {
    const balance = this.#last('balance');
    const type = this.#last('hash-type');
    if (balance === undefined) return 'wrr';
    const [, how = '', ...rest] = balance.words;
    const name = how.replace(/\(.*/, '');
    const [found, why] = SCHEDULERS[name] ?? (name === 'hash' && rest[0] === 'src' ? ['sh'] : []);
    if (found === undefined) {
      this.report.add(balance.at, 'approximated', 'wlc', `weir does not choose by ${how}`);
      return 'wlc';
    }
    const isConsistent = found === 'sh' && type?.words[1] === 'consistent';
    const scheduler = isConsistent ? 'mh' : found;
    this.report.add(balance.at, why === undefined ? 'equivalent' : 'approximated', scheduler, why);
    if (type !== undefined && !isConsistent && found !== 'sh') this.report.lost(type.at, 'nothing is chosen by a hash');
    return scheduler;
  }

  /** `stick on src`, and for how long its table keeps a client. */
  #stickSeconds(): number | undefined {
    const [stick, table] = [this.#last('stick'), this.#last('stick-table')];
    if (stick === undefined) return undefined;
    const by = stick.words.slice(1).join(' ');
    if (!/^(on|match) src( table \S+)?$/.test(by)) {
      this.report.lost(stick.at, 'clients do not stay with their server: persistence goes by the address of the client alone');
      return undefined;
    }
    const seconds = Math.min(haproxySeconds(table?.words[table.words.indexOf('expire') + 1]) ?? PERSISTENCE_MAX_S, PERSISTENCE_MAX_S);
    this.report.add(stick.at, 'equivalent', `persistence of ${seconds} s`);
    return seconds;
  }

  #last(name: string): HaproxyLine | undefined {
    return this.#lines.findLast(({ words }) => words[0] === name);
  }

  /** What is of the proxies and was not read above. */
  #others(): void {
    const { front, back, report } = this;
    const read =
      /^(bind|server|mode|balance|hash-type|stick|stick-table|default-server|default_backend|option (httpchk|tcp-check|mysql-check|pgsql-check|redis-check|smtpchk|ldap-check|ssl-hello-chk|external-check)|http-check|tcp-check|external-check|timeout check)\b/;
    for (const { words, at } of new Set([...front.lines, ...back.lines])) {
      const text = words.join(' ');
      if (read.test(text) || WITHOUT_EFFECT.test(text)) continue;
      const [name = ''] = words;
      if (name === 'use_backend')
        report.add(
          at,
          'refused',
          '',
          'its connections go to the default backend: what is sent in them is not read',
          'weir switch or weir proxy (docs/layer7.md)',
        );
      else if (name === 'timeout')
        report.lost(
          at,
          'idle connections end after the timeouts of the table (15 minutes of TCP)',
          'ipvsadm --set, or timeouts in weir.yaml',
        );
      else if (name === 'acl') report.lost(at, 'nothing is chosen by it');
      else report.lost(at, LOST[name] ?? 'weir does nothing of the kind to packets');
    }
  }
}

const LOST: Readonly<Record<string, string>> = {
  'tcp-request': 'connections are neither refused nor tracked by it: the packet filter of the host can refuse them',
  retries: 'a client whose server does not answer asks again itself',
  option: 'the option is about connections that haproxy makes itself',
  source: "servers see the clients' addresses",
};

const LOST_OF_SERVERS: Readonly<Record<string, string>> = {
  slowstart: 'a server that comes back has its whole share, unless slow_start is set in keepalived.conf',
  cookie: 'there are no cookies in packets',
  'agent-check': 'the weight does not follow its agent, unless feedback is set (docs/feedback.md)',
  'on-marked-down': 'connections of a server that fails go on to it',
};

interface Server extends ProxiedServer {
  readonly check: ImportedDestination['check'];
}

const modeOf = ({ defaults, lines }: HaproxyProxy): string =>
  [...defaults, ...lines].findLast(({ words }) => words[0] === 'mode')?.words[1] ?? 'tcp';

/** Names are not looked up. `file`: for the lines of the report. */
export function importHaproxy(file: string, text: string, options: ImportOptions): Imported {
  const report = new ImportReport();
  const { proxies, others, conditions } = readHaproxy(file, text);
  const used = new Set<string>();
  for (const front of proxies.filter(({ kind }) => kind !== 'backend')) {
    const named = [...front.defaults, ...front.lines].findLast(({ words }) => words[0] === 'default_backend');
    const back = front.kind === 'listen' ? front : proxies.find(({ kind, name }) => kind === 'backend' && name === named?.words[1]);
    if (back !== undefined) used.add(back.name);
    if (modeOf(front) !== 'tcp')
      report.add(front.at, 'refused', '', `no service is made of ${front.name}: it chooses by requests`, 'weir proxy (docs/layer7.md)');
    else if (back === undefined) report.add(front.at, 'refused', '', `no service is made of ${front.name}: it has no default backend`);
    else new Tcp(front, back, options, report).read();
  }
  for (const { kind, name, at } of proxies)
    if (kind === 'backend' && !used.has(name)) report.lost(at, `nothing goes to ${name}: no frontend has it as its default`);
  for (const { at } of conditions)
    report.add(
      at,
      'approximated',
      '',
      'no condition is looked at: the lines of all its branches are read',
      'remove those that do not hold',
    );
  for (const { words, at } of others) if (words[0] !== 'global') report.lost(at, 'no packet goes another way for it');
  return report.done();
}
