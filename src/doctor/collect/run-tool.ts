// Has a tool of the host tell its state.
import { spawnSync } from 'node:child_process';

const MAX_BYTES = 64 << 20;
const WAIT_MS = 10_000;

export type Told =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly why: string };

export function tell(command: string, args: readonly string[]): Told {
  // Where sudo or a service gives a short PATH, these tools are outside it.
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: MAX_BYTES, timeout: WAIT_MS, env });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return { kind: 'absent' };
  if (error !== undefined || status !== 0) {
    return { kind: 'failed', why: error?.message ?? stderr.trim().split('\n')[0] ?? `status ${status}` };
  }
  return { kind: 'text', text: stdout };
}
