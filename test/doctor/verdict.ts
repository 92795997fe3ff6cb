// Runs weir doctor on a host of a test's bed and reads its verdict.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { Finding } from '../../src/model/finding.js';
import { ENTRY, type Host, type Ran } from '../support/netns-bed.js';

export interface Verdict {
  readonly status: number;
  readonly findings: readonly Finding[];
}

function verdictOf({ status, stdout, stderr }: Ran): Verdict {
  assert.equal(stderr, '');
  const verdict = JSON.parse(stdout) as Verdict;
  assert.equal(verdict.status, status);
  return verdict;
}

/** The verdict from the JSON output; checks that its status is the exit status. */
export function examine(host: Host, options = ''): Verdict {
  return verdictOf(host.weir(`doctor --json ${options}`));
}

/** The verdict from the JSON output, as examine(), while this process goes on. */
export function examineMeanwhile(host: Host, options = ''): Promise<Verdict> {
  const words = `doctor --json ${options}`.split(' ').filter((word) => word !== '');
  return new Promise((done, fail) => {
    execFile('ip', ['netns', 'exec', host.namespace, process.execPath, ENTRY, 'weir', ...words], (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      try {
        done(verdictOf({ status: typeof status === 'number' ? status : -1, stdout, stderr }));
      } catch (problem) {
        fail(problem as Error);
      }
    });
  });
}

export function codes({ findings }: Verdict): readonly string[] {
  return findings.map(({ code }) => code);
}
