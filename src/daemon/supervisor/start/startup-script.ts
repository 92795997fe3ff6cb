// startup_script and shutdown_script: run to their end, or to their time's, before the children and after them.
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Log } from '../../../model/log-level.js';
import { policyOf, resolveScript } from '../../scripts/resolve-script.js';
import { runScript } from '../../scripts/run-script.js';

export interface BoundedScript {
  readonly script: Script;
  readonly timeoutUs: number;
}

/** Runs it and logs how it ended; never rejects, for a daemon starts and stops whatever its scripts do. */
export async function runBoundedScript(
  name: 'startup' | 'shutdown',
  { script, timeoutUs }: BoundedScript,
  global: GlobalSettings,
  log: Log,
): Promise<void> {
  const { script: resolved, messages, insecure } = resolveScript(script, policyOf(global));
  for (const text of messages) log('warning', text);
  if (resolved.kind !== 'disabled' && !global.scriptSecurity) {
    const more = insecure ? ' There are insecure scripts.' : '';
    log('warning', `SECURITY VIOLATION - start/shutdown scripts are being executed but script_security not enabled.${more}`);
  }
  log('info', `Running ${name} script ${script.argv[0] ?? ''}`);
  const running = runScript(resolved, { timeoutMs: timeoutUs / 1000 });
  if (typeof running === 'string') {
    log('warning', `${name} script script failed, ${running}`);
    return;
  }
  const outcome = await running.ended;
  if (outcome.kind === 'timedOut') log('warning', `${name} script timed out`);
  else if (outcome.kind === 'signalled') log('warning', `${name} script script failed due to signal ${outcome.signal}`);
  else if (outcome.kind === 'notStarted') log('warning', `${name} script script failed, ${outcome.why}`);
  else if (outcome.status === 0) log('info', `${name} script script succeeded`);
  else log('warning', `${name} script script failed, status ${outcome.status}`);
}
