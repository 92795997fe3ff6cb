// Runs weir doctor on a host of a test's bed and reads its verdict.
import assert from 'node:assert/strict';
import type { Finding } from '../../src/doctor/finding.js';
import type { Host } from '../support/netns-bed.js';

export interface Verdict {
  readonly status: number;
  readonly findings: readonly Finding[];
}

/** The verdict as JSON has it; that the exit status and the text tell the same is checked on the way. */
export function examine(host: Host, options = ''): Verdict {
  const { status, stdout, stderr } = host.weir(`doctor --json ${options}`);
  assert.equal(stderr, '');
  const told = JSON.parse(stdout) as Verdict;
  assert.equal(told.status, status);
  return told;
}

export function codes({ findings }: Verdict): readonly string[] {
  return findings.map(({ code }) => code);
}
