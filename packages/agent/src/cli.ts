#!/usr/bin/env node
/** `tidegate-agent`: the agent, and the owner's commands to it. */
import { AgentError } from './agent-error.ts';
import { readCommandLine } from './cli/command-line.ts';
import { CommandError, EXIT } from './cli/exit-code.ts';
import { PROGRAM } from './cli/program.ts';
import { ConfigError } from './config-error.ts';

void main(process.argv.slice(2)).then(code => process.exit(code));

async function main(words: readonly string[]): Promise<number> {
  try {
    const typed = readCommandLine(PROGRAM, words);
    if (typed.kind === 'help') process.stdout.write(typed.text);
    else await typed.run();
    return EXIT.ok;
  } catch (error) {
    process.stderr.write(`tidegate-agent: ${said(error)}\n`);
    return error instanceof CommandError ? error.exitCode : EXIT.failed;
  }
}

function said(error: unknown): string {
  if (error instanceof AgentError) return `${error.code}: ${error.message}`;
  if (error instanceof CommandError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
