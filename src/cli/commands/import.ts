// weir import: the configuration of another program in the words of weir, with a line for each statement that is not carried as it was.
import { dirname, resolve } from 'node:path';
import { lossText } from '../../config/nginx/losses.js';
import { importNginx } from '../../config/nginx/to-model.js';
import { IMPORT_FORMATS, IMPORT_METHODS } from '../../document/import-formats.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords } from '../command.js';
import type { Flags } from '../flags.js';
import { includedFiles } from '../import/included-files.js';
import { importTable } from '../import/run.js';
import type { Io } from '../io.js';
import { readNamed } from '../read-text.js';

const USAGE = `usage: weir import FORMAT FILE [--format weir|ipvsadm|keepalived] [--method ${IMPORT_METHODS.join('|')}]
                         [--local-address ADDRESS[,ADDRESS]...] [--vip ADDRESS[,ADDRESS]...] [--plan] [--all] [--json]
       weir import nginx FILE [--all] [--lossy]
       prints what another program's configuration has, as a file of weir; FILE -: standard input
       FORMAT  of layer 4: ${IMPORT_FORMATS.join(', ')}
               of layer 7: nginx (its block http, as a weir.yaml; files that it includes are read, too)
       --format  weir (the default): a weir.yaml; keepalived: a keepalived.conf; ipvsadm: for ipvsadm-restore, without health checks
       --method  how packets go to servers of haproxy, nginx and Kubernetes: ${IMPORT_METHODS.join(', ')}; masq is the default;
                 fullnat keeps what servers see, and needs --local-address: addresses of this host that servers answer to
       --vip     the addresses of services that listen on all addresses there
       --plan    what weir apply would change in the table, instead of the file
       --lossy   of nginx: prints the file also where what refuses clients (allow, auth_basic …) would be open to everyone
       each statement that is not carried as it was is a line on standard error: FILE:LINE: approximated|lost|refused: what it means
       for packets; and so is what must be changed on hosts. --all: the others, too; --json: all of it in one object
       exit status 0: all of it was carried; 3: something was not; 2: the file is wrong, for its own program as well
`;

const LOSSES_STATUS = 3;
const OF_NGINX: readonly string[] = ['all', 'lossy'];
const TYPES = {
  format: 'value',
  method: 'value',
  vip: 'value',
  'local-address': 'value',
  plan: 'flag',
  all: 'flag',
  json: 'flag',
  lossy: 'flag',
} as const;

function importLayer7(file: string, flags: Flags<typeof TYPES>, io: Io): number {
  const given = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((name) => flags[name] !== undefined && !OF_NGINX.includes(name));
  if (given !== undefined) throw new WeirError('option-not-here', { options: `--${given}`, only: 'a format of layer 4' });
  const { text, losses } = importNginx({ file, text: readNamed(file, io) }, includedFiles(file), resolve(dirname(file)));
  const opened = losses.filter(({ status }) => status === 'refused').length;
  if (opened === 0 || flags.lossy === true) io.out(text);
  for (const loss of losses) if (loss.status !== 'equivalent' || flags.all === true) io.err(`${lossText(loss)}\n`);
  if (opened > 0 && flags.lossy !== true)
    io.err(`weir import: nothing is written, since what ${opened} of these lines protect would be open to everyone (--lossy writes it)\n`);
  return losses.every(({ status }) => status === 'equivalent') ? 0 : LOSSES_STATUS;
}

export const run = command({ name: 'weir import', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  expectWords(words, 2);
  const [format = '', file] = words;
  const from = IMPORT_FORMATS.find((each) => each === format);
  if (from === undefined && format !== 'nginx')
    throw new WeirError('argument-value', { expected: `a format (nginx, ${IMPORT_FORMATS.join(', ')})`, given: format });
  if (file === undefined) throw new WeirError('argument-missing', { expected: 'FILE' });
  if (from !== undefined && flags.lossy !== undefined) throw new WeirError('option-not-here', { options: '--lossy', only: 'nginx' });
  return from === undefined ? importLayer7(file, flags, io) : importTable(from, file, flags, io);
});
