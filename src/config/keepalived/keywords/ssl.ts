// The SSL block at the root: keepalived.conf(5), "SSL".
import type { Keyword } from '../keyword.js';

const text = (name: string, what: string, meaning: string): Keyword => ({
  name,
  argument: { kind: 'text' },
  repeated: true,
  meaning,
  says: { missing: `SSL ${what} missing` },
});

const sslKeywords: readonly Keyword[] = [
  text('password', 'password', 'opens the key'),
  text('ca', 'cafile', 'file of authorities (loaded; servers are not verified)'),
  text('certificate', 'certfile', 'file of the certificate shown to servers'),
  text('key', 'keyfile', 'file of its key'),
];

export const sslKeyword: Keyword = {
  name: 'SSL',
  argument: {
    kind: 'block',
    label: 0,
    keywords: () => sslKeywords,
  },
  repeated: true,
  meaning: 'what SSL_GET shows to servers',
};
