/**
 * The path of a target: `<product>/<channel>/<component>/<version>/<file>`, always five parts,
 * since in a TUF delegation a `*` never crosses a `/`.
 */
import { FILE_PATTERN, NAME_PATTERN, VERSION_PATTERN } from './identifiers.ts';

/** Holds lie under a product of this name, which no product can have. */
export const HOLD_PRODUCT = 'hold';
export const HOLD_FILE = 'hold.json';

export interface TargetPath {
  readonly product: string;
  readonly channel: string;
  readonly component: string;
  readonly version: string;
  readonly file: string;
}

const name = new RegExp(NAME_PATTERN);
const version = new RegExp(VERSION_PATTERN);
const file = new RegExp(FILE_PATTERN);

/** Reads a path; undefined where it is not exactly five well-formed parts. `..` and empty parts never fit. */
export function parseTargetPath(path: string): TargetPath | undefined {
  const parts = path.split('/');
  if (parts.length !== 5) return undefined;
  const [p, ch, co, v, f] = parts as [string, string, string, string, string];
  if (!name.test(p) || !name.test(ch) || !name.test(co) || !version.test(v) || !file.test(f)) return undefined;
  return { product: p, channel: ch, component: co, version: v, file: f };
}

export function formatTargetPath(t: TargetPath): string {
  return `${t.product}/${t.channel}/${t.component}/${t.version}/${t.file}`;
}

/** Where the bytes lie with consistent snapshots: the hash stands before the file's name (TUF 6.2). */
export function contentPath(path: string, sha256: string): string {
  const cut = path.lastIndexOf('/') + 1;
  return `${path.slice(0, cut)}${sha256}.${path.slice(cut)}`;
}

/** The role that signs a product's channel. */
export function channelRole(product: string, channel: string): string {
  return `p-${product}-${channel}`;
}

/** The role that signs a product's holds: it can only take away. */
export function holdRole(product: string): string {
  return `h-${product}`;
}

/** The paths that a channel's role may sign. */
export function channelPaths(product: string, channel: string): string[] {
  return [`${product}/${channel}/*/*/*`];
}

export function holdPaths(product: string): string[] {
  return [`hold/${product}/*/*/*`];
}

/** The target that holds a version of a component back, whichever channel it came by. */
export function holdPath(product: string, component: string, version: string): string {
  return `${HOLD_PRODUCT}/${product}/${component}/${version}/${HOLD_FILE}`;
}
