#!/usr/bin/env node
/** The process `tidegate-signer`. */
import { guardProcess } from './cli/guarded-process.ts';
import { run } from './cli/program.ts';
import { processTerminal } from './cli/terminal.ts';

guardProcess();
process.exitCode = await run(process.argv.slice(2), processTerminal());
