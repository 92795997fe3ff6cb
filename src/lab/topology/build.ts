// Performs a lab's plan: namespaces, interfaces, addresses, sysctls, web sites.

import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '../../model/errors/weir-error.js';
import { runChild } from '../../sys/processes/child.js';
import type { RunState } from '../state/run-state.js';
import type { Action } from './plan.js';
import { type ServerKind, startSites } from './sites.js';

/** Runs a command that builds the lab. @throws WeirError lab-command-failed */
async function must(argv: readonly string[], input: string, abort: AbortSignal): Promise<string> {
  const result = await runChild(argv, { input, abort, timeoutMs: 10_000 });
  abort.throwIfAborted();
  if (result.exit !== 0) {
    const why = (result.stderr || result.stdout).trim() || `exit ${result.exit}`;
    throw new WeirError('lab-command-failed', { command: argv.join(' '), why });
  }
  return result.stdout;
}

/** Groups of actions that one process can perform, in order: ip commands of one namespace as a batch, sysctls in one shell. */
export function inBatches(actions: readonly Action[]): readonly (readonly Action[])[] {
  const batches: Action[][] = [];
  for (const action of actions) {
    const last = batches.at(-1);
    const before = last?.[0];
    const joins =
      before !== undefined &&
      (action.kind === 'ip' || action.kind === 'sysctl') &&
      before.kind === action.kind &&
      before.namespace === action.namespace;
    if (joins && last !== undefined) {
      last.push(action);
    } else {
      batches.push([action]);
    }
  }
  return batches;
}

/** Dots separate a key's parts; a dot inside a part (a VLAN's name) is written as a slash, as in sysctl(8). */
const sysctlPath = (key: string): string => `/proc/sys/${key.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))}`;

const SET =
  'while read -r path present value; do [ -e "$path" ] || [ "$present" = must ] || continue; echo "$value" >"$path" || exit 1; done';

async function performBatch(batch: readonly Action[], state: RunState, server: ServerKind, abort: AbortSignal): Promise<void> {
  const [first] = batch;
  switch (first?.kind) {
    case 'namespace':
      await must(['ip', 'netns', 'add', first.name], '', abort);
      break;
    case 'ip':
      await must(
        ['ip', '-n', first.namespace, '-batch', '-'],
        batch.map((action) => (action.kind === 'ip' ? `${action.args.join(' ')}\n` : '')).join(''),
        abort,
      );
      break;
    case 'sysctl':
      await must(
        ['ip', 'netns', 'exec', first.namespace, 'sh', '-c', SET],
        batch
          .map((action) =>
            action.kind === 'sysctl' ? `${sysctlPath(action.key)} ${action.ifPresent ? 'may' : 'must'} ${action.value}\n` : '',
          )
          .join(''),
        abort,
      );
      break;
    case 'sites':
      await startSites(server, first.namespace, first.host, first.sites, state.folder);
      break;
    case undefined:
      break;
  }
  abort.throwIfAborted();
}

/** Waits until all bridge ports forward, which takes a moment after `ip link set up`. */
async function untilForwarding(namespace: string, abort: AbortSignal): Promise<void> {
  const until = Date.now() + 5000;
  for (;;) {
    const ports = JSON.parse((await must(['bridge', '-n', namespace, '-j', 'link', 'show'], '', abort)) || '[]') as {
      readonly ifname: string;
      readonly state?: string;
    }[];
    const waiting = ports.filter(({ state }) => state !== 'forwarding');
    if (waiting.length === 0) return;
    if (Date.now() > until) {
      const ports = waiting.map(({ ifname, state }) => `${ifname} (${state})`).join(', ');
      throw new WeirError('switch-ports-silent', { ports });
    }
    await delay(10);
  }
}

/** Builds a run. After a throw (also on abort) part of it exists, and `takeDown` removes it. */
export async function build(actions: readonly Action[], state: RunState, server: ServerKind, abort: AbortSignal): Promise<void> {
  for (const namespace of [...Object.values(state.hosts), state.switches]) {
    if (existsSync(`/run/netns/${namespace}`)) throw new WeirError('lab-namespace-foreign', { namespace });
  }
  for (const batch of inBatches(actions)) await performBatch(batch, state, server, abort);
  await untilForwarding(state.switches, abort);
}
