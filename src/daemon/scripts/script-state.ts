// What stands behind a script's first word on this host, as -t wants to know it.
import type { ScriptState } from '../../config/keepalived/host/examine-scripts.js';
import type { Script } from '../../model/keepalived/script.js';
import { isInsecure, search, status } from './resolve-script.js';

/** `path`: as $PATH, for words without a slash. Nothing is run. */
export function scriptState(script: Script, path: string): ScriptState {
  const word = script.argv[0] ?? '';
  if (word.startsWith('<') || word.startsWith('>')) return 'shell';
  const found = word.includes('/') ? word : search(word, path);
  const stats = found === undefined || !found.startsWith('/') ? undefined : status(found);
  if (found === undefined || stats === undefined) return 'absent';
  if (!stats.isFile()) return 'unfit';
  return isInsecure(found) ? 'insecure' : 'found';
}
