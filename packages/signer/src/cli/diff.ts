/** `diff`: what a draft would change, worked out here from the bytes that would be signed. */
import type { Command } from 'commander';
import { judge } from '../edit/candidate.ts';
import { type CandidateOptions, candidateOf, withCandidate } from './candidate-option.ts';
import { draftText, shownDraft } from './change-lines.ts';
import { command, show } from './command.ts';
import type { Terminal } from './terminal.ts';

export function diffCommand(terminal: Terminal): Command {
  const diff = command('diff', 'Say in words what a draft would change, and who must sign it.', [
    'diff root',
    'diff --payload root.payload.json --trusted-root ./1.root.json --keys ~/keys',
  ]);
  return withCandidate(diff).action(async (role: string | undefined, _options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<CandidateOptions>();
    const candidate = await candidateOf(role, options, terminal);
    const shown = shownDraft(candidate);
    show(terminal, options, shown, draftText(shown));
    // What nobody should sign is shown, and then said by the exit code.
    judge(candidate);
  });
}
