// What is published of the sessions of BFD, with the moment at which each came into its state.
import type { BfdMachine, Session } from '../../control/bfd/state.js';
import { diagnosticText } from '../../control/bfd/texts.js';
import { detectionUs, transmitUs } from '../../control/bfd/timing.js';
import type { PublishedBfd, PublishedBfdSession } from '../../host/published-bfd.js';
import { formatAddress } from '../../model/address-text.js';

export class PublishedSessions {
  /** Of its own first report on: by name. */
  #seen = new Map<string, Pick<PublishedBfdSession, 'state' | 'sinceUs'>>();

  #session(session: Session, sinceUs: number): PublishedBfdSession {
    const { config, state, remoteState, diagnostic, remoteDiagnostic, discriminator, remoteDiscriminator, open } = session;
    const { received, sent, wentUp, wentDown } = session;
    return {
      name: config.name,
      neighbour: formatAddress(config.neighbour),
      source: config.source === undefined ? null : formatAddress(config.source),
      multihop: config.multihop,
      ...{ state, remoteState, sinceUs },
      diagnostic: diagnosticText(diagnostic),
      remoteDiagnostic: diagnosticText(remoteDiagnostic),
      ...{ discriminator, remoteDiscriminator, open },
      transmitUs: transmitUs(session),
      detectionUs: detectionUs(session),
      ...{ received, sent, wentUp, wentDown },
    };
  }

  /** `nowUs`: since 1970. */
  of({ sessions, refused }: Pick<BfdMachine, 'sessions' | 'refused'>, nowUs: number): Pick<PublishedBfd, 'sessions' | 'refused'> {
    const published = sessions.map((session) => {
      const { name } = session.config;
      const seen = this.#seen.get(name);
      const isFromStart = seen === undefined && session.wentUp === 0;
      return this.#session(session, isFromStart ? 0 : seen?.state === session.state ? seen.sinceUs : nowUs);
    });
    this.#seen = new Map(published.map((one) => [one.name, one]));
    return { sessions: published, refused: Object.fromEntries(Object.entries(refused).filter(([, count]) => count > 0)) };
  }
}
