// Runs `weir lab` as a process, and checks what it leaves behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '../../src/lab/definition/lab.js';
import type { Evidence } from '../../src/lab/judge/evidence.js';
import { runChildSync } from '../../src/sys/processes/child.js';
import { ENTRY } from '../support/netns-bed.js';
import { noRoot, noTools, probe, type Skip } from '../support/probes.js';

/** Probe `netns`: root that may make network namespaces, and the tools that labs use. The reason to skip, or false. */
export function skipWithoutNetns(): Skip {
  const lacking = noRoot() || noTools('ip', 'bridge', 'curl', 'tcpdump');
  if (lacking !== false) return lacking;
  const name = `weir-probe-${process.pid}`;
  const made = runChildSync(['ip', 'netns', 'add', name]);
  runChildSync(['ip', 'netns', 'del', name]);
  return probe('netns', made.exit === 0, made.stderr.trim());
}

export interface LabProcess {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number>;
  /** Resolves when its output so far matches; rejects when it ends before. */
  until(pattern: RegExp): Promise<void>;
}

/** Starts `weir lab ARGS…`. */
export function startLab(...args: readonly string[]): LabProcess {
  const child = spawn(process.execPath, [ENTRY, 'weir', 'lab', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    listeners.forEach((watch) => watch());
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    listeners.forEach((watch) => watch());
  });
  const ended = new Promise<number>((done) => {
    child.on('close', (code, signal) => done(code ?? (signal === 'SIGKILL' ? 137 : 128)));
  });
  return {
    child,
    stdout: () => out,
    stderr: () => err,
    ended,
    until: (pattern) =>
      new Promise((done, fail) => {
        const watch = (): void => {
          if (pattern.test(out) || pattern.test(err)) {
            listeners.delete(watch);
            done();
          }
        };
        listeners.add(watch);
        watch();
        void ended.then((status) => fail(new Error(`ended with ${status} before ${String(pattern)}:\n${out}${err}`)));
      }),
  };
}

export interface LabOutcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runWeirLab(...args: readonly string[]): Promise<LabOutcome> {
  const lab = startLab(...args);
  return { status: await lab.ended, stdout: lab.stdout(), stderr: lab.stderr() };
}

/** Runs a lab with --json; what it printed for a person is in `stderr`. */
export async function evidenceOf(
  ...args: readonly string[]
): Promise<{ readonly evidence: Evidence; readonly status: number; readonly stderr: string }> {
  const { status, stdout, stderr } = await runWeirLab(...args, '--json');
  try {
    return { evidence: JSON.parse(stdout) as Evidence, status, stderr };
  } catch {
    throw new Error(`no evidence (status ${status}): ${stdout}${stderr}`);
  }
}

/** Writes a lab to a file for the time of `work`. */
export async function withLabFile<T>(lab: unknown, work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-lab-'));
  try {
    const path = join(folder, 'lab.json');
    writeFileSync(path, JSON.stringify(lab));
    return await work(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is left of runs of this lab: namespaces, state files and folders. */
export function leftOf(lab: string): readonly string[] {
  const here = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);
  return [
    ...here('/run/netns').filter((name) => name.startsWith(`weir-${lab}-`) || name.startsWith(`weir-${lab}.`)),
    ...here('/run/weir/lab').filter((name) => name === `${lab}.json` || name === lab || name.startsWith(`${lab}.`)),
  ];
}

/** Two hosts on a switch, a web server on one; no director. The name is this process's own, so that runs do not meet. */
export function plainLab(steps: Lab['steps']): Lab {
  return {
    name: `plain-${process.pid}`,
    title: 'two hosts on a switch',
    switches: ['lan'],
    hosts: {
      a: { interfaces: { eth0: { switch: 'lan', addresses: ['10.7.0.1/24'] } } },
      b: { interfaces: { eth0: { switch: 'lan', addresses: ['10.7.0.2/24'] } }, sites: [{ port: 80 }] },
    },
    steps,
  };
}
