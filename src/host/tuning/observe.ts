// Reads what the table of sysctls needs of this network namespace and of the host.
import { readdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { companionPaths } from '../../control/tuning/companions.js';
import { rowPaths, type TuningReading } from '../../control/tuning/plan.js';
import { tuningTable } from '../../model/tuning/table.js';
import { unlessCode } from '../../sys/errno.js';
import { isFirstNetns, readSetting } from '../../sys/files/sysctl.js';

/** weir's own pair, which weir sets up itself. */
const NOT_TUNED = new Set(['all', 'default', 'lo', 'weir0', 'weir1']);

export function readSettings(paths: Iterable<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const value = readSetting(path);
    if (value !== undefined) found.set(path, value);
  }
  return found;
}

/** All names below net.ipv4.conf, without `all` and `default`. */
const interfaceNames = (): readonly string[] =>
  unlessCode(() => readdirSync('/proc/sys/net/ipv4/conf'), ['ENOENT'], []).filter((name) => name !== 'all' && name !== 'default');

/** `forwarding`: as TuningHost. @throws SystemError */
export function observeTuning(forwarding: boolean | undefined): TuningReading {
  const names = interfaceNames();
  const interfaces = names.filter((name) => !NOT_TUNED.has(name));
  const paths = tuningTable.flatMap((row) => [...rowPaths(row, interfaces), ...companionPaths(row.path, names)]);
  return {
    host: { memoryBytes: totalmem(), ...(forwarding === undefined ? {} : { forwarding }) },
    interfaces,
    companions: names,
    initial: isFirstNetns(),
    settings: readSettings(new Set(paths)),
  };
}
