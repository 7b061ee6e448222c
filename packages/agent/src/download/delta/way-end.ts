import type { RangeSource } from './fetch-range.ts';

/** How a try at a shorter way ended, where it did not throw. */
export type WayEnd =
  /** The sink has as many bytes as the image. */
  | { readonly kind: 'whole' }
  /** This source has it not, or not in ranges; another one may. */
  | { readonly kind: 'closed'; readonly why: string }
  /** It does not lead there from what this device has, whoever sends it. */
  | { readonly kind: 'unfit'; readonly why: string };

export function closed({ source }: RangeSource): WayEnd {
  return { kind: 'closed', why: `${source} does not have it, or not in ranges` };
}

export function unfit(why: string): WayEnd {
  return { kind: 'unfit', why };
}
