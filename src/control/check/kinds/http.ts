// HTTP_GET and SSL_GET: URLs are asked in turn; one that fails is asked alone until it is well again.
import { probeOf } from '../probe.js';
import { beginHttp, stepHttp } from './http-conversation.js';
import { type Kind, only } from './rules.js';

export const WEB_REFUSED = {
  socket: 'WEB connection fail to create socket. Rescheduling.',
  bind: 'WEB socket bind failed. Rescheduling',
} as const;

export const http: Kind = {
  reached: ({ checker, real }, text, url) => `${text} success to ${real} url(${only(checker.check, 'http', 'ssl').urls[url]?.path ?? ''})`,
  success: ({ real }) => `Remote Web server ${real} succeed on service.`,
  failure: ({ checker, real }, { first, reason }) =>
    `HTTP_CHECK on service ${real} failed${checker.timing.retry > 0 && !first ? ` after ${checker.timing.retry} retries` : ''}${
      reason === undefined ? '' : `: ${reason}`
    }.`,
  warning: ({ real }, warning) => `SSL_GET of service ${real}: ${warning}.`,
  uncounted: ({ real }, text) => `${text} server ${real}.`,
  countedToo: 'always',
  firstAsLater: true,
  mail: { up: () => 'CHECK succeed on service', down: () => 'CHECK failed on service : HTTP request failed' },
  probe: probeOf({ transport: ({ kind }) => (kind === 'ssl' ? 'tls' : 'tcp'), refused: WEB_REFUSED, begin: beginHttp, step: stepHttp }),
};
