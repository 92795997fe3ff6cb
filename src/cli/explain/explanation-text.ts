// An explanation for people: one matter a line, the verdict first.

import { someOf } from '../../model/counted.js';
import { holderText } from '../../model/drain/holder.js';
import type { ExplainedFilter, ExplainedRule, ExplainedServer, ExplainedVerdict, Explanation } from '../../report/explain/explanation.js';

const LABEL_WIDTH = 12;
/** Of a rule for all hosts without one of their own. */
const ANY_HOST = '*';

const line = (label: string, text: string): string => `${label.padEnd(LABEL_WIDTH)}${text}\n`;

const VERDICTS: Readonly<Record<ExplainedVerdict, string>> = {
  forwarded: 'forwarded',
  delivered: "delivered to the director's own stack, where the server is",
  answered: 'refused: an ICMP error goes back to the sender',
  passed: 'left to the stack, unbalanced',
  dropped: 'dropped',
  handshake: 'answered by weir: a SYN+ACK goes back to the sender',
  proxied: 'to the process that listens at this address (weir proxy)',
};

const BY_FILTER = {
  accepted: 'to the packet filter of this host, which accepts it',
  dropped: 'dropped by the packet filter of this host',
  elsewhere: 'to the packet filter of this host, which leads it elsewhere',
  uncertain: 'to the packet filter of this host, which may drop it',
} as const;

const FATES: Readonly<Record<ExplainedFilter['fate'], string>> = {
  accepted: 'no rule drops it',
  dropped: 'drops it',
  elsewhere: 'leads it elsewhere',
  uncertain: 'may drop it, by what is not known here',
};
const RULES_MAX = 4;

const USES = {
  'goes on': 'the packet belongs to it',
  replaced: 'the packet begins another one in its place',
  'destination removed': 'its destination was removed',
  reply: 'the packet is a reply of its server',
} as const;

function packetText({ packet: { protocol, what, from, to, device, mark, ttl, length } }: Explanation): string {
  const marked = mark === 0 ? '' : `, mark ${mark}`;
  return line('packet', `${protocol} ${from} -> ${to}, ${what}, ${length} bytes, TTL ${ttl}, by ${device}${marked}`);
}

function verdictText({ verdict, why, reason, connection, filter }: Explanation): string {
  const isReply = verdict === 'delivered' && connection?.use === 'reply';
  return (
    line(
      'verdict',
      `${isReply ? "delivered to the director's own stack, where the client is" : filter === null ? VERDICTS[verdict] : BY_FILTER[filter.fate]}${reason === null ? '' : ` (${reason.key})`}`,
    ) + line('because', why)
  );
}

function serviceText({ service }: Explanation): string {
  if (service === null) return line('service', 'none');
  const { name, scheduler, live, onePacket, persistence } = service;
  const parts = [
    name,
    scheduler,
    ...(persistence === null ? [] : [`persistent ${persistence}`]),
    ...(onePacket ? ['one-packet'] : []),
    ...(live ? [] : ['removed']),
  ];
  return line('service', parts.join(' '));
}

const methodText = ({ method, local }: NonNullable<Explanation['connection']>): string =>
  local === null ? method : `${method} as ${local}`;

function connectionText({ connection, template }: Explanation): string {
  const found =
    connection === null
      ? line('connection', 'none')
      : line(
          'connection',
          `${connection.client} -> ${connection.virtual} -> ${connection.server}, ${methodText(connection)}, ${connection.state}, ` +
            `expires in ${connection.expires} s: ${USES[connection.use]}`,
        );
  if (template === null) return found;
  const leads = template.leads ? 'leads the client there' : 'does not lead: its server was removed, or is quiesced';
  return `${found}${line('template', `${template.network} -> ${template.server}, expires in ${template.expires} s: ${leads}`)}`;
}

function serverText(
  { server, method, weight, configuredWeight, heldBy, active, inactive, chosen, why }: ExplainedServer,
  width: number,
): string {
  const label = chosen ? '  chosen' : '  not';
  const configured = heldBy.length === 0 ? '' : ` (${configuredWeight} configured; ${heldBy.map(holderText).join('; ')})`;
  return line(
    label,
    `${server.padEnd(width)}  ${method.padEnd(6)}  weight ${weight}${configured}, active ${active}, inactive ${inactive}: ${why}`,
  );
}

function scheduledText({ scheduled }: Explanation): string {
  if (scheduled === null) return '';
  const width = Math.max(0, ...[...scheduled.servers, ...scheduled.out].map(({ server }) => server.length));
  const servers = scheduled.servers.map((server) => serverText(server, width));
  return (
    line('scheduler', scheduled.servers.length === 0 ? `${scheduled.scheduler}: the service has no servers` : scheduled.scheduler) +
    servers.join('') +
    scheduled.out.map(({ server, why }) => line('  not', `${server.padEnd(width)}  ${why}`)).join('')
  );
}

function ruleText({ host, path, exact, servers, down, matches }: ExplainedRule, width: number): string {
  const names = servers?.map((server) => (down.includes(server) ? `${server} (down, by checks)` : server));
  const place = `${host === '' ? ANY_HOST : host}${exact ? ' = ' : ' '}${path}`.trimEnd();
  return line(matches ? '  matches' : '  rule', `${place.padEnd(width)}  ${names === undefined ? 'the proxy' : names.join(' ')}`);
}

function switchedText({ switched }: Explanation): string {
  if (switched === null) return '';
  const { protocol, rules, more } = switched;
  const width = Math.max(...rules.map(({ host, path }) => host.length + path.length + 3), 0);
  return (
    line('switched', protocol === 'tls' ? 'by the name that TLS asks for' : 'by the first request of a connection') +
    rules.map((rule) => ruleText(rule, width)).join('') +
    (more === 0 ? '' : line('  and', `${more} more rules`))
  );
}

function leavesText(explanation: Explanation): string {
  const { leaves, becomes, within } = explanation;
  const by = (): string => {
    if (leaves === null) return '';
    const { device, neighbour, toMac, fromMac, mtu } = leaves;
    const to = neighbour === null ? '' : ` to ${neighbour}`;
    const macs = toMac === null ? ', whose MAC the kernel resolves first' : ` at ${toMac}, from ${fromMac}`;
    return line('leaves', `by ${device}${to}${macs}${mtu === null ? '' : `, MTU ${mtu}`}`);
  };
  const as = becomes === null ? '' : line('becomes', `${becomes.protocol} ${becomes.from} -> ${becomes.to}, TTL ${becomes.ttl}`);
  return by() + tooBigText(explanation) + as + withinText(within);
}

function tooBigText({ tooBig }: Explanation): string {
  if (tooBig === null) return '';
  const { bytes, device, neighbour, mtu, tunnel, named } = tooBig;
  const hop = `by ${device}${neighbour === null ? '' : ` to ${neighbour}`}`;
  const what = tunnel === null ? `${bytes} bytes` : `${bytes} bytes within ${tunnel}`;
  return line('too big', `${what}, ${hop}, MTU ${mtu}: ${named === null ? 'no ICMP error is sent' : `the ICMP error names ${named}`}`);
}

function withinText(within: Explanation['within']): string {
  if (within === null) return '';
  const { protocol, from, to, port, ttl, bytes } = within;
  const at = port === null ? '' : `, UDP port ${port}`;
  return line('within', `${protocol} ${from} -> ${to}${at}, TTL ${ttl}: ${bytes} bytes more`);
}

function filterText({ filter }: Explanation): string {
  if (filter === null) return '';
  const { fate, rules, unread } = filter;
  const by = rules.length === 0 ? '' : `: ${someOf(rules, RULES_MAX)}`;
  const known = unread !== null && rules.length === 0 ? '' : line('filter', `${FATES[fate]}${by}`);
  return `${known}${unread === null ? '' : line('filter', unread)}`;
}

/** What the packet filter lets pass is met once more. */
function acceptedText({ accepted }: Explanation): string {
  if (accepted === null) return '';
  return line('then', `what the packet filter accepts comes back by ${accepted.packet.device}:`) + metText(accepted);
}

/** For a terminal or a file. */
export function explanationText(explanation: Explanation): string {
  return packetText(explanation) + metText(explanation) + acceptedText(explanation);
}

/** All but the packet itself. */
function metText(explanation: Explanation): string {
  const { settings, uncertain } = explanation;
  return [
    verdictText(explanation),
    filterText(explanation),
    serviceText(explanation),
    connectionText(explanation),
    switchedText(explanation),
    scheduledText(explanation),
    leavesText(explanation),
    ...settings.map(({ name, value, effect }) => line('setting', `${name}${value === '' ? '' : ` = ${value}`}: ${effect}`)),
    ...uncertain.map((text) => line('uncertain', text)),
  ].join('');
}
