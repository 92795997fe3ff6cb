// Where udev runs, loading the datapath gives it a rule until the next boot: it attaches interfaces that come later, with no process of weir's
// alive. udev notices new files in its folder by itself.
import { existsSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unlessCode } from '../../../sys/errno.js';
import { readTextFile, removeFile, replaceTextFile } from '../../../sys/files/durable-file.js';
import { COMMANDS_FOLDER, commandPath, shippedText } from '../../../sys/files/shipped.js';
import type { Bpffs } from '../pins/bpffs.js';

const NAME = '90-weir.rules';
const SHIPPED = `share/udev/${NAME}`;
const MARK = '# Written when weir was loaded, removed by weir unload.\n';
/** Where the command does without: interfaces are attached by the next one, or by a daemon. */
const REFUSED = ['EROFS', 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM'] as const;
/** What stands in a rule without quotes of its own. */
const PLAIN_PATH = /^[\w./+@-]+$/;

/** The rule, with the command by this path. */
export const udevRuleText = (shipped: string, program: string): string => MARK + shipped.replaceAll(`${COMMANDS_FOLDER}/weir`, program);

/** Only process 1's namespace has udev. */
function isFirstNamespace(): boolean {
  const link = (path: string): string | undefined => unlessCode(() => readlinkSync(path), ['ENOENT', 'EACCES', 'EPERM'], undefined);
  const first = link('/proc/1/ns/net');
  return first !== undefined && first === link('/proc/thread-self/ns/net');
}

/** `run`: /run, `etc`: /etc, as this process sees the machine's. The path that was written: undefined where udev needs none. */
export function writeUdevRule(run: string, etc: string, program: string, shipped: string): string | undefined {
  // An installed rule, or an empty one that keeps this one away, has the same name.
  if (!existsSync(`${run}/udev/control`) || existsSync(`${etc}/udev/rules.d/${NAME}`) || !PLAIN_PATH.test(program)) return undefined;
  const path = `${run}/udev/rules.d/${NAME}`;
  const text = udevRuleText(shipped, program);
  const there = readTextFile(path);
  if (there === text || (there !== undefined && !there.startsWith(MARK))) return undefined;
  return unlessCode(
    () => {
      replaceTextFile(path, text);
      return path;
    },
    REFUSED,
    undefined,
  );
}

/** False: there is none that loading wrote. */
export function removeUdevRule(run: string): boolean {
  const path = `${run}/udev/rules.d/${NAME}`;
  return readTextFile(path)?.startsWith(MARK) === true && unlessCode(() => removeFile(path), REFUSED, false);
}

const runOf = (bpffs: Bpffs): string => dirname(bpffs.above);

/** The path that was written, if any. A program that was copied without its `share` has no rule to give, and loads without it. */
export function ensureUdevRule(bpffs: Bpffs): string | undefined {
  const shipped = isFirstNamespace() ? unlessCode(() => shippedText(SHIPPED), ['ENOENT'], undefined) : undefined;
  if (shipped === undefined) return undefined;
  const run = runOf(bpffs);
  return writeUdevRule(run, join(dirname(run), 'etc'), commandPath('weir'), shipped);
}

export function dropUdevRule(bpffs: Bpffs): void {
  if (isFirstNamespace()) removeUdevRule(runOf(bpffs));
}
