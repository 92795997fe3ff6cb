// The flags of a destination's record.
import type { DestinationSpec } from '../../../model/service.js';
import { Abi } from '../abi.gen.js';
import { DrainAbi } from '../drain.gen.js';
import { FtpAbi } from '../ftp.gen.js';

/** Those that stay when a destination is added again. */
const KEPT = Abi.D_REAL | Abi.D_TUNNEL | FtpAbi.D_FTP | DrainAbi.D_DRAINED | DrainAbi.D_RELEASED;

/** Of a destination that is added: those of before that stay, and those of its method. */
export function flagsOfAdded(before: number, { method }: Pick<DestinationSpec, 'method'>): number {
  const own = method === 'tunnel' ? Abi.D_TUNNEL : method === 'fullnat' ? Abi.D_FULLNAT : 0;
  return (before & KEPT) | own | Abi.D_AVAILABLE;
}

/** Of one that leaves its list. `expires`: its connections and templates end. */
export const flagsOfRetired = (before: number, expires: boolean): number => (before & ~Abi.D_AVAILABLE) | (expires ? Abi.D_EXPIRES : 0);
