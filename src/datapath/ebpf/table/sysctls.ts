// The keys of net.ipv4.vs that the datapath supports.

import { WeirError } from '../../../model/errors/weir-error.js';
import type { Field, Records } from '../../../sys/bpf/records.js';
import { Conf } from '../abi.gen.js';

/** `min` below 0: a sign may stand before the number. `jiffies`: seconds, which the kernel keeps as jiffies in 32 bits. */
interface Sysctl {
  readonly field: Field;
  readonly min: number;
  readonly max: number | 'jiffies';
}

const upTo = (field: Field, max: number): Sysctl => ({ field, min: 0, max });
const expiration = (field: Field): Sysctl => ({ field, min: Number.NEGATIVE_INFINITY, max: 'jiffies' });

const INT_MAX = 0x7fffffff;

/** By name. */
const SYSCTLS: Readonly<Record<string, Sysctl>> = {
  conn_reuse_mode: upTo(Conf.connReuseMode, INT_MAX),
  expire_nodest_conn: upTo(Conf.expireNodestConn, INT_MAX),
  lblc_expiration: expiration(Conf.lblcExpiration),
  lblcr_expiration: expiration(Conf.lblcrExpiration),
  run_estimation: upTo(Conf.runEstimation, 1),
  secure_tcp: upTo(Conf.secureTcp, 3),
  sloppy_tcp: upTo(Conf.sloppyTcp, INT_MAX),
};

export function readSysctls(conf: Records): ReadonlyMap<string, string> {
  return new Map(Object.entries(SYSCTLS).map(([name, { field }]) => [name, String(conf.get(0, field) | 0)]));
}

/** @throws WeirError sysctl-unknown, sysctl-value */
export function writeSysctl(conf: Records, name: string, value: string): void {
  const sysctl = SYSCTLS[name];
  if (sysctl === undefined) throw new WeirError('sysctl-unknown', { name });
  const max = sysctl.max === 'jiffies' ? Math.floor(INT_MAX / conf.get(0, Conf.hz)) : sysctl.max;
  const min = Math.max(sysctl.min, -max);
  const form = min < 0 ? /^\s*-?\d+\s*$/ : /^\s*\d+\s*$/;
  const number = form.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) throw new WeirError('sysctl-value', { name, value, min, max });
  conf.set(0, sysctl.field, number);
}
