/**
 * What a route says of itself for the OpenAPI document, beyond its schemas, and who may call it. The latter is said by
 * the hook that lets callers in, not by the route: what the document promises is what is enforced.
 */
import type { OperatorRole, ProblemCode } from '@tidegate/protocol';
import type { FastifyInstance } from 'fastify';

export type Access =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'device' }
  | { readonly kind: 'operator'; readonly role: OperatorRole };

/** An answer that no response schema describes: bytes, text, or nothing but headers. */
export interface BareAnswer {
  readonly description: string;
  /** Absent: no body. */
  readonly mediaType?: string;
  /** Needed where the body is JSON. */
  readonly example?: unknown;
  /** What each header says. */
  readonly headers?: Readonly<Record<string, string>>;
}

declare module 'fastify' {
  interface FastifySchema {
    /** What the handler itself refuses with. What access, body and parameters may be refused with is derived. */
    problems?: readonly ProblemCode[];
    /** Media type of a body that is not JSON. */
    takes?: string;
    /** By status. */
    answers?: Readonly<Record<number, BareAnswer>>;
    /** What the `*` of the path stands for, with parameters as in a path: `/:product/:file`. */
    wildcard?: string;
  }
  interface FastifyContextConfig {
    access?: Access;
    /** Turned away with these where too much is asked; said by the hooks that do it. */
    loadProblems?: readonly ProblemCode[];
  }
}

/** For every route that is registered in this plugin from here on. */
export function markAccess(app: FastifyInstance, accessOf: (method: string) => Access): void {
  app.addHook('onRoute', route => {
    route.config = { ...route.config, access: accessOf(String(route.method)) };
  });
}
