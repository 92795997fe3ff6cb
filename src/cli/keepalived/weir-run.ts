// weir run: the daemon, with what a weir.yaml has beside keepalived.conf. The file's name goes through the environment to the copy in the background.
import { existsSync } from 'node:fs';
import { rememberTyped } from '../../daemon/process/process-name.js';
import { WEIR_FILE_VARIABLE } from '../../daemon/supervisor/daemon-options.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { absolutePath } from '../../sys/files/working-directory.js';
import { reported } from '../failure.js';
import type { Io } from '../io.js';

const HELP = `usage: weir run [--weir-config FILE] [OPTION ...]
       the daemon: health checks, VRRP, the proxy, feedback and the API of a weir.yaml and of a keepalived.conf, if they are there
       --weir-config FILE  the weir.yaml; default: /etc/weir/weir.yaml, if it is there
       the other options are those of keepalived:

`;
const OPTION = '--weir-config';
const DEFAULT_FILE = '/etc/weir/weir.yaml';

/** @throws WeirError option-needs-value */
function takeFile(args: readonly string[]): { readonly rest: readonly string[]; readonly file?: string } {
  const at = args.indexOf(OPTION);
  if (at < 0) return { rest: args, ...(existsSync(DEFAULT_FILE) ? { file: DEFAULT_FILE } : {}) };
  const file = args[at + 1];
  if (file === undefined) throw new WeirError('option-needs-value', { option: OPTION });
  return { rest: args.toSpliced(at, 2), file: absolutePath(file) };
}

export function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir run', io, async () => {
    const { rest, file } = takeFile(args);
    if (rest.some((word) => word === '-h' || word === '--help')) io.err(HELP);
    if (file !== undefined) process.env[WEIR_FILE_VARIABLE] = file;
    rememberTyped(['weir', 'run', ...args]);
    const { run: runDaemon } = await import('./run.js');
    return runDaemon(rest, io);
  });
}
