/**
 * Changes in plain words. Every text that comes out of a list is made harmless for a terminal: nothing that a sender wrote
 * can hide or forge a line.
 */
import type { KnownKey } from '../store/config.ts';
import type { TargetEntry } from '../tuf/metadata.ts';
import { type Change, fieldChanges } from './change.ts';

const DAY_MS = 86_400_000;

export interface Wording {
  /** Keys whose holders are known here; others are shown by their whole id. */
  readonly keys: readonly KnownKey[];
  readonly now: Date;
}

/** One line or more for each change. */
export function wordsOf(changes: readonly Change[], wording: Wording): string[] {
  return changes.flatMap(change => lines(change, wording));
}

function lines(change: Change, { keys, now }: Wording): string[] {
  switch (change.what) {
    case 'first-version':
      return [`version ${change.version}, the first`];
    case 'version':
      return [
        `version ${change.from} -> ${change.to}` +
          (change.to === change.from + 1 ? '' : ` (SKIPS ${change.to - change.from - 1} versions)`),
      ];
    case 'expires':
      return [
        `expires ${change.to} (in ${Math.floor((Date.parse(change.to) - now.getTime()) / DAY_MS)} days` +
          `${change.from === undefined ? '' : `; before: ${change.from}`})`,
      ];
    case 'key-added':
      return [`+ ${change.role}: key ${whose(change.keyid, keys)} may sign`];
    case 'key-removed':
      return [`- ${change.role}: key ${whose(change.keyid, keys)} may no longer sign`];
    case 'threshold':
      return [
        `${change.role}: ${change.to} of ${change.of} keys must sign` +
          (change.from === undefined ? '' : ` (the threshold was ${change.from})`),
      ];
    case 'delegation-added':
      return [`+ role ${change.role}: ${reach(change)}`];
    case 'delegation-removed':
      return [`- role ${change.role} is taken away: its releases are gone for devices`];
    case 'delegation-reach':
      return [`~ role ${change.role} now reaches: ${reach(change)}`];
    case 'delegation-order':
      return [`~ the order of roles is now: ${change.roles.join(', ')}`];
    case 'target-added':
      return [`+ ${printable(change.path)}`, ...describe(undefined, change.target)];
    case 'target-removed':
      return [`- ${printable(change.path)} (sha256 ${change.target.hashes.sha256})`];
    case 'target-changed':
      return [`~ ${printable(change.path)}`, ...describe(change.from, change.to)];
    case 'withdrawn':
      return [`- ${printable(change.path)} is withdrawn: ${value(change.withdrawal.reason)}`];
    case 'material-added':
      return [`+ key ${whose(change.keyid, keys)} is listed, but signs nothing`];
    case 'material-removed':
      return [`- key ${whose(change.keyid, keys)}, which signed nothing, is no longer listed`];
    case 'field':
      return [field(change)];
  }
}

function reach({ paths, terminating }: { readonly paths: readonly string[]; readonly terminating: boolean }): string {
  return `${paths.map(printable).join(', ')}${terminating ? '' : ' (others are asked too)'}`;
}

function describe(from: TargetEntry | undefined, to: TargetEntry): string[] {
  const flat = (entry: TargetEntry | undefined) =>
    entry && { sha256: entry.hashes.sha256, bytes: entry.length, ...entry.custom };
  return fieldChanges(flat(from), flat(to) ?? {}).map(change => `    ${change.what === 'field' ? field(change) : ''}`);
}

function field({ field: name, from, to }: Extract<Change, { what: 'field' }>): string {
  const was = from === undefined ? '' : ` (was ${value(from)})`;
  return `${printable(name)}: ${to === undefined ? 'no longer there' : value(to)}${was}`;
}

function value(of: unknown): string {
  return printable(typeof of === 'string' ? of : JSON.stringify(of));
}

/** A name only where it is noted here: names that travel with a list prove nothing. */
function whose(keyid: string, keys: readonly KnownKey[]): string {
  const found = keys.find(k => k.keyid === keyid);
  return found ? `${found.name} (${found.kind}, ${keyid.slice(0, 8)})` : `${keyid} (NOT KNOWN HERE)`;
}

/** Control characters, line separators and direction marks by their code. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, c => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
