// Start and reload: sessions that stay keep their state, even if their intervals change.
import { addressId } from '../../model/identity.js';
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import { type BfdContext, chance, change, sessionAt } from './context.js';
import type { BfdInput } from './messages.js';
import type { Session } from './state.js';
import { setIntervals, UNKNOWN_NEIGHBOUR } from './transitions.js';
import { sendSoon, signOff, transmit } from './transmit.js';

/** Sessions with the same text are the same one: name, both ends, and the port. */
function identity({ name, neighbour, source, multihop }: BfdInstance): string {
  return [name, addressId(neighbour), source === undefined ? '' : addressId(source), multihop].join(' ');
}

/** §6.8.1: random, not 0, unique. */
function discriminator(context: BfdContext, taken: ReadonlySet<number>): number {
  for (;;) {
    const word = chance(context);
    if (word !== 0 && !taken.has(word)) return word;
  }
}

function newSession(config: BfdInstance, ours: number): Session {
  return {
    config,
    open: false,
    // §6.8.1: the initial values of what is not known of the neighbour; a remoteMinRxUs of 0 would mean that it wants no packets.
    ...UNKNOWN_NEIGHBOUR,
    state: 'down',
    discriminator: ours,
    diagnostic: 0,
    remoteDiagnostic: 0,
    desiredMinTxUs: config.idleTxUs,
    requiredMinRxUs: config.minRxUs,
    remoteMinTxUs: 0,
    remoteMultiplier: 0,
    polling: false,
    heldTxUs: undefined,
    heldRxUs: undefined,
    receivedAtUs: undefined,
    sentAtUs: undefined,
    sendAtUs: undefined,
    received: 0,
    sent: 0,
    wentUp: 0,
    wentDown: 0,
  };
}

/** Applies changed settings. The multiplier is in every packet and needs no poll. */
function takeSettings(context: BfdContext, index: number, before: BfdInstance): void {
  const { config, state } = sessionAt(context, index);
  if (state === 'up') setIntervals(context, index, config.minTxUs, config.minRxUs);
  else change(context, index, { desiredMinTxUs: config.idleTxUs, requiredMinRxUs: config.minRxUs });
  const other = (['minTxUs', 'minRxUs', 'idleTxUs', 'multiplier'] as const).some((field) => before[field] !== config[field]);
  if (other) sendSoon(context, index);
}

export function configure(context: BfdContext, input: Extract<BfdInput, { kind: 'configure' }>): void {
  if (input.chance !== undefined) context.machine = { ...context.machine, chance: input.chance };
  const staying = new Set(input.sessions.map(identity));
  for (const [index, { config }] of context.sessions.entries()) if (!staying.has(identity(config))) signOff(context, index);
  const before = new Map(context.sessions.map((session) => [identity(session.config), session]));
  const taken = new Set(context.sessions.map((session) => session.discriminator));
  context.sessions = input.sessions.map((config) => {
    const old = before.get(identity(config));
    if (old !== undefined) return { ...old, config };
    const ours = discriminator(context, taken);
    taken.add(ours);
    return newSession(config, ours);
  });
  context.machine = {
    ...context.machine,
    indexOfDiscriminator: new Map(context.sessions.map((session, index) => [session.discriminator, index])),
  };
  for (const [index, { config }] of context.sessions.entries()) {
    const old = before.get(identity(config));
    if (old !== undefined) takeSettings(context, index, old.config);
    transmit(context, index);
  }
}
