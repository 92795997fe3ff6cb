// ldirectord.cf → services (its manual page; ClusterLabs/resource-agents). Its daemon and weir both keep the table by checks.
import { type Address, isLoopbackAddress } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { serviceFamily, widestNetmask } from '../../model/identity.js';
import { entryOf } from '../../model/own-entry.js';
import { schedulerNamed } from '../../model/schedulers.js';
import type { DestinationSpec, ForwardingMethod, Persistence, ServiceKey, ServiceSpec } from '../../model/service.js';
import { canBeVip } from '../../model/vip-address.js';
import { type At, ImportReport } from './import-report.js';
import type { Imported, ImportedDestination } from './imported.js';
import { Block, type Setting } from './ldirectord-block.js';
import { ServerChecks } from './ldirectord-checks.js';
import { destinationOf, PERSISTENCE_MAX_S, PORT_MAX, wholeNumber } from './values.js';

const METHODS: Readonly<Record<string, ForwardingMethod>> = { gate: 'route', masq: 'masq', ipip: 'tunnel' };
const SERVERS_MAX = 4096;
const [MARK_MAX, WEIGHT_MAX] = [0xffff_ffff, 65_535];

/** Of no meaning for packets: logs, mail and the daemon itself. */
const OF_ITS_DAEMON = new Set(
  'autoreload callback logfile supervised fork execute monitorfile emailalert emailalertfrom emailalertfreq emailalertstatus smtp cleanstop'.split(
    ' ',
  ),
);
/** Of one virtual server alone. */
const OF_A_SERVICE = new Set(
  'real real6 checktype service checkport request receive httpmethod virtualhost login passwd database secret scheduler persistent netmask protocol ops'.split(
    ' ',
  ),
);

/** Read with the service. */
const SETTINGS = new Set(
  'checktimeout negotiatetimeout checkinterval checkcount failurecount fallback fallback6 fallbackcommand quiescent readdquiescent maintenancedir real real6 checktype service checkcommand checkport request receive httpmethod virtualhost login passwd database secret load scheduler persistent netmask protocol ops'.split(
    ' ',
  ),
);

const unquoted = (text: string): string => /^"(.*)"$/.exec(text)?.[1] ?? text;

/** Indented lines belong to the `virtual` before them. */
function blocksOf(file: string, text: string, report: ImportReport): readonly Block[] {
  const global: Setting[] = [];
  const blocks: { readonly head: Setting; readonly own: Setting[] }[] = [];
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.replace(/#.*/, '');
    if (line.trim() === '') return;
    const at: At = { file, line: index + 1, text: raw };
    const [, indent = '', name = '', value = ''] = /^(\s*)([\w]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const key = name.toLowerCase();
    if (name === '') return report.unknown(at, 'refused', 'this is no setting of ldirectord');
    const setting = { name: key, value: unquoted(value), at };
    const block = blocks.at(-1);
    if (SETTINGS.has(key)) report.known();
    if (key === 'virtual' || key === 'virtual6') blocks.push({ head: setting, own: [] });
    else if (OF_ITS_DAEMON.has(key)) {
      if (key === 'fork') global.push(setting);
      report.add(at, 'lost', '', 'no packet goes another way: it is about its daemon, its logs or its mail', 'weir run has its own');
    } else if (!SETTINGS.has(key)) report.unknown(at, 'refused', 'ldirectord has no such setting');
    else if (indent === '' && !OF_A_SERVICE.has(key)) global.push(setting);
    else if (block === undefined || indent === '') report.add(at, 'refused', '', 'it stands in no virtual server');
    else block.own.push(setting);
  });
  return blocks.map(({ head, own }) => new Block(head, own, global));
}

function keyOf(block: Block): ServiceKey | undefined {
  const { head } = block;
  const mark = wholeNumber(head.value, 1, MARK_MAX);
  if (mark !== undefined) return { kind: 'fwmark', family: head.name === 'virtual6' ? 'inet6' : 'inet', mark };
  const place = endpoint(head.value);
  if (place?.port === undefined || !canBeVip(place.address)) return undefined;
  const protocol = block.value('protocol') ?? (place.port === 53 ? 'udp' : 'tcp');
  return protocol === 'tcp' || protocol === 'udp' ? { kind: 'address', protocol, address: place.address, port: place.port } : undefined;
}

function endpoint(text: string): { readonly address: Address; readonly port?: number } | undefined {
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d+))?$/.exec(text) ?? [];
  const address = parseAddress(six ?? four ?? '');
  const port = digits === undefined ? undefined : wholeNumber(digits, 0, PORT_MAX);
  if (address === undefined || (digits !== undefined && port === undefined)) return undefined;
  return { address, ...(port === undefined ? {} : { port }) };
}

/** `a->b`: every address from one to the other. */
function addressesOf(text: string): { readonly addresses: readonly Address[]; readonly port: number | undefined } | undefined {
  const [, first = '', last = '', rest = ''] = /^([\d.]+)->([\d.]+)(.*)$/.exec(text) ?? [];
  if (first === '') {
    const one = endpoint(text);
    return one && { addresses: [one.address], port: one.port };
  }
  const [from, to] = [parseAddress(first)?.words[0], endpoint(last + rest)];
  const end = to?.address.words[0];
  if (from === undefined || end === undefined || end < from || end - from >= SERVERS_MAX) return undefined;
  return { addresses: Array.from({ length: end - from + 1 }, (_, k) => ({ family: 'inet', words: [from + k] })), port: to?.port };
}

const methodTo = (address: Address, method: ForwardingMethod): ForwardingMethod => (isLoopbackAddress(address) ? 'local' : method);

/** Packets get another port by masq alone, and none on this host. */
const portKept = (key: ServiceKey, address: Address, port: number, method: ForwardingMethod): number =>
  key.kind === 'address' && methodTo(address, method) !== 'masq' ? key.port : port;
const KEPT = 'by gate and ipip, and to this host, packets keep their port, in ldirectord as here';

/** Quoted texts, or words. */
const wordsOf = (text: string): readonly string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s,]+)/g)].map(([, quotedText, word]) => quotedText ?? word ?? '');

class VirtualServer {
  readonly #checks: ServerChecks;

  constructor(
    readonly block: Block,
    readonly key: ServiceKey,
    readonly report: ImportReport,
  ) {
    this.#checks = new ServerChecks(block, key, report);
  }

  read(): void {
    const { block, key, report } = this;
    const destinations = block.own.filter(({ name }) => name === 'real' || name === 'real6').flatMap((real) => this.#real(real));
    const fallback = this.#fallback();
    report.service(block.head.at, {
      spec: this.#spec(),
      destinations,
      ...(fallback === undefined ? {} : { sorry: fallback }),
      checkInterval: this.#checks.interval,
      keepsFailed: block.value('quiescent') !== 'no',
    });
    report.add(block.head.at, 'exact', key.kind === 'fwmark' ? `mark ${key.mark}` : 'a service');
    this.#otherSettings();
  }

  #spec(): ServiceSpec {
    const { block, key, report } = this;
    const name = block.value('scheduler') ?? 'wrr';
    const isKnown = schedulerNamed(name) !== undefined;
    const setting = block.setting('scheduler');
    if (setting !== undefined)
      report.add(
        setting.at,
        isKnown ? 'exact' : 'approximated',
        isKnown ? `scheduler ${name}` : 'scheduler wlc',
        isKnown ? '' : 'weir has no such scheduler',
      );
    const persistence = this.#persistence();
    return {
      key,
      scheduler: isKnown ? name : 'wlc',
      schedFlags: 0,
      onePacket: block.value('ops') === 'yes',
      ...(persistence === undefined ? {} : { persistence }),
    };
  }

  #persistence(): Persistence | undefined {
    const { block, key, report } = this;
    const [setting, mask] = [block.setting('persistent'), block.setting('netmask')];
    if (setting === undefined) {
      if (mask !== undefined) report.lost(mask.at, 'without persistent it means nothing');
      return undefined;
    }
    const timeout = wholeNumber(setting.value, 1, PERSISTENCE_MAX_S);
    if (timeout === undefined) {
      report.add(setting.at, 'refused', '', `clients do not stay with their server: it takes 1 to ${PERSISTENCE_MAX_S} seconds`);
      return undefined;
    }
    report.add(setting.at, 'exact', `persistence of ${timeout} s`);
    const family = serviceFamily(key);
    const netmask =
      mask === undefined ? widestNetmask(family) : family === 'inet' ? parseAddress(mask.value)?.words[0] : wholeNumber(mask.value, 1, 128);
    if (mask !== undefined)
      report.add(
        mask.at,
        netmask ? 'exact' : 'refused',
        netmask ? `netmask ${mask.value}` : '',
        netmask ? '' : 'single clients are kept apart',
      );
    return { timeout, netmask: netmask || widestNetmask(family) };
  }

  #real({ value, at }: Setting): readonly ImportedDestination[] {
    const { key, report } = this;
    const [place = '', method = '', ...rest] = wordsOf(value);
    const found = addressesOf(place);
    const forwarding = entryOf(METHODS, method);
    if (found === undefined || forwarding === undefined) {
      const why = found === undefined ? 'names and ranges of names are not looked up' : `${method || 'no method'}: gate, masq or ipip`;
      report.add(at, 'refused', '', `the server gets no connections: ${why}`, 'write its address');
      return [];
    }
    const weight = wholeNumber(rest[0], 0, WEIGHT_MAX);
    if (weight === undefined && /^-?\d+$/.test(rest[0] ?? '')) {
      report.add(at, 'refused', '', `the server gets no connections: ${rest[0]} is no weight from 0 to ${WEIGHT_MAX}`);
      return [];
    }
    const [request, receive] = rest.slice(weight === undefined ? 0 : 1);
    const port = key.kind === 'fwmark' ? 0 : found.port || key.port;
    const kept = (address: Address): number => portKept(key, address, port, forwarding);
    const [moved] = found.addresses.map(kept).filter((each) => each !== port);
    if (moved !== undefined) report.add(at, 'equivalent', `port ${moved}`, KEPT);
    else report.add(at, 'exact', `${found.addresses.length} × ${forwarding}`);
    return found.addresses.map((address) => ({
      spec: destinationOf(address, kept(address), methodTo(address, forwarding), { weight: weight ?? 1 }),
      check: this.#checks.of({ at, address, port: found.port ?? port, request, receive }),
    }));
  }

  #fallback(): DestinationSpec | undefined {
    const { block, key, report } = this;
    const setting = block.setting(serviceFamily(key) === 'inet' ? 'fallback' : 'fallback6');
    if (setting === undefined) return undefined;
    const [place = '', method = 'gate'] = wordsOf(setting.value);
    const found = endpoint(place);
    const forwarding = entryOf(METHODS, method);
    if (found === undefined || forwarding === undefined) {
      report.add(setting.at, 'refused', '', 'while no server is left clients are refused', 'write the address of the fallback');
      return undefined;
    }
    const given = key.kind === 'fwmark' ? 0 : (found.port ?? key.port);
    const port = portKept(key, found.address, given, forwarding);
    if (port === given) report.add(setting.at, 'exact', 'sorry_server');
    else report.add(setting.at, 'equivalent', `sorry_server, port ${port}`, KEPT);
    return destinationOf(found.address, port, methodTo(found.address, forwarding));
  }

  /** What is neither of the service nor of its servers and their checks. */
  #otherSettings(): void {
    const { block, report } = this;
    for (const { name, at, value } of block.own) if (name === 'protocol' || name === 'ops') report.add(at, 'exact', value);
    const quiescent = block.setting('quiescent');
    if (quiescent !== undefined) report.add(quiescent.at, 'exact', `inhibit_on_failure ${quiescent.value === 'no' ? 'off' : 'on'}`);
    for (const [name, consequence, hint] of LOST) {
      const setting = block.setting(name);
      if (setting !== undefined) report.lost(setting.at, consequence, hint);
    }
    unused(block.own, 'neither its servers nor their checks use it', report);
  }
}

const LOST = [
  [
    'fallbackcommand',
    'no packet goes another way, but the command is not run',
    'notify_up and notify_down of real_server, quorum_up and quorum_down',
  ],
  ['readdquiescent', 'a server that was removed by hand comes back with its next check', undefined],
  ['maintenancedir', 'files in that folder take no server out', 'weir drain, or FILE_CHECK'],
] as const;

/** No setting is without a line. */
function unused(settings: readonly Setting[], why: string, report: ImportReport): void {
  settings.forEach(({ name, at }, index) => {
    const isReplaced = settings.slice(index + 1).some((each) => each.name === name);
    if (!report.has(at)) report.add(at, 'equivalent', 'nothing', isReplaced ? 'another line has its place' : why);
  });
}

/** Names are not looked up. `file`: for the lines of the report. */
export function importLdirectord(file: string, text: string): Imported {
  const report = new ImportReport();
  const blocks = blocksOf(file, text, report);
  for (const block of blocks) {
    const key = keyOf(block);
    if (key === undefined)
      report.add(
        block.head.at,
        'refused',
        '',
        'there is no such service: a virtual address with its port, or a mark, is written by numbers',
      );
    else new VirtualServer(block, key, report).read();
  }
  unused(blocks[0]?.global ?? [], 'no virtual server uses it', report);
  return report.done();
}
