// What the control API refuses of a request by itself, and what its process and its client cannot do.
import type { ErrorRows } from './error-row.js';

export const apiErrors = {
  /** `list`: the resource that has those that are there. */
  'api-no-resource': {
    text: ({ path }: { path: string; list?: string | undefined }) => `there is no resource ${path}`,
    hint: ({ list = '/v1' }) => `GET ${list} lists them`,
    exitStatus: 1,
  },
  'api-method': {
    text: ({ method, allowed }: { method: string; allowed: readonly string[] }) =>
      `${method} is not among the methods of this resource: ${allowed.join(', ')}`,
    exitStatus: 1,
  },
  'api-target': { text: ({ why }: { why: string }) => `the target of the request or its Host cannot be read: ${why}`, exitStatus: 2 },
  'api-body-cut': { text: ({ why }: { why: string }) => `the body ended before its end: ${why}`, exitStatus: 1 },
  'api-json': { text: ({ why }: { why: string }) => `the body is not read as JSON: ${why}`, exitStatus: 2 },
  'api-media-type': {
    text: ({ given, taken }: { given: string; taken: string }) => `the body is ${given === '' ? 'of no named type' : given}, not ${taken}`,
    exitStatus: 2,
  },
  'api-too-large': { text: ({ max }: { max: number }) => `the body has more than ${max} bytes`, exitStatus: 2 },
  /** `errors`: each value that is wrong, by its place. */
  'api-values': {
    text: ({ errors }: { errors: readonly { readonly pointer: string; readonly message: string }[] }) =>
      errors.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '),
    exitStatus: 2,
  },
  'api-condition-missing': {
    text: () => 'a change names the state that it was made for, and this request has no If-Match',
    hint: 'send the ETag of GET /v1/configuration (for an override, of GET /v1/overrides), or If-Match: * to change whatever is there',
    exitStatus: 1,
  },
  'api-stale': {
    text: ({ given, current }: { given: string; current: string; difference: readonly string[] }) =>
      `the state is ${current} now, not ${given}`,
    hint: 'read it again, and decide again',
    exitStatus: 1,
  },
  'api-no-plan': { text: ({ id }: { id: string }) => `there is no plan ${id}, or it has expired`, hint: 'plan again', exitStatus: 1 },
  'api-no-change': { text: ({ id }: { id: string }) => `the journal has no entry ${id}`, exitStatus: 1 },
  'api-no-revert': {
    text: ({ id }: { id: string }) => `the change ${id} is of a drain, not of the configuration`,
    hint: 'DELETE /v1/drains/{id} gives the configured weights back',
    exitStatus: 1,
  },
  'api-journal': {
    text: ({ why }: { why: string }) => `nothing was changed: the journal of changes cannot be written: ${why}`,
    hint: 'make room below /run/weir/api, where it is kept',
    exitStatus: 1,
  },
  'doctor-failed': { text: ({ why }: { why: string }) => `weir doctor did not examine the host: ${why}`, exitStatus: 1 },
  'api-no-credentials': { text: () => 'this address wants a token or a certificate', exitStatus: 1 },
  'api-credentials-refused': { text: () => 'the token is not known here, or has expired', exitStatus: 1 },
  'api-scope': {
    text: ({ needed, given }: { needed: string; given: string }) => `this needs the scope ${needed}; the caller has ${given}`,
    hint: 'of the two sockets, only api.sock takes changes and lists connections; over TCP, the token or certificate has its scope',
    exitStatus: 1,
  },
  'api-client': {
    text: ({ name }: { name: string }) => `the certificate of ${name} may do nothing here`,
    hint: 'name it in api.tcp.clients of weir.yaml',
    exitStatus: 1,
  },
  'api-rate': {
    text: ({ seconds }: { seconds: number }) => `too many refused requests came from this address: try again in ${seconds} s`,
    exitStatus: 1,
  },
  'api-host': { text: ({ host }: { host: string }) => `this address is not called ${host === '' ? '(no Host)' : host}`, exitStatus: 1 },
  'api-origin': { text: ({ origin }: { origin: string }) => `pages of ${origin} may not use this API`, exitStatus: 1 },
  'api-streams': { text: ({ max }: { max: number }) => `the caller has ${max} streams open, as many as it may have`, exitStatus: 1 },
  'api-not-acceptable': { text: ({ offered }: { offered: string }) => `this resource is sent as ${offered}`, exitStatus: 1 },
  /** Of the process. */
  'api-socket-taken': {
    text: ({ path }: { path: string }) => `another process answers at ${path}`,
    hint: 'name other sockets in the section api of weir.yaml, or end that process',
    exitStatus: 1,
  },
  /** Of its file of tokens. */
  'api-tokens': {
    text: ({ path, why }: { path: string; why: string }) => `the tokens of ${path} cannot be used: ${why}`,
    hint: 'weir api token list --tokens FILE examines it',
    exitStatus: 1,
  },
  'api-token-exists': {
    text: ({ name }: { name: string }) => `there is a token ${name}`,
    hint: 'weir api token revoke NAME removes it',
    exitStatus: 1,
  },
  'api-token-missing': {
    text: ({ name }: { name: string }) => `there is no token ${name}`,
    hint: 'weir api token list',
    exitStatus: 1,
  },
  /** Of weir api. */
  'api-unreachable': {
    text: ({ path, why }: { path: string; why: string }) => `no API answers at ${path}: ${why}`,
    hint: 'weir run with a weir.yaml has one, and weir api serve is one by itself',
    exitStatus: 1,
  },
  'api-url': {
    text: ({ given }: { given: string }) => `${given} is not the address of an API`,
    hint: 'use --url https://HOST:PORT',
    exitStatus: 2,
  },
  /** Of weir dashboard. */
  'dashboard-listen': {
    text: ({ given }: { given: string }) => `the dashboard is for this host alone: ${given} is not a loopback address with a port`,
    hint: 'use --listen 127.0.0.1:PORT or [::1]:PORT; from another host, ssh -L PORT:127.0.0.1:PORT leads to it',
    exitStatus: 2,
  },
  'dashboard-key': {
    text: () => 'this address wants the key that weir dashboard printed',
    hint: 'open the whole address that weir dashboard printed, with its key',
    exitStatus: 1,
  },
} as const satisfies ErrorRows;
