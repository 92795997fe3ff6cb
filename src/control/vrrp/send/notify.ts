// Events for FIFOs, scripts and mail, as keepalived names them.
import type { Notify } from '../../../model/keepalived/instance.js';
import { groupAt, instanceAt, type VrrpContext } from '../context.js';
import type { Effect, NotifyEvent, VrrpState } from '../messages.js';

/** The generic script runs for these events only, as existing scripts expect. */
const stateEvents: ReadonlySet<NotifyEvent> = new Set(['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED']);
/** keepalived sends mail for changes of state, but not for the stop. */
const mailedEvents: ReadonlySet<NotifyEvent> = new Set(['MASTER', 'BACKUP', 'FAULT', 'DELETED', 'SPLIT_BRAIN', 'SPLIT_BRAIN_OVER']);

const stateNames = { master: 'MASTER', backup: 'BACKUP', fault: 'FAULT' } as const;

type Scripts = Extract<Effect, { kind: 'notify' }>['scripts'];

/** An instance entered a state or was removed. A removed one without `notify_deleted` is reported as FAULT. */
export function notifyInstance(context: VrrpContext, index: number, event: NotifyEvent): void {
  const { config, priority } = instanceAt(context, index);
  const { notify } = config;
  const reported = event === 'DELETED' && notify.deleted === undefined ? 'FAULT' : event;
  context.effects.push({
    kind: 'notify',
    type: 'INSTANCE',
    name: config.name,
    event: reported,
    priority,
    scripts: scriptsFor(notify, reported),
    smtp: mails(context, notify, reported),
  });
}

/** A group changed its state after its members. Its priority is 0 by convention. */
export function notifyGroup(context: VrrpContext, index: number, event: NotifyEvent): void {
  const { config } = groupAt(context, index);
  context.effects.push({
    kind: 'notify',
    type: 'GROUP',
    name: config.name,
    event,
    priority: 0,
    scripts: scriptsFor(config.notify, event),
    smtp: mails(context, config.notify, event),
  });
}

/** fifo_write_vrrp_states_on_reload: every state again, for FIFOs only. keepalived 2.2.7 reports groups only. */
export function notifyStates(context: VrrpContext): void {
  const report = (type: 'INSTANCE' | 'GROUP', name: string, state: VrrpState, priority: number) => {
    const event = state === 'init' ? undefined : stateNames[state];
    if (event !== undefined) context.effects.push({ kind: 'notify', type, name, event, priority, scripts: [], smtp: false });
  };
  for (const { config, state, priority } of context.instances) report('INSTANCE', config.name, state, priority);
  for (const { config, state } of context.groups) report('GROUP', config.name, state, 0);
}

function scriptsFor(notify: Notify, event: NotifyEvent): Scripts {
  const own = ownScript(notify, event);
  const generic = stateEvents.has(event) ? notify.all : undefined;
  return [
    ...(own === undefined ? [] : [{ script: own, withArguments: false }]),
    ...(generic === undefined ? [] : [{ script: generic, withArguments: true }]),
  ];
}

function ownScript(notify: Notify, event: NotifyEvent): Notify['master'] {
  switch (event) {
    case 'MASTER':
      return notify.master;
    case 'BACKUP':
      return notify.backup;
    case 'FAULT':
      return notify.fault;
    case 'STOP':
      return notify.stop;
    case 'DELETED':
      return notify.deleted?.command;
    case 'MASTER_RX_LOWER_PRI':
      return notify.masterRxLowerPriority;
    case 'MASTER_PRIORITY':
    case 'BACKUP_PRIORITY':
    case 'SPLIT_BRAIN':
    case 'SPLIT_BRAIN_OVER':
      return undefined;
  }
}

function mails(context: VrrpContext, notify: Notify, event: NotifyEvent): boolean {
  if (!notify.smtpAlert || !mailedEvents.has(event)) return false;
  return event !== 'FAULT' || context.machine.configuration?.global.noEmailFaults !== true;
}
