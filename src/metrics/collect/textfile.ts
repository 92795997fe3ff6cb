// A file for the textfile collector of node_exporter: its series get node_exporter's own `instance` and `job`.
import { existsSync, readFileSync } from 'node:fs';
import { WeirError } from '../../model/errors/weir-error.js';
import { isSystemError, unlessCode } from '../../sys/errno.js';
import { replaceTextFile } from '../../sys/files/durable-file.js';
import { processIds } from '../../sys/processes/process-tree.js';

const KERNEL_STATS = '/proc/net/ip_vs_stats';
const NODE_EXPORTER = /(^|\/)(prometheus-)?node[-_]exporter$/;

/** The words of a process; none: it has ended. */
function wordsOf(pid: number): readonly string[] {
  try {
    return unlessCode(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), ['ENOENT', 'ESRCH', 'EACCES'], '').split('\0');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return [];
  }
}

/** Its collector ipvs is on unless an option turns it, or all that are not named, off. */
export function collectsIpvs(words: readonly string[]): boolean {
  if (!NODE_EXPORTER.test(words[0] ?? '')) return false;
  if (words.includes('--no-collector.ipvs')) return false;
  return !words.includes('--collector.disable-defaults') || words.includes('--collector.ipvs');
}

/** The process of a node_exporter that reads the kernel's IPVS. */
const collector = (): number | undefined => processIds().find((pid) => collectsIpvs(wordsOf(pid)));

/**
 * Replaces the file by a rename, so that no reader sees half of it.
 * @throws WeirError metrics-twice where node_exporter would have the same names from the kernel's IPVS; SystemError
 */
export function writeTextfile(path: string, text: string): void {
  const pid = text.includes('\nnode_ipvs_') && existsSync(KERNEL_STATS) ? collector() : undefined;
  if (pid !== undefined) throw new WeirError('metrics-twice', { pid });
  replaceTextFile(path, text);
}
