/** A question before what is dear to undo: asked where a person can answer, never where nobody can. */
import { SignerError } from '../signer-error.ts';
import type { Terminal } from './terminal.ts';

/** @throws SignerError `confirmation-missing` where the answer is no, or nobody can be asked */
export async function mustConfirm(terminal: Terminal, question: string): Promise<void> {
  if (!terminal.confirm) {
    throw new SignerError('confirmation-missing', 'Nothing was changed. Nobody can be asked here: say --yes to do it.');
  }
  if (!(await terminal.confirm(question))) throw new SignerError('confirmation-missing', 'Nothing was changed.');
}
