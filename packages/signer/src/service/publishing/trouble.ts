/** Why a list that is complete is not out yet, in words that say what to do. Pure. */
import type { Outlook } from '../../edit/refresh.ts';
import type { SignerCode } from '../../signer-error.ts';

/** Why publishing does not go on, since when. */
export interface Trouble {
  readonly code: SignerCode | 'internal';
  readonly message: string;
  readonly since: Date;
}

export interface Delay {
  readonly code: Trouble['code'];
  readonly detail: string;
}

export function delayOf(
  role: string,
  trouble: Trouble | undefined,
  outlook: Pick<Outlook, 'stopped' | 'passedOver' | 'heldBack'> | undefined,
): Delay | undefined {
  const { stopped = [], passedOver = [], heldBack } = outlook ?? {};
  const fault = [...stopped, ...passedOver].find(f => f.role === role);
  if (fault) return { code: fault.code, detail: fault.message };
  if (trouble) return { code: trouble.code, detail: `${trouble.message}${WHAT_TO_DO[trouble.code] ?? ''}` };
  if (!heldBack) return undefined;
  const { version, waitsFor } = heldBack;
  return {
    code: 'threshold-not-met',
    detail: `targets ${version} is not out yet: sign the next lists of ${waitsFor.join(', ')} first.`,
  };
}

/** For those whose words come from elsewhere. */
const WHAT_TO_DO: Partial<Record<Trouble['code'], string>> = {
  network: ' It is tried again until the server answers.',
  'publication-conflict':
    ' Somebody else publishes with the same keys: stop them. It is tried again above what our own timestamp key signed.',
  'server-refused':
    " It is tried again. Look at the server's words: its token, its trusted root, or a repository folder from an older copy.",
  'read-back-differs': ' It is tried again. Look at what caches lie between the server and its devices.',
  internal: ' It is tried again. The log of the service says more.',
};
