// Events for FIFOs, scripts and mail, as keepalived names them.
import type { Notify } from '../../../model/keepalived/instance.js';
import type { Effect, NotifyEvent, VrrpState } from '../messages.js';
import { groupAt, instanceAt, type Work } from '../step-context.js';

/** What the generic script is run for; scripts that are in use know no others. */
const stateEvents: ReadonlySet<NotifyEvent> = new Set(['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED']);
/** keepalived mails changes of state, not the stop. */
const mailedEvents: ReadonlySet<NotifyEvent> = new Set(['MASTER', 'BACKUP', 'FAULT', 'DELETED', 'SPLIT_BRAIN', 'SPLIT_BRAIN_OVER']);

const stateNames = { master: 'MASTER', backup: 'BACKUP', fault: 'FAULT' } as const;

type Scripts = Extract<Effect, { kind: 'notify' }>['scripts'];

/** An instance entered a state or left for good. A removed one without `notify_deleted` says FAULT. */
export function notifyInstance(work: Work, index: number, event: NotifyEvent): void {
  const { config, priority } = instanceAt(work, index);
  const { notify } = config;
  const told = event === 'DELETED' && notify.deleted === undefined ? 'FAULT' : event;
  work.effects.push({
    kind: 'notify',
    type: 'INSTANCE',
    name: config.name,
    event: told,
    priority,
    scripts: scriptsFor(notify, told),
    smtp: mails(work, notify, told),
  });
}

/** The group followed its members. Its priority is 0 by convention. */
export function notifyGroup(work: Work, index: number, event: NotifyEvent): void {
  const { config } = groupAt(work, index);
  work.effects.push({
    kind: 'notify',
    type: 'GROUP',
    name: config.name,
    event,
    priority: 0,
    scripts: scriptsFor(config.notify, event),
    smtp: mails(work, config.notify, event),
  });
}

/** fifo_write_vrrp_states_on_reload: every state once more, for FIFOs alone. keepalived 2.2.7 tells of groups only. */
export function tellStates(work: Work): void {
  const tell = (type: 'INSTANCE' | 'GROUP', name: string, state: VrrpState, priority: number) => {
    const event = state === 'init' ? undefined : stateNames[state];
    if (event !== undefined) work.effects.push({ kind: 'notify', type, name, event, priority, scripts: [], smtp: false });
  };
  for (const { config, state, priority } of work.instances) tell('INSTANCE', config.name, state, priority);
  for (const { config, state } of work.groups) tell('GROUP', config.name, state, 0);
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

function mails(work: Work, notify: Notify, event: NotifyEvent): boolean {
  if (!notify.smtpAlert || !mailedEvents.has(event)) return false;
  return event !== 'FAULT' || work.machine.configuration?.global.noEmailFaults !== true;
}
