// How what one of several peers sends is put into the tables, and what each of them has then: each peer has its own copy of what it has of the tables.
import type { Rivalry } from '../../../model/foreign-connection.js';
import type { ApplyOptions } from './connection-applier.js';
import type { ConnectionNews } from './connection-news.js';

/**
 * For a batch from one peer. `from`: what it has, `others`: what each of the others has.
 *
 * What is newer here is reported to that peer. It is applied nevertheless where it came from that peer and had no packet here since: times of one peer
 * may seem to go back. And so it is where that peer wins and sends it again after it got what is here: then the times are too close for both.
 */
export function fromPeer(from: ConnectionNews, others: readonly ConnectionNews[], rivalry: Rivalry): ApplyOptions {
  return {
    rivalry,
    placed: (_, place, answer) => {
      if (answer === 'ended') for (const news of [from, ...others]) news.ended(place);
      else {
        from.known(place);
        for (const news of others) news.foreign(place);
      }
    },
    newer: (_, place) => {
      if (place.isEnd) for (const news of others) news.contest(place);
      const sent = from.isSent(place);
      if (sent === 'last') return 'always';
      return sent === 'again' || (from.contest(place) > 0 && rivalry.wins) ? 'close' : undefined;
    },
  };
}
