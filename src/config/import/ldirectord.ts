// ldirectord.cf → services (its manual page; ClusterLabs/resource-agents). Its daemon and weir both keep the table by checks.
import { type Address, isLoopbackAddress } from '../../model/address.js';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { serviceFamily, widestNetmask } from '../../model/identity.js';
import { schedulerNamed } from '../../model/schedulers.js';
import type { DestinationSpec, ForwardingMethod, Persistence, ServiceKey, ServiceSpec } from '../../model/service.js';
import { canBeVip } from '../../model/vip-address.js';
import { type At, ImportReport } from './import-report.js';
import type { CheckBlock, Imported, ImportedDestination } from './imported.js';
import { Block, type Setting } from './ldirectord-block.js';
import { negotiateCheck } from './ldirectord-checks.js';
import { destinationOf, PORT_MAX, tcpCheck, wholeNumber } from './values.js';

const METHODS: Readonly<Record<string, ForwardingMethod>> = { gate: 'route', masq: 'masq', ipip: 'tunnel' };
const SERVERS_MAX = 4096;
const [PERSISTENCE_MAX_S, MARK_MAX, WEIGHT_MAX] = [31 * 86_400, 0xffff_ffff, 65_535];
const DEFAULTS = { interval: 10, timeout: 5, negotiate: 30 } as const;

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
  'checktimeout connecttimeout negotiatetimeout checkinterval checkcount failurecount fallback fallback6 fallbackcommand quiescent readdquiescent maintenancedir real real6 checktype service checkcommand checkport request receive httpmethod virtualhost login passwd database secret load scheduler persistent netmask protocol ops'.split(
    ' ',
  ),
);

const unquoted = (text: string): string => /^"(.*)"$/.exec(text)?.[1] ?? text;

/** Indented lines belong to the `virtual` before them. */
function blocksOf(file: string, text: string, report: ImportReport): readonly Block[] {
  const global: Setting[] = [];
  const blocks: { readonly head: Setting; readonly own: Setting[] }[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(#|$)/.test(line)) return;
    const at: At = { file, line: index + 1, text: line };
    const [, indent = '', name = '', value = ''] = /^(\s*)([\w]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const key = name.toLowerCase();
    if (name === '') return report.unknown(at, 'refused', 'this is no setting of ldirectord');
    const setting = { name: key, value: unquoted(value), at };
    const block = blocks.at(-1);
    if (SETTINGS.has(key)) report.known();
    if (key === 'virtual' || key === 'virtual6') blocks.push({ head: setting, own: [] });
    else if (OF_ITS_DAEMON.has(key))
      report.add(at, 'lost', '', 'no packet goes another way: it is about its daemon, its logs or its mail', 'weir run has its own');
    else if (!SETTINGS.has(key)) report.unknown(at, 'refused', 'ldirectord has no such setting');
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

/** Quoted texts, or words. */
const wordsOf = (text: string): readonly string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s,]+)/g)].map(([, quotedText, word]) => quotedText ?? word ?? '');

/** A server that is checked: its port, and what its own line has of the check. */
interface Checked {
  readonly at: At;
  readonly address: Address;
  readonly port: number;
  readonly request: string | undefined;
  readonly receive: string | undefined;
}

class VirtualServer {
  constructor(
    readonly block: Block,
    readonly key: ServiceKey,
    readonly report: ImportReport,
  ) {}

  read(): void {
    const { block, key, report } = this;
    const destinations = block.own.filter(({ name }) => name === 'real' || name === 'real6').flatMap((real) => this.#real(real));
    const fallback = this.#fallback();
    report.service(block.head.at, {
      spec: this.#spec(),
      destinations,
      ...(fallback === undefined ? {} : { sorry: fallback }),
      checkInterval: block.seconds(DEFAULTS.interval, 'checkinterval'),
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
    const forwarding = METHODS[method];
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
    const isMoved = key.kind === 'address' && port !== key.port && forwarding !== 'masq';
    if (isMoved) report.add(at, 'equivalent', `port ${key.port}`, `by ${method} packets keep their port, in ldirectord as here`);
    else report.add(at, 'exact', `${found.addresses.length} × ${forwarding}`);
    return found.addresses.map((address) => ({
      spec: destinationOf(address, isMoved ? key.port : port, isLoopbackAddress(address) ? 'local' : forwarding, { weight: weight ?? 1 }),
      check: this.#check({ at, address, port: found.port ?? port, request, receive }),
    }));
  }

  #check({ at, address, port, request, receive }: Checked): CheckBlock | true {
    const { block, key, report } = this;
    const type = block.value('checktype') ?? 'negotiate';
    const checkPort = wholeNumber(block.value('checkport'), 1, PORT_MAX) ?? port;
    const asked = key.kind === 'fwmark' || checkPort !== port ? checkPort : undefined;
    const timeout = block.seconds(DEFAULTS.timeout, 'checktimeout', 'negotiatetimeout');
    if (type === 'on') return true;
    if (type === 'ping') return { keyword: 'PING_CHECK', rows: [`connect_timeout ${timeout}`] };
    if (type === 'connect') return tcpCheck(timeout, asked);
    if (type.startsWith('external')) return this.#external(address, port, timeout);
    if (type === 'off') {
      report.add(
        at,
        'approximated',
        'no check',
        'ldirectord never activates a server of checktype off; here it has connections',
        'weight 0 keeps it out',
      );
      return true;
    }
    if (/^\d+$/.test(type))
      report.add(
        block.setting('checktype')?.at ?? at,
        'approximated',
        'the negotiating check each time',
        `ldirectord only connects ${type} times of ${Number(type) + 1}`,
      );
    return negotiateCheck({
      block,
      at,
      report,
      port: asked,
      timeout: block.seconds(DEFAULTS.negotiate, 'negotiatetimeout', 'checktimeout'),
      request,
      receive,
      virtualPort: key.kind === 'fwmark' ? 0 : key.port,
    });
  }

  /** With the arguments that ldirectord passes. */
  #external(address: Address, port: number, timeout: number): CheckBlock {
    const { block, key } = this;
    const virtual = key.kind === 'fwmark' ? `${key.mark} 0` : `${formatAddress(key.address)} ${key.port}`;
    const words = [block.value('checkcommand') ?? '/bin/true', virtual, formatAddress(address), String(port)].join(' ');
    return { keyword: 'MISC_CHECK', rows: [`misc_path "${words.replace(/["\\]/g, '')}"`, `misc_timeout ${timeout}`] };
  }

  #fallback(): DestinationSpec | undefined {
    const { block, key, report } = this;
    const setting = block.setting(serviceFamily(key) === 'inet' ? 'fallback' : 'fallback6');
    if (setting === undefined) return undefined;
    const [place = '', method = 'gate'] = wordsOf(setting.value);
    const found = endpoint(place);
    const forwarding = METHODS[method];
    if (found === undefined || forwarding === undefined) {
      report.add(setting.at, 'refused', '', 'while no server is left clients are refused', 'write the address of the fallback');
      return undefined;
    }
    const port = found.port ?? (key.kind === 'fwmark' ? 0 : key.port);
    report.add(setting.at, 'exact', 'sorry_server');
    return destinationOf(found.address, port, isLoopbackAddress(found.address) ? 'local' : forwarding);
  }

  /** What is neither of the service nor of its servers. */
  #otherSettings(): void {
    for (const { name, at, value } of this.block.own) {
      if (name === 'protocol' || name === 'ops') this.report.add(at, 'exact', value);
      else if (name === 'fallbackcommand')
        this.report.lost(
          at,
          'no packet goes another way, but the command is not run',
          'notify_up and notify_down of real_server, quorum_up and quorum_down',
        );
      else if (name === 'readdquiescent') this.report.lost(at, 'a server that was removed by hand comes back with its next check');
      else if (name === 'quiescent') this.report.add(at, 'exact', `inhibit_on_failure ${value === 'no' ? 'off' : 'on'}`);
    }
  }
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
  const maintenance = blocks[0]?.setting('maintenancedir');
  if (maintenance !== undefined) report.lost(maintenance.at, 'files in that folder take no server out', 'weir drain, or FILE_CHECK');
  return report.done();
}
