// How what one of several peers sends is put into the tables, and what each of them has then: each peer has its own copy of what it has of the tables.
import type { Rivalry } from '../../../model/foreign-connection.js';
import { Conf } from '../abi.gen.js';
import { secondsOf } from '../table/clock.js';
import type { ApplyAgain, Place } from './apply-page.js';
import type { ApplyOptions } from './connection-applier.js';
import type { ConnectionNews } from './connection-news.js';
import type { RecentEnds } from './recent-ends.js';

/** What has ended lately, and the number of the peer that a batch is from. */
export interface PeerEnds {
  readonly ends: RecentEnds;
  readonly peer: number;
}

/**
 * For a batch from one peer. `from`: what it has, `others`: what each of the others has. `known`: with two peers and more.
 *
 * What is newer here is reported to that peer. It is applied nevertheless where it came from that peer and had no packet here since: times of one peer
 * may seem to go back. Where times are too close and that peer wins, it is applied if what is here came from another one, too; if this director itself had
 * packets of it, only when the peer sends it again after it has refused what is here as older: at first it may be this director's own, which has come back.
 */
export function fromPeer(from: ConnectionNews, others: readonly ConnectionNews[], rivalry: Rivalry, known?: PeerEnds): ApplyOptions {
  const { conf } = from.tables;
  const idleMs = ({ idle }: Pick<Place, 'idle'>): number => 1000 * secondsOf(idle, conf.get(0, Conf.hz));
  return {
    rivalry: { ...rivalry, wins: false },
    ahead: (pin, slots, count) => {
      for (const news of [from, ...others]) news.ahead(pin, slots, count);
    },
    placed: (_, place, answer) => {
      if (answer === 'ended') for (const news of [from, ...others]) news.ended(place);
      else {
        from.known(place, answer === 'made');
        for (const news of others) news.foreign(place);
      }
    },
    newer: (_, place) => newer(from, others, rivalry, place),
    ...(known && {
      overrule: (place, answer) => {
        const { ends, peer } = known;
        // Who had the last packet knows better whether it has ended.
        if (ends.covers(place, peer, idleMs(place)))
          return rivalry.owners === true && !place.isTemplate && !place.isOwn ? 'report' : 'over';
        if (answer === 'gone' || ends.areFrom(place, peer)) return undefined;
        return [from, ...others].some((news) => news.hasEndedUnseen(place)) ? 'over' : undefined;
      },
      ended: (place) => known.ends.note(place, known.peer, idleMs(place)),
    }),
  };
}

function newer(
  from: ConnectionNews,
  others: readonly ConnectionNews[],
  { wins, owners }: Rivalry,
  place: Place,
): Exclude<ApplyAgain, 'over' | 'report'> | undefined {
  if (place.isEnd) for (const news of others) news.contest(place);
  const sent = from.isSent(place);
  if (sent === 'last') return 'always';
  from.named(place);
  if (owners === true && !place.isEnd && !place.isTemplate && place.isOwn !== from.isOwn(place)) {
    if (place.isOwn) return 'wins';
    from.contest(place);
    return undefined;
  }
  if (sent === 'again' || (from.contest(place) && wins)) return 'close';
  return wins && from.isForeign(place) ? 'wins' : undefined;
}
