import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readConfig } from './config.ts';
import { ConfigError } from './config-error.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

const app = { name: 'app', installer: 'directory', folder: '/srv/app', factory: { version: '1.0.0', counter: 1 } };
const script = {
  name: 'valve',
  installer: 'script',
  executable: '/usr/lib/valve-update',
  dialect: 'mender-v3',
  folder: '/var/lib/valve',
  runAs: { uid: 990, gid: 990 },
  timeoutSeconds: 60,
  timeoutsSeconds: { ArtifactInstall: 600 },
  factory: { version: '1', counter: 1 },
};
const rootfs = {
  name: 'rootfs',
  installer: 'ab-image',
  slots: { a: '/dev/disk/by-partlabel/a', b: '/dev/disk/by-partlabel/b' },
  boot: { loader: 'u-boot', config: '/etc/fw_env.config' },
  factory: { version: '1', counter: 1 },
};
const rauc = {
  name: 'rootfs',
  installer: 'rauc',
  slots: { a: 'rootfs.0', b: 'rootfs.1' },
  systemConfig: '/etc/rauc/system.conf',
  timeoutSeconds: 900,
  factory: { version: '1', counter: 1 },
};
const swupdate = {
  name: 'rootfs',
  installer: 'swupdate',
  select: { a: 'stable,a', b: 'stable,b' },
  certificate: '/etc/swupdate/cert.pem',
  hardwareRevision: 'gw2:1.0',
  boot: { loader: 'grub', environment: '/boot/grub/grubenv' },
  trialBoots: 2,
  factory: { version: '1', counter: 1 },
};
const good = {
  product: 'gw2',
  hardware: 'gw2-a',
  channel: 'stable',
  channels: ['stable', 'beta'],
  server: 'https://updates.example',
  rootFile: '/etc/tidegate/root.json',
  builtAt: '2026-11-01T00:00:00Z',
  netDir: '/var/lib/tidegate/net',
  trustDir: '/var/lib/tidegate/trust',
  adminSocket: '/run/tidegate/admin.sock',
  userSocket: '/run/tidegate/user.sock',
  components: [app, script, rootfs],
};

async function read(text: string) {
  const file = join(folder, 'agent.yaml');
  await writeFile(file, text);
  return readConfig(file);
}

test('reads a whole config', async () => {
  expect(await read(stringify(good))).toEqual(good);
});

test.each([rauc, swupdate])('reads a system of the installer $installer', async component => {
  const config = { ...good, components: [component] };
  expect(await read(stringify(config))).toEqual(config);
});

test('mirrors alone are enough', async () => {
  const { server: _, ...alone } = { ...good, mirrors: ['https://files.example'] };
  expect(await read(stringify(alone))).toEqual(alone);
});

test.each([
  ['a misspelt key', { chanel: 'stable' }, 'chanel'],
  ['a missing key', { product: undefined }, 'product'],
  ['no folder for trust', { trustDir: '' }, 'trustDir'],
  ['a server that is no web address', { server: 'ftp://updates.example' }, 'server'],
  ['a mirror that is no web address', { mirrors: ['https://a.example', 'nowhere'] }, 'mirrors/1'],
  ['a time that is none', { builtAt: 'yesterday' }, 'builtAt'],
  ['no component', { components: [] }, 'components'],
  ['an unknown installer', { components: [{ ...app, installer: 'magic' }] }, 'components/0/installer'],
  ['a script without an executable', { components: [{ ...script, executable: undefined }] }, 'components/0/executable'],
  ['words that no module speaks', { components: [{ ...script, dialect: 'mender-v9' }] }, 'components/0/dialect'],
  ['a key of another installer', { components: [app, { ...script, service: {} }] }, 'components/1/service'],
  ['one slot only', { components: [{ ...rootfs, slots: { a: '/dev/a' } }] }, 'components/0/slots/b'],
  ['a boot loader that nobody knows', { components: [{ ...rootfs, boot: { loader: 'lilo' } }] }, 'components/0/boot'],
  ['more trial boots than can be counted', { components: [{ ...rootfs, trialBoots: 9 }] }, 'components/0/trialBoots'],
  [
    'a slot of RAUC by its device',
    { components: [{ ...rauc, slots: { a: '/dev/a', b: 'b' } }] },
    'components/0/slots/a',
  ],
  ['a set without a mode', { components: [{ ...swupdate, select: { a: 'a', b: 'b' } }] }, 'components/0/select/a'],
  ['no signer', { components: [{ ...swupdate, certificate: undefined }] }, 'components/0/certificate'],
  ['a user by name', { components: [{ ...script, runAs: { uid: 'valve', gid: 1 } }] }, 'components/0/runAs/uid'],
  ['a counter of nothing', { components: [{ ...app, factory: { version: '1.0.0', counter: 0 } }] }, 'counter'],
  ['a service without a command', { components: [{ ...app, service: { command: [] } }] }, 'components/0/service'],
  ['a check without a command', { components: [{ ...app, check: { command: [] } }] }, 'components/0/check'],
  ['a server that is silent for ever', { withoutServer: { afterSilentDays: 365 } }, 'withoutServer/afterSilentDays'],
  ['neither server nor mirrors', { server: undefined }, 'mirrors'],
  ['a span without end', { firstCheckWithinSeconds: 1e9 }, 'firstCheckWithinSeconds'],
  ['a name that climbs', { product: '../gw2' }, 'product'],
])('%s is an error that names the file and the key', async (_what, change, key) => {
  const failure = read(stringify({ ...good, ...change }));
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(key);
  await expect(failure).rejects.toThrow(join(folder, 'agent.yaml'));
});

test.each([
  ['hardware told twice', { hardwareProbe: ['cat', '/id'] }, 'either hardware or hardwareProbe'],
  ['hardware not told', { hardware: undefined }, 'either hardware or hardwareProbe'],
  ['a channel that the image does not allow', { channel: 'nightly' }, 'channel nightly is not one of channels'],
  ['two components of one name', { components: [app, app] }, 'two components have the same name'],
  ['two systems to start', { components: [rootfs, { ...rootfs, name: 'other' }] }, 'only one component can be started'],
  [
    'two systems of two kinds',
    { components: [rauc, { ...swupdate, name: 'other' }] },
    'only one component can be started',
  ],
  ['one socket for both roles', { userSocket: good.adminSocket }, 'adminSocket and userSocket must differ'],
  ['a socket path that the system would cut', { adminSocket: `/${'x'.repeat(99)}` }, 'too long (at most 99 bytes)'],
])('%s is a contradiction and said so', async (_what, change, sentence) => {
  await expect(read(stringify({ ...good, ...change }))).rejects.toThrow(sentence);
});

test.each(['', 'just a text', '- a list', '{ not: closed'])('a file that is no config is refused: %j', async text => {
  await expect(read(text)).rejects.toThrow(ConfigError);
});

test('a file that is not there is named', async () => {
  await expect(readConfig(join(folder, 'none.yaml'))).rejects.toThrow(/none\.yaml cannot be read/);
});
