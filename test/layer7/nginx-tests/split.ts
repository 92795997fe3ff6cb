// The nginx.conf of a test of nginx-tests, in two: the servers that pass requests on are weir's, those behind them stay nginx's.
import { type Directive, parseNginx } from '../../../src/config/nginx/parse.js';

/** Undefined: there is no such server. */
export interface SplitConfiguration {
  readonly weir: string | undefined;
  readonly nginx: string | undefined;
}

const quoted = (word: string): string => `"${word.replace(/[\\"]/g, '\\$&')}"`;

const textOf = (directives: readonly Directive[]): string =>
  directives
    .map(({ name, args, block }) => [name, ...args.map(quoted)].join(' ') + (block === undefined ? ';\n' : ` {\n${textOf(block)}}\n`))
    .join('');

const passesOn = ({ name, block = [] }: Directive): boolean => name === 'proxy_pass' || block.some(passesOn);

const listensOf = ({ block = [] }: Directive): readonly string[] =>
  block.filter(({ name }) => name === 'listen').map(({ args: [word = ''] }) => word);

/** Servers that pass requests on, and those of the same listeners; where there is none, all of them. */
function subjectsOf(servers: readonly Directive[]): ReadonlySet<Directive> {
  const found = servers.filter(passesOn);
  const listens = new Set((found.length > 0 ? found : servers).flatMap(listensOf));
  return new Set(servers.filter((one) => listensOf(one).some((word) => listens.has(word))));
}

/** `pidFile`: nginx's own. @throws WeirError nginx-syntax */
export function splitConfiguration(text: string, pidFile: string): SplitConfiguration {
  const all = parseNginx({ file: 'nginx.conf', text }, () => undefined);
  const http = all.find(({ name }) => name === 'http');
  const servers = http?.block?.filter(({ name }) => name === 'server') ?? [];
  const subjects = subjectsOf(servers);
  if (http === undefined) return { weir: undefined, nginx: undefined };
  const block = http.block ?? [];
  const isOfOthers = (one: Directive): boolean => !subjects.has(one) && one.name !== 'upstream' && !/^proxy_(?!temp_path)/.test(one.name);
  const others = all.map((one) => (one === http ? { ...http, block: block.filter(isOfOthers) } : one));
  const own = block.filter((one) => one.name !== 'server' || subjects.has(one));
  return {
    weir: subjects.size === 0 ? undefined : textOf([{ ...http, block: own }]),
    nginx: subjects.size === servers.length ? undefined : textOf(withPid(others, pidFile)),
  };
}

function withPid(directives: readonly Directive[], pidFile: string): readonly Directive[] {
  const at = { file: 'nginx.conf', line: 0 };
  const user: readonly Directive[] = process.getuid?.() === 0 ? [{ name: 'user', args: ['root'], at }] : [];
  return [...user, { name: 'pid', args: [pidFile], at }, ...directives.filter(({ name }) => name !== 'pid' && name !== 'user')];
}
