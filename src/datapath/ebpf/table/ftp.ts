// Which destinations the helper for FTP is for: masqueraded ones of services of FTP, once its program is loaded. As the records have them.
import { Abi, Conf, Dest, Service, WeirState } from '../abi.gen.js';
import { FtpAbi } from '../ftp.gen.js';
import { isRecordedFtp } from './identity.js';
import { isIpv6 } from './record-address.js';
import type { Tables } from './tables.js';

/** The control connections that the programs know something of: made with the helper (load/side-builds.ts). */
export const FTP_STREAMS_PIN = 'ftp_streams';

/** The flag of a masqueraded destination of this service; 0: the helper is not for it. */
export const helperFlag = (tables: Tables, service: number): number =>
  isRecordedFtp(tables, service) && !isIpv6(tables.services, Service, service) ? FtpAbi.D_FTP : 0;

/** Record 0 of the services: packets may be of data connections that the helper has made. It stays until the tables go. */
function noteFtp({ services }: Tables): void {
  services.set(0, Service.flags, services.get(0, Service.flags) | FtpAbi.SVC_HAS_FTP);
}

/** A destination is masqueraded, of whatever service: the helper may be for it, which is loaded then. */
export function helpDestination(tables: Tables, id: number): void {
  const { dests } = tables;
  const flag = helperFlag(tables, dests.get(id, Dest.service));
  if (flag === 0) return;
  noteFtp(tables);
  dests.set(id, Dest.flags, dests.get(id, Dest.flags) | flag);
}

/** The helper is loaded: it is for the destinations that there are, too. */
export function noteFtpHelper(tables: Tables): void {
  const { dests, conf } = tables;
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    if (dests.get(id, Dest.state) === WeirState.FREE || (dests.get(id, Dest.flags) & Abi.D_REAL) === 0) continue;
    helpDestination(tables, id);
  }
}
