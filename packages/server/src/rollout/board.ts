/** Signature first. */
import type { Deps } from '../deps.ts';

export interface Board {
  /** True while the view was confirmed within the last second: for `/readyz`. */
  readonly confirmed: () => boolean;
  readonly reload: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function openBoard(_deps: Deps & { readonly url: string }): Promise<Board> {
  throw new Error('being written');
}
