// The keys of net.ipv4.vs that the datapath supports.

import { WeirError } from '../../../model/errors/weir-error.js';
import type { Field, Records } from '../../../sys/bpf/records.js';
import { Conf } from '../abi.gen.js';

interface Sysctl {
  readonly field: Field;
  readonly largest: number;
}

const SYSCTLS: Readonly<Record<string, Sysctl>> = {
  conn_reuse_mode: { field: Conf.connReuseMode, largest: 0x7fffffff },
  expire_nodest_conn: { field: Conf.expireNodestConn, largest: 0x7fffffff },
  run_estimation: { field: Conf.runEstimation, largest: 1 },
  secure_tcp: { field: Conf.secureTcp, largest: 3 },
  sloppy_tcp: { field: Conf.sloppyTcp, largest: 0x7fffffff },
};

export function readSysctls(conf: Records): ReadonlyMap<string, string> {
  return new Map(Object.entries(SYSCTLS).map(([name, { field }]) => [name, String(conf.get(0, field))]));
}

/** @throws WeirError sysctl-unknown, sysctl-value */
export function writeSysctl(conf: Records, name: string, value: string): void {
  const sysctl = SYSCTLS[name];
  if (sysctl === undefined) throw new WeirError('sysctl-unknown', { name });
  const number = /^\s*\d+\s*$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= sysctl.largest)) throw new WeirError('sysctl-value', { name, value, max: sysctl.largest });
  conf.set(0, sysctl.field, number);
}
