// Parts of keepalived.conf that cases have in common.
import { endpointOf, type Place } from '../servers.js';

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);
const block = (head: string, lines: readonly string[]): string => [`${head} {`, ...indent(lines.join('\n').split('\n')), '}'].join('\n');

/** Times that are a second apart, and a connect_timeout that is longer than a busy machine is late; checks begin without a warmup. */
const TIMES = ['delay_loop 2', 'delay_before_retry 1', 'retry 1', 'warmup 0', 'connect_timeout 3'] as const;

export const check = (kind: string, ...lines: readonly string[]): string => block(kind, lines);

export function real(place: Place, ...lines: readonly string[]): string {
  const { address, port } = endpointOf(place);
  return block(`real_server ${address} ${port}`, lines);
}

/** `10.99.0.100 80`, masqueraded. */
export const virtual = (...lines: readonly string[]): string => virtualAt('10.99.0.100 80', ...lines);

export function virtualAt(target: string, ...lines: readonly string[]): string {
  const keywords = new Set(lines.map((line) => line.split(' ')[0]));
  const usual = ['lb_algo rr', 'lb_kind NAT', 'protocol TCP', ...TIMES].filter((line) => !keywords.has(line.split(' ')[0]));
  return block(`virtual_server ${target}`, [...usual, ...lines]);
}

export const globals = (...lines: readonly string[]): string => block('global_defs', lines);

export const config = (...blocks: readonly string[]): string => `${blocks.join('\n')}\n`;
