// Health checks of services: keepalived's words, read as those of the virtual server that keepalived.conf would have; the service's own
// scheduling and forwarding take their place.
import { formatAddress } from '../../model/address-text.js';
import { failure } from '../../model/errors/weir-error.js';
import { serviceFamily } from '../../model/identity.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../../model/service.js';
import type { Statement } from '../keepalived/keyword.js';
import { realServerKeyword } from '../keepalived/keywords/virtual-server/real-server.js';
import { virtualServerKeyword } from '../keepalived/keywords/virtual-server/virtual-server.js';
import { buildVirtualServers } from '../keepalived/to-model/virtual-server/virtual-server.js';
import { readBlock } from '../keepalived/values/read-block.js';
import { builtByKeepalived, keepalivedBlock, keywordsOf, originOf, statement, type WrittenBlock } from './keepalived-block.js';
import type { Placed, Report } from './shape.js';
import type { Place } from './yaml-value.js';

/** Of a real server what a server of the file has in its own words, and checks of what only a keepalived.conf can name. */
const NOT_OF_SERVERS = new Set(['weight', 'lvs_method', 'uthreshold', 'lthreshold', 'snmp_name', 'FILE_CHECK', 'BFD_CHECK']);
const serverKeywords = (keywordsOf(realServerKeyword) ?? []).filter(({ name }) => !NOT_OF_SERVERS.has(name));

/** What a virtual server has of checks; of its servers what every one of them gets. */
const OF_SERVICES = new Set([
  ...[
    'alpha',
    'omega',
    'quorum',
    'hysteresis',
    'quorum_up',
    'quorum_down',
    'ha_suspend',
    'inhibit_on_failure',
    'smtp_alert',
    'virtualhost',
  ],
  ...['slow_start', 'delay_loop', 'connect_timeout', 'retry', 'delay_before_retry', 'warmup', 'rise', 'fall', 'log_all_failures'],
]);
const ofService = (keywordsOf(virtualServerKeyword) ?? []).filter(({ name }) => OF_SERVICES.has(name));
const serviceKeywords = [...ofService, ...serverKeywords.filter(({ name }) => !OF_SERVICES.has(name))];

export const serverChecksShape = keepalivedBlock(serverKeywords, "a server's health checks, in the words of keepalived.conf");
export const serviceChecksShape = keepalivedBlock(serviceKeywords, "a service's health checks, in the words of keepalived.conf");

/** A server as the file has it. */
export interface CheckedServer extends Placed<DestinationSpec> {
  readonly checks?: WrittenBlock;
}

export interface CheckedService {
  readonly spec: ServiceSpec;
  readonly at: Place;
  readonly checks?: WrittenBlock;
  readonly servers: readonly CheckedServer[];
  readonly sorry?: Placed<DestinationSpec>;
}

/** For VIP_CHECK, and so that a tunnel may lead to the other family. */
const METHOD_WORDS: Readonly<Record<DestinationSpec['method'], string>> = {
  masq: 'NAT',
  fullnat: 'NAT',
  local: 'NAT',
  route: 'DR',
  tunnel: 'TUN',
};

const targetOf = (key: ServiceKey): readonly string[] =>
  key.kind === 'fwmark' ? ['fwmark', String(key.mark)] : [formatAddress(key.address), String(key.port)];

const endpointWords = ({ address, port }: DestinationSpec): readonly string[] => [formatAddress(address), String(port)];

/** The checks of a server: its own, else those of its service. */
function serverStatement({ value, at, checks }: CheckedServer, shared: readonly Statement[]): Statement {
  const body = [
    statement('weight', [String(value.weight)], at),
    statement('lvs_method', [METHOD_WORDS[value.method]], at),
    ...(checks?.statements ?? shared),
  ];
  return statement('real_server', endpointWords(value), at, body);
}

function serviceStatement({ spec: { key, persistence }, at, checks, servers, sorry }: CheckedService): Statement {
  const written = checks?.statements ?? [];
  const own = written.filter(({ keyword }) => OF_SERVICES.has(keyword.text));
  const shared = written.filter(({ keyword }) => !OF_SERVICES.has(keyword.text));
  const body = [
    statement('lvs_sched', ['rr'], at),
    statement('lvs_method', ['NAT'], at),
    ...(key.kind === 'fwmark' ? [statement('ip_family', [serviceFamily(key)], at)] : [statement('protocol', [key.protocol], at)]),
    ...(persistence === undefined ? [] : [statement('persistence_timeout', [String(persistence.timeout)], at)]),
    ...own,
    ...(sorry === undefined
      ? []
      : [
          statement('sorry_server', endpointWords(sorry.value), sorry.at),
          statement('sorry_server_lvs_method', [METHOD_WORDS[sorry.value.method]], sorry.at),
        ]),
    ...servers.map((server) => serverStatement(server, shared)),
  ];
  return statement('virtual_server', targetOf(key), at, body);
}

/** keepalived reports that it lowers these two. Where all servers have weight 0 nothing is wrong: the service is out of use for a time. */
const LOWERED = new Set(['quorum-above-weights', 'hysteresis-above-quorum']);

/** The checker's part of keepalived's, the table's part of the file's. */
const withSpec = (real: RealServer, spec: DestinationSpec): RealServer => ({ ...real, ...spec });

/** As `weir run` has it. undefined: nothing is checked, or it cannot be, which was reported. */
export function virtualServerOf(service: CheckedService, report: Report): VirtualServer | undefined {
  const { spec, at, checks, servers, sorry } = service;
  if (checks === undefined && servers.every((server) => server.checks === undefined)) {
    if (sorry !== undefined) report(sorry.at, failure('file-key-needed', { key: 'checks', why: 'a sorry_server' }));
    return undefined;
  }
  if (servers.length === 0) return void report(at, failure('file-key-needed', { key: 'servers', why: 'checks' }));
  const isQuiesced = servers.every(({ value }) => value.weight === 0);
  const [built] =
    builtByKeepalived(
      report,
      (take) => {
        const root = readBlock([serviceStatement(service)], [virtualServerKeyword], [], originOf(at), take);
        return buildVirtualServers(root, { global: { checkerLogAllFailures: false }, groups: [], files: [], bfds: [], report: take });
      },
      ({ code }) => !isQuiesced || !LOWERED.has(code),
    ) ?? [];
  if (built === undefined || built.realServers.length !== servers.length) return undefined;
  if (built.realServers.every(({ checkers }) => checkers.length === 0))
    report(checks?.at ?? at, failure('file-check', { text: 'there is no check', hint: 'TCP_CHECK: {}' }));
  const { scheduler, schedFlags, onePacket, persistence } = spec;
  const { persistence: _ofKeepalived, sorryServer, ...rest } = built;
  return {
    ...rest,
    target: { kind: 'service', key: spec.key },
    ...{ scheduler, schedFlags, onePacket },
    ...(persistence === undefined ? {} : { persistence }),
    ...(sorry === undefined || sorryServer === undefined ? {} : { sorryServer: withSpec(sorryServer, sorry.value) }),
    realServers: servers.flatMap(({ value }, index) => {
      const real = built.realServers[index];
      return real === undefined ? [] : [withSpec(real, value)];
    }),
  };
}
