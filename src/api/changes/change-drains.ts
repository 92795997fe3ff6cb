// Drains that the API begins and cancels: planned as they are checked, carried out by the functions of weir drain, and written into the journal.
import { type DrainPlan, drainView, planDrain, withServersOut } from '../../control/drain/drain-plan.js';
import { DRAIN_DEFAULTS, type DrainRequest } from '../../control/drain/messages.js';
import { type Drain, isOfDirector } from '../../model/drain/drain.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Caller } from '../access/caller.js';
import type { ApiSources } from '../sources.js';
import { recordedWithoutState } from './record-change.js';
import { instanceNames } from './release-instance.js';

const PERCENT = 100;

/** What is not given is as of weir drain. */
export type AskedDrain = Pick<DrainRequest, 'target'> & {
  readonly [Name in Exclude<keyof DrainRequest, 'target'>]?: DrainRequest[Name] | undefined;
};

const requestOf = ({ target, honourS, ...asked }: AskedDrain): DrainRequest => {
  const { deadlineS, persistence, end, settleS, idleS, allowEmpty, minCapacity } = DRAIN_DEFAULTS;
  return {
    target,
    deadlineS: asked.deadlineS ?? deadlineS,
    persistence: asked.persistence ?? persistence,
    ...(honourS === undefined ? {} : { honourS }),
    end: asked.end ?? end,
    settleS: asked.settleS ?? settleS,
    idleS: asked.idleS ?? idleS,
    allowEmpty: asked.allowEmpty ?? allowEmpty,
    minCapacity: asked.minCapacity ?? minCapacity,
  };
};

/** As a command that would do the same. */
function commandOf(target: string, request: DrainRequest): string {
  const { deadlineS, persistence, honourS, end, settleS, idleS, allowEmpty, minCapacity } = request;
  return [
    `weir drain ${isOfDirector({ target }) ? '--this-director' : target} --deadline ${deadlineS}s --persistence ${persistence}`,
    ...(honourS === undefined ? [] : [`--honour ${honourS}s`]),
    `--end ${end} --settle ${settleS}s --idle ${idleS}s`,
    ...(allowEmpty ? ['--allow-empty'] : []),
    ...(minCapacity > 0 ? [`--min-capacity ${Math.ceil(minCapacity * PERCENT)}`] : []),
  ].join(' ');
}

/** What a drain would do. @throws WeirError as checkDrain */
export function drainPlan(sources: ApiSources, asked: AskedDrain): DrainPlan {
  const { services } = sources.table();
  const view = withServersOut(drainView(services), sources.daemonsServices());
  return planDrain(sources.drainRecord(), requestOf(asked), view, instanceNames(sources));
}

async function recorded(sources: ApiSources, caller: Caller, command: string, change: () => Promise<Drain>) {
  const { made, id } = await recordedWithoutState(sources, caller, command, change);
  return { drain: made, change: id };
}

export interface StartedDrain {
  readonly drain: Drain;
  readonly plan: DrainPlan;
  /** Its entry in the journal. */
  readonly change: string;
}

/** @throws WeirError as checkDrain, lock-busy */
export async function startDrain(sources: ApiSources, asked: AskedDrain, caller: Caller): Promise<StartedDrain> {
  const plan = drainPlan(sources, asked);
  const request = requestOf(asked);
  return { plan, ...(await recorded(sources, caller, commandOf(plan.target, request), () => sources.startDrain(request))) };
}

/** Of a drain that is known: what is refused is in no journal. @throws WeirError drain-missing */
function knownDrain(sources: ApiSources, id: string): Drain {
  const found = sources.drainRecord().drains.find((drain) => drain.id === id);
  if (found === undefined) throw new WeirError('drain-missing', { id });
  return found;
}

/** `slowStartS`: within which the weights come back. @throws WeirError drain-missing, lock-busy */
export async function cancelDrain(sources: ApiSources, id: string, slowStartS: number, caller: Caller): Promise<Drain> {
  knownDrain(sources, id);
  const command = `weir drain cancel ${id}${slowStartS === 0 ? '' : ` --slow-start ${slowStartS}s`}`;
  const { drain } = await recorded(sources, caller, command, () => sources.cancelDrain(id, slowStartS));
  return drain;
}

/** `deadlineS`: from now. @throws WeirError drain-missing, drain-ended, lock-busy */
export async function moveDeadline(sources: ApiSources, id: string, deadlineS: number, caller: Caller): Promise<Drain> {
  knownDrain(sources, id);
  const command = `weir drain deadline ${id} ${deadlineS}s`;
  const { drain } = await recorded(sources, caller, command, () => sources.moveDeadline(id, deadlineS));
  return drain;
}
