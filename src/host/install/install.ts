// Installs and uninstalls weir's files below a root. What is there and not weir's is never touched: then nothing is installed at all.
import { existsSync, lstatSync, mkdirSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { WeirError } from '../../model/errors/weir-error.js';
import { unlessCode } from '../../sys/errno.js';
import { readTextFile, replaceTextFile } from '../../sys/files/durable-file.js';
import { isPackaged } from '../../sys/files/shipped.js';
import { runChild } from '../../sys/processes/child.js';
import { reloadUnits } from '../persist.js';
import {
  FORMER_FILES,
  type InstallChoice,
  type InstalledFile,
  installedFiles,
  type MadeText,
  originOf,
  plainText,
} from './installed-files.js';

export interface InstallOptions {
  /** '' or a folder without a final slash. */
  readonly root: string;
  readonly dryRun: boolean;
}

/** What is at a path: `weir`: of this or an earlier installation; `changed`: that, edited since. */
type Present = 'nothing' | 'same' | 'weir' | 'changed' | 'foreign';

/** A link of another checkout is weir's too: beside its target there is a command `weir`. */
function presentLink(at: string, target: string): Present {
  const there = unlessCode(() => readlinkSync(at), ['EINVAL'], undefined);
  if (there === undefined) return 'foreign';
  if (there === target) return 'same';
  const isWeir = basename(there) === basename(target) && existsSync(join(dirname(there), 'weir')) && dirname(there).endsWith('/bin');
  return isWeir && existsSync(join(dirname(there), '../dist')) ? 'weir' : 'foreign';
}

function presentAt(root: string, { path, content }: InstalledFile): Present {
  const at = `${root}${path}`;
  const status = lstatSync(at, { throwIfNoEntry: false });
  if (status === undefined) return 'nothing';
  if (content.kind === 'link') return presentLink(at, content.target);
  const text = status.isFile() ? readTextFile(at) : undefined;
  if (text === undefined) return 'foreign';
  if (text === content.text) return 'same';
  return text === plainText(content.text) ? 'weir' : originOf(text);
}

function put(root: string, { path, content }: InstalledFile): void {
  const at = `${root}${path}`;
  if (content.kind === 'text') {
    replaceTextFile(at, content.text);
    return;
  }
  mkdirSync(dirname(at), { recursive: true });
  rmSync(at, { force: true });
  symlinkSync(content.target, at);
}

/** With the folder of drop-ins that it was alone in. */
function remove(path: string): void {
  rmSync(path);
  if (/\.service\.d$/.test(dirname(path))) unlessCode(() => rmdirSync(dirname(path)), ['ENOTEMPTY', 'EEXIST'], undefined);
}

/** udev and systemd of this host read their files again; what they answer when they cannot. */
async function announce(root: string, paths: readonly string[]): Promise<readonly string[]> {
  if (root !== '' || paths.length === 0) return [];
  const notes: string[] = [];
  if (paths.some((path) => path.includes('/systemd/'))) {
    const refused = await reloadUnits(root);
    if (refused !== undefined) notes.push(refused);
  }
  if (paths.some((path) => path.includes('/udev/')) && existsSync('/run/udev/control')) {
    const { exit, stderr } = await runChild(['udevadm', 'control', '--reload'], { timeoutMs: 20_000 });
    if (exit !== 0) notes.push(`udevadm control --reload: ${stderr.trim().split('\n')[0] ?? `exit ${exit}`}`);
  }
  return notes;
}

export interface InstallOutcome {
  /** A line for each path that was written or removed; nothing for one that was as it should be. */
  readonly done: readonly string[];
  readonly notes: readonly string[];
}

/** Of another name now, unchanged, with a link that switches it on. */
function formerFiles(root: string): readonly string[] {
  const [unit = '', ...links] = FORMER_FILES.map((path) => `${root}${path}`);
  const isFile = lstatSync(unit, { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile || originOf(readTextFile(unit) ?? '') !== 'weir') return [];
  return [unit, ...links.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true)];
}

/** @throws WeirError install-packaged, install-foreign, install-changed: nothing was written then; artifact-missing, the system's error */
export async function install(choice: InstallChoice, { root, dryRun }: InstallOptions): Promise<InstallOutcome> {
  if (isPackaged()) throw new WeirError('install-packaged');
  const all = installedFiles(choice);
  const fits = ({ needs }: InstalledFile): boolean => needs?.some((path) => existsSync(`${root}${path}`)) ?? true;
  const wanted = all.filter(fits).map((file) => ({ file, present: presentAt(root, file) }));
  for (const kind of ['foreign', 'changed'] as const) {
    const paths = wanted.filter(({ present }) => present === kind).map(({ file }) => `${root}${file.path}`);
    if (paths.length > 0) throw new WeirError(kind === 'foreign' ? 'install-foreign' : 'install-changed', { paths });
  }
  const missing = wanted.filter(({ present }) => present !== 'same').map(({ file }) => file);
  const former = formerFiles(root);
  if (!dryRun) for (const file of missing) put(root, file);
  if (!dryRun) for (const path of former) rmSync(path);
  const done = missing.map(({ path, content }) => `${root}${path}${content.kind === 'link' ? ` -> ${content.target}` : ''}`);
  const skipped = all
    .filter((file) => !fits(file) && file.optional !== true)
    .map(({ path, needs = [] }) => `${root}${path} left out: there is no ${root}${needs[0]}`);
  const renamed = former.length === 0 ? [] : [`weir.service has another name now, and is gone: systemctl enable ipvsadm`];
  return { done, notes: [...skipped, ...renamed, ...(dryRun ? [] : await announce(root, done))] };
}

/** Removes what is weir's. What was changed by hand, or is of others, stays, and the former is noted. @throws the system's error */
export async function uninstall(made: readonly MadeText[], { root, dryRun }: InstallOptions): Promise<InstallOutcome> {
  const found = installedFiles({ keepalived: true, rsyslog: true, made }).map((file) => ({
    path: `${root}${file.path}`,
    present: presentAt(root, file),
  }));
  const present = found.filter((one) => one.present === 'same' || one.present === 'weir').map(({ path }) => path);
  const ours = [...present, ...formerFiles(root)];
  if (!dryRun) for (const path of ours) remove(path);
  const changed = found.filter((one) => one.present === 'changed').map(({ path }) => `${path} stays: it was changed by hand`);
  return { done: ours, notes: [...changed, ...(dryRun ? [] : await announce(root, ours))] };
}
