/** Who is asking: the only two things that this server hangs on a request. Set by the hooks of the authenticated plugins. */
import type { OperatorRole } from '@tidegate/protocol';

export interface RequestDevice {
  /** 32 lowercase hex digits. */
  readonly id: string;
  readonly product: string;
  readonly tokenIssuedAtSeconds: number;
}

export interface RequestOperator {
  readonly id: string;
  readonly name: string;
  readonly role: OperatorRole;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** There in every route behind the device authentication, and only there. */
    device: RequestDevice;
    /** There in every route behind the operator authentication, and only there. */
    operator: RequestOperator;
  }
}
