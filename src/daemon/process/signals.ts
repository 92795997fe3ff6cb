// The signals of keepalived(8), carried out; those that would end a daemon by accident are ignored, as keepalived ignores them.
import { takeEarlySignals } from '../../sys/processes/early-signals.js';
import { onRealTimeSignals } from '../../sys/processes/signals.js';
import type { DumpKind } from './messages.js';
import { SIGNAL_NUMBERS } from './signal-numbers.js';

export interface SignalActions {
  stop(): void;
  reload(): void;
  dump(what: DumpKind): void;
}

const { STATS_CLEAR, JSON: JSON_DUMP } = SIGNAL_NUMBERS;

/** Handles signals from now on, and those that came earlier. Without a listener for SIGUSR1 Node would open its debugger. */
export function handleSignals({ stop, reload, dump }: SignalActions): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  process.on('SIGHUP', reload);
  process.on('SIGUSR1', () => dump('data'));
  process.on('SIGUSR2', () => dump('stats'));
  onRealTimeSignals([STATS_CLEAR, JSON_DUMP], (number) => dump(number === JSON_DUMP ? 'json' : 'clear'));
  for (const signal of ['SIGQUIT', 'SIGALRM', 'SIGXCPU', 'SIGABRT'] as const) process.on(signal, () => {});
  takeEarlySignals();
}
