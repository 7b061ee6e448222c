/**
 * Which names of an archive may become files of a slot. Pure. Nothing absolute, nothing that climbs out, no link that
 * could be followed out: refused, never repaired, since a signed archive has no business with any of them.
 */
const DEPTH_MAX = 32;
const NAME_BYTES_MAX = 255;

/** @returns the path without a leading `./` or trailing `/`; '' for the root itself; undefined where it is refused */
export function entryPath(raw: string): string | undefined {
  if (raw.startsWith('/') || raw.includes('\0') || raw.includes('\\')) return undefined;
  const parts = raw
    .replace(/^(\.\/)+/, '')
    .replace(/\/$/, '')
    .split('/');
  if (parts.length === 1 && (parts[0] === '' || parts[0] === '.')) return '';
  if (parts.length > DEPTH_MAX) return undefined;
  const isGood = (part: string) =>
    part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= NAME_BYTES_MAX;
  return parts.every(isGood) ? parts.join('/') : undefined;
}

/**
 * Whether a symbolic link at `path` stays inside. `..` may only stand at the front: behind a name it could climb from
 * wherever that name leads.
 */
export function linkStaysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0') || target.length > 1024) return false;
  const parts = target.split('/').filter(part => part !== '.' && part !== '');
  const firstName = parts.findIndex(part => part !== '..');
  const climbs = firstName === -1 ? parts.length : firstName;
  if (parts.slice(climbs).includes('..')) return false;
  return climbs <= path.split('/').length - 1;
}
