// The rate of the kernel's jiffies: from its configuration where that can be read, else measured.
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';

/** The rates that Linux can be built for. */
const RATES = [100, 250, 300, 1000] as const;

/** CONFIG_HZ, in jiffies a second, of the text of a kernel's configuration; undefined: it has none. */
export function hzInConfig(text: string): number | undefined {
  const found = /^CONFIG_HZ=(\d+)$/m.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** CONFIG_HZ of the running kernel, or undefined where its configuration is not on this machine. */
export function configuredHz(): number | undefined {
  if (existsSync('/proc/config.gz')) return hzInConfig(gunzipSync(readFileSync('/proc/config.gz')).toString());
  const path = `/boot/config-${release()}`;
  return existsSync(path) ? hzInConfig(readFileSync(path, 'utf8')) : undefined;
}

/** The rate nearest to what was counted: `jiffies` in `ns` nanoseconds. */
export function nearestHz(jiffies: bigint, ns: bigint): number {
  const seen = (Number(jiffies) * 1e9) / Number(ns);
  return RATES.reduce((best, rate) => (Math.abs(rate - seen) < Math.abs(best - seen) ? rate : best));
}
