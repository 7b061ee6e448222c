/**
 * Tests of what stands beside Node on a machine: nginx, Redis, tokens, systemd. Where such a program is missing they are
 * left out, which the run says, so that `npm test` needs nothing but Node; in CI, which installs them, nothing is left out.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Who may mount, which RAUC does with what it installs. */
const ROOT = 'the rights of root';

/** Test files by project, and the programs that they run. */
const NEEDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  signer: {
    'src/custody.test.ts': ['openssl', 'softhsm2-util', 'pkcs11-tool'],
    'src/keys/aws-kms-key.test.ts': ['openssl'],
    'src/keys/exec-key.test.ts': ['openssl'],
    'src/keys/gcp-kms-key.test.ts': ['openssl'],
    'src/keys/kms-key.test.ts': ['openssl'],
    'src/keys/pkcs11-key.test.ts': ['softhsm2-util', 'pkcs11-tool'],
  },
  agent: {
    'src/install/ab/ab-image-installer.test.ts': ['fw_setenv', 'grub-editenv'],
    'src/install/ab/block-device.test.ts': ['losetup', 'mke2fs', 'mount', 'grub-editenv', ROOT],
    'src/install/ab/grub-start.test.ts': ['grub-emu', 'grub-editenv', 'mke2fs', 'debugfs'],
    'src/install/ab/uboot-environment.test.ts': ['fw_setenv', 'strace'],
    'src/install/rauc/rauc-installer.test.ts': ['rauc', 'mksquashfs', 'dbus-daemon', 'openssl', ROOT],
    'src/install/script/mender-modules.test.ts': ['mender'],
    'src/install/swupdate/swupdate-installer.test.ts': ['swupdate', 'fw_setenv', 'cpio', 'openssl'],
  },
  chaos: { 'faults.test.ts': ['redis-server', 'mount'] },
  e2e: {
    'docs/device-engineer.test.ts': ['python3'],
    'docs/installers.test.ts': ['rauc', 'mksquashfs', 'swupdate', 'cpio', 'openssl'],
    'e2e/agent-under-systemd.test.ts': ['systemd-notify', 'python3'],
    'e2e/plain-file-server.test.ts': ['python3'],
    'e2e/systemd-units.test.ts': ['systemd-analyze'],
    'images/run.test.ts': ['redis-server', 'redis-cli'],
    'packages/debian.test.ts': ['dpkg-deb', 'lintian'],
    'proxy/nginx.test.ts': ['nginx', 'openssl'],
    'server/redis-loss.test.ts': ['redis-server'],
    'server/rolling-restart.test.ts': ['nginx', 'openssl'],
    'signing-service/queue-loss.test.ts': ['redis-server'],
  },
};

/** Test files of a project that cannot run here; none where `CI` is set. */
export function leftOut(project: string): string[] {
  if (process.env['CI']) return [];
  return Object.entries(NEEDS[project] ?? {})
    .filter(([, programs]) => !programs.every(isInstalled))
    .map(([file]) => file);
}

/** What is missing here, and how many test files for want of it are left out; undefined where none are. */
export function wantingWords(): string | undefined {
  const files = Object.keys(NEEDS).flatMap(project => leftOut(project).map(file => NEEDS[project]?.[file] ?? []));
  if (files.length === 0) return undefined;
  const missing = new Set(files.flat().filter(program => !isInstalled(program)));
  return `${files.length} test files are left out here, for want of: ${[...missing].join(', ')}`;
}

function isInstalled(program: string): boolean {
  if (program === ROOT) return process.getuid?.() === 0;
  // nginx and others are where only root looks.
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin'];
  return folders.some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
