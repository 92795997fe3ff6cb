// Who is notified of a change: FIFOs, scripts and mail.
import type { Script } from '../../model/keepalived/script.js';
import { type CheckContext, serverAt } from './context.js';
import { realName } from './names.js';

function notify(context: CheckContext, line: string, script: Script | undefined, wait: boolean): void {
  context.effects.push({ kind: 'notify', line, ...(script === undefined ? {} : { script }), wait });
}

/** notify_up or notify_down, and the FIFOs' line. */
export function notifyReal(context: CheckContext, server: number, real: number, stopping = false): void {
  const { config, reals } = serverAt(context, server);
  const state = reals[real];
  if (state === undefined) return;
  const line = `RS ${realName(state.config, config)} ${config.name} ${state.alive ? 'UP' : 'DOWN'}`;
  notify(context, line, state.alive ? state.config.notifyUp : state.config.notifyDown, stopping);
}

/** quorum_up or quorum_down, the FIFOs' line, and the mail. `text`: its body. */
export function notifyServer(context: CheckContext, server: number, text: string, stopping = false): void {
  const { config, quorumUp } = serverAt(context, server);
  const word = quorumUp ? 'UP' : 'DOWN';
  notify(context, `VS ${config.name} ${word}`, quorumUp ? config.quorumUp : config.quorumDown, stopping);
  if (config.smtpAlert) context.effects.push({ kind: 'mail', subject: `Virtualserver ${config.name} - ${word}`, text });
}

/** `detail`: what is known besides keepalived's text. */
export function mailReal(context: CheckContext, server: number, real: number, text: string, detail?: string): void {
  const { config, reals } = serverAt(context, server);
  const state = reals[real];
  if (state === undefined || !state.config.smtpAlert) return;
  const subject = `Realserver ${realName(state.config, config)} of virtual server ${config.name} - ${state.alive ? 'UP' : 'DOWN'}`;
  context.effects.push({ kind: 'mail', subject, text, ...(detail === undefined ? {} : { detail }) });
}
