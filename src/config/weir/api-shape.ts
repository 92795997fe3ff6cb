// The section `api` of a weir.yaml: where the control API answers, and who may use it from other hosts.
import { API_GROUP, API_SCOPES, API_TOKENS, type ApiTcp, type ConfiguredApi } from '../../model/api-settings.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import { byName, choice, flag, listOf, type Of, optional, record, required, scalar } from './shape.js';
import { subnet } from './units.js';

/** As a socket's address has it: sun_path, with its NUL. */
const PATH_MAX = 107;

const path = (bytesMax: number) =>
  scalar(`an absolute path of at most ${bytesMax} bytes`, { type: 'string', pattern: '^/' }, (text) =>
    text.startsWith('/') && new TextEncoder().encode(text).length <= bytesMax ? text : undefined,
  );
const socketPath = path(PATH_MAX);
const filePath = path(4095);
const groupName = scalar('the name of a group', { type: 'string' }, (text) => (/^[a-z_][a-z0-9_-]{0,31}$/i.test(text) ? text : undefined));
const listenAddress = scalar('an address with a port, as 192.0.2.1:8443 or [::]:8443', { type: 'string' }, (text) => {
  const endpoint = parseEndpoint(text);
  return endpoint === undefined || endpoint.port === 0 ? undefined : endpoint;
});
const dnsName = scalar('a name of this host, as director.example.org', { type: 'string' }, (text) =>
  /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(text) ? text.toLowerCase() : undefined,
);

const tcpShape = record('where the control API answers to other hosts', {
  listen: required(listOf(listenAddress, 1)),
  certificate: required(filePath),
  key: required(filePath),
  client_authorities: optional(filePath),
  clients: optional(byName(/^[A-Za-z0-9._@ -]{1,64}$/, choice(API_SCOPES))),
  tokens: optional(filePath),
  names: optional(listOf(dnsName)),
  open_to: optional(listOf(subnet)),
});

export const apiShape = record('where the control API answers', {
  enabled: optional(flag),
  write_socket: optional(socketPath),
  read_socket: optional(socketPath),
  group: optional(groupName),
  tcp: optional(tcpShape),
});

/** Of a section without faults. */
function tcpOf({ value }: Of<typeof tcpShape>): ApiTcp {
  const { listen = [], certificate = '', key = '', clients = [], tokens = API_TOKENS, names = [], open_to: openTo = [] } = value;
  const authorities = value.client_authorities;
  return {
    listen,
    certificate,
    key,
    ...(authorities === undefined ? {} : { clientAuthorities: authorities }),
    clients: clients.flatMap(({ name, value: scope }) => (scope === undefined ? [] : [{ name, scope }])),
    tokens,
    names,
    openTo,
  };
}

export function apiOf({ value }: Of<typeof apiShape>): ConfiguredApi {
  const { enabled = true, write_socket: write, read_socket: read, group = API_GROUP, tcp } = value;
  return {
    enabled,
    group,
    ...(write === undefined ? {} : { write }),
    ...(read === undefined ? {} : { read }),
    ...(tcp === undefined ? {} : { tcp: tcpOf(tcp) }),
  };
}
