// A history as text: one line per event; for a step its input, its effects and what the table has.
import type { CheckEffect, CheckInput } from '../../control/check/messages.js';
import { formatAddress } from '../../model/address-text.js';
import type { Checker, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { Behaviour, Configuration, Disturbance, History } from './history.js';
import { hostOf, poolText } from './names.js';
import type { Observation } from './observation.js';

const seconds = (us: number): string => (us / 1_000_000).toFixed(6).padStart(12);
const inSeconds = (us: number): string => `${us / 1_000_000} s`;

function inputText(input: CheckInput): string {
  switch (input.kind) {
    case 'outcomes':
      return input.outcomes.map(({ attempt, outcome }) => `attempt ${attempt} ${outcomeText(outcome)}`).join(', ');
    case 'file':
      return `file ${input.name}: ${input.value ?? 'nothing'}`;
    case 'bfd':
      return `BFD ${input.name} ${input.up ? 'up' : 'down'}`;
    case 'addresses':
      return `addresses ${[...input.counts.keys()].join(' ')}`;
    case 'applied':
      return input.result.kind === 'busy' ? 'table busy' : `applied${input.result.refused.length === 0 ? '' : ', but refused'}`;
    default:
      return input.kind;
  }
}

function outcomeText(outcome: Extract<CheckInput, { kind: 'outcomes' }>['outcomes'][number]['outcome']): string {
  const status = 'status' in outcome && outcome.status !== undefined ? ` (${outcome.status})` : '';
  return `${outcome.kind}${status}`;
}

function effectText(effect: CheckEffect): string {
  switch (effect.kind) {
    case 'attempt':
      return `begins attempt ${effect.attempt.number} (${effect.attempt.check.kind} ${formatAddress(effect.attempt.target.address)})`;
    case 'abandon':
      return `abandons attempt ${effect.attempt}`;
    case 'serve':
      return `serves ${effect.server.name}: ${poolText(effect.pool)}`;
    case 'remove':
      return `removes ${effect.server.name}`;
    case 'notify':
      return `notifies ${effect.line}${effect.script === undefined ? '' : ` (${effect.script.text})`}`;
    case 'mail':
      return `mails ${effect.subject}`;
    case 'log':
      return `"${effect.text}"`;
    default:
      return effect.kind;
  }
}

export const describeStep = ({ nowUs, input, effects }: Observation): string =>
  [`${seconds(nowUs)}   ${inputText(input)}`, ...effects.map((effect) => `${' '.repeat(15)}  ${effectText(effect)}`)].join('\n');

function behaviourText(behaviour: Behaviour): string {
  if (behaviour.kind === 'flaky') return `fails ${behaviour.share * 100}% of its checks`;
  return behaviour.kind === 'partial' ? `fails ${behaviour.failing.join(', ')}` : behaviour.kind;
}

function disturbanceText(what: Disturbance): string {
  switch (what.kind) {
    case 'host':
      return `host ${what.address} ${behaviourText(what.behaviour)}`;
    case 'script':
      return `script ${what.name}: ${what.behaviour}`;
    case 'file':
      return `file ${what.name}: ${what.value ?? 'missing'}`;
    case 'bfd':
      return `BFD ${what.name} ${what.up ? 'up' : 'down'}`;
    case 'address':
      return `address ${what.id} ${what.present ? 'comes' : 'goes'}`;
    case 'sockets':
      return what.available ? 'sockets are available again' : 'no sockets are left';
    case 'lock':
      return what.held ? 'another process locks the table' : 'the lock is free';
    case 'refuse':
      return `the table ${what.refused ? 'refuses' : 'accepts'} ${what.server}`;
    case 'reload':
      return `reload: ${what.what}\n${configurationLines(what.configuration).join('\n')}`;
    case 'pause':
      return `pause${what.frozen ? ', clocks frozen' : ''}`;
    default:
      return what.kind;
  }
}

export const describeDisturbance = (nowUs: number, what: Disturbance): string => `${seconds(nowUs)} * ${disturbanceText(what)}`;

function checkerText({ check, timing }: Checker): string {
  const { alpha, retry, delayLoopUs, delayBeforeRetryUs, connectTimeoutUs, warmupUs, rise, fall } = timing;
  const kind = check.kind === 'misc' ? `misc ${check.script.text}${check.dynamic ? ' dynamic' : ''}` : check.kind;
  const more = check.kind === 'file' ? ` weight ${check.weight}${check.reverse ? ' reverse' : ''}` : '';
  const times = `every ${inSeconds(delayLoopUs)}, ${retry} × ${inSeconds(delayBeforeRetryUs)}, timeout ${inSeconds(connectTimeoutUs)}, rise ${rise}, fall ${fall}`;
  return `${kind}${more}${alpha ? ' alpha' : ''} (${times}, warmup ${inSeconds(warmupUs)})`;
}

function serverLines(server: VirtualServer): readonly string[] {
  const { name, target, quorum, hysteresis, sorryServer, sorryInhibit, haSuspend, omega, realServers } = server;
  const sorry = sorryServer === undefined ? '' : `, sorry server${sorryInhibit ? ' (inhibit)' : ''}`;
  const flags = `${haSuspend ? ', ha_suspend' : ''}${omega ? ', omega' : ''}`;
  const kind = target.kind === 'group' ? `group ${target.group}` : target.key.kind;
  return [
    `  ${name} (${kind}): quorum ${quorum}, hysteresis ${hysteresis}${sorry}${flags}`,
    ...realServers.map(
      (real) =>
        `    ${hostOf(real)} weight ${real.weight}${real.inhibitOnFailure ? ' inhibit' : ''}: ${real.checkers.map(checkerText).join('; ')}`,
    ),
  ];
}

const configurationLines = ({ servers }: Configuration): readonly string[] => servers.flatMap(serverLines);

export const describeSetup = ({ configuration }: History): readonly string[] => configurationLines(configuration);
