// What this host is and does: VRRP's instances, health checks, attached interfaces, drops, doctor's findings.
import * as z from 'zod';
import type { PublishedServerAttempts } from '../../host/published-attempts.js';
import { formatAddress } from '../../model/address-text.js';
import { byServer } from '../../model/by-server.js';
import type { BfdSessionStatus, HealthStatus, Status } from '../../report/status/status.js';
import { releaseInstance } from '../changes/release-instance.js';
import { json, type Route, route } from '../route.js';
import { momentText } from '../values/moment-text.js';

/** What `weir status --json` prints of it: documented there. */
const asStatus = (what: string): z.ZodType => z.looseObject({}).describe(what);

const daemonShape = z.strictObject({ pid: z.int(), program: z.enum(['weir', 'keepalived']) });
const instancesShape = z.strictObject({
  instances: z.array(asStatus('an instance of weir status --json').and(z.looseObject({ daemon: daemonShape }))),
});
const bfdState = z.enum(['AdminDown', 'Down', 'Init', 'Up']);
const sessionShape = z.strictObject({
  name: z.string(),
  neighbour: z.string(),
  source: z.string().nullable().describe('null: as the kernel chooses'),
  multihop: z.boolean(),
  state: bfdState,
  remote_state: bfdState.describe('as the neighbour sent it last'),
  since: z.string().nullable().describe('of its state; null: from the start'),
  diagnostic: z.string().describe('why it last went down'),
  remote_diagnostic: z.string(),
  discriminator: z.int(),
  remote_discriminator: z.int().describe('0: not known'),
  transmit: z.number().describe('seconds between two packets, in force now'),
  detection: z.number().describe('seconds of silence after which it goes down; 0: nothing was received'),
  open: z.boolean().describe('it has a socket to send by'),
  packets_received: z.int(),
  packets_sent: z.int(),
  times_up: z.int(),
  times_down: z.int(),
  daemon: daemonShape,
});
const sessionsShape = z.strictObject({ sessions: z.array(sessionShape) });

const attemptsShape = z
  .strictObject({
    success: z.int(),
    failure: z.int(),
    not_made: z.int().describe('this host could not make it'),
    abandoned: z.int(),
    last: z.strictObject({
      check: z.string(),
      result: z.enum(['success', 'failure', 'not-made', 'abandoned']),
      text: z.string().describe('why it failed, or what succeeded'),
      at: z.string(),
      seconds: z.number().describe('how long it took'),
    }),
  })
  .nullable()
  .describe('of its checks, since the process began that makes them; null: none was made');
const checksShape = z.strictObject({
  virtual_servers: z.array(
    asStatus('the health of a virtual server of weir status --json').and(
      z.looseObject({ daemon: daemonShape, servers: z.array(z.looseObject({ attempts: attemptsShape })) }),
    ),
  ),
});

const attemptsValue = ({ results, last }: PublishedServerAttempts): z.infer<typeof attemptsShape> => ({
  success: results.success,
  failure: results.failure,
  not_made: results['not-made'],
  abandoned: results.abandoned,
  last: {
    check: last.check,
    result: last.result,
    text: last.text,
    at: momentText(last.atUs / US_PER_MS),
    seconds: last.tookUs / US_PER_S,
  },
});

/** The health of a virtual server, with what is known of the attempts of its servers. */
function attemptsOf(all: readonly PublishedServerAttempts[]) {
  const made = byServer(all);
  return (health: HealthStatus) => ({
    ...health,
    servers: health.servers.map((real) => {
      const found = made(health.name, real.server);
      return { ...real, attempts: found === undefined ? null : attemptsValue(found) };
    }),
  });
}
const neighboursShape = z.strictObject({
  neighbours: z.array(z.strictObject({ interface: z.string(), address: z.string(), mac: z.string().nullable(), state: z.string() })),
});
const counts = z.record(z.string(), z.string().regex(/^\d+$/)).describe('packets by reason: decimal numbers of 64 bits');
const dropsShape = z.strictObject({
  total: counts,
  recent: z.strictObject({ seconds: z.number(), counts }).nullable().describe('null: the loaded programs keep no history'),
  reasons: z.record(z.string(), z.string()),
});
const findingShape = z.strictObject({
  severity: z.enum(['error', 'warning', 'info']),
  code: z.string(),
  what: z.string(),
  cause: z.string(),
  fix: z.string().optional(),
  on: z.string().optional(),
  advice: z.string().optional(),
  file: z.string().optional(),
  line: z.int().optional(),
});
const doctorShape = z.strictObject({ role: z.string(), status: z.int(), findings: z.array(findingShape) });

const [MS_PER_S, US_PER_MS, US_PER_S] = [1000, 1000, 1_000_000];

const sessionValue = (session: BfdSessionStatus, daemon: z.infer<typeof daemonShape>): z.infer<typeof sessionShape> => ({
  name: session.name,
  neighbour: session.neighbour,
  source: session.source,
  multihop: session.multihop,
  state: session.state,
  remote_state: session.remoteState,
  since: session.since,
  diagnostic: session.diagnostic,
  remote_diagnostic: session.remoteDiagnostic,
  discriminator: session.discriminator,
  remote_discriminator: session.remoteDiscriminator,
  transmit: session.transmitMs / MS_PER_S,
  detection: session.detectionMs / MS_PER_S,
  open: session.open,
  packets_received: session.received,
  packets_sent: session.sent,
  times_up: session.wentUp,
  times_down: session.wentDown,
  daemon,
});

const vipsShape = z.strictObject({
  vips: z.array(
    z.strictObject({
      address: z.string(),
      prefix_length: z.int(),
      interface: z.string(),
      label: z.string().nullable().describe('of IPv4'),
      present: z.boolean().describe('it is on its interface'),
    }),
  ),
});

const countsOf = (all: readonly { readonly key: string; readonly count: bigint }[]): Readonly<Record<string, string>> =>
  Object.fromEntries(all.map(({ key, count }) => [key, String(count)]));

/** The same status is answered with for a moment, and is written out once. */
const statusTexts = new WeakMap<Status, string>();

function statusText(status: Status): string {
  const kept = statusTexts.get(status);
  if (kept !== undefined) return kept;
  const text = `${JSON.stringify(status)}\n`;
  statusTexts.set(status, text);
  return text;
}

export const hostRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/status',
    summary: 'what weir status --json prints',
    scope: 'read',
    answers: { 200: { what: 'the status (docs/operate.md)', schema: asStatus('as weir status --json') } },
    answer: (_request, sources) => ({
      status: 200,
      body: { kind: 'text', text: statusText(sources.status()), type: 'application/json' },
    }),
  }),
  route({
    method: 'GET',
    at: '/v1/instances',
    summary: 'instances of VRRP of all daemons here',
    scope: 'read',
    answers: { 200: { what: 'the instances', schema: instancesShape } },
    answer: (_request, sources) =>
      json({
        instances: sources
          .daemons()
          .flatMap(({ pid, program, instances }) => (instances ?? []).map((one) => ({ ...one, daemon: { pid, program } }))),
      }),
  }),
  ...(
    [
      ['POST', true],
      ['DELETE', false],
    ] as const
  ).map(([method, isReleased]) =>
    route({
      method,
      at: '/v1/instances/{name}/release',
      summary: isReleased
        ? 'releases an instance of VRRP, with its sync group: its peers take over its addresses'
        : 'an instance is released no more: it takes its addresses again as its priority has it',
      scope: 'drain',
      path: z.strictObject({ name: z.string().max(255) }),
      answers: { 204: { what: 'it is written down; GET /v1/instances has what came of it' } },
      async answer({ path: { name }, caller }, sources) {
        await releaseInstance(sources, name, isReleased, caller);
        return { status: 204, body: { kind: 'none' } };
      },
    }),
  ),
  route({
    method: 'GET',
    at: '/v1/bfd-sessions',
    summary: 'sessions of BFD of all daemons here',
    scope: 'read',
    answers: { 200: { what: 'the sessions', schema: sessionsShape } },
    answer: (_request, sources) => {
      const value: z.infer<typeof sessionsShape> = {
        sessions: sources.daemons().flatMap(({ pid, program, bfd }) => (bfd ?? []).map((one) => sessionValue(one, { pid, program }))),
      };
      return json(value);
    },
  }),
  route({
    method: 'GET',
    at: '/v1/checks',
    summary: 'the health of servers, as the daemons here found it',
    scope: 'read',
    answers: { 200: { what: 'virtual servers with their real servers', schema: checksShape } },
    answer: (_request, sources) => {
      const withAttempts = attemptsOf(sources.attempts());
      const virtual = sources
        .daemons()
        .flatMap(({ pid, program, health }) => (health ?? []).map((one) => ({ ...withAttempts(one), daemon: { pid, program } })));
      return json({ virtual_servers: virtual });
    },
  }),
  route({
    method: 'GET',
    at: '/v1/interfaces',
    summary: 'the interfaces, and whether the datapath is attached to them',
    scope: 'read',
    answers: {
      200: { what: 'the interfaces', schema: z.strictObject({ interfaces: z.array(asStatus('an interface of weir status --json')) }) },
    },
    answer: (_request, sources) => json({ interfaces: sources.status().datapath.interfaces }),
  }),
  route({
    method: 'GET',
    at: '/v1/vips',
    summary: 'the VIPs that weir has added to this host, by weir vip and weir apply: those of weir.yaml are among them',
    scope: 'read',
    answers: { 200: { what: 'the VIPs; those of VRRP are its own', schema: vipsShape } },
    answer(_request, sources) {
      const value: z.infer<typeof vipsShape> = {
        vips: sources.vips().map(({ address, prefixLength, interface: name, label, present }) => ({
          address,
          prefix_length: prefixLength,
          interface: name,
          label: label ?? null,
          present,
        })),
      };
      return json(value);
    },
  }),
  route({
    method: 'GET',
    at: '/v1/neighbours',
    summary: 'the neighbours of this host by interface: servers by DR and gateways are among them',
    scope: 'read',
    confidential: true,
    answers: { 200: { what: 'the neighbours', schema: neighboursShape } },
    answer(_request, sources) {
      const names = new Map(sources.status().datapath.interfaces.map(({ ifindex, name }) => [ifindex, name]));
      const value: z.infer<typeof neighboursShape> = {
        neighbours: sources.neighbours().map(({ ifindex, address, state, mac }) => ({
          interface: names.get(ifindex) ?? String(ifindex),
          address: formatAddress(address),
          mac,
          state,
        })),
      };
      return json(value);
    },
  }),
  route({
    method: 'GET',
    at: '/v1/drops',
    summary: 'packets dropped or passed on unbalanced, by reason',
    scope: 'read',
    answers: { 200: { what: 'the counts since loading, and of about the last minute', schema: dropsShape } },
    answer(_request, sources) {
      const { total, recent } = sources.drops();
      const value: z.infer<typeof dropsShape> = {
        total: countsOf(total),
        recent: recent === undefined ? null : { seconds: recent.seconds, counts: countsOf(recent.counts) },
        reasons: Object.fromEntries(total.map(({ key, text }) => [key, text])),
      };
      return json(value);
    },
  }),
  route({
    method: 'GET',
    at: '/v1/doctor',
    summary: 'what weir doctor finds on this host; it takes up to some seconds',
    scope: 'read',
    confidential: true,
    answers: { 200: { what: 'the findings, worst first', schema: doctorShape } },
    answer: async (_request, sources) => json(await sources.examine()),
  }),
];
