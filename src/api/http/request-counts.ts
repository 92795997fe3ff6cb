// How many requests each route has answered, with which status, and how long that took: for /metrics.
import type { ApiSnapshot, RouteDurations } from '../../metrics/snapshot.js';
import { ClassCounts } from '../../model/class-counts.js';

const BOUNDS_S: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1];

interface Counted {
  readonly method: string;
  readonly route: string;
  readonly byStatus: Map<number, number>;
  readonly durations: ClassCounts;
}

/** Of a route: its method and place. */
interface Named {
  readonly method: string;
  readonly at: string;
}

export class RequestCounts {
  readonly #routes = new Map<string, Counted>();

  #of({ method, at }: Named): Counted {
    const name = `${method} ${at}`;
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const counted = { method, route: at, byStatus: new Map<number, number>(), durations: new ClassCounts(BOUNDS_S) };
    this.#routes.set(name, counted);
    return counted;
  }

  answered(route: Named, status: number): void {
    const { byStatus } = this.#of(route);
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }

  /** From the request to the last piece of its answer. */
  took(route: Named, seconds: number): void {
    this.#of(route).durations.count(seconds);
  }

  snapshot(): Pick<ApiSnapshot, 'requests' | 'durations'> {
    const all = [...this.#routes.values()];
    return {
      requests: all.flatMap(({ method, route, byStatus }) => [...byStatus].map(([status, count]) => ({ method, route, status, count }))),
      durations: all.map(({ method, route, durations }): RouteDurations => ({ method, route, ...durations.classes })),
    };
  }
}
