// A change as the arguments of the ipvsadm command that makes it: what ipvsadm-save writes, and what an operator can paste.

import { formatAddress } from './address-text.js';
import type { Change, DestinationChange } from './change.js';
import { endpointText, type Names } from './endpoint-text.js';
import type { DestinationSpec, ForwardingMethod, ServiceSpec } from './service.js';
import { flagText, netmaskText, portProtocol, serviceArguments } from './service-text.js';

/** A destination on the director itself is written as -g: adding it finds out again that it is local. */
const methodOptions: Readonly<Record<ForwardingMethod, string>> = {
  masq: '-m',
  tunnel: '-i',
  route: '-g',
  local: '-g',
  fullnat: '--fullnat',
};

function serviceOptions(spec: ServiceSpec): string {
  const { persistence } = spec;
  const parts = [`-s ${spec.scheduler}`];
  if (persistence !== undefined) {
    const mask = netmaskText(spec);
    parts.push(`-p ${persistence.timeout}`);
    if (mask !== undefined) parts.push(`-M ${mask}`);
    if (persistence.engine !== undefined) parts.push(`--pe ${persistence.engine}`);
  }
  if (spec.onePacket) parts.push('-o');
  if (spec.schedFlags !== 0) parts.push(`-b ${flagText(spec)}`);
  return parts.join(' ');
}

function tunnelOptions({ tunnel }: DestinationSpec): string {
  const port = tunnel.type === 'gue' ? ` --tun-port ${tunnel.port}` : '';
  return ` --tun-type ${tunnel.type}${port}${tunnel.type === 'ipip' ? '' : ` --tun-${tunnel.checksum}`}`;
}

const localOptions = ({ localAddresses = [], clientAddress }: DestinationSpec): string =>
  ` --local-address ${localAddresses.map(formatAddress).join(',')}${clientAddress === undefined ? '' : ` --client-address ${clientAddress}`}`;

/** Thresholds are left out, as ipvsadm-save does. */
function destinationOptions(spec: DestinationSpec): string {
  const more = spec.method === 'tunnel' ? tunnelOptions(spec) : spec.method === 'fullnat' ? localOptions(spec) : '';
  return `${methodOptions[spec.method]} -w ${spec.weight}${more}`;
}

function destinationText(command: string, change: DestinationChange, names: Names | undefined): string {
  const { service } = change;
  const key = change.kind === 'delete-destination' ? change.key : change.spec;
  const options = change.kind === 'delete-destination' ? '' : ` ${destinationOptions(change.spec)}`;
  return `${command} ${serviceArguments(service, names)} -r ${endpointText(key, portProtocol(service), names)}${options}`;
}

/** `-A -t 10.0.0.1:80 -s wlc`, `-d -t 10.0.0.1:80 -r 10.0.0.2:80`. `names`: absent: by numbers. */
export function changeText(change: Change, names?: Names): string {
  switch (change.kind) {
    case 'add-service':
      return `-A ${serviceArguments(change.spec.key, names)} ${serviceOptions(change.spec)}`;
    case 'edit-service':
      return `-E ${serviceArguments(change.spec.key, names)} ${serviceOptions(change.spec)}`;
    case 'delete-service':
      return `-D ${serviceArguments(change.key, names)}`;
    case 'add-destination':
      return destinationText('-a', change, names);
    case 'edit-destination':
      return destinationText('-e', change, names);
    case 'delete-destination':
      return destinationText('-d', change, names);
  }
}
