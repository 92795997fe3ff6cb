// The options that weir plan, weir apply and weir diff have in common.
import { type DocumentOptions, FILE_KINDS, type FileKind } from '../../control/plan/document-plan.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Flags } from '../flags.js';

export const DIFF_TYPES = { 'keep-others': 'flag', ignore: 'value', json: 'flag' } as const;
export const DOCUMENT_TYPES = { ...DIFF_TYPES, allow: 'value', all: 'flag' } as const;

export const DOCUMENT_OPTIONS = `       --keep-others     services of the table that FILE does not have stay; by default FILE is the whole table,
                         but for services that a running keepalived serves
       --ignore weights  weights of servers that are there stay as they are
       --allow KIND[,KIND]...  only such changes: ${FILE_KINDS.slice(0, 3).join(', ')},
                         ${FILE_KINDS.slice(3, 7).join(', ')},
                         ${FILE_KINDS.slice(7).join(', ')}
`;

/** Exit statuses, the same for all of them. */
export const STATUS = { same: 0, refused: 3, differs: 4 } as const;

function isKind(word: string): word is FileKind {
  return (FILE_KINDS as readonly string[]).includes(word);
}

/** @throws WeirError option-value */
export function documentOptions(flags: Flags<typeof DIFF_TYPES> & Pick<Flags<typeof DOCUMENT_TYPES>, 'allow'>): DocumentOptions {
  if (flags.ignore !== undefined && flags.ignore !== 'weights')
    throw new WeirError('option-value', { option: '--ignore', expected: 'weights', given: flags.ignore });
  const kinds = flags.allow?.split(',');
  const wrong = kinds?.find((word) => !isKind(word));
  if (wrong !== undefined) throw new WeirError('option-value', { option: '--allow', expected: FILE_KINDS.join(', '), given: wrong });
  return {
    keepOthers: flags['keep-others'] === true,
    ignoreWeights: flags.ignore !== undefined,
    ...(kinds === undefined ? {} : { allow: new Set(kinds.filter(isKind)) }),
  };
}
