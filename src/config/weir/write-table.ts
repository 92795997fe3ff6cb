// The sections of layer 4 of a weir.yaml from the model, without what is the default: what the reader makes the same of.
import { stringify } from 'yaml';
import { formatAddress, formatIpv4 } from '../../model/address-text.js';
import { endpointText } from '../../model/endpoint-text.js';
import { serviceFamily, widestNetmask } from '../../model/identity.js';
import { flagNames } from '../../model/schedulers.js';
import type { DestinationSpec, ServiceSpec, Timeouts, Tunnel } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import type { DocumentService, TableDocument } from '../../model/table-document.js';
import type { WantedVip } from '../../model/vip.js';
import { SERVICE_DEFAULTS } from './table-shape.js';
import { durationText } from './units.js';
import { vipsTree } from './vips.js';

type Tree = Readonly<Record<string, unknown>>;

const LINE_WIDTH = 120;

/** What a service has besides its table, in the words of the file. */
export interface ServiceChecks {
  readonly checks: Tree;
  /** In the place of those of the service. */
  readonly ofServer: (server: DestinationSpec) => Tree | undefined;
  readonly sorry?: DestinationSpec;
}
type ChecksOf = (service: DocumentService) => ServiceChecks | undefined;

const secondsText = (seconds: number): string => durationText(seconds * 1e6);

function persistenceTree({ key, persistence }: ServiceSpec): Tree {
  if (persistence === undefined) return {};
  const { timeout, netmask, engine } = persistence;
  const family = serviceFamily(key);
  const mask = netmask === widestNetmask(family) ? {} : { netmask: family === 'inet' ? formatIpv4(netmask) : netmask };
  const more = { ...mask, ...(engine === undefined ? {} : { engine }) };
  const time = secondsText(timeout);
  return { persistence: Object.keys(more).length === 0 ? time : { timeout: time, ...more } };
}

function flagsTree({ scheduler, schedFlags }: ServiceSpec): Tree {
  const names = flagNames(scheduler, schedFlags);
  return names.length === 0 ? {} : { flags: names };
}

const tunnelTree = ({ type, port, checksum }: Tunnel): Tree => ({
  type,
  ...(port === 0 ? {} : { port }),
  ...(checksum === 'nocsum' ? {} : { checksum }),
});

function forwardingTree({ method, tunnel, localAddresses, clientAddress }: DestinationSpec): Tree {
  return {
    ...(method === SERVICE_DEFAULTS.method ? {} : { method }),
    ...(method === 'tunnel' && tunnel.type !== 'ipip' ? { tunnel: tunnelTree(tunnel) } : {}),
    ...(localAddresses === undefined ? {} : { local_addresses: localAddresses.map(formatAddress) }),
    ...(clientAddress === undefined ? {} : { client_address: clientAddress }),
  };
}

function serverTree(spec: DestinationSpec, forwarding: Tree, checks?: Tree): unknown {
  const { weight, upperThreshold, lowerThreshold } = spec;
  const own = {
    ...(weight === SERVICE_DEFAULTS.weight ? {} : { weight }),
    ...(upperThreshold === 0 ? {} : { upper_threshold: upperThreshold }),
    ...(lowerThreshold === 0 ? {} : { lower_threshold: lowerThreshold }),
    ...forwarding,
    ...(checks === undefined ? {} : { checks }),
  };
  return Object.keys(own).length === 0 ? endpointText(spec) : { address: endpointText(spec), ...own };
}

/** What all servers have of forwarding stands in the service. */
function serviceTree({ spec, destinations }: DocumentService, more: ServiceChecks | undefined): Tree {
  const sorry = more?.sorry;
  const [first = {}, ...others] = [...destinations, ...(sorry === undefined ? [] : [sorry])].map(forwardingTree);
  const isShared = others.every((one) => JSON.stringify(one) === JSON.stringify(first));
  const own = (one: DestinationSpec): Tree => (isShared ? {} : forwardingTree(one));
  return {
    ...(spec.scheduler === SERVICE_DEFAULTS.scheduler ? {} : { scheduler: spec.scheduler }),
    ...flagsTree(spec),
    ...persistenceTree(spec),
    ...(spec.onePacket ? { one_packet: true } : {}),
    ...(isShared ? first : {}),
    ...(more === undefined ? {} : { checks: more.checks }),
    servers: destinations.map((one) => serverTree(one, own(one), more?.ofServer(one))),
    ...(sorry === undefined ? {} : { sorry_server: serverTree(sorry, own(sorry)) }),
  };
}

const timeoutsTree = ({ tcp, tcpFin, udp }: Timeouts): Tree => ({
  ...(tcp === 0 ? {} : { tcp: secondsText(tcp) }),
  ...(tcpFin === 0 ? {} : { tcp_fin: secondsText(tcpFin) }),
  ...(udp === 0 ? {} : { udp: secondsText(udp) }),
});

/** The sections as values, which print as JSON, too. */
export function tableTree({ services, timeouts }: TableDocument, checksOf: ChecksOf = () => undefined): Tree {
  return {
    ...(timeouts === undefined ? {} : { timeouts: timeoutsTree(timeouts) }),
    ...(services === undefined
      ? {}
      : {
          services: Object.fromEntries(services.map((service) => [serviceWord(service.spec.key), serviceTree(service, checksOf(service))])),
        }),
  };
}

export const writeTable = (document: TableDocument & { readonly vips?: readonly WantedVip[] }, checksOf?: ChecksOf): string =>
  stringify(
    { ...vipsTree(document.vips ?? []), ...tableTree(document, checksOf) },
    { lineWidth: LINE_WIDTH, aliasDuplicateObjects: false },
  );
