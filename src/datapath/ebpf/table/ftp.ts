// Which destinations the helper for FTP is for: masqueraded ones of services of TCP with certain ports (`weir load --ftp-ports`). As the records
// have them. The ports are a pinned text beside the tables.
import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { FTP_PORTS, ftpPortsText, parseFtpPorts } from '../../../model/ftp-ports.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Application } from '../../../model/proc-text.js';
import type { DestinationSpec, ServiceKey } from '../../../model/service.js';
import { swap16 } from '../../../wire/bytes.js';
import { Abi, Conf, Dest, Service, WeirState } from '../abi.gen.js';
import { FtpAbi } from '../ftp.gen.js';
import { ClientAddress } from '../fullnat.gen.js';
import { readPinnedText, writePinnedText } from '../pins/pinned-text.js';
import { isIpv6 } from './record-address.js';
import { changeServiceFlags } from './service-word.js';
import { FTP_PORTS_PIN, type Tables, WIDE_PINS, WIDE6_PINS } from './tables.js';

/** The ports of services that have the helper. */
export function ftpPorts({ folder }: Pick<Tables, 'folder'>): readonly number[] {
  const text = readPinnedText(`${folder}/${FTP_PORTS_PIN}`);
  return (text === undefined ? undefined : parseFtpPorts(text)) ?? FTP_PORTS;
}

export const storeFtpPorts = ({ folder }: Pick<Tables, 'folder'>, ports: readonly number[]): void =>
  writePinnedText(`${folder}/${FTP_PORTS_PIN}`, FTP_PORTS_PIN, ftpPortsText(ports));

/** Is the helper for masqueraded destinations of this service? */
export const isHelpedBy = (ports: readonly number[], key: ServiceKey): boolean =>
  key.kind === 'address' && key.protocol === 'tcp' && ports.includes(key.port);
export const isHelpedKey = (tables: Tables, key: ServiceKey): boolean => isHelpedBy(ftpPorts(tables), key);

/** isHelpedKey() by a service's record. */
export function isHelpedService(tables: Tables, id: number): boolean {
  const { services } = tables;
  return services.get(id, Service.protocol) === IpProtocol.tcp && ftpPorts(tables).includes(swap16(services.get(id, Service.port)));
}

/** Has the destination the helper? It keeps it when its port is taken out, while there are connections. */
export const isHelped = ({ dests }: Tables, id: number): boolean => (dests.get(id, Dest.flags) & FtpAbi.D_FTP) !== 0;

/** Does the helper read its connections? By FULLNAT it must have been loaded for that. */
export function isRead({ dests }: Tables, id: number): boolean {
  const flags = dests.get(id, Dest.flags);
  return (flags & FtpAbi.D_FTP) !== 0 && ((flags & Abi.D_FULLNAT) === 0 || (flags & FtpAbi.D_FTP_FULLNAT) !== 0);
}

/** Is the helper loaded for a family? */
const isLoaded = (folder: string, family: Family): boolean =>
  existsSync(`${folder}/${(family === 'inet' ? WIDE_PINS : WIDE6_PINS).housekeeping}`);

/** By FULLNAT: not where clients are reported to the server, which would then not take the local address for its client's. `entering`: of the helper that is being loaded. */
function isForFlows(tables: Tables, id: number, entering?: Family): boolean {
  const { dests, folder } = tables;
  if ((dests.get(id, Dest.flags) & Abi.D_FULLNAT) === 0) return false;
  if (dests.get(id, Dest.tunnelType) !== ClientAddress.CLIENT_UNREPORTED) return false;
  const family: Family = isIpv6(dests, Dest, id) ? 'inet6' : 'inet';
  return family === entering || isLoaded(folder, family);
}

/** A destination is masqueraded, of whatever service: the helper may be for it, which is loaded then. */
export function helpDestination(tables: Tables, id: number, entering?: Family): void {
  const { services, dests } = tables;
  if (!isHelpedService(tables, dests.get(id, Dest.service))) return;
  // Record 0: packets may be of data connections that the helper has made. It stays until the tables go.
  changeServiceFlags(services, 0, (flags) => flags | FtpAbi.SVC_HAS_FTP);
  const byFlow = isForFlows(tables, id, entering) ? FtpAbi.D_FTP_FULLNAT : 0;
  dests.set(id, Dest.flags, dests.get(id, Dest.flags) | FtpAbi.D_FTP | byFlow);
}

/** @throws WeirError client-address-ftp */
export function checkReported(isHelped: boolean, { method, clientAddress }: Pick<DestinationSpec, 'method' | 'clientAddress'>): void {
  if (isHelped && method === 'fullnat' && clientAddress !== undefined) throw new WeirError('client-address-ftp');
}

/** May the helper leave the destination? Its service's port was taken out, and it has no connections. */
export function isHelpOver(tables: Tables, id: number): boolean {
  const { dests } = tables;
  const idle = dests.get(id, Dest.active) + dests.get(id, Dest.inactive) === 0;
  return isHelped(tables, id) && idle && !isHelpedService(tables, dests.get(id, Dest.service));
}

export const leaveDestination = ({ dests }: Tables, id: number): void =>
  dests.set(id, Dest.flags, dests.get(id, Dest.flags) & ~(FtpAbi.D_FTP | FtpAbi.D_FTP_FULLNAT));

const isInTable = ({ dests }: Tables, id: number): boolean => dests.get(id, Dest.state) !== WeirState.FREE;

/** The helper for each of its ports, once it is loaded, with the connections that have it. */
export function applications(tables: Tables): readonly Application[] {
  const { services, dests, conf } = tables;
  if ((services.get(0, Service.flags) & FtpAbi.SVC_HAS_FTP) === 0) return [];
  const used = new Map<number, number>();
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    if (!isInTable(tables, id) || !isRead(tables, id)) continue;
    const port = swap16(services.get(dests.get(id, Dest.service), Service.port));
    used.set(port, (used.get(port) ?? 0) + dests.get(id, Dest.active) + dests.get(id, Dest.inactive));
  }
  return ftpPorts(tables).map((port) => ({ protocol: 'TCP', port, used: used.get(port) ?? 0, name: 'ftp' }));
}

/** Is it masqueraded, or was it? */
export const isReal = ({ dests }: Tables, id: number): boolean => (dests.get(id, Dest.flags) & Abi.D_REAL) !== 0;

/** The helper is loaded for a family: it is for the destinations that there are, too. */
export function helpDestinations(tables: Tables, family: Family): void {
  for (let id = 1; id <= tables.conf.get(0, Conf.destTop); id++)
    if (isInTable(tables, id) && isReal(tables, id)) helpDestination(tables, id, family);
}
