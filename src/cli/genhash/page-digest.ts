// Asks for a page as HTTP_GET and SSL_GET do, by their own conversation, and works out the digest that a check would compare.
import { Buffer } from 'node:buffer';
import { WEB_REFUSED } from '../../control/check/kinds/http.js';
import { beginHttp, bodyDigest, converse, type HttpState } from '../../control/check/kinds/http-conversation.js';
import type { Attempt, Outcome } from '../../control/check/messages.js';
import { failed, type Probe, type ProbeStep, probeOf, succeeded } from '../../control/check/probe.js';
import { AttemptRun } from '../../daemon/checker/attempts/attempt-run.js';
import { openCarrier } from '../../daemon/checker/attempts/carriers.js';
import { contextForAnyServer } from '../../daemon/checker/attempts/tls-contexts.js';
import type { PageRequest } from './options.js';
import { READ_BYTES, received, resulting } from './transcript.js';

/** Nothing here judges a page or runs a script. */
const unused = (): never => {
  throw new Error('a page is only asked for');
};

/** The attempt of a check that wants any page there is. */
function attemptOf({ address, port, path, tls, sni, virtualHost, mark, protocol, timeoutUs }: PageRequest): Attempt {
  return {
    number: 1,
    checker: 0,
    check: {
      kind: tls ? 'ssl' : 'http',
      urls: [{ path, statusCodes: [], digest: '', tlsCompliant: false }],
      protocol,
      fastRecovery: false,
      sni,
      tlsCompliant: false,
      ...(virtualHost === undefined ? {} : { virtualHost }),
    },
    target: { address, port, fwmark: mark },
    connectTimeoutUs: timeoutUs,
    intervalUs: timeoutUs,
    url: 0,
    hostName: '',
  };
}

/** The text of a failure that is none of the conversation: the server ended it before the end of a head. */
export const NO_DATA = 'no data received from remote webserver';

/** The conversation of a check, whose answer is not judged; `print`: for -v, what is received. */
function pageProbe(print: ((text: string) => void) | undefined): Probe {
  const judge = (state: HttpState): ProbeStep<HttpState> => {
    const digest = bodyDigest(state);
    print?.(resulting(Buffer.from(digest, 'hex')));
    return state.head === undefined ? failed(state, NO_DATA) : succeeded(state, { text: digest });
  };
  return probeOf<HttpState>({
    transport: ({ kind }) => (kind === 'ssl' ? 'tls' : 'tcp'),
    refused: WEB_REFUSED,
    begin: beginHttp,
    step: (before, input, attempt, tools) => {
      if (input.kind !== 'received') return converse(before, input, attempt, tools, judge);
      let step: ProbeStep<HttpState> = { state: before };
      for (let at = 0; at < input.bytes.length && step.outcome === undefined; at += READ_BYTES) {
        const bytes = input.bytes.subarray(at, at + READ_BYTES);
        const { state } = step;
        step = converse(state, { kind: 'received', bytes }, attempt, tools, judge);
        print?.(received(state, bytes, step.state));
      }
      return step;
    },
  });
}

/** `stop` ends it without an answer, by a signal. */
export interface Asking {
  readonly outcome: Promise<Outcome | undefined>;
  readonly stop: () => void;
}

export function askForPage(page: PageRequest, print?: (text: string) => void): Asking {
  let stop = (): void => {};
  const outcome = new Promise<Outcome | undefined>((done) => {
    const carrierTools = { runScript: unused, secureContext: contextForAnyServer, random: unused, openVip: unused };
    const run = new AttemptRun(
      attemptOf(page),
      { match: unused, random: unused },
      (attempt, feed) => openCarrier(attempt, feed, carrierTools),
      done,
      pageProbe(print),
    );
    stop = () => {
      run.abandon();
      done(undefined);
    };
  });
  return { outcome, stop: () => stop() };
}
