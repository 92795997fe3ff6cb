// Start, stop and status of a real server: observe, plan, remember, apply, in that order and under a lock.

import { type Plan, planStart, planStop, type Wanted } from '../../control/realserver/plan.js';
import { mergeSaved, NOTHING_SAVED, readSaved, readScriptSaved, type Saved, writeSaved } from '../../control/realserver/saved.js';
import { likelyVips, realServerStatus, type Status, type Surroundings } from '../../control/realserver/status.js';
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { errorOf, WeirError } from '../../model/errors/weir-error.js';
import { addressId } from '../../model/identity.js';
import { using } from '../../sys/fd.js';
import { readTextFile, removeFile } from '../../sys/files/durable-file.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { hostArpRules } from '../arp-rules.js';
import { StateFile, withState } from '../state-file.js';
import { applyStep, stepText } from './apply.js';
import { observeHost } from './observe.js';
import { scriptStatePath } from './script-state-path.js';

export interface Outcome {
  /** One line a step that was done, in order. */
  readonly done: readonly string[];
  readonly notes: readonly string[];
  /** What is remembered now: the VIPs that this host is a real server of, and how it was before. */
  readonly saved: Saved;
}

/** What is remembered, by weir and by its script, as one. @throws WeirError state-file-damaged */
function remembered(state: StateFile): Saved | undefined {
  const read = (path: string, text: string | undefined, parse: (text: string) => Saved | undefined): Saved | undefined => {
    const saved = text === undefined ? undefined : parse(text);
    if (text !== undefined && saved === undefined) throw new WeirError('state-file-damaged', { path });
    return saved;
  };
  const own = read(state.path, state.read(), readSaved);
  const script = scriptStatePath();
  const byScript = read(script, readTextFile(script), readScriptSaved);
  return own !== undefined && byScript !== undefined ? mergeSaved(byScript, own) : (own ?? byScript);
}

function perform(netlink: Netlink, state: StateFile, plan: Plan): Outcome {
  if (plan.kind === 'refused') throw errorOf(plan.failure);
  if (plan.steps.length > 0) state.write(writeSaved(plan.before));
  for (const step of plan.steps) applyStep(netlink, step);
  state.write(plan.after === undefined ? undefined : writeSaved(plan.after));
  // From here weir's file contains everything that the script's did.
  removeFile(scriptStatePath());
  return { done: plan.steps.map(stepText), notes: plan.notes, saved: plan.after ?? NOTHING_SAVED };
}

/** @throws WeirError, SystemError */
export function startRealServer(wanted: Wanted): Outcome {
  return withState('realserver', (state) =>
    using(new Netlink(), (netlink) => {
      const observed = observeHost(netlink);
      return perform(netlink, state, planStart(observed, wanted, remembered(state)));
    }),
  );
}

/** Undoes a start for these VIPs, or for all of them. @throws WeirError, SystemError */
export function stopRealServer(vips: readonly Address[] | undefined): Outcome {
  return withState('realserver', (state) =>
    using(new Netlink(), (netlink) => {
      const observed = observeHost(netlink);
      return perform(netlink, state, planStop(observed, vips, remembered(state)));
    }),
  );
}

/** `vips` absent: those that were started here, that are on lo, or that are translated. Changes nothing and needs no root. */
export function statusOfRealServer(vips: readonly Address[] | undefined, surroundings: Omit<Surroundings, 'arpRules' | 'saved'>): Status {
  return using(new Netlink(), (netlink) => {
    const observed = observeHost(netlink);
    const saved = startedHere();
    const started = saved.vips.flatMap((text) => parseAddress(text) ?? []);
    const found = [...started, ...likelyVips(observed), ...surroundings.translated];
    const once = [...new Map(found.map((vip) => [addressId(vip), vip])).values()];
    return realServerStatus(observed, vips ?? once, { ...surroundings, saved, arpRules: hostArpRules() });
  });
}

/** What a start here remembers. @throws WeirError state-file-damaged */
export const startedHere = (): Saved => remembered(new StateFile('realserver')) ?? NOTHING_SAVED;
