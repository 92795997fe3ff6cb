// weir schema: the JSON Schema of weir.yaml, for editors; with a file, all that is wrong with it.
import { faultText, readWeirFile, weirFileSchema } from '../../config/weir/read.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command } from '../command.js';
import { readText } from '../read-text.js';

const USAGE = `usage: weir schema
       weir schema --check FILE...
       prints the JSON Schema of weir.yaml; editors complete and examine files by it
       --check: prints what is wrong with files, one line each: FILE:LINE:COLUMN: what, and the fix; exit status 2 where there is anything
`;

export const run = command({ name: 'weir schema', usage: USAGE, types: { check: 'flag' } }, ({ flags, words }, io) => {
  if (!flags.check) {
    const [given] = words;
    if (given !== undefined) throw new WeirError('argument-unexpected', { given });
    io.out(`${JSON.stringify(weirFileSchema, undefined, 2)}\n`);
    return 0;
  }
  if (words.length === 0) throw new WeirError('argument-missing', { expected: 'FILE' });
  const lines = words.flatMap((file) => readWeirFile(readText(file)).faults.map((fault) => faultText(file, fault)));
  for (const line of lines) io.err(`${line}\n`);
  return lines.length === 0 ? 0 : 2;
});
