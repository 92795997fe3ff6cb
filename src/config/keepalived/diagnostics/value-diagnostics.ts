// What can be wrong with a statement: its keyword, its words, its numbers.
import type { DiagnosticRows, Maybe, With } from './row.js';

/** A word that was refused, and what was expected. */
type Refused = With<'text'> & Maybe<'hint'>;
const hint = ({ hint }: Maybe<'hint'>): string | undefined => hint;

export const valueDiagnostics = {
  'number-invalid': { severity: 'error', text: ({ text }: Refused) => `invalid number '${text}'`, hint },
  'number-negative': { severity: 'error', text: ({ text }: Refused) => `negative number '${text}'`, hint },
  'number-outside-unsigned': { severity: 'error', text: ({ text }: Refused) => `number '${text}' outside unsigned integer range`, hint },
  'number-outside-integer': { severity: 'error', text: ({ text }: Refused) => `number '${text}' outside integer range`, hint },
  'number-outside-range': {
    severity: 'error',
    text: ({ text, min, max }: Refused & With<'min' | 'max'>) => `number '${text}' outside range [${min}, ${max}]`,
    hint,
  },
  'number-too-precise': { severity: 'error', text: ({ text }: Refused) => `number '${text}' has too many decimal places`, hint },
  'script-quote-unterminated': {
    severity: 'error',
    text: ({ text, quote }: With<'text' | 'quote'>) => `String '${text}': missing terminating ${quote}`,
  },
  'argument-missing': {
    severity: 'fatal',
    text: ({ keyword, after, position }: With<'keyword' | 'after' | 'position'>) =>
      `*** Configuration line starting \`${keyword}\` is missing a parameter after keyword \`${after}\` at word position ${position}`,
  },
  'track-group-unknown': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `track_group ${word} not found`,
    hint: 'define the track_group above the lines that name it',
  },
  'words-ignored': {
    severity: 'notice',
    text: ({ keyword, rest }: With<'keyword' | 'rest'>) => `${keyword}: ${rest} ignored`,
    hint: 'nothing more is read on this line',
  },
  'block-extra-words': {
    severity: 'error',
    text: ({ keyword, names }: With<'keyword' | 'names'>) => `Block ${keyword} has extra parameters ${names} ...`,
    hint: 'write the lines of this block between braces',
  },
  'keyword-twice': {
    severity: 'notice',
    text: ({ keyword }: With<'keyword' | 'line'>) => `${keyword} is set twice, the last one counts`,
    hint: ({ line }: With<'line'>) => `the first one is at line ${line}`,
  },
  'keyword-unknown': {
    severity: 'error',
    text: ({ keyword }: With<'keyword'> & Maybe<'near' | 'place'>) => `Unknown keyword '${keyword}'`,
    hint: ({ near, place }: Maybe<'near' | 'place'>) => place ?? (near === undefined ? undefined : `did you mean '${near}'?`),
  },
  'keyword-deprecated': { severity: 'error', text: ({ text }: With<'keyword' | 'text'>) => String(text) },
  'keyword-again': {
    severity: 'error',
    text: ({ text }: With<'keyword' | 'text' | 'line'>) => String(text),
    hint: ({ line }: With<'line'>) => `the first one is at line ${line}`,
  },
  'value-missing': { severity: 'error', text: ({ text }: With<'keyword' | 'text'> & Maybe<'hint'>) => String(text), hint },
  'value-invalid': { severity: 'error', text: ({ text }: With<'keyword' | 'word' | 'text'> & Maybe<'hint'>) => String(text), hint },
  'body-unexpected': {
    severity: 'error',
    text: (_: With<'keyword'>) => "Unexpected '{' - ignoring",
    hint: ({ keyword }: With<'keyword'>) => `the text between the braces behind '${keyword}' is ignored`,
  },
  'messages-left-out': { severity: 'error', text: ({ count }: With<'count'>) => `${count} more messages are left out` },
  'keyword-without-effect': {
    severity: 'notice',
    text: ({ keyword, because }: With<'keyword' | 'because'>) => `${keyword} is accepted, but has no effect in weir${because}`,
  },
} as const satisfies DiagnosticRows;
