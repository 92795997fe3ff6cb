// From a listener and a request to its route.
import type { Host } from '../../../model/layer7/host.js';
import type { Layer7 } from '../../../model/layer7/layer7.js';
import type { RequestFacts } from '../request.js';
import { HostTable } from './host-table.js';
import { type RouteEntry, RouteTable } from './route-table.js';

interface RoutedHost {
  readonly host: Host;
  readonly routes: RouteTable;
}

export class Router {
  readonly #byListener = new Map<string, HostTable<RoutedHost>>();

  constructor({ listeners, hosts }: Layer7) {
    const routed = hosts.map((host): RoutedHost => ({ host, routes: new RouteTable(host.routes) }));
    for (const { name } of listeners) {
      const here = routed.filter(({ host }) => host.listeners.includes(name));
      const fallback = here.find(({ host }) => host.defaultOn.includes(name)) ?? here[0];
      if (fallback === undefined) continue;
      const table = new HostTable(fallback);
      for (const one of here) for (const hostName of one.host.names) table.add(hostName, one);
      this.#byListener.set(name, table);
    }
  }

  /** The host of a name on a listener; undefined: the listener has none. */
  host(listener: string, name: string): Host | undefined {
    return this.#byListener.get(listener)?.find(name).host;
  }

  /** undefined: no route, which is 404, or no host on this listener. */
  find(listener: string, facts: RequestFacts): RouteEntry | undefined {
    return this.#byListener.get(listener)?.find(facts.host).routes.find(facts);
  }
}
