// Options of weir's own commands: --name VALUE, --name=VALUE, --flag; the rest are words. (ipvsadm's grammar has its own reader.)
import { WeirError } from '../model/errors/weir-error.js';

/** What a command takes: its options by name without dashes. */
export type FlagTypes = Readonly<Record<string, 'value' | 'flag'>>;

export type Flags<T extends FlagTypes> = {
  readonly [name in keyof T]?: T[name] extends 'value' ? string : true;
};

/** Whether only the usage is asked for. */
export function wantsHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/** @throws WeirError option-… */
export function readFlags<T extends FlagTypes>(
  args: readonly string[],
  types: T,
): { readonly flags: Flags<T>; readonly words: readonly string[] } {
  const flags: Record<string, string | true> = {};
  const words: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg);
      continue;
    }
    const [, name = '', given] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) throw new WeirError('option-unknown', { option: arg });
    if (Object.hasOwn(flags, name)) throw new WeirError('option-twice', { option: `--${name}` });
    if (type === 'flag') {
      if (given !== undefined) throw new WeirError('option-takes-no-value', { option: `--${name}` });
      flags[name] = true;
      continue;
    }
    const value = given ?? args[++index];
    if (value === undefined || value === '') throw new WeirError('option-needs-value', { option: `--${name}` });
    flags[name] = value;
  }
  return { flags: flags as Flags<T>, words };
}
