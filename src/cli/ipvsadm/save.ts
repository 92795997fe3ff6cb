// What -S writes: the table as commands that -R reads. As in the original without thresholds, timeouts and daemons.
import type { DestinationSpec, ServiceEntry, ServiceSpec } from '../../model/service.js';
import { orderDestinations, orderServices } from './list.js';
import { endpointText, type Names } from './names.js';
import { flagText, netmaskText, portProtocol, serviceArguments } from './service-text.js';

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

function destinationOptions(spec: DestinationSpec): string {
  // A destination of the director itself is saved as -g: adding it finds out again that it is local.
  const method = { masq: '-m', tunnel: '-i', route: '-g', local: '-g' }[spec.method];
  return `${method} -w ${spec.weight}${spec.method === 'tunnel' ? tunnelOptions(spec) : ''}`;
}

/** One command a line: each service, then its destinations. */
export function* saveText(services: readonly ServiceEntry[], names: Names): Generator<string> {
  for (const service of orderServices(services, true)) {
    const key = serviceArguments(service.spec.key, names);
    const lines = [`-A ${key} ${serviceOptions(service.spec)}`];
    for (const { spec } of orderDestinations(service, true)) {
      const server = endpointText(spec.address, spec.port, portProtocol(service.spec.key), names);
      lines.push(`-a ${key} -r ${server} ${destinationOptions(spec)}`);
    }
    yield `${lines.join('\n')}\n`;
  }
}
