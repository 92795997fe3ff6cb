// weir diff FILE: what is in the table otherwise than a weir.yaml states. It changes nothing and waits for nothing.
import { documentDrift } from '../../control/plan/document-drift.js';
import { driftText, settingsText } from '../../control/plan/plan-text.js';
import { observeTable } from '../../document/table-facts.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords } from '../command.js';
import { DIFF_TYPES, documentOptions, STATUS } from '../document/options.js';
import { readDocument } from '../document/read-document.js';

const USAGE = `usage: weir diff FILE [--keep-others] [--ignore weights] [--json]
       prints what is in the table otherwise than FILE (a weir.yaml) states, from the file to the table; it changes nothing
       --keep-others, --ignore weights   as of weir plan FILE
       exit status 0: no difference; 4: there is one; 3: FILE is refused; 1: it could not look; 2: wrong usage
`;

export const run = command({ name: 'weir diff', usage: USAGE, types: DIFF_TYPES }, ({ flags, words }, io) => {
  const [file] = words;
  if (file === undefined) throw new WeirError('argument-missing', { expected: 'FILE' });
  expectWords(words, 1);
  const options = documentOptions(flags);
  const document = readDocument('weir diff', file, io)?.table;
  if (document === undefined) return STATUS.refused;
  const facts = observeTable();
  const found = documentDrift(document, facts, options);
  const isSame = found.drift.length + found.settings.length === 0;
  for (const line of facts.moved) io.err(`${line}\n`);
  if (flags.json === true) io.out(`${JSON.stringify({ file, same: isSame, ...found })}\n`);
  else for (const line of [...found.drift.map(driftText), ...found.settings.map(settingsText)]) io.out(`${line}\n`);
  if (isSame && flags.json !== true) io.out(`${file} and the table are the same\n`);
  return isSame ? STATUS.same : STATUS.differs;
});
