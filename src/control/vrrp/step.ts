// The VRRP machine: one input, the next state, what is to be done, and when to call again.
import { configure } from './configure/configure.js';
import { stop } from './configure/stop.js';
import type { Input, Step } from './messages.js';
import { heartbeat } from './receive/heartbeat.js';
import { receive } from './receive/receive.js';
import { noteConflict } from './receive/split-brain.js';
import { NO_COUNTERS, type VrrpMachine } from './state.js';
import { change, closeWork, openWork, type Work } from './step-context.js';
import { interfaceChanged, interfaceGone } from './track/interfaces.js';
import { lostHolding } from './track/lost-resource.js';
import { bfdReported, fileReported, filteredReported, processReported, scriptReported, staticsReported } from './track/reports.js';
import { nextWakeUs, wake } from './wake.js';

/**
 * `atUs`: monotonic microseconds, never less than in the step before. Timers act on `wake` (and `configure`) alone: packets that
 * wait in a socket are to be given in before.
 */
export function step(state: VrrpMachine, input: Input, atUs: number): Step<VrrpMachine> {
  if (state.stopped && input.kind !== 'configure') return { state, effects: [], wakeAtUs: undefined };
  const work = openWork(state, atUs);
  take(work, input);
  const closed = closeWork(work);
  const wakeAtUs = closed.stopped ? undefined : nextWakeUs(closed);
  return { state: { ...closed, promisedUs: wakeAtUs }, effects: work.effects, wakeAtUs };
}

function take(work: Work, input: Input): void {
  switch (input.kind) {
    case 'configure':
      configure(work, input);
      break;
    case 'interface':
      interfaceChanged(work, input.facts);
      break;
    case 'interfaceGone':
      interfaceGone(work, input.name, input.expected);
      break;
    case 'packet':
      receive(work, input.packet);
      break;
    case 'script':
      scriptReported(work, input.name, input.outcome);
      break;
    case 'file':
      fileReported(work, input.name, input.value);
      break;
    case 'process':
      processReported(work, input.name, input.running);
      break;
    case 'bfd':
      bfdReported(work, input.name, input.up);
      break;
    case 'lost':
      lostHolding(work, input);
      break;
    case 'statics':
      staticsReported(work, input.missing);
      break;
    case 'conflict':
      noteConflict(work, input.address, input.mac, input.interface);
      break;
    case 'heartbeat':
      heartbeat(work, input);
      break;
    case 'filtered':
      filteredReported(work, input.instance, input.counts);
      break;
    case 'clearCounters':
      clearCounters(work);
      break;
    case 'clock':
      work.machine = { ...work.machine, wallOffsetUs: input.wallOffsetUs };
      break;
    case 'stop':
      stop(work, input.keepAddresses ?? false);
      break;
    case 'wake':
      wake(work);
      break;
  }
}

function clearCounters(work: Work): void {
  for (const index of work.instances.keys()) change(work, index, { counters: NO_COUNTERS });
}
