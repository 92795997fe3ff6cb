// The real kernel as judge: what its IPVS and the original ipvsadm were recorded to answer, our commands must answer too.
// What is left out, and why, stands in left-out.json, one entry an answer; anything else that differs fails, and so does
// an entry whose answer is given after all. README.md has the recordings and their cases.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { noRoot, noTools } from '../support/probes.js';
import { type Answer, compare, differsOnlyIn, readLate } from './answers.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const here = `${root}test/oracle/`;

interface LeftOut {
  /** Line of the recording, from 1. */
  readonly line: number;
  readonly command: string;
  readonly reason: string;
  /** The lines of an answer that may differ, as a regular expression: the others must be the recorded ones. */
  readonly lines?: string;
  /** Depends on the machine: may be answered the same here or there. */
  readonly varies?: boolean;
}

const SCRIPTS = {
  a1_services: 'tr',
  a2_options: 'tr',
  a3_cli_errors: 'tr',
  a4_names: 'tr',
  b1_sched_seq: 'py',
  b2_locality: 'py',
  b3_hash: 'py',
  b4_thresholds: 'py',
  b5_changes: 'py',
  b6_route: 'py',
  b7_again: 'py',
  c1_tcp_states: 'py',
  c2_lifetime: 'py',
  c3_settings: 'py',
  c4_settings6: 'py',
  d2_limits: 'py',
  f1_marks: 'py',
  f2_ftp: 'py',
  g1_counters: 'py',
  g2_ttl_mtu: 'py',
  g3_udp_checksum: 'py',
  h1_fragments: 'py',
  i1_icmp: 'py',
  i2_seen: 'py',
  j1_later_services: 'py',
  l1_local: 'py',
  o1_options: 'tr',
  o2_random: 'tr',
  o3_random: 'tr',
  p1_persistence: 'py',
  p3_persistence_edits: 'py',
  p4_templates: 'py',
  p5_sip: 'py',
  r1_histories: 'py',
  r2_routed_histories: 'py',
  r3_wide_histories: 'py',
  r4_sctp_histories: 'py',
  s1_sctp: 'py',
  t1_bypass: 'py',
  t2_tunnels: 'py',
  v1_ipv6: 'py',
  v2_ipv6_persistence: 'py',
} as const;

const leftOut = JSON.parse(readFileSync(`${here}left-out.json`, 'utf8')) as Readonly<Record<string, readonly LeftOut[]>>;

const skip = noRoot() || noTools('python3', 'ip', 'unshare', 'iptables', 'ip6tables');

/** Two minutes on an idle machine; the longest asks thousands of commands, and took more than 900 s beside others on a slow one. */
const SCRIPT_MAX_MS = 2_400_000;

/** Who answers a script's commands: a process each, or one resident process all of them. Scripts in Python always have the resident. */
type By = 'processes' | 'resident';

/** @throws Error with standard error where it fails */
async function replay(name: string, ending: string, by: By): Promise<string> {
  const { stdout } = await promisify(execFile)(`${here}replay`, [`${root}bin`, `${here}scripts/${name}.${ending}`, by], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: SCRIPT_MAX_MS,
  });
  const keep = process.env['WEIR_ORACLE_KEEP'];
  if (keep !== undefined && existsSync(keep)) writeFileSync(`${keep}/${name}.txt`, stdout);
  return stdout;
}

/** Whether a user without rights gets as far as our commands: not where the checkout lies below a private folder, such as root's home. */
const isOpenToAll = (): boolean =>
  spawnSync('setpriv', ['--reuid', '65534', '--clear-groups', 'test', '-r', `${root}dist/weir.cjs`]).status === 0;

const show = (answer: Answer): string => `${answer.line}: ${answer.command}\n${answer.text}\nhere:\n${answer.ours}`;

/** Whether so much was recorded that one reason for all of it could hide another difference. */
const isLong = (answer: Answer): boolean => answer.text.split('\n').filter((line) => !/^(?:|\[rc \d+\]|#.*)$/.test(line)).length > 1;

/** Recordings at a time: most of a script is waiting, and each has its own namespaces. */
const LANES = 3;

/** A test of what each recording's commands answer. */
export function testAnswers(...names: readonly (keyof typeof SCRIPTS)[]): void {
  testAnswersBy('processes', ...names);
}

export function testAnswersBy(by: By, ...names: readonly (keyof typeof SCRIPTS)[]): void {
  describe('recorded answers', { concurrency: LANES, skip }, () => {
    for (const name of names) test(`${name}: every recorded answer but those left out`, (context) => judge(name, by, context));
  });
}

async function judge(name: keyof typeof SCRIPTS, by: By, context: TestContext): Promise<void> {
  const recorded = readFileSync(`${here}recorded/${name}.txt`, 'utf8');
  const { answers, same } = compare(recorded, readLate(recorded, await replay(name, SCRIPTS[name], by), 3));
  const allowed = leftOut[name] ?? [];
  const reaches = isOpenToAll();
  const different = answers.filter((answer) => !same.has(answer) && (reaches || !answer.command.includes('setpriv --reuid 65534')));
  const whole = allowed.filter(
    ({ line, lines, varies }) => lines === undefined && varies !== true && answers.some((answer) => answer.line === line && isLong(answer)),
  );
  assert.deepEqual(whole, [], 'left out as a whole: name the lines that may differ');
  context.diagnostic(`${name}: ${same.size} of ${answers.length} answers, ${allowed.length} left out`);
  const reasons = new Map(allowed.map((entry) => [entry.line, entry]));
  const isLeftOut = (answer: Answer): boolean => {
    const entry = reasons.get(answer.line);
    return entry !== undefined && (entry.lines === undefined || differsOnlyIn(new RegExp(entry.lines), answer));
  };
  assert.deepEqual(different.filter((answer) => !isLeftOut(answer)).map(show), []);
  const differing = new Set(different.map((answer) => answer.line));
  const needless = allowed.filter((entry) => entry.varies !== true && !differing.has(entry.line));
  assert.deepEqual(needless, [], 'left out, but answered all the same');
}
