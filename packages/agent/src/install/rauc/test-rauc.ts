/**
 * Tests: the real RAUC with its service on a bus of its own, a PKI of the test, slots that are files, and a boot loader that
 * counts starts as RAUC's backend for U-Boot does: each start takes one of those that the slot has left.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SlotName } from '../../ports.ts';

export const SLOT_BYTES = 1024 * 1024;
export const STARTS = 2;
/** By RAUC's names. */
export const SLOTS = { a: 'rootfs.0', b: 'rootfs.1' } as const;

export interface TestRauc extends AsyncDisposable {
  readonly folder: string;
  readonly systemConfig: string;
  readonly busAddress: string;
  /** A bundle with this image for the slot, signed by the device's own authority or by another. */
  bundle(image: Buffer, options?: { signedBy?: 'own' | 'other'; compatible?: string }): Promise<string>;
  /** One start of the machine. @returns the slot that runs then */
  boot(): Promise<SlotName>;
  slotHolds(slot: SlotName, image: Buffer): Promise<boolean>;
  rauc(...args: string[]): string;
  /** Lets somebody else's installation begin, and keeps it from going on. @returns what lets it go on and end */
  installAndHold(bundle: string): Promise<() => Promise<void>>;
}

export async function openTestRauc(): Promise<TestRauc> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-rauc-'));
  const at = (name: string) => join(folder, name);
  const busAddress = `unix:path=${at('bus')}`;
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: busAddress };
  for (const name of ['in', 'data', 'mnt']) await mkdir(at(name));
  for (const slot of ['a', 'b']) await writeFile(at(`slot-${slot}`), Buffer.alloc(SLOT_BYTES));
  for (const name of ['own', 'other']) makeAuthority(at(`${name}.cert`), at(`${name}.key`));
  await writeFile(at('boot-state'), `first=A\nA=${STARTS}\nB=${STARTS}\n`);
  await writeFile(at('bootctl'), BOOTCTL.replaceAll('@STATE@', at('boot-state')), { mode: 0o755 });
  const wait = `#!/bin/sh\nif test -e ${at('hold')}; then touch ${at('held')}; fi\nwhile test -e ${at('hold')}; do sleep 0.02; done\n`;
  await writeFile(at('pre-install'), wait, { mode: 0o755 });
  await writeFile(at('bus.conf'), BUS.replaceAll('@BUS@', at('bus')));
  await writeFile(at('system.conf'), SYSTEM.replaceAll('@FOLDER@', folder));

  const rauc = (...args: string[]) => execFileSync('rauc', args, { env, encoding: 'utf8', stdio: 'pipe' });
  const bus = spawn('dbus-daemon', [`--config-file=${at('bus.conf')}`, '--nofork'], { stdio: 'ignore' });
  let service: ChildProcess | undefined;
  const start = async (name: string) => {
    if (service) await stop(service);
    const options = [`--conf=${at('system.conf')}`, `--override-boot-slot=${name}`];
    service = spawn('rauc', ['service', ...options], { env, stdio: 'ignore' });
    await answers(rauc, name);
  };
  await start('A');

  return {
    folder,
    systemConfig: at('system.conf'),
    busAddress,
    rauc,
    async bundle(image, { signedBy = 'own', compatible = 'gw2' } = {}) {
      const manifest = `[update]\ncompatible=${compatible}\nversion=1\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n`;
      await writeFile(at('in/rootfs.img'), image);
      await writeFile(at('in/manifest.raucm'), manifest);
      await rm(at('made.raucb'), { force: true });
      rauc('bundle', `--cert=${at(`${signedBy}.cert`)}`, `--key=${at(`${signedBy}.key`)}`, at('in'), at('made.raucb'));
      return at('made.raucb');
    },
    async boot() {
      const name = execFileSync(at('bootctl'), ['boot'], { encoding: 'utf8' }).trim();
      await start(name);
      return name === 'B' ? 'b' : 'a';
    },
    async installAndHold(bundle) {
      await writeFile(at('hold'), '');
      const ended = promisify(execFile)('rauc', ['install', bundle], { env });
      while (!existsSync(at('held'))) await setTimeout(10);
      return async () => {
        await rm(at('hold'));
        await ended;
      };
    },
    async slotHolds(slot, image) {
      return (await readFile(at(`slot-${slot}`))).subarray(0, image.length).equals(image);
    },
    async [Symbol.asyncDispose]() {
      if (service) await stop(service);
      await stop(bus);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function makeAuthority(certificate: string, key: string): void {
  const how = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650', '-subj', '/CN=test'];
  execFileSync('openssl', ['req', '-x509', ...how, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function answers(rauc: TestRauc['rauc'], booted: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const { booted: now } = JSON.parse(rauc('status', '--output-format=json')) as { booted: string };
      if (now === booted) return;
    } catch (error) {
      if (tries > 200) throw error;
    }
    await setTimeout(20);
  }
}

/** RAUC's custom backend, and `boot`, which is the boot loader itself. */
const BOOTCTL = `#!/bin/sh
set -e
. @STATE@
put() { printf 'first=%s\\nA=%s\\nB=%s\\n' "$first" "$A" "$B" > @STATE@.new; mv @STATE@.new @STATE@; }
left() { eval echo "\\$$1"; }
primary() { for s in $first A B; do if [ "$(left $s)" -gt 0 ]; then echo $s; return; fi; done; exit 1; }
case "$1" in
  get-primary) primary;;
  set-primary) first=$2; eval "$2=${STARTS}"; put;;
  get-state) if [ "$(left $2)" -gt 0 ]; then echo good; else echo bad; fi;;
  set-state) if [ "$3" = good ]; then eval "$2=${STARTS}"; else eval "$2=0"; fi; put;;
  boot) s=$(primary); eval "$s=$(($(left $s) - 1))"; put; echo $s;;
  *) exit 1;;
esac
`;

const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=@BUS@</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
`;

const SYSTEM = `[system]
compatible=gw2
bootloader=custom
mountprefix=@FOLDER@/mnt
statusfile=@FOLDER@/data/status.raucs
bundle-formats=plain verity
activate-installed=false

[keyring]
path=@FOLDER@/own.cert

[handlers]
bootloader-custom-backend=@FOLDER@/bootctl
pre-install=@FOLDER@/pre-install

[slot.rootfs.0]
device=@FOLDER@/slot-a
type=raw
bootname=A

[slot.rootfs.1]
device=@FOLDER@/slot-b
type=raw
bootname=B
`;
