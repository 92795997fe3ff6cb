// Runs a tool of the host that prints state, and returns its output.
import { spawnSync } from 'node:child_process';

const OUTPUT_MAX_BYTES = 64 << 20;
const TIMEOUT_MS = 10_000;

export type ToolRun =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly why: string };

/** Runs a tool, for ten seconds at most, and returns its standard output; `absent`: it is not installed. */
export function runTool(command: string, args: readonly string[]): ToolRun {
  // The PATH of sudo or of a service may lack the folders of these tools.
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_MAX_BYTES,
    timeout: TIMEOUT_MS,
    env,
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return { kind: 'absent' };
  if (error !== undefined || status !== 0) {
    return { kind: 'failed', why: error?.message ?? stderr.trim().split('\n')[0] ?? `status ${status}` };
  }
  return { kind: 'text', text: stdout };
}
