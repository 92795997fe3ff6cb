// real_server and sorry_server, with defaults from their virtual server.

import type { Address, Family } from '../../../../model/address.js';
import { formatAddress } from '../../../../model/address-text.js';
import type { BfdInstance, TrackFile } from '../../../../model/keepalived/trackers.js';
import { type VipCheck, vipsToAsk } from '../../../../model/keepalived/vip-check.js';
import type { RealServer } from '../../../../model/keepalived/virtual-server.js';
import { PLAIN_TUNNEL } from '../../../../model/service.js';
import type { Report } from '../../diagnostics/report.js';
import type { Origin, Values, Word } from '../../keyword.js';
import { allOf, booleanOf, numberOf, scriptOf, textOf } from '../../values/values.js';
import { slowStartOf, type TimingDefaults, timingOf } from './check-timing.js';
import { buildCheckers } from './checker.js';
import { endpointName, readHost, readPort } from './endpoint.js';
import { type Forwarding, readForwarding } from './forwarding.js';

/** The defaults that a virtual server gives to its real servers. */
export interface ServerDefaults {
  /** Absent for groups, which may contain servers of any family. */
  readonly family?: Family;
  /** The protocol in messages: `tcp`, or `none`. */
  readonly protocol: string;
  readonly port: number;
  readonly forwarding: Forwarding;
  /** The services, for VIP_CHECK: of a group, with the addresses of both families. */
  readonly service: Pick<VipCheck, 'protocol' | 'vips'>;
  readonly weight: number;
  readonly inhibitOnFailure: boolean;
  readonly slowStartUs: number;
  /** The settings of global_defs for mail about servers. */
  readonly smtpAlert: boolean;
  readonly timing: TimingDefaults;
  readonly files: readonly TrackFile[];
  readonly bfds: readonly BfdInstance[];
  readonly report: Report;
}

/** The `lvs_method` of a block; undefined if there is no valid one. */
export function forwardingOf(block: Values, keyword: string, who: string, report: Report): Forwarding | undefined {
  const read = allOf(block, keyword).map(({ value, at }) => readForwarding(value as readonly Word[], at, who, report));
  return read.findLast((forwarding) => forwarding !== undefined);
}

function familyFits(address: Address, at: Origin, who: string, forwarding: Forwarding, { family, report }: ServerDefaults): boolean {
  if (family === undefined || address.family === family || forwarding.method === 'tunnel') return true;
  report('real-server-family', at, { who, address: formatAddress(address) });
  return false;
}

/** Only NAT can change the port: other methods use the service's port. */
function fitPort(port: number, forwarding: Forwarding, defaults: ServerDefaults, mismatch: () => void): number {
  if (port === 0) return defaults.port;
  if (forwarding.method === 'masq' || port === defaults.port) return port;
  mismatch();
  return defaults.port;
}

function readEndpoint(block: Values, report: Report): { readonly address: Address; readonly port: number } | undefined {
  const [host, portWord] = block.label;
  const port = readPort(portWord, report);
  const address = host === undefined ? undefined : readHost(host.text);
  if (address !== undefined && port !== undefined) return { address, port };
  const [at, word] = [host?.at ?? block.at, String(host?.text)];
  if (portWord === undefined) report('real-server-address-invalid', at, { word });
  else report('real-server-endpoint-invalid', at, { word, port: portWord.text });
  return undefined;
}

/** undefined: it cannot be used, which was reported. `serviceName`: the virtual server in messages. */
export function buildRealServer(block: Values, serviceName: string, defaults: ServerDefaults): RealServer | undefined {
  const { report } = defaults;
  const endpoint = readEndpoint(block, report);
  if (endpoint === undefined) return undefined;
  const { address } = endpoint;
  const forwarding = forwardingOf(block, 'lvs_method', 'real server', report) ?? defaults.forwarding;
  if (!familyFits(address, block.at, 'real server', forwarding, defaults)) return undefined;
  const name = endpointName(address, defaults.protocol, endpoint.port === 0 ? defaults.port : endpoint.port);
  const port = fitPort(endpoint.port, forwarding, defaults, () =>
    report('real-server-port-reset', block.at, { service: serviceName, name }),
  );
  const timing = timingOf(block, defaults.timing);
  const [notifyUp, notifyDown] = [scriptOf(block, 'notify_up'), scriptOf(block, 'notify_down')];
  const virtualHost = textOf(block, 'virtualhost');
  for (const { value, at } of allOf(block, 'snmp_name')) {
    if ((value as readonly Word[]).length !== 1) report('real-server-snmp-name', at);
  }
  return {
    address,
    port,
    ...forwarding,
    weight: numberOf(block, 'weight') ?? defaults.weight,
    upperThreshold: numberOf(block, 'uthreshold') ?? 0,
    lowerThreshold: numberOf(block, 'lthreshold') ?? 0,
    inhibitOnFailure: booleanOf(block, 'inhibit_on_failure') ?? defaults.inhibitOnFailure,
    slowStartUs: slowStartOf(block) ?? defaults.slowStartUs,
    alpha: timing.alpha,
    smtpAlert: booleanOf(block, 'smtp_alert') ?? defaults.smtpAlert,
    checkers: buildCheckers(block, {
      server: name,
      address,
      path: { ...defaults.service, vips: vipsToAsk(defaults.service.vips, address.family), method: forwarding.method },
      timing,
      files: defaults.files,
      bfds: defaults.bfds,
      report,
    }),
    ...(notifyUp === undefined ? {} : { notifyUp }),
    ...(notifyDown === undefined ? {} : { notifyDown }),
    ...(virtualHost === undefined ? {} : { virtualHost }),
  };
}

/** Makes a server of sorry_server; `forwarding`: its own method, else the service's. */
export function buildSorryServer(
  words: readonly Word[],
  at: Origin,
  own: Forwarding | undefined,
  inhibit: boolean,
  serviceName: string,
  defaults: ServerDefaults,
): RealServer | undefined {
  const { report } = defaults;
  const [host, portWord] = words;
  const optional = readPort(portWord, report);
  const address = readHost(host?.text ?? '');
  if (address === undefined || optional === undefined) {
    report('sorry-server-address-invalid', host?.at ?? at, { host: host?.text ?? '' });
    return undefined;
  }
  const forwarding = own ?? defaults.forwarding;
  if (!familyFits(address, at, 'sorry server', forwarding, defaults)) return undefined;
  const port = fitPort(optional, forwarding, defaults, () => report('sorry-server-port-reset', at, { service: serviceName }));
  return {
    address,
    port,
    method: forwarding.method,
    tunnel: forwarding.method === 'tunnel' ? forwarding.tunnel : PLAIN_TUNNEL,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    inhibitOnFailure: inhibit,
    slowStartUs: 0,
    alpha: false,
    smtpAlert: false,
    checkers: [],
  };
}
