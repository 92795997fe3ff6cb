// Answers that the proxy makes itself. The client learns the status and nothing of the reason.
import { WITHOUT_BODY } from '../../model/layer7/route.js';
import { printableAscii } from '../../model/printable-ascii.js';

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  205: 'Reset Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

export interface OwnAnswer {
  readonly status: number;
  /** Empty: the status in words. */
  readonly body: string;
  readonly location?: string;
  /** More fields, each line with its CRLF. */
  readonly lines?: string;
  readonly closes: boolean;
  /** The request was HEAD: a length without a body. */
  readonly isHead: boolean;
  /** For an operator who asked for it; absent: not sent. */
  readonly cause?: string;
}

/** The whole answer. */
export function ownAnswer({ status, body, location, lines: more = '', closes, isHead, cause }: OwnAnswer): string {
  const reason = REASONS[status] ?? '';
  // RFC 9110 §15.3.5, §15.4.5: such an answer ends with its head; §15.3.6: a 205 has no content either
  const endsWithHead = status === 204 || status === 304;
  const hasContent = !WITHOUT_BODY.includes(status);
  const text = !hasContent ? '' : body === '' ? `${status} ${reason}\n` : body;
  const lines = [
    `HTTP/1.1 ${status} ${reason}`,
    ...(hasContent ? ['Content-Type: text/plain'] : []),
    ...(endsWithHead ? [] : [`Content-Length: ${text.length}`]),
    ...(status === 405 ? ['Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] : []),
    ...(location === undefined ? [] : [`Location: ${location}`]),
    ...(cause === undefined ? [] : [`Weir-Cause: ${printableAscii(cause)}`]),
    ...(closes ? ['Connection: close'] : []),
  ];
  return `${lines.join('\r\n')}\r\n${more}\r\n${isHead ? '' : text}`;
}
