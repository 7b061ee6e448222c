/** The routes of a listener, as they are registered. */
import type { TestApp } from '@tidegate/server/testing';

export interface Route {
  readonly method: string;
  /** With its parameters' names. */
  readonly path: string;
}

/** Fastify tells its routes as a tree, a level every four characters, each node with the rest of its path. */
export function routesOf(listener: TestApp['apps']['device']): Route[] {
  const above: string[] = [];
  return listener
    .printRoutes({ commonPrefix: true })
    .split('\n')
    .flatMap(line => {
      const [, indent = '', rest = '', methods = ''] = /^([│ ]*)[├└]── (.*?)(?: \((.+)\))?$/.exec(line) ?? [];
      const depth = indent.length / 4;
      above.splice(depth, Number.POSITIVE_INFINITY, rest);
      return methods === '' ? [] : methods.split(', ').map(method => ({ method, path: above.join('') }));
    });
}
