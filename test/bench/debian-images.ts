/**
 * Two versions of a root file system as a maker would ship them: real Debian packages, as the release has them and as the
 * newest updates have them, unpacked into an uncompressed ext4. By `apt-get download` on Debian; the versions move on with
 * the archive, so that only figures of one run can be held against each other.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const run = promisify(execFile);

const USERLAND = [
  'base-files bash busybox coreutils util-linux libc6 libc-bin locales tzdata ca-certificates zlib1g libcap2 sudo',
  'openssl libssl3 libgnutls30 libkrb5-3 libgssapi-krb5-2 libxml2 libexpat1 libsqlite3-0 libglib2.0-0 libnghttp2-14',
  'python3.11 python3.11-minimal libpython3.11-stdlib libpython3.11-minimal',
  'perl perl-base perl-modules-5.36 libperl5.36 curl libcurl4 git tar gzip xz-utils liblzma5',
  'systemd libsystemd0 udev libudev1 openssh-server openssh-client wpasupplicant bind9-dnsutils bind9-libs',
  'nginx-common vim vim-common vim-runtime',
].flatMap(line => line.split(' '));

/** `security`: a routine update; `kernel`: the same with another kernel, which changes nearly half of the image. */
export const PAIRS = { security: [], kernel: ['linux-image-amd64'] } as const;

export interface ImagePair {
  readonly oldPath: string;
  readonly newPath: string;
}

/** @param folder where the images and what they are made of are kept */
export async function debianImages(folder: string, extra: readonly string[]): Promise<ImagePair> {
  const old: string[] = [];
  const next: string[] = [];
  for (const name of USERLAND) {
    const [base, newest] = await versionsOf(name);
    old.push(`${name}=${base}`);
    next.push(`${name}=${newest}`);
  }
  for (const name of extra) {
    const [base, newest] = await versionsOf(name);
    old.push(await dependencyOf(name, base));
    next.push(await dependencyOf(name, newest));
  }
  return { oldPath: await imageOf(folder, 'old', old), newPath: await imageOf(folder, 'new', next) };
}

/** As the release has it, and the newest one. */
async function versionsOf(name: string): Promise<[string, string]> {
  const { stdout } = await run('apt-cache', ['madison', name]);
  const rows = stdout.split('\n').flatMap(line => {
    const [, version = '', source = ''] = line.split('|').map(part => part.trim());
    return version === '' ? [] : [{ version, source }];
  });
  const base = rows.find(({ source }) => /debian [a-z]+\/main/.test(source))?.version;
  if (base === undefined) throw new Error(`apt knows no ${name} of a Debian release: run apt-get update on Debian`);
  let newest = base;
  for (const { version } of rows) if (await isNewer(version, newest)) newest = version;
  return [base, newest];
}

function isNewer(version: string, than: string): Promise<boolean> {
  return run('dpkg', ['--compare-versions', version, 'gt', than]).then(
    () => true,
    () => false,
  );
}

/** The kernel that a kernel's metapackage stands for. */
async function dependencyOf(name: string, version: string): Promise<string> {
  const { stdout } = await run('apt-cache', ['show', `${name}=${version}`]);
  const found = /^Depends:.*?\b(linux-image-[\w.+-]+) \(= ([^)]+)\)/m.exec(stdout);
  if (!found) throw new Error(`${name} ${version} depends on no kernel`);
  return `${found[1]}=${found[2]}`;
}

async function imageOf(folder: string, name: string, packages: readonly string[]): Promise<string> {
  const [debs, tree, image] = [join(folder, `${name}.debs`), join(folder, `${name}.tree`), join(folder, `${name}.img`)];
  await mkdir(debs, { recursive: true });
  await run('apt-get', ['download', '-q', ...packages], { cwd: debs });
  for (const deb of (await readdir(debs)).toSorted()) await run('dpkg-deb', ['-x', join(debs, deb), tree]);
  const { stdout } = await run('du', ['-s', '--apparent-size', '-BM', tree]);
  const size = Math.ceil(Number.parseInt(stdout, 10) * 1.15) + 32;
  const same = ['-U', '00000000-0000-4000-8000-000000000001', '-E', 'hash_seed=00000000-0000-4000-8000-000000000002'];
  const options = ['-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', ...same, '-d', tree, image, `${size}M`];
  await run('mke2fs', options, { env: { ...process.env, E2FSPROGS_FAKE_TIME: '1700000000' } });
  await rm(tree, { recursive: true });
  await rm(debs, { recursive: true });
  return image;
}
