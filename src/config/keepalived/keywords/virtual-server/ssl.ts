// The SSL block at the root: keepalived.conf(5), "SSL".
import type { Keyword } from '../../keyword.js';

const text = (name: string, what: string, meaning: string): Keyword => ({
  name,
  argument: { kind: 'text' },
  repeated: true,
  meaning,
  messages: { missing: `SSL ${what} missing` },
});

const sslKeywords: readonly Keyword[] = [
  text('password', 'password', 'Password of the key file.'),
  text('ca', 'cafile', 'File of CA certificates, for SSL_GET with `verify`.'),
  text('certificate', 'certfile', 'File of the certificate that is presented to servers.'),
  text('key', 'keyfile', "File of the certificate's key."),
];

export const sslKeyword: Keyword = {
  name: 'SSL',
  argument: {
    kind: 'block',
    label: 0,
    keywords: () => sslKeywords,
  },
  repeated: true,
  meaning: 'Certificates that SSL_GET presents to servers.',
};
