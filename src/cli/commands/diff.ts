// weir diff FILE: what is in the table, and which VIPs are there, otherwise than a weir.yaml states. It changes nothing and waits for nothing.
import { refusedText } from '../../control/plan/document-plan-text.js';
import { fileDrift } from '../../control/plan/file-plan.js';
import { driftText, settingsText, vipDriftText } from '../../control/plan/plan-text.js';
import { otherwiseText, servedOtherwise } from '../../control/plan/served-otherwise.js';
import { observeFile } from '../../document/observed-vips.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords } from '../command.js';
import { checkedDrift, isRunWith } from '../document/checked-drift.js';
import { DIFF_TYPES, documentOptions, STATUS } from '../document/options.js';
import { readDocument } from '../document/read-document.js';

const USAGE = `usage: weir diff FILE [--keep-others] [--ignore weights] [--json]
       prints what of table and VIPs is otherwise than FILE (a weir.yaml; -: standard input) states, from the file to what is there;
       it changes nothing
       services that weir run checks are compared with what it and its checks have
       --keep-others, --ignore weights   as of weir plan FILE
       exit status 0: no difference; 4: there is one; 3: FILE is refused; 1: it could not look; 2: wrong usage
`;

export const run = command({ name: 'weir diff', usage: USAGE, types: DIFF_TYPES }, ({ flags, words }, io) => {
  const [file] = words;
  if (file === undefined) throw new WeirError('argument-missing', { expected: 'FILE' });
  expectWords(words, 1);
  const options = documentOptions(flags);
  const read = readDocument('weir diff', file, io);
  if (read === undefined) return STATUS.refused;
  const facts = observeFile(read);
  const ofDocument = fileDrift(read, facts, options);
  const found = {
    ...ofDocument,
    drift: [...ofDocument.drift, ...checkedDrift(read)],
    otherwise: servedOtherwise(read, facts, isRunWith(file)),
  };
  const isSame = found.drift.length + found.settings.length + found.vips.length + found.refused.length + found.otherwise.length === 0;
  const lines = [
    ...found.drift.map(driftText),
    ...found.otherwise.map(otherwiseText),
    ...found.vips.map(vipDriftText),
    ...found.refused.map(refusedText),
    ...found.settings.map(settingsText),
  ];
  for (const line of facts.moved) io.err(`${line}\n`);
  if (flags.json === true) io.out(`${JSON.stringify({ file, same: isSame, ...found })}\n`);
  else for (const line of lines) io.out(`${line}\n`);
  if (isSame && flags.json !== true) io.out(`${file} and ${read.vips === undefined ? 'the table' : 'what is there'} are the same\n`);
  return isSame ? STATUS.same : STATUS.differs;
});
