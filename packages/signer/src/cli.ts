#!/usr/bin/env node
/** The process `tidegate-signer`. */
import { guardProcess } from './cli/guarded-process.ts';
import { run } from './cli/program.ts';
import { processTerminal } from './cli/terminal.ts';

guardProcess();
// Not left to end by itself: a timer of the queue's library may outlast the service by ten seconds.
process.exit(await run(process.argv.slice(2), processTerminal()));
