// nginx's upstream as a pool.
import { defaultKeepAlive, defaultServer } from '../../model/layer7/defaults.js';
import type { Balance, KeepAlive, Persistence, Pool, PoolServer } from '../../model/layer7/pool.js';
import { readTemplate } from '../../model/layer7/template.js';
import { parseDuration, parseListen } from '../weir/units.js';
import type { Losses } from './losses.js';
import type { Directive } from './parse.js';

const whole = (text: string | undefined): number | undefined => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined);

/** One parameter of `server`; undefined: it is not carried. */
function serverParameter(text: string): Partial<PoolServer> | undefined {
  const [name, value] = text.split('=', 2);
  if (text === 'backup') return { backup: true };
  if (text === 'down') return { down: true };
  const number = whole(value);
  if (name === 'weight' && number !== undefined && number > 0) return { weight: number };
  if (name === 'max_fails' && number !== undefined) return { maxFails: number };
  if (name === 'max_conns' && number !== undefined) return { maxConns: number };
  const time = name === 'fail_timeout' ? parseDuration(value ?? '') : undefined;
  return time === undefined ? undefined : { failTimeoutUs: time };
}

function serverOf(directive: Directive, losses: Losses): PoolServer | undefined {
  const [name = '', ...parameters] = directive.args;
  const key = parseListen(name, 80);
  if (key === undefined) {
    losses.add(
      directive,
      name.startsWith('unix:') ? 'servers are addresses' : 'names are not looked up: write the addresses of the server',
    );
    return undefined;
  }
  let server: PoolServer = { ...defaultServer, ...key, name };
  for (const parameter of parameters) {
    const own = serverParameter(parameter);
    if (own === undefined) losses.add(directive, `${parameter} is not carried`);
    else server = { ...server, ...own };
  }
  return server;
}

function balanceOf(directive: Directive, losses: Losses): Balance | undefined {
  const { name, args } = directive;
  if (name === 'least_conn' || name === 'ip_hash') return { kind: name };
  if (name === 'random') {
    if (args[1] !== undefined && args[1] !== 'least_conn')
      losses.add(directive, `of two, the server with fewer connections is taken, not by ${args[1]}`);
    return { kind: 'random', two: args[0] === 'two' };
  }
  const reading = readTemplate(args[0] ?? '');
  if ('template' in reading) return { kind: 'hash', key: reading.template, consistent: args[1] === 'consistent' };
  losses.add(directive, `there is no variable $${reading.unknownVariable}; round robin is used`);
  return undefined;
}

function stickyOf(directive: Directive, losses: Losses): Persistence | undefined {
  const [kind, name, ...parameters] = directive.args;
  if (kind !== 'cookie' || name === undefined) {
    losses.add(directive, 'only sticky cookie is carried');
    return undefined;
  }
  const values = new Map(parameters.map((one) => one.split('=', 2) as [string, string | undefined]));
  const maxAgeUs = parseDuration(values.get('expires') ?? '');
  const domain = values.get('domain');
  const sameSite = (['strict', 'lax', 'none'] as const).find((one) => one === values.get('samesite'));
  return {
    kind: 'cookie',
    name,
    path: values.get('path') ?? '/',
    httpOnly: values.has('httponly'),
    secure: values.has('secure'),
    ...(maxAgeUs === undefined ? {} : { maxAgeUs }),
    ...(domain === undefined ? {} : { domain }),
    ...(sameSite === undefined ? {} : { sameSite }),
  };
}

function keepAliveOf({ name, args: [value = ''] }: Directive): Partial<KeepAlive> | undefined {
  const number = whole(value);
  if (name === 'keepalive' && number !== undefined) return { connections: number };
  if (name === 'keepalive_requests' && number !== undefined) return { requests: number };
  const time = parseDuration(value);
  if (time === undefined) return undefined;
  return name === 'keepalive_timeout' ? { idleUs: time } : name === 'keepalive_time' ? { lifeUs: time } : undefined;
}

const BALANCES = ['least_conn', 'ip_hash', 'random', 'hash'];

/** undefined: no server of it could be carried. */
export function poolOfUpstream(directive: Directive, name: string, losses: Losses): Pool | undefined {
  const servers: PoolServer[] = [];
  let balance: Balance = { kind: 'round_robin' };
  let keepAlive: KeepAlive = defaultKeepAlive;
  let persistence: Persistence | undefined;
  for (const one of directive.block ?? []) {
    const kept = keepAliveOf(one);
    if (one.name === 'server') {
      const server = serverOf(one, losses);
      if (server !== undefined && servers.some((other) => other.name === server.name)) losses.add(one, 'the server is there already');
      else if (server !== undefined) servers.push(server);
    } else if (BALANCES.includes(one.name)) balance = balanceOf(one, losses) ?? balance;
    else if (one.name === 'sticky') persistence = stickyOf(one, losses);
    else if (kept !== undefined) keepAlive = { ...keepAlive, ...kept };
    else losses.add(one);
  }
  if (servers.length === 0) {
    losses.add(directive, 'none of its servers could be carried');
    return undefined;
  }
  return { name, servers, balance, keepAlive, ...(persistence === undefined ? {} : { persistence }) };
}
