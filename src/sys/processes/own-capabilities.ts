// Which capabilities this process has (capabilities(7)), and whether they count on this machine.
import { readFileSync, readlinkSync } from 'node:fs';

/** Their numbers in linux/capability.h. */
const BITS = {
  CAP_CHOWN: 0n,
  CAP_DAC_OVERRIDE: 1n,
  CAP_DAC_READ_SEARCH: 2n,
  CAP_NET_BIND_SERVICE: 10n,
  CAP_NET_ADMIN: 12n,
  CAP_NET_RAW: 13n,
  CAP_SYS_PTRACE: 19n,
  CAP_SYS_ADMIN: 21n,
  CAP_PERFMON: 38n,
  CAP_BPF: 39n,
} as const;
export type Capability = keyof typeof BITS;

/** Those of `wanted` that this process lacks. @throws SystemError where /proc is not mounted */
export function lackedCapabilities(wanted: readonly Capability[]): readonly Capability[] {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return wanted.filter((name) => ((BigInt(`0x${mask}`) >> BITS[name]) & 1n) === 0n);
}

/** native/preload takes from a process that is started with it all others than these, before its first thread. */
export const keepingCapabilities = (kept: readonly Capability[]): NodeJS.ProcessEnv => ({
  WEIR_CAPABILITIES: kept.reduce((mask, name) => mask | (1n << BITS[name]), 0n).toString(16),
});

/** The first user namespace, PROC_USER_INIT_INO: the capabilities of others count only for what was made in them. @throws SystemError */
export const isFirstUserNamespace = (): boolean => readlinkSync('/proc/self/ns/user') === 'user:[4026531837]';
