/**
 * The user's own file, as `--firmware` names it: whether it can be taken at all, judged before anything is set up, and
 * what it is called where it is signed.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, createWriteStream, type Stats, statfsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatTargetPath, parseTargetPath } from '@tidegate/protocol';
import { FACTORY_FILE } from '@tidegate/test';

const MEBIBYTE = 1024 ** 2;
export const FIRMWARE_BYTES_MAX = 256 * MEBIBYTE;
const FILE_CHARS_MAX = 128;
const VERSION_CHARS_MAX = 64;
const VERSION_UNLESS_TOLD = '1.0.0';

export interface FirmwareFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** The last part of its target's path, and its name on the devices. */
  readonly name: string;
  readonly version: string;
}

/**
 * @param given as the user typed it @param cwd where the user stood
 * @throws Error in plain words, for people, where the file cannot be taken
 */
export function inspectFirmware(given: string, cwd: string): FirmwareFile {
  if (given === '') throw new Error('Name a file.');
  const path = resolve(cwd, given);
  const about = look(path);
  if (about.isDirectory()) throw new Error(`${path} is a folder. Pack it into one file first, for instance with tar.`);
  if (!about.isFile()) throw new Error(`${path} is not a regular file.`);
  if (about.size === 0) throw new Error(`${path} is empty.`);
  if (about.size > FIRMWARE_BYTES_MAX) {
    const most = `${FIRMWARE_BYTES_MAX / MEBIBYTE} MiB`;
    throw new Error(`${path} has ${mebibytes(about.size)} MiB; the demonstration takes up to ${most}.`);
  }
  const name = signedName(basename(path));
  return { path, bytes: about.size, name, version: versionIn(name) };
}

/** The name that it is signed under: the letters, digits and `._+-` that the path of a target allows. Pure. */
export function signedName(original: string): string {
  const plain = original
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .replaceAll(/[^0-9A-Za-z._+-]+/g, '-');
  const extension = /^\.[0-9A-Za-z]{1,16}$/.test(extname(plain)) ? extname(plain) : '';
  const stem = plain
    .slice(0, plain.length - extension.length)
    .replace(/^[^0-9A-Za-z]+/, '')
    .replace(/[._+-]+$/, '');
  return `${(stem === '' ? 'firmware' : stem).slice(0, FILE_CHARS_MAX - extension.length)}${extension}`;
}

/** The version that a file's name tells, such as 2.4.1 or 23.05.3-rc2. Pure. */
export function versionIn(name: string): string {
  const stem = name.slice(0, name.length - extname(name).length);
  const told = /(?<![0-9A-Za-z.])v?(?<version>\d+(?:\.\d+)+(?:-(?:alpha|beta|rc)\.?\d*)?)/i.exec(stem)?.groups;
  return told?.['version']?.slice(0, VERSION_CHARS_MAX) ?? VERSION_UNLESS_TOLD;
}

/** @throws Error in plain words where a release cannot be called so */
export function checkVersion(version: string): string {
  const parts = { product: 'p', channel: 'c', component: 'c', version, file: 'f' };
  if (version.length > VERSION_CHARS_MAX || !parseTargetPath(formatTargetPath(parts)))
    throw new Error(`Give up to ${VERSION_CHARS_MAX} letters, digits and ".+_-", a letter or digit first.`);
  if (version === FACTORY_FILE.version) throw new Error('That is what the devices have from the factory.');
  return version;
}

/** @throws Error that says how much room is missing: every device holds the file, and once more while it downloads it */
export function requireRoom(file: FirmwareFile, folder: string, devices: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const needed = file.bytes * (3 * devices + 4);
  if (bavail * bsize >= needed) return;
  throw new Error(
    `${devices} devices need ${mebibytes(needed)} MiB for this file, ${mebibytes(bavail * bsize)} MiB are free in ${folder}. Take fewer with --devices, or another folder with --data.`,
  );
}

export interface KeptFirmware {
  /** The copy that is signed, whatever becomes of the user's file meanwhile. */
  readonly copy: string;
  readonly sha256: string;
}

/** Copies the file into a folder under its signed name, hashing it on the way. @throws Error where it changed since */
export async function keepFirmware(file: FirmwareFile, folder: string): Promise<KeptFirmware> {
  await mkdir(folder, { recursive: true });
  const copy = join(folder, file.name);
  const hash = createHash('sha256');
  let length = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      hash.update(chunk);
      done(length > file.bytes ? new Error(`${file.path} grew while it was read`) : null, chunk);
    },
  });
  await pipeline(createReadStream(file.path), counting, createWriteStream(copy, { mode: 0o600 }));
  if (length !== file.bytes) throw new Error(`${file.path} changed while it was read`);
  return { copy, sha256: hash.digest('hex') };
}

function look(path: string): Stats {
  try {
    const about = statSync(path);
    if (about.isFile()) accessSync(path, constants.R_OK);
    return about;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new Error(`There is no file ${path}.`, { cause: error });
    if (code === 'EACCES') throw new Error(`${path} may not be read by you.`, { cause: error });
    if (code === 'ENAMETOOLONG') throw new Error('That name is too long for a file.', { cause: error });
    throw new Error(`${path} cannot be read: ${message}`, { cause: error });
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / MEBIBYTE);
}
