// The VRRP machine: takes one input and answers with the next state, the effects, and when to call again.

import type { Step } from '../machine.js';
import { configure } from './configure/configure.js';
import { stop } from './configure/stop.js';
import { change, closeContext, openContext, type VrrpContext } from './context.js';
import type { Effect, Input } from './messages.js';
import { handleConnections } from './receive/connections-wait.js';
import { handleHeartbeat } from './receive/heartbeat.js';
import { receive } from './receive/receive.js';
import { noteConflict } from './receive/split-brain.js';
import { NO_COUNTERS } from './state/counters.js';
import type { VrrpMachine } from './state/vrrp-machine.js';
import { handleInterface, handleInterfaceGone } from './track/interface-reports.js';
import { handleLostResource } from './track/lost-resource.js';
import { handleReleased } from './track/released-instances.js';
import { handleBfd, handleFile, handleFiltered, handleProcess, handleScript, handleStatics } from './track/tracker-reports.js';
import { nextWakeUs, wake } from './wake.js';

/**
 * `atUs`: monotonic microseconds, never less than in the step before. Only `wake` and `configure` run timers: packets that
 * wait in a socket must be given to the machine first.
 */
export function step(state: VrrpMachine, input: Input, atUs: number): Step<VrrpMachine, Effect> {
  if (state.stopped && input.kind !== 'configure') return { state, effects: [], wakeAtUs: undefined };
  const context = openContext(state, atUs);
  take(context, input);
  const closed = closeContext(context);
  const wakeAtUs = closed.stopped ? undefined : nextWakeUs(closed);
  return { state: { ...closed, promisedUs: wakeAtUs }, effects: context.effects, wakeAtUs };
}

function take(context: VrrpContext, input: Input): void {
  switch (input.kind) {
    case 'configure':
      configure(context, input);
      break;
    case 'interface':
      handleInterface(context, input.facts);
      break;
    case 'interfaceGone':
      handleInterfaceGone(context, input.name, input.expected);
      break;
    case 'packet':
      receive(context, input.packet);
      break;
    case 'script':
      handleScript(context, input.name, input.outcome);
      break;
    case 'file':
      handleFile(context, input.name, input.value);
      break;
    case 'process':
      handleProcess(context, input.name, input.running);
      break;
    case 'bfd':
      handleBfd(context, input.name, input.up);
      break;
    case 'connections':
      handleConnections(context, input.missing);
      break;
    case 'released':
      handleReleased(context, input.released);
      break;
    case 'lost':
      handleLostResource(context, input);
      break;
    case 'statics':
      handleStatics(context, input.missing);
      break;
    case 'conflict':
      noteConflict(context, input.address, input.mac, input.interface);
      break;
    case 'heartbeat':
      handleHeartbeat(context, input);
      break;
    case 'filtered':
      handleFiltered(context, input.instance, input.counts);
      break;
    case 'clearCounters':
      clearCounters(context);
      break;
    case 'clock':
      context.machine = { ...context.machine, wallOffsetUs: input.wallOffsetUs };
      break;
    case 'stop':
      stop(context, input.keepAddresses ?? false);
      break;
    case 'wake':
      wake(context);
      break;
  }
}

function clearCounters(context: VrrpContext): void {
  for (const index of context.instances.keys()) change(context, index, { counters: NO_COUNTERS });
}
