/** How a try at a shorter way ended, where it did not throw. */
export type WayEnd =
  /** The sink has as many bytes as the image. */
  | { readonly kind: 'whole' }
  /** This source has it not, or not in ranges; another one may. */
  | { readonly kind: 'closed'; readonly why: string }
  /** It does not lead there from what this device has, whoever sends it. */
  | { readonly kind: 'unfit'; readonly why: string };
