// The section `api` of a weir.yaml: where the control API answers.
import { API_GROUP, type ConfiguredApi } from '../../model/api-settings.js';
import { flag, type Of, optional, record, scalar } from './shape.js';

/** As a socket's address has it: sun_path, with its NUL. */
const PATH_MAX = 107;

const socketPath = scalar('an absolute path of at most 107 bytes', { type: 'string', pattern: '^/' }, (text) =>
  text.startsWith('/') && new TextEncoder().encode(text).length <= PATH_MAX ? text : undefined,
);
const groupName = scalar('the name of a group', { type: 'string' }, (text) => (/^[a-z_][a-z0-9_-]{0,31}$/i.test(text) ? text : undefined));

export const apiShape = record('where the control API answers', {
  enabled: optional(flag),
  write_socket: optional(socketPath),
  read_socket: optional(socketPath),
  group: optional(groupName),
});

export function apiOf({ value }: Of<typeof apiShape>): ConfiguredApi {
  const { enabled = true, write_socket: write, read_socket: read, group = API_GROUP } = value;
  return { enabled, group, ...(write === undefined ? {} : { write }), ...(read === undefined ? {} : { read }) };
}
