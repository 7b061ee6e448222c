/** The signing service for programs that start it themselves. */
export { processTerminal } from '../cli/terminal.ts';
export type { Point } from './point.ts';
export { runService } from './run.ts';
