// nginx's upstream as a pool.
import { defaultKeepAlive, defaultServer } from '../../model/layer7/defaults.js';
import { FIELD_NAME } from '../../model/layer7/field.js';
import type { Balance, KeepAlive, Persistence, Pool, PoolServer } from '../../model/layer7/pool.js';
import { parseDuration, parseListen } from '../weir/units.js';
import type { Losses } from './losses.js';
import type { Directive } from './parse.js';
import { readNginxTemplate } from './variables.js';

const [COUNT_MAX, WEIGHT_MAX] = [1_000_000, 65_535];
const whole = (text: string | undefined, max = COUNT_MAX): number | undefined =>
  text !== undefined && /^\d{1,7}$/.test(text) && Number(text) <= max ? Number(text) : undefined;

/** One parameter of `server`; undefined: it is not carried. */
function serverParameter(text: string): Partial<PoolServer> | undefined {
  const [name, value] = text.split('=', 2);
  if (text === 'backup') return { backup: true };
  if (text === 'down') return { down: true };
  const number = whole(value, name === 'weight' ? WEIGHT_MAX : COUNT_MAX);
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
  const key = args[0] ?? '';
  const reading = readNginxTemplate(key.replace(/\$(?:binary_remote_addr\b|\{binary_remote_addr\})/g, '$$remote_addr'));
  if (/binary_remote_addr/.test(key))
    losses.add(directive, 'the text of the address is hashed: clients have other servers than with nginx');
  if ('template' in reading) return { kind: 'hash', key: reading.template, consistent: args[1] === 'consistent' };
  losses.add(directive, `there is no variable $${reading.unknownVariable}; round robin is used`);
  return undefined;
}

/** What of a cookie is not carried; undefined: all of it is. */
function stickyLoss(parameter: string): string | undefined {
  const [name = '', value = ''] = parameter.split('=', 2);
  const fits: Readonly<Record<string, () => boolean>> = {
    expires: () => parseDuration(value) !== undefined,
    domain: () => /^[A-Za-z0-9.-]+$/.test(value),
    path: () => /^\/[!-:<-~]*$/.test(value) && !value.includes('$'),
    samesite: () => ['strict', 'lax', 'none'].includes(value),
    httponly: () => true,
    secure: () => true,
  };
  return Object.hasOwn(fits, name) && fits[name]?.() === true ? undefined : `${parameter} is not carried`;
}

function stickyOf(directive: Directive, losses: Losses): Persistence | undefined {
  const [kind, name = '', ...parameters] = directive.args;
  if (kind !== 'cookie' || !FIELD_NAME.test(name)) {
    losses.add(directive, 'only sticky cookie is carried');
    return undefined;
  }
  for (const why of parameters.flatMap((one) => stickyLoss(one) ?? [])) losses.add(directive, why);
  const carried = parameters.filter((one) => stickyLoss(one) === undefined);
  const values = new Map(carried.map((one) => one.split('=', 2) as [string, string | undefined]));
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
  if (name === 'keepalive_requests' && number !== undefined && number > 0) return { requests: number };
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
