// genhash, and `keepalived --genhash`: prints the digest of a page, for the `digest` of a check (genhash(1)).
import { calledAs } from '../../daemon/process/process-name.js';
import type { Io } from '../io.js';
import { type PageRequest, readOptions } from './options.js';
import { askForPage, NO_DATA } from './page-digest.js';
import { responseTime } from './transcript.js';

/** What -h prints. */
export const usage = (program: string): string => `Usage: ${program} COMMAND [OPTIONS]
Commands:
   -s server-address -p port -u url
   -S -s server-address -p port -u url
   -h

Options:
Either long or short options are allowed.
   --use-ssl         -S       Use SSL connection to remote server.
   --use-sni         -I       Use SNI during SSL handshake (uses virtualhost setting; see -V).
   --server          -s       Use the specified remote server address.
   --port            -p       Use the specified remote server port.
   --url             -u       Use the specified remote server url.
   --use-virtualhost -V       Use the specified virtualhost in GET query.
   --verbose         -v       Use verbose mode output.
   --help            -h       Display this short inlined help screen.
   --fwmark          -m       Use the specified FW mark.
   --protocol        -P       Use the specified HTTP protocol - '1.0', 1.0c', '1.1'.
                                1.0c means 1.0 with 'Connection: close'
   --timeout         -t       Timeout in seconds
`;

/** Whatever came of the page, the status is 0, as with keepalived's genhash; 1: no attempt could be made. */
async function askAndPrint(page: PageRequest, io: Io): Promise<number> {
  const begin = process.hrtime.bigint();
  const { outcome: answered, stop } = askForPage(page, page.verbose ? (text) => io.out(text) : undefined);
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  const outcome = await answered;
  for (const signal of signals) process.off(signal, stop);
  if (outcome?.kind === 'not-made') {
    io.err(`${outcome.text.replace(/ Rescheduling\.?$/, '')}\n`);
    return 1;
  }
  if (outcome?.kind === 'failure' && outcome.text === NO_DATA) io.err(`${outcome.text}\n`);
  else if (outcome !== undefined) io.out(`${outcome.text}\n`);
  if (page.verbose) io.out(responseTime(page.path, Number((process.hrtime.bigint() - begin) / 1000n)));
  return 0;
}

/** `wordCount`: how many words the whole command line had behind the program's name. */
export async function genhash(args: readonly string[], io: Io, program: string, wordCount = args.length): Promise<number> {
  const asked = readOptions(args, wordCount);
  if (asked.kind === 'page') return askAndPrint(asked.page, io);
  io.err([...asked.lines.map((line) => `${line}\n`), usage(program)].join(''));
  return 1;
}

export const run = (args: readonly string[], io: Io): Promise<number> => genhash(args, io, calledAs('genhash'));
