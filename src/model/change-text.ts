// A change as the arguments of the ipvsadm command that makes it: what ipvsadm-save writes, and what an operator can paste.

import { formatAddress } from './address-text.js';
import type { Change, DestinationChange } from './change.js';
import { endpointText, type Names } from './endpoint-text.js';
import { engineOf } from './persistence-engine.js';
import { flagNames } from './schedulers.js';
import type { DestinationSpec, ForwardingMethod, ServiceKey, ServiceSpec } from './service.js';
import { flagText, netmaskText, portProtocol, serviceArguments } from './service-text.js';

/** A destination on the director itself is written as -g: adding it finds out again that it is local. */
const methodOptions: Readonly<Record<ForwardingMethod, string>> = {
  masq: '-m',
  tunnel: '-i',
  route: '-g',
  local: '-g',
  fullnat: '--fullnat',
};

/**
 * How a change is written. `saved`: as by ipvsadm-save, without thresholds and flags that have no
 * name, and with signed marks, which ipvsadm does not read.
 */
interface Written {
  readonly names: Names | undefined;
  readonly saved: boolean;
}

function serviceOptions(spec: ServiceSpec, { saved }: Written): string {
  const { persistence } = spec;
  const parts = [`-s ${spec.scheduler}`];
  if (persistence !== undefined) {
    const mask = netmaskText(spec);
    parts.push(`-p ${persistence.timeout}`);
    if (mask !== undefined) parts.push(`-M ${mask}`);
  }
  const engine = engineOf(spec);
  if (engine !== undefined) parts.push(`--pe ${engine}`);
  if (spec.onePacket) parts.push('-o');
  if (spec.schedFlags !== 0) parts.push(`-b ${saved ? flagText(spec) : flagNames(spec.scheduler, spec.schedFlags).join(',')}`);
  return parts.join(' ');
}

function tunnelOptions({ tunnel }: DestinationSpec): string {
  const port = tunnel.type === 'gue' ? ` --tun-port ${tunnel.port}` : '';
  return ` --tun-type ${tunnel.type}${port}${tunnel.type === 'ipip' ? '' : ` --tun-${tunnel.checksum}`}`;
}

const localOptions = ({ localAddresses = [], clientAddress }: DestinationSpec): string =>
  ` --local-address ${localAddresses.map(formatAddress).join(',')}${clientAddress === undefined ? '' : ` --client-address ${clientAddress}`}`;

const thresholds = ({ upperThreshold, lowerThreshold }: DestinationSpec): string =>
  `${upperThreshold === 0 ? '' : ` -x ${upperThreshold}`}${lowerThreshold === 0 ? '' : ` -y ${lowerThreshold}`}`;

function destinationOptions(spec: DestinationSpec, { saved }: Written): string {
  const more = spec.method === 'tunnel' ? tunnelOptions(spec) : spec.method === 'fullnat' ? localOptions(spec) : '';
  return `${methodOptions[spec.method]} -w ${spec.weight}${more}${saved ? '' : thresholds(spec)}`;
}

const serviceWords = (key: ServiceKey, { names, saved }: Written): string => serviceArguments(key, names, saved ? undefined : String);

function destinationText(command: string, change: DestinationChange, written: Written): string {
  const { service } = change;
  const key = change.kind === 'delete-destination' ? change.key : change.spec;
  const options = change.kind === 'delete-destination' ? '' : ` ${destinationOptions(change.spec, written)}`;
  return `${command} ${serviceWords(service, written)} -r ${endpointText(key, portProtocol(service), written.names)}${options}`;
}

function textOf(change: Change, written: Written): string {
  switch (change.kind) {
    case 'add-service':
      return `-A ${serviceWords(change.spec.key, written)} ${serviceOptions(change.spec, written)}`;
    case 'edit-service':
      return `-E ${serviceWords(change.spec.key, written)} ${serviceOptions(change.spec, written)}`;
    case 'delete-service':
      return `-D ${serviceWords(change.key, written)}`;
    case 'add-destination':
      return destinationText('-a', change, written);
    case 'edit-destination':
      return destinationText('-e', change, written);
    case 'delete-destination':
      return destinationText('-d', change, written);
  }
}

/** As ipvsadm-save writes it: `-A -t 10.0.0.1:80 -s wlc`, `-d -t 10.0.0.1:80 -r 10.0.0.2:80`. `names`: absent: by numbers. */
export const changeText = (change: Change, names?: Names): string => textOf(change, { names, saved: true });

/** The arguments that make the whole change. */
export const commandText = (change: Change): string => textOf(change, { names: undefined, saved: false });
