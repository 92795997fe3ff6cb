// The settings of proxying, from the levels of a file: the innermost one that is written counts, as in nginx.

import { defaultProxying } from '../../model/layer7/defaults.js';
import type { FieldEdit, Proxying } from '../../model/layer7/proxying.js';
import type { ProxyingKeys } from './layer7-shape.js';

type Fields = ProxyingKeys['proxy_set_header'];

const edits = (fields: Fields): readonly FieldEdit[] =>
  (fields ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [{ name, value }]));

/** weir's own fields are sent unless the file names them. */
function withDefaults(fields: Fields): readonly FieldEdit[] {
  const written = edits(fields);
  const named = new Set(written.map(({ name }) => name.toLowerCase()));
  return [...defaultProxying.requestFields.filter(({ name }) => !named.has(name.toLowerCase())), ...written];
}

/** `levels`: from the outside to the inside. */
export function proxyingOf(levels: readonly ProxyingKeys[]): Proxying {
  const last = <K extends keyof ProxyingKeys>(key: K): ProxyingKeys[K] => levels.findLast((level) => level[key] !== undefined)?.[key];
  const { timeouts, retry, bodyMaxBytes, bufferRequest } = defaultProxying;
  const on = last('proxy_next_upstream');
  return {
    requestFields: withDefaults(last('proxy_set_header')),
    responseFields: edits(last('add_header')),
    hiddenFields: (last('proxy_hide_header') ?? []).map((name) => name.toLowerCase()),
    timeouts: {
      connectUs: last('proxy_connect_timeout') ?? timeouts.connectUs,
      sendUs: last('proxy_send_timeout') ?? timeouts.sendUs,
      readUs: last('proxy_read_timeout') ?? timeouts.readUs,
      upgradedUs: last('upgraded_timeout') ?? timeouts.upgradedUs,
    },
    retry: {
      on: on === undefined ? retry.on : on.includes('off') ? [] : on.flatMap((one) => (one === 'off' ? [] : [one])),
      tries: last('proxy_next_upstream_tries') ?? retry.tries,
      timeoutUs: last('proxy_next_upstream_timeout') ?? retry.timeoutUs,
    },
    bodyMaxBytes: last('client_max_body_size') ?? bodyMaxBytes,
    bufferRequest: last('proxy_request_buffering') ?? bufferRequest,
  };
}
