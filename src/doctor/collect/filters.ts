// Has nft and iptables tell their rules, where those tools are, and reads them.
import { spawnSync } from 'node:child_process';
import type { FilterRule } from '../facts.js';
import { readIptables } from '../read-iptables.js';
import { readNft } from '../read-nft.js';

const MAX_BYTES = 64 << 20;
const WAIT_MS = 10_000;

type Told =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly why: string };

function tell(command: string, args: readonly string[]): Told {
  // Where sudo or a service gives a short PATH, these tools are outside it.
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: MAX_BYTES, timeout: WAIT_MS, env });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    return { kind: 'absent' };
  }
  if (error !== undefined || status !== 0) {
    return { kind: 'failed', why: error?.message ?? stderr.trim().split('\n')[0] ?? `status ${status}` };
  }
  return { kind: 'text', text: stdout };
}

export function collectFilters(): { readonly filters: readonly FilterRule[]; readonly blind: readonly string[] } {
  const blind: string[] = [];
  const iptables = tell('iptables-save', []);
  const nft = tell('nft', ['-j', 'list', 'ruleset']);
  const fromIptables = iptables.kind === 'text' ? readIptables(iptables.text) : { rules: [], tables: [] };
  const fromNft = nft.kind === 'text' ? readNft(nft.text, fromIptables.tables) : [];
  if (fromNft === undefined) {
    blind.push('rules of nft were not looked at: nft -j list ruleset wrote no JSON');
  }
  for (const [tool, told] of [
    ['iptables-save', iptables],
    ['nft', nft],
  ] as const) {
    if (told.kind === 'failed') {
      blind.push(`rules of ${tool} were not looked at: ${told.why}`);
    }
  }
  return { filters: [...fromIptables.rules, ...(fromNft ?? [])], blind };
}
