// What the eBPF director does not do yet, said plainly. Each line goes when its feature comes; then this file does.
import { serviceFamily } from '../../model/identity.js';
import type { DestinationSpec, ServiceSpec } from '../../model/service.js';
import type { Command } from './command.js';

const laterSchedulers: ReadonlySet<string> = new Set(['lblc', 'lblcr', 'dh', 'sh', 'mh', 'sed', 'nq', 'fo', 'ovf', 'twos']);

function missingForService(spec: ServiceSpec, engine: string | undefined): string | undefined {
  if (spec.key.kind === 'fwmark') return 'firewall-mark services (-f)';
  if (serviceFamily(spec.key) === 'inet6') return 'IPv6 services';
  if (spec.key.protocol === 'sctp') return 'SCTP services (--sctp-service)';
  if (engine !== undefined) return 'persistence engines (--pe)';
  if (spec.persistence !== undefined) return 'persistent services (-p)';
  if (spec.onePacket) return 'one-packet services (-o)';
  if (spec.schedFlags !== 0) return 'scheduler flags (-b)';
  if (laterSchedulers.has(spec.scheduler)) return `the scheduler ${spec.scheduler} is not there yet`;
  return undefined;
}

function missingForServer(spec: DestinationSpec): string | undefined {
  if (spec.method === 'tunnel') return 'tunnels (-i)';
  if (spec.address.family === 'inet6') return 'IPv6 servers';
  if (spec.upperThreshold !== 0 || spec.lowerThreshold !== 0) return 'connection thresholds (-x, -y)';
  return undefined;
}

function missing(command: Command): string | undefined {
  switch (command.kind) {
    case 'add-service':
    case 'edit-service':
      return missingForService(command.spec, command.engine);
    case 'add-destination':
    case 'edit-destination':
      return missingForServer(command.spec);
    case 'start-daemon':
      return 'synchronisation daemons (--start-daemon)';
    default:
      return undefined;
  }
}

/** One line without `weir: ` when a command asks for what later work brings; undefined when it can be done. */
export function notYet(command: Command): string | undefined {
  const what = missing(command);
  return what === undefined || what.endsWith('yet') ? what : `${what} are not there yet`;
}
