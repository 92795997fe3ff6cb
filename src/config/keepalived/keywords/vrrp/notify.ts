// Scripts and mail of an instance or a sync group (keepalived.conf(5)).
import type { Keyword } from '../../keyword.js';
import { BOOLEAN, SCRIPT } from '../arguments.js';

/** A script keyword; `who` is the beginning of the message about a repeated one. */
export const notifyScript = (name: string, who: string, meaning: string): Keyword => ({
  name,
  argument: SCRIPT,
  meaning,
  messages: { again: `${who} ${name} script already specified - ignoring %v` },
});

/** The scripts that instances and groups share. */
export const notifyScripts = (who: string): readonly Keyword[] => [
  notifyScript('notify_master', who, 'COMMAND [USER [GROUP]], run when it becomes master.'),
  notifyScript('notify_backup', who, 'COMMAND [USER [GROUP]], run when it becomes backup.'),
  notifyScript('notify_fault', who, 'COMMAND [USER [GROUP]], run when it enters FAULT.'),
  notifyScript('notify_stop', who, 'COMMAND [USER [GROUP]], run when the daemon stops.'),
  notifyScript('notify', who, 'COMMAND [USER [GROUP]], run at every change with INSTANCE|GROUP, name, state and priority as arguments.'),
];

/** The switches for further notifications. */
export const notifySwitches = (messages: { readonly changes: string; readonly mail: string }): readonly Keyword[] => [
  {
    name: 'notify_priority_changes',
    argument: BOOLEAN,
    default: 'vrrp_notify_priority_changes',
    meaning: 'Write changes of priority to the FIFOs, too.',
    messages: { invalid: messages.changes },
  },
  {
    name: 'smtp_alert',
    argument: BOOLEAN,
    default: 'smtp_alert_vrrp',
    meaning: 'Send mail when the state changes.',
    messages: { invalid: messages.mail },
  },
];
