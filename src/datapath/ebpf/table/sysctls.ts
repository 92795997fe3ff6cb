// The keys of net.ipv4.vs that the datapath supports.

import { WeirError } from '../../../model/errors/weir-error.js';
import type { Field, Records } from '../../../sys/bpf/records.js';
import { Conf } from '../abi.gen.js';

interface Sysctl {
  readonly field: Field;
  readonly largest: number;
}

/** Numbers of seconds with a sign, which the kernel keeps as jiffies in 32 bits. */
const SECONDS: Readonly<Record<string, Field>> = { lblc_expiration: Conf.lblcExpiration, lblcr_expiration: Conf.lblcrExpiration };

const SYSCTLS: Readonly<Record<string, Sysctl>> = {
  conn_reuse_mode: { field: Conf.connReuseMode, largest: 0x7fffffff },
  expire_nodest_conn: { field: Conf.expireNodestConn, largest: 0x7fffffff },
  run_estimation: { field: Conf.runEstimation, largest: 1 },
  secure_tcp: { field: Conf.secureTcp, largest: 3 },
  sloppy_tcp: { field: Conf.sloppyTcp, largest: 0x7fffffff },
};

export function readSysctls(conf: Records): ReadonlyMap<string, string> {
  const numbers = Object.entries(SYSCTLS).map(([name, { field }]) => [name, String(conf.get(0, field))] as const);
  const seconds = Object.entries(SECONDS).map(([name, field]) => [name, String(conf.get(0, field) | 0)] as const);
  return new Map([...numbers, ...seconds].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @throws WeirError sysctl-unknown, sysctl-value */
export function writeSysctl(conf: Records, name: string, value: string): void {
  const seconds = SECONDS[name];
  if (seconds !== undefined) {
    writeSeconds(conf, name, seconds, value);
    return;
  }
  const sysctl = SYSCTLS[name];
  if (sysctl === undefined) throw new WeirError('sysctl-unknown', { name });
  const number = /^\s*\d+\s*$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= sysctl.largest)) throw new WeirError('sysctl-value', { name, value, max: sysctl.largest });
  conf.set(0, sysctl.field, number);
}

function writeSeconds(conf: Records, name: string, field: Field, value: string): void {
  const max = Math.floor(0x7fffffff / conf.get(0, Conf.hz));
  const number = /^\s*-?\d+\s*$/.test(value) ? Number(value) : Number.NaN;
  if (!(Math.abs(number) <= max)) throw new WeirError('sysctl-value', { name, value, min: -max, max });
  conf.set(0, field, number);
}
