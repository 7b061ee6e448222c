/** Words that several commands' help shares. */
export const KEY_HINT = 'file:PATH, or the name of a key in the keys folder; repeat or separate by commas';
export const PASSPHRASE_HINT = 'file with the passphrase (else TIDEGATE_PASSPHRASE, else a question)';
