// What can be wrong with the text: files, lines, quotes, braces.
import type { DiagnosticRows, Maybe, With } from './row.js';

type Absent = With<'name' | 'place'>;
const lookedFor = ({ place }: Absent): string => `looked for as '${place}'`;

export const textDiagnostics = {
  'configuration-too-large': {
    severity: 'fatal',
    text: ({ max, what }: With<'max' | 'what'>) => `The configuration comes to more than ${max} ${what} - giving up`,
    hint: 'a ~SEQ, an include or a parameter that contains itself multiplies it',
  },
  'many-main-files': {
    severity: 'error',
    text: ({ path, first }: With<'path' | 'first'>) => `WARNING, multiple configuration file matches of ${path}, starting with ${first}`,
  },
  'include-loop': {
    severity: 'error',
    text: ({ path }: With<'path'> & Maybe<'hint'>) => `Configuration file '${path}' includes itself - skipping`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
  'nul-character': { severity: 'notice', text: () => 'a NUL character ends the line' },
  'line-too-long': {
    severity: 'error',
    text: (_: With<'max'>) => `line too long - ignoring`,
    hint: ({ max }: With<'max'>) => `the limit is ${max} characters`,
  },
  'quote-unterminated': { severity: 'error', text: ({ line }: With<'line'>) => `Unterminated quote '${line}'` },
  'parameter-endless': {
    severity: 'error',
    text: ({ line }: With<'line'>) => `'${line}' - the parameters of this line grow without end, ignoring it`,
    hint: 'a parameter contains itself',
  },
  'sequence-invalid': { severity: 'error', text: ({ problem, line }: With<'problem' | 'line'>) => `${problem} '${line}'` },
  'parameter-undefined': {
    severity: 'error',
    text: ({ parameter }: With<'parameter'>) => `parameter ${parameter} is not defined`,
    hint: 'it is left as it is; keepalived would treat its braces as those of a block',
  },
  'include-check-unknown': {
    severity: 'error',
    text: ({ name }: With<'name' | 'kinds'>) => `Unknown include_check type '${name}' - ignoring`,
    hint: ({ kinds }: With<'kinds'>) => `expected one of ${kinds}`,
  },
  'include-check-twice': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Duplicate include_check '${name}' specified - ignoring`,
    hint: "put '+' before every kind",
  },
  'character-look-alike': {
    severity: 'notice',
    text: ({ shown }: With<'shown' | 'remedy'>) => `${shown} is an ordinary character, not syntax`,
    hint: ({ remedy }: With<'remedy'>) => `${remedy}: it was probably copied from a web page or a word processor`,
  },
  'password-cut-by-comment': {
    severity: 'notice',
    text: ({ sign }: With<'sign'>) => `'${sign}' begins a comment: auth_pass ends before it`,
    hint: ({ sign }: With<'sign'>) => `put the password in double quotes if it contains this character: "…${sign}…"`,
  },
  'quote-unmatched': {
    severity: 'error',
    text: ({ line }: With<'line'>) => `Unmatched quote: '${line}'`,
    hint: 'what follows the quote is not read',
  },
  'keyword-inside-block': {
    severity: 'notice',
    text: ({ keyword, name, line }: With<'keyword' | 'name' | 'line'>) =>
      `'${keyword}' stands inside of '${name}', which was opened in line ${line}`,
    hint: "a '}' may be missing before it",
  },
  'brace-missing': {
    severity: 'error',
    text: (_: With<'name'>) => `Missing '{' at beginning of configuration block`,
    hint: ({ name }: With<'name'>) => `'${name}' begins a block; what follows was read as if the brace were there`,
  },
  'brace-unexpected': { severity: 'error', text: () => "Unexpected '{' - ignoring", hint: 'there is no keyword before this brace' },
  'brace-extra': { severity: 'error', text: () => "Extra '}' found", hint: 'no block is open here' },
  'braces-unbalanced': {
    severity: 'error',
    text: ({ missing }: With<'missing' | 'file' | 'line' | 'column'>) => `There are ${missing} missing '}'s or extra '{'s`,
    hint: ({ file, line, column }: With<'file' | 'line' | 'column'>) => `the block opened at ${file}:${line}:${column} is not closed`,
  },
  'file-utf-16': { severity: 'error', text: () => 'the file is UTF-16 - ignoring it', hint: 'save it as UTF-8' },
  'file-byte-order-mark': {
    severity: 'error',
    text: () => 'the file begins with a byte order mark - ignoring it',
    hint: 'save it as UTF-8 without BOM',
  },
  'file-line-ends': {
    severity: 'notice',
    text: () => 'the lines of the file end in CR only: it is read as one line',
    hint: 'save it with LF as the end of lines',
  },
  'main-file-unreadable': {
    severity: 'unusable',
    text: ({ name }: With<'name'> & Maybe<'hint'>) => `Unable to read configuration file ${name}`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
  // The callers set the severity of these: it depends on the include line and on the policy in force.
  'file-is-directory': { severity: 'notice', text: ({ name }: With<'name'>) => `Configuration file '${name}/' is a directory - skipping` },
  'file-not-opened': {
    severity: 'notice',
    text: ({ name, reason }: With<'name' | 'reason'>) => `Configuration file '${name}' open problem (${reason}) - skipping`,
  },
  'file-unfit': {
    severity: 'notice',
    text: ({ name }: With<'name'>) => `Configuration file '${name}' is not a regular non-executable file - skipping`,
  },
  'files-unmatched': { severity: 'notice', text: ({ name }: Absent) => `No config files matched '${name}'.`, hint: lookedFor },
  'files-missing': { severity: 'notice', text: ({ name }: Absent) => `Config files missing '${name}'.`, hint: lookedFor },
  'files-partly-missing': { severity: 'notice', text: ({ name }: Absent) => `Some config files missing: "${name}".`, hint: lookedFor },
} as const satisfies DiagnosticRows;
