/**
 * The agent's log: one JSON line an event, in pino's fields and levels, which log tools know. A line is written before the
 * call returns, so that the last words before a crash are not lost. Nothing that is logged may be a secret.
 */
import { hostname } from 'node:os';

const LEVELS = { info: 30, warn: 40, error: 50 } as const;
type Level = keyof typeof LEVELS;

type Say = (fields: object, text: string) => void;

/** A pino logger fits. */
export type Log = Readonly<Record<Level, Say>>;

/** @param least what is below is not written */
export function createLog(write: (line: string) => void, least: Level = 'info'): Log {
  const always = { pid: process.pid, hostname: hostname() };
  const at = (level: Level): Say => {
    if (LEVELS[level] < LEVELS[least]) return () => undefined;
    return (fields, msg) =>
      write(`${JSON.stringify({ level: LEVELS[level], time: Date.now(), ...always, ...fields, msg }, errorsToo)}\n`);
  };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

/** An error has no fields of its own that JSON would take. */
function errorsToo(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name: type, message, stack } = value;
  return { ...value, type, message, stack };
}
