// Quorum with hysteresis: up and down follow the weights, scripts, lines and mails come once per change and in the right order.
import type { CheckEffect } from '../../../control/check/messages.js';
import type { VirtualServer } from '../../../model/keepalived/virtual-server.js';
import type { Invariant, MakeInvariant } from '../invariant.js';
import type { ServerView } from '../machine.js';
import { hostOf, serverKey } from '../names.js';
import type { Observation } from '../observation.js';
import type { World } from '../world.js';

type Notify = Extract<CheckEffect, { kind: 'notify' }>;

const linesOf = (effects: readonly CheckEffect[], start: string): readonly Notify[] =>
  effects.filter((effect): effect is Notify => effect.kind === 'notify' && effect.line.startsWith(start));
const wordOf = ({ line }: Notify): string => line.split(' ').at(-1) ?? '';

function wrongState(
  { config, quorumUp, sorry }: ServerView,
  old: ServerView | undefined,
  { input }: Observation,
  world: World,
): string | undefined {
  if (sorry && quorumUp) return `the sorry server of ${config.name} serves with quorum`;
  if (sorry && config.sorryServer === undefined) return `${config.name} has no sorry server, and it serves`;
  if (!sorry && !quorumUp && config.sorryServer !== undefined) return `the sorry server of ${config.name} does not serve without quorum`;
  const { verdicts } = world;
  const alive = config.realServers.filter((real) => verdicts.isUp(config, real));
  const weight = alive.reduce((sum, real) => sum + verdicts.weightOf(config, real), 0);
  const { quorum, hysteresis } = config;
  if (quorumUp && (weight === 0 || weight < quorum - hysteresis)) return `${config.name} is up with a weight of ${weight}`;
  if (!quorumUp && weight >= quorum + hysteresis) return `${config.name} is down with a weight of ${weight}`;
  // Of several changes in one step the weights between them are not known.
  if (old === undefined || old.quorumUp === quorumUp || input.kind !== 'outcomes' || input.outcomes.length > 1) return undefined;
  if (quorumUp && weight < quorum + hysteresis) return `${config.name} comes up with a weight of ${weight}`;
  if (!quorumUp && weight > 0 && weight >= quorum - hysteresis) return `${config.name} goes down with a weight of ${weight}`;
  return undefined;
}

function wrongLines(observation: Observation, config: VirtualServer, beforeUp: boolean, afterUp: boolean): string | undefined {
  const { effects, input } = observation;
  const lines = linesOf(effects, `VS ${config.name} `);
  const words = lines.map(wordOf);
  const edges = [beforeUp ? 'UP' : 'DOWN', ...words];
  const isNews = input.kind === 'configure' && !observation.before.some((one) => serverKey(one.config) === serverKey(config));
  // A virtual server that begins without quorum, and with a sorry server, is reported as down.
  const from = isNews || input.kind === 'stop' ? 2 : 1;
  for (let at = from; at < edges.length; at++) if (edges[at] === edges[at - 1]) return `${config.name} is reported ${words.join(' ')}`;
  if (input.kind !== 'stop' && (words.at(-1) ?? (beforeUp ? 'UP' : 'DOWN')) !== (afterUp ? 'UP' : 'DOWN'))
    return `${config.name} is ${afterUp ? 'up' : 'down'}, and reported ${words.join(' ') || 'nothing'}`;
  for (const line of lines) {
    const script = wordOf(line) === 'UP' ? config.quorumUp : config.quorumDown;
    if (line.script?.text !== script?.text) return `${line.line} starts ${line.script?.text ?? 'no script'}`;
  }
  const mails = effects.filter((effect) => effect.kind === 'mail' && effect.subject.startsWith(`Virtualserver ${config.name} `)).length;
  if (mails !== (config.smtpAlert ? lines.length : 0)) return `${config.name} sends ${mails} mails about ${lines.length} changes`;
  return input.kind === 'configure' ? undefined : wrongOrder(effects, config, words);
}

/** The servers' changes, and the table, come before what is reported of the quorum that they make. */
function wrongOrder(effects: readonly CheckEffect[], { name }: VirtualServer, words: readonly string[]): string | undefined {
  const [kinds, lines] = [effects.map(({ kind }) => kind), effects.map((effect) => (effect.kind === 'notify' ? effect.line : ''))];
  const first = kinds.indexOf('notify');
  const applied = kinds.lastIndexOf('apply');
  if (first >= 0 && applied > first) return 'reports before it applies';
  const [word] = words;
  const vs = lines.findIndex((line) => line.startsWith(`VS ${name} `));
  const rs = lines.findIndex((line) => line.startsWith('RS ') && line.endsWith(` ${name} ${word}`));
  // A weight may have decided it.
  const weights = effects.some((effect) => effect.kind === 'log' && effect.text.startsWith('Changing weight'));
  if (words.length === 1 && !weights && rs > vs) return `${name} is reported before its servers`;
  return undefined;
}

function wrongReal(observation: Observation, server: ServerView): string | undefined {
  const { before, effects } = observation;
  const old = before.find((one) => serverKey(one.config) === serverKey(server.config));
  for (const { config, alive } of server.reals) {
    const name = hostOf(config);
    const lines = linesOf(effects, `RS [${name}]:tcp:${config.port} ${server.config.name} `);
    const was = old?.reals.find((one) => hostOf(one.config) === hostOf(config));
    if (was !== undefined && was.alive !== alive && lines.length === 0) return `${name} of ${server.config.name} changes unreported`;
    const last = lines.at(-1);
    if (last !== undefined && wordOf(last) !== (alive ? 'UP' : 'DOWN'))
      return `${name} of ${server.config.name} is reported ${wordOf(last)}`;
    for (const line of lines) {
      const script = wordOf(line) === 'UP' ? config.notifyUp : config.notifyDown;
      if (line.script?.text !== script?.text) return `${line.line} starts ${line.script?.text ?? 'no script'}`;
    }
    const about = `Realserver [${name}]:tcp:${config.port} of virtual server ${server.config.name} - `;
    const mails = effects.some((effect) => effect.kind === 'mail' && effect.subject.startsWith(about));
    if (mails && !config.smtpAlert) return `${name} of ${server.config.name} sends mail without smtp_alert`;
  }
  return undefined;
}

export const quorum: MakeInvariant = (world): Invariant => ({
  stepped: (observation) => {
    const { before, after, input, effects } = observation;
    for (const server of after) {
      const old = before.find((one) => serverKey(one.config) === serverKey(server.config));
      const wrong =
        wrongState(server, old, observation, world) ??
        wrongLines(observation, server.config, old?.quorumUp ?? false, server.quorumUp) ??
        wrongReal(observation, server);
      if (wrong !== undefined) return wrong;
    }
    if (input.kind !== 'stop') return undefined;
    for (const { config } of before) {
      const lines = linesOf(effects, `VS ${config.name} `);
      const count = config.omega && !input.keepServers ? 1 : 0;
      if (lines.length !== count || lines.some((line) => !line.wait)) return `${config.name} stops with ${lines.length} lines`;
    }
    return undefined;
  },
});
