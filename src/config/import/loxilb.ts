// loxilb's rules, as its GET /config/loadbalancer/all answers them → services.
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { messageOf } from '../../model/errors/message-of.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { widestNetmask } from '../../model/identity.js';
import type { ForwardingMethod, Protocol } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import { parseVip } from '../../model/vip-address.js';
import { type At, ImportReport } from './import-report.js';
import type { CheckBlock, Imported, ImportedDestination } from './imported.js';
import { ObjectReader } from './json-object.js';
import { portsOf } from './proxies.js';
import { destinationOf, tcpCheck } from './values.js';

const [AFFINITY_S, CHECK_INTERVAL_S] = [10_800, 10];

/** By `sel`. */
const SCHEDULERS: Readonly<Record<number, readonly [scheduler: string, why?: string]>> = {
  0: ['rr'],
  1: ['mh', 'the hash is of the address of the client alone'],
  2: ['wrr'],
  3: ['rr'],
  4: ['lc'],
};
const PERSISTENT = 3;

/** By `mode`. */
const METHODS: Readonly<Record<number, readonly [method: ForwardingMethod, why?: string]>> = {
  0: ['masq'],
  1: ['masq', "servers see the clients' addresses, and their answers must come back this way"],
  2: ['masq', "servers see the clients' addresses, and their answers must come back this way"],
  3: ['route'],
};

class Loxilb {
  readonly report = new ImportReport();

  constructor(readonly file: string) {}

  rule(rule: ObjectReader, index: number): void {
    const { report } = this;
    const args = rule.of('serviceArguments');
    const [external, first, last] = [args.of('externalIP').text ?? '', args.of('port').number ?? 0, args.of('portMax').number ?? 0];
    const protocol = (args.of('protocol').text ?? '').toLowerCase();
    const at: At = { file: this.file, line: index + 1, text: `${protocol} ${external}:${first}` };
    const vips = [external, ...rule.of('secondaryIPs').list.flatMap((each) => each.of('secondaryIP').text ?? [])];
    const method = METHODS[args.of('mode').number ?? 0];
    if (method === undefined || !isProtocol(protocol) || (args.of('security').number ?? 0) !== 0) {
      report.add(
        at,
        'refused',
        '',
        'no service is made: it needs a process that has the connection, or another protocol',
        'weir proxy (docs/layer7.md)',
      );
      return;
    }
    const [scheduler, why] = SCHEDULERS[args.of('sel').number ?? 0] ?? ['wlc', 'weir does not choose by that'];
    if (why !== undefined) report.add(at, 'approximated', scheduler, why);
    if (method[1] !== undefined)
      report.add(at, 'approximated', method[0], method[1], '--fullnat with --local-address keeps what servers see');
    for (const name of ['bgp', 'block', 'host', 'egress'].filter(
      (each) => args.of(each).number || args.of(each).flag || args.of(each).text,
    ))
      report.lost({ ...at, text: `${at.text} ${name}` }, `${name} does nothing to packets here`);
    if (rule.of('allowedSources').list.length > 0)
      report.lost(
        { ...at, text: `${at.text} allowedSources` },
        'clients are not refused by it: the packet filter of the host can refuse them',
      );
    if (args.of('inactiveTimeOut').number)
      report.lost(
        { ...at, text: `${at.text} inactiveTimeOut` },
        'idle connections end after the timeouts of the table',
        'timeouts in weir.yaml',
      );
    const ports = portsOf(last > first ? `${first}-${last}` : String(first));
    if (ports === undefined) {
      report.add(at, 'refused', '', `no service is made of ports ${first} to ${Math.max(first, last)}`);
      return;
    }
    for (const vip of vips) for (const port of ports) this.#service(rule, at, { vip, port, protocol, scheduler, method: method[0] });
  }

  #service(
    rule: ObjectReader,
    at: At,
    {
      vip,
      port,
      protocol,
      scheduler,
      method,
    }: {
      readonly vip: string;
      readonly port: number;
      readonly protocol: Protocol;
      readonly scheduler: string;
      readonly method: ForwardingMethod;
    },
  ): void {
    const { report } = this;
    const address = parseVip(vip);
    if (address === undefined) {
      report.add(at, 'refused', '', `no service is made of ${vip} port ${port}`);
      return;
    }
    const key = { kind: 'address', protocol, address, port } as const;
    const args = rule.of('serviceArguments');
    const persistent = args.of('sel').number === PERSISTENT;
    const timeout = args.of('persistTimeout').number || AFFINITY_S;
    report.add(at, 'equivalent', serviceWord(key));
    report.service(at, {
      spec: {
        key,
        scheduler,
        schedFlags: 0,
        onePacket: false,
        ...(persistent ? { persistence: { timeout, netmask: widestNetmask(address.family) } } : {}),
      },
      destinations: rule.of('endpoints').list.flatMap((each): readonly ImportedDestination[] => {
        const server = parseAddress(each.of('endpointIP').text ?? '');
        if (server === undefined || server.family !== address.family) {
          report.add(
            at,
            'refused',
            '',
            `${each.of('endpointIP').text ?? 'an endpoint'} gets no connections: it has no address of the family of ${formatAddress(address)}`,
          );
          return [];
        }
        const target = method === 'masq' ? (each.of('targetPort').number ?? port) : port;
        return [{ spec: destinationOf(server, target, method, { weight: each.of('weight').number ?? 1 }), check: checkOf(args) }];
      }),
      checkInterval: args.of('probeTimeout').number || CHECK_INTERVAL_S,
      keepsFailed: false,
    });
  }
}

const isProtocol = (text: string): text is Protocol => text === 'tcp' || text === 'udp' || text === 'sctp';

function checkOf(args: ObjectReader): CheckBlock | true {
  if (args.of('monitor').flag !== true) return true;
  const port = args.of('probeport').number || undefined;
  const type = args.of('probetype').text ?? '';
  if (type === 'ping') return { keyword: 'PING_CHECK', rows: [] };
  if (type !== 'http' && type !== 'https') return tcpCheck(undefined, port);
  const path = /^[\w./?=&-]+$/.exec(args.of('probereq').text ?? '')?.[0] ?? '';
  return {
    keyword: type === 'https' ? 'SSL_GET' : 'HTTP_GET',
    rows: [{ keyword: 'url', rows: [`path /${path.replace(/^\//, '')}`] }, ...(port === undefined ? [] : [`connect_port ${port}`])],
  };
}

/** @throws WeirError import-syntax */
export function importLoxilb(file: string, text: string): Imported {
  const importer = new Loxilb(file);
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch (error) {
    throw new WeirError('import-syntax', {
      file,
      line: 1,
      what: `this is no JSON: ${messageOf(error)}`,
    });
  }
  const rules = new ObjectReader(whole);
  if (rules.names.includes('lbAttr')) importer.report.known();
  rules.of('lbAttr').list.forEach((rule, index) => importer.rule(rule, index));
  return importer.report.done();
}
