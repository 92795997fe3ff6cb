// haproxy.cfg, proxies of mode tcp → services. What it does between two connections of its own has no packets to follow: a line for each.
import { parseAddress } from '../../model/address-text.js';
import { entryOf } from '../../model/own-entry.js';
import { checkRule, type HaproxyCheck, isOfChecks, reportCheckWords, serverCheck, withoutHeader } from './haproxy-checks.js';
import { lost, NOTHING, REPLACED, reportFate } from './haproxy-fates.js';
import { type HaproxyFile, type HaproxyLine, type HaproxyProxy, haproxySeconds, isSection, readHaproxy } from './haproxy-sections.js';
import { globalFate, sectionFate, statementFate } from './haproxy-statements.js';
import { bindWords, type GivenWord, isSet, reportWords, serverWords, withCheckTls, withHeader, wordValue } from './haproxy-words.js';
import { ImportReport } from './import-report.js';
import type { Imported, ImportedDestination, ImportOptions } from './imported.js';
import { clientsAreSeen, type ListenPlace, listenAt, type ProxiedServer, placesOf, portsOf } from './proxies.js';
import { PERSISTENCE_MAX_S, PORT_MAX, wholeNumber } from './values.js';

const WEIGHT_MAX = 256;
const THRESHOLD_MAX = 0x7fff_ffff;

const SCHEDULERS: Readonly<Record<string, readonly [scheduler: string, why?: string]>> = {
  roundrobin: ['wrr'],
  'static-rr': ['wrr'],
  leastconn: ['wlc'],
  source: ['sh'],
  first: ['fo', 'the next server has connections when the one before it is out, not when it is full'],
  random: ['twos', 'of two servers by chance the one with fewer connections has it'],
};

/** By FULLNAT packets have it, too. */
const HEADER = 'send-proxy-v2';

/** Of `bind` and of `server`: words for which a process must have the connection. */
const BIND_ENDS = ['ssl', 'accept-proxy', 'accept-netscaler-cip'];
const SERVER_ENDS = ['ssl', 'send-proxy', HEADER, 'send-proxy-v2-ssl', 'send-proxy-v2-ssl-cn', 'socks4'];

const SENDS = 'send-proxy-v2 with --method fullnat: client_address proxy sends version 2 of the header';

const isVariable = (host: string): boolean => /[$%]/.test(host);

/** A backend's lines behind a frontend's, each with what `defaults` has. */
class Tcp {
  readonly #lines: readonly HaproxyLine[];
  readonly #ofBack: ReadonlySet<HaproxyLine>;

  constructor(
    readonly front: HaproxyProxy,
    readonly back: HaproxyProxy,
    readonly options: ImportOptions,
    readonly report: ImportReport,
  ) {
    this.#lines = [...back.defaults, ...back.lines];
    this.#ofBack = new Set(this.#lines);
  }

  /** The statements that were looked at. */
  read(): ReadonlySet<HaproxyLine> {
    const { front, back, report, options } = this;
    const check = checkRule(this.#lines, report);
    const defaults = this.#serverDefaults(check);
    const servers = back.lines.filter(({ words }) => words[0] === 'server').flatMap((line) => this.#server(line, defaults, check));
    const pool = {
      ...({ protocol: 'tcp', servers, checkInterval: check.interval } as const),
      scheduler: this.#scheduler(),
      persistence: this.#stickSeconds(),
      checkOf: (server: Server) => server.check,
    };
    let services = 0;
    for (const line of front.lines.filter(({ words }) => words[0] === 'bind'))
      for (const place of this.#places(line)) if (listenAt(line.at, place, pool, options, report)) services++;
    if (services > 0) clientsAreSeen(front.at, options, report);
    const all = new Set([...front.defaults, ...front.lines, ...this.#lines]);
    for (const line of all) this.#other(line);
    return all;
  }

  #places({ words, at }: HaproxyLine): readonly ListenPlace[] {
    const { report, options } = this;
    const given = bindWords(words.slice(2));
    const ends = given.find(({ name }) => BIND_ENDS.includes(name))?.name;
    if (ends !== undefined) {
      const why = `no service is made: ${ends} needs a process that ends the connection`;
      report.add(at, 'refused', '', why, 'weir proxy (docs/layer7.md)');
      return [];
    }
    reportWords(report, at, given);
    return (words[1] ?? '').split(',').flatMap((place) => {
      const [, host = '', ports] = /^(?:ipv[46]@|tcp[46]?@)?\[?(.*?)\]?:([\d-]+)$/.exec(place) ?? [];
      const numbers = portsOf(ports);
      if (numbers === undefined || isVariable(host)) {
        const why = isVariable(place) ? 'variables are not filled in' : 'it is no address with ports';
        report.add(at, 'refused', '', `no service is made of ${place}: ${why}`);
        return [];
      }
      const both = host === '::' && isSet(given, 'v4v6', 'v6only');
      return placesOf(at, both ? '*' : host, numbers, options, report);
    });
  }

  /** The words of `default-server`, which a server's own stand behind. */
  #serverDefaults(check: HaproxyCheck): readonly GivenWord[] {
    return this.#lines.flatMap(({ words, at }) => {
      if (words[0] !== 'default-server') return [];
      const read = this.#checked(serverWords(words.slice(1)), check);
      const given = withCheckTls(this.#hasHeader(read) ? withHeader(read) : read, read);
      this.report.add(at, 'equivalent', 'words of each server');
      reportWords(this.report, at, given);
      reportCheckWords(this.report, at, given);
      return given;
    });
  }

  #hasHeader(given: readonly GivenWord[]): boolean {
    return this.options.method === 'fullnat' && isSet(given, HEADER);
  }

  /** A check by HTTP can make TLS. */
  #checked(given: readonly GivenWord[], { keyword }: HaproxyCheck): readonly GivenWord[] {
    return keyword === 'HTTP_GET' ? given.map((each) => (each.name === 'check-ssl' ? { ...each, fate: undefined } : each)) : given;
  }

  #server({ words, at }: HaproxyLine, defaults: readonly GivenWord[], check: HaproxyCheck): readonly Server[] {
    const { report, back } = this;
    const own = this.#checked(serverWords(words.slice(3)), check);
    const given = [...defaults, ...own];
    const [, host = '', digits] = /^(?:ipv[46]@)?\[?(.*?)\]?(?::([+-]?\d+))?$/.exec(words[2] ?? '') ?? [];
    const address = parseAddress(host);
    const hasHeader = this.#hasHeader(given);
    const ends = SERVER_ENDS.find((name) => isSet(given, name) && !(hasHeader && name === HEADER));
    const port = digits === undefined || digits === '0' ? undefined : wholeNumber(digits, 1, PORT_MAX);
    if (address === undefined || ends !== undefined || (digits !== undefined && digits !== '0' && port === undefined)) {
      const unnamed = isVariable(words[2] ?? '') ? 'variables are not filled in' : 'names are not looked up';
      const hint = ends?.startsWith('send-proxy') === true && address !== undefined ? SENDS : undefined;
      const ported = ends === undefined ? 'ports are not shifted' : `${ends} needs a connection of its own to the server`;
      report.add(
        at,
        'refused',
        '',
        `${words[1] ?? ''} of ${back.name} gets no connections: ${address === undefined ? unnamed : ported}`,
        hint,
      );
      return [];
    }
    const upperThreshold = wholeNumber(wordValue(given, 'maxconn'), 1, THRESHOLD_MAX);
    const weight = isSet(given, 'disabled', 'enabled') ? 0 : (wholeNumber(wordValue(given, 'weight'), 0, WEIGHT_MAX) ?? 1);
    if (upperThreshold !== undefined)
      report.add(
        at,
        'approximated',
        `upper_threshold ${upperThreshold}`,
        'who comes beyond it goes to another server or is refused, and does not wait; connections that end count, too',
      );
    else report.add(at, given.every(({ name }) => name === 'weight') ? 'exact' : 'equivalent', `weight ${weight}`);
    if (hasHeader) report.add(at, 'equivalent', 'client_address proxy');
    reportWords(report, at, withCheckTls(hasHeader ? withHeader(own) : own, given));
    reportCheckWords(report, at, own);
    return [
      {
        ...{ at, address, port, weight, hasHeader, backup: isSet(given, 'backup') },
        check: isSet(given, 'check') ? serverCheck(hasHeader ? withoutHeader(check, given, at, report) : check, given) : true,
        ...(upperThreshold === undefined ? {} : { upperThreshold }),
      },
    ];
  }

  #scheduler(): string {
    const balance = this.#last('balance');
    const type = this.#last('hash-type');
    const [, how = 'roundrobin', ...rest] = balance?.words ?? [];
    const name = how.replace(/\(.*/, '');
    const [found, why] =
      entryOf(SCHEDULERS, name) ?? (name === 'hash' && rest[0] === 'src' ? ['sh'] : ['wlc', `weir does not choose by ${how}`]);
    const isConsistent = found === 'sh' && type?.words[1] === 'consistent';
    const scheduler = isConsistent ? 'mh' : found;
    if (balance !== undefined) this.report.add(balance.at, why === undefined ? 'equivalent' : 'approximated', scheduler, why);
    if (type !== undefined && found === 'sh') this.report.add(type.at, 'equivalent', scheduler);
    else if (type !== undefined) this.report.lost(type.at, 'nothing is chosen by a hash');
    return scheduler;
  }

  /** `stick on src`, or `match src` and `store-request src`, and for how long their table keeps a client. */
  #stickSeconds(): number | undefined {
    const table = this.#last('stick-table');
    const rules = this.#lines.filter(({ words }) => words[0] === 'stick');
    const bySource = rules.filter(({ words }) => /^src( table \S+)?$/.test(words.slice(2).join(' ')));
    const has = (verb: string): boolean => bySource.some(({ words }) => words[1] === verb);
    const isKept = has('on') || (has('match') && has('store-request'));
    if (table !== undefined) this.#table(table, isKept);
    const seconds = Math.min(haproxySeconds(table?.words[table.words.indexOf('expire') + 1]) ?? PERSISTENCE_MAX_S, PERSISTENCE_MAX_S);
    for (const rule of rules) {
      if (!bySource.includes(rule))
        this.report.lost(rule.at, 'clients do not stay with their server by it: persistence goes by the address of the client alone');
      else if (isKept) this.report.add(rule.at, 'equivalent', `persistence of ${seconds} s`);
      else this.report.lost(rule.at, 'clients do not stay with their server: no rule stores what another one looks for');
    }
    return isKept ? seconds : undefined;
  }

  #table({ words, at }: HaproxyLine, isKept: boolean): void {
    if (isKept) this.report.add(at, 'equivalent', 'the time of persistence');
    else this.report.lost(at, 'no client stays with a server by it');
    const has = (name: string): boolean => words.includes(name);
    if (has('peers')) reportFate(this.report, at, sectionFate('peers'), ['peers']);
    const counted = ['store', 'write-to', 'recv-only'].filter(has);
    if (counted.length > 0) reportFate(this.report, at, lost('nothing is counted of clients'), counted);
    if (has('nopurge')) reportFate(this.report, at, lost('when the table is full, the oldest persistence may end'), ['nopurge']);
  }

  #last(name: string): HaproxyLine | undefined {
    return this.#lines.findLast(({ words }) => words[0] === name);
  }

  /** What is of the proxies and was not read above. */
  #other(line: HaproxyLine): void {
    const { report, back } = this;
    const { words, at } = line;
    const [name = ''] = words;
    if (name === 'bind' || name === 'server' || name === 'default-server') return;
    const isOfBack = this.#ofBack.has(line);
    if (isOfChecks(words)) {
      if (!isOfBack) reportFate(report, at, NOTHING);
    } else if (name === 'mode' || name === 'default_backend') {
      if (words[1] === (name === 'mode' ? 'tcp' : back.name)) report.add(at, 'equivalent', words[1]);
      else reportFate(report, at, REPLACED);
    } else if (OF_BACKEND.has(name) && !isOfBack) reportFate(report, at, NOTHING);
    else if (OF_BACKEND.has(name) && name !== 'stick') {
      if (line !== this.#last(name)) reportFate(report, at, REPLACED);
    } else if (name !== 'stick') reportFate(report, at, statementFate(words));
  }
}

/** Each is read where the service is made; the last one counts, but of rules of `stick` all do. */
const OF_BACKEND = new Set(['balance', 'hash-type', 'stick', 'stick-table']);

interface Server extends ProxiedServer {
  readonly check: ImportedDestination['check'];
}

const lastOf = ({ defaults, lines }: HaproxyProxy, ...names: readonly string[]): HaproxyLine | undefined =>
  [...defaults, ...lines].findLast(({ words }) => names.includes(words[0] ?? ''));

const isOff = (proxy: HaproxyProxy): boolean => lastOf(proxy, 'disabled', 'enabled')?.words[0] === 'disabled';

/** What the proxies do not have. */
function importOthers({ global, defaults, others, conditions }: HaproxyFile, used: ReadonlySet<HaproxyLine>, report: ImportReport): void {
  for (const { words, at } of global) reportFate(report, at, globalFate(words));
  for (const { at, own } of defaults)
    if (!own.some((line) => used.has(line))) report.add(at, 'equivalent', 'nothing', 'no proxy of which a service is made has them');
  let section = '';
  for (const { words, at } of others) {
    if (isSection(words[0] ?? '')) section = words[0] ?? '';
    if (section === '') report.unknown(at, 'lost', 'it stands in no section');
    else reportFate(report, at, sectionFate(section));
  }
  for (const { at } of conditions)
    report.add(
      at,
      'approximated',
      '',
      'no condition is looked at: the lines of all its branches are read',
      'remove those that do not hold',
    );
}

/** Names are not looked up. `file`: for the lines of the report. */
export function importHaproxy(file: string, text: string, options: ImportOptions): Imported {
  const report = new ImportReport();
  const read = readHaproxy(file, text);
  const { proxies } = read;
  if (read.hasSections) report.known();
  const used = new Set<string>();
  const looked = new Set<HaproxyLine>();
  // Of one name the first one counts.
  const backends = new Map(proxies.flatMap((one) => (one.kind === 'backend' ? [[one.name, one] as const] : [])).toReversed());
  for (const front of proxies.filter(({ kind }) => kind !== 'backend')) {
    const named = lastOf(front, 'default_backend')?.words[1];
    const back = front.kind === 'listen' ? front : named === undefined ? undefined : backends.get(named);
    if (back !== undefined) used.add(back.name);
    const refuse = (why: string, hint?: string): void =>
      report.add(front.at, 'refused', '', `no service is made of ${front.name}: ${why}`, hint);
    if (isOff(front)) report.add(front.at, 'equivalent', 'nothing', `${front.name} is disabled`);
    else if ((lastOf(front, 'mode')?.words[1] ?? 'tcp') !== 'tcp') refuse('it chooses by requests', 'weir proxy (docs/layer7.md)');
    else if (back === undefined) refuse('it has no default backend');
    else if (isOff(back)) refuse(`its default backend ${back.name} is disabled`);
    else for (const line of new Tcp(front, back, options, report).read()) looked.add(line);
  }
  for (const { kind, name, at } of proxies)
    if (kind === 'backend' && !used.has(name)) report.lost(at, `nothing goes to ${name}: no frontend has it as its default`);
  importOthers(read, looked, report);
  return report.done();
}
