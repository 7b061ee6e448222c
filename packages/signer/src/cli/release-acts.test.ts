import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { CYCLONEDX, statement } from '../documents/test-documents.ts';
import { signedRepository, type TestRepository } from '../test-repository.ts';
import { runCli } from './test-cli.ts';

const PRODUCT = `format: tidegate-product-1
product: gw2
channel: stable
names: {en: Gateway 2, de: Zentrale 2}
supportEnds: 2031-12-31
vulnerabilityContact: mailto:security@example.com
`;
const BUNDLE = `format: tidegate-bundle-1
product: gw2
channel: beta
version: 26.11.0
parts:
  - {component: rootfs, version: 1.0.0}
  - {component: app, version: 2.0.0}
`;

let made: TestRepository;
beforeAll(async () => {
  // Processes have the true clock.
  made = await signedRepository(new Date());
});

const cli = (args: readonly string[]) => runCli([...args, '--repo', made.dir, '--keys', join(made.dir, '..')]);
const drafts = () => readdir(join(made.dir, 'staged'));

async function answer(args: readonly string[]): Promise<object> {
  const { code, stdout, stderr } = await cli([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as object;
}

async function released(component: string, version: string): Promise<void> {
  const image = await made.image(`${component}.img`, `${component} ${version}`);
  const said = ['--product', 'gw2', '--channel', 'beta', '--component', component, '--version', version];
  expect(await cli(['release', 'add', image, ...said, '--hardware', 'gw2-b'])).toMatchObject({ code: 0 });
}

test('hold with a key takes one command; hold list tells of it, hold lift ends it', async () => {
  const version = ['gw2', 'rootfs', '9.9.9'];
  const reasons = ['--reason', 'It burns.', '--reason', 'de=Es brennt.'];
  const held = await cli(['hold', ...version, ...reasons, '--key', 'b']);
  expect(held).toMatchObject({ code: 0 });
  expect(held.stdout).toContain('h-gw2 version 2 is complete: publish it.');
  expect(held.stderr).toContain('No list here names rootfs 9.9.9 of gw2');
  const listed = await answer(['hold', 'list', 'gw2']);
  expect(listed).toMatchObject({ holds: [{ version: '9.9.9', reason: { en: 'It burns.', de: 'Es brennt.' } }] });
  expect((await cli(['hold', 'list'])).stdout).toContain('It burns.');
  expect(await cli(['hold', 'lift', ...version, '--reason', 'It was the oven.', '--key', 'b'])).toMatchObject({
    code: 0,
  });
  expect(await answer(['hold', 'list'])).toEqual({ holds: [] });
});

test('a hold by a foreign key exits with 8, without a reason with 2, of what is not held with 1', async () => {
  const before = await drafts();
  const version = ['gw2', 'rootfs', '8.8.8'];
  expect(await cli(['hold', ...version, '--reason', 'x', '--key', 'ci'])).toMatchObject({ code: 8 });
  expect(await cli(['hold', ...version])).toMatchObject({ code: 2 });
  expect(await cli(['hold', ...version, '--reason', 'a', '--reason', 'en=b'])).toMatchObject({ code: 2 });
  const none = await cli(['hold', 'lift', ...version, '--reason', 'x']);
  expect(none).toMatchObject({ code: 1 });
  expect(none.stderr).toContain('[target-unknown]');
  expect(await drafts()).toEqual(before);
});

test('bundle add lists releases as one, once; one that is not listed exits with 1, a faulty file with 11', async () => {
  const file = join(made.dir, '..', 'bundle.yaml');
  await writeFile(file, BUNDLE);
  await released('rootfs', '1.0.0');
  const early = await cli(['bundle', 'add', file]);
  expect(early).toMatchObject({ code: 1 });
  expect(early.stderr).toContain('[target-unknown]');
  await released('app', '2.0.0');
  expect(await answer(['bundle', 'add', file])).toMatchObject({
    path: 'gw2/beta/bundle/26.11.0/bundle.json',
    added: true,
  });
  expect((await cli(['bundle', 'add', file])).stdout).toContain('is listed already; nothing changed.');
  await writeFile(file, BUNDLE.replace('component: app', 'component: rootfs'));
  const twice = await cli(['bundle', 'add', file]);
  expect(twice).toMatchObject({ code: 11 });
  expect(twice.stderr).toContain('bundle.yaml:7:17: /parts/1/component names rootfs again');
});

test('release withdraw takes a version off with its reason, once; what a bundle holds stays', async () => {
  const act = ['release', 'withdraw', 'gw2', 'beta'];
  const held = await cli([...act, 'app', '2.0.0', '--reason', 'Crashes.']);
  expect(held).toMatchObject({ code: 1 });
  expect(held.stderr).toContain('[target-needed]');
  await released('app', '2.0.1');
  expect(await cli(['sign', 'p-gw2-beta', '--key', 'ci'])).toMatchObject({ code: 0 });
  const gone = [...act, 'app', '2.0.1', '--reason', 'Crashes.', '--reason', 'de=Stürzt ab.'];
  expect(await answer(gone)).toEqual({ role: 'p-gw2-beta', paths: ['gw2/beta/app/2.0.1/app.img'] });
  expect((await cli(['diff', 'p-gw2-beta'])).stdout).toContain('is withdrawn: {"en":"Crashes.","de":"Stürzt ab."}');
  expect(await cli(['sign', 'p-gw2-beta', '--key', 'ci'])).toMatchObject({ code: 0 });
  expect((await cli(gone)).stdout).toContain('is withdrawn from beta of gw2 already; nothing changed.');
  expect(await cli([...act, 'app', '7.0.0', '--reason', 'x'])).toMatchObject({ code: 1 });
});

test('product describe lists a descriptor, once; a faulty file exits with 11 and names the place', async () => {
  const file = join(made.dir, '..', 'product.yaml');
  await writeFile(file, PRODUCT.replace('2031-12-31', '2031-02-30'));
  const wrong = await cli(['product', 'describe', file]);
  expect(wrong).toMatchObject({ code: 11 });
  expect(wrong.stderr).toContain('product.yaml:5:14: /supportEnds is no day of the calendar');
  await writeFile(file, PRODUCT);
  expect((await cli(['product', 'describe', file])).stdout).toContain('support until 2031-12-31');
  for (const key of ['ci', 'a']) await cli(['sign', 'p-gw2-stable', '--key', key]);
  expect(await answer(['product', 'describe', file])).toMatchObject({ added: false });
  await writeFile(file, PRODUCT.replace('2031', '2030'));
  expect((await cli(['product', 'describe', file])).stdout).toContain('two people must sign');
  expect(await cli(['draft', 'p-gw2-stable', '--drop'])).toMatchObject({ code: 0 });
});

test('retire waits for the end of support', async () => {
  const early = await cli(['retire', 'gw2']);
  expect(early).toMatchObject({ code: 1 });
  expect(early.stderr).toContain('[support-shortened]');
  expect(await cli(['retire', 'gw9'])).toMatchObject({ code: 1 });
  expect(await cli(['retire', 'gw2', '--days', 'many'])).toMatchObject({ code: 2 });
});

test('retire drafts the last lists, and release add says that the product is retired', async () => {
  made = await signedRepository(new Date());
  const retired = await answer(['retire', 'gw2', '--days', '3000']);
  expect(retired).toMatchObject({ drafts: [{ role: 'p-gw2-stable' }, { role: 'p-gw2-beta' }, { role: 'h-gw2' }] });
  expect(await cli(['sign', 'p-gw2-beta', '--key', 'ci'])).toMatchObject({ code: 0 });
  const text = await readFile(join(made.dir, 'metadata', '2.p-gw2-beta.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ signed: { 'x-retired': true } });
  const image = await made.image('late.img', 'x');
  const said = ['--product', 'gw2', '--channel', 'beta', '--component', 'app', '--version', '1', '--hardware', 'gw2-b'];
  expect((await cli(['release', 'add', image, ...said])).stderr).toContain('[role-retired]');
});

test('release check looks at every file that the release names, and tells all faults at their lines', async () => {
  const image = await made.image('rootfs.img', 'image');
  await made.image('sbom.json', CYCLONEDX);
  await made.image('good.json', statement({ sha256: hash('sha256', 'image', 'hex') }));
  await made.image('foreign.json', statement({ sha256: hash('sha256', 'other', 'hex') }));
  const text = [
    'format: tidegate-release-1',
    'product: gw2',
    'channel: stable',
    'component: rootfs',
    'version: 1.0.0',
    'hardware: [gw2-b]',
    'class: maintenance',
    'image: rootfs.img',
    'sbom: sbom.json',
    'provenance: good.json',
    '',
  ].join('\n');
  const path = await made.image('release.yaml', text);
  expect(await answer(['release', 'check', path])).toMatchObject({
    valid: true,
    files: [
      { kind: 'image', sha256: hash('sha256', 'image', 'hex') },
      { kind: 'sbom', format: 'cyclonedx-1.6' },
      { kind: 'provenance' },
    ],
  });
  await made.image('release.yaml', text.replace('sbom.json', 'rootfs.img').replace('good', 'foreign'));
  const wrong = await cli(['release', 'check', path]);
  expect(wrong).toMatchObject({ code: 11, stdout: '' });
  expect(wrong.stderr).toContain('release.yaml:9:7: /sbom has the name of another file');
  expect(wrong.stderr).toContain('release.yaml:9:7: /sbom names a file that cannot be taken');
  expect(wrong.stderr).toContain(
    'release.yaml:10:13: /provenance names a file that cannot be taken: The provenance is about other bytes',
  );
  await writeFile(image, '');
  await made.image('release.yaml', text.replace('sbom.json', 'none.json'));
  const missing = await cli(['release', 'check', path]);
  expect(missing.stderr).toContain('release.yaml:8:8: /image names a file that cannot be taken: ');
  expect(missing.stderr).toContain('rootfs.img has 0 bytes');
  expect(missing.stderr).toContain('release.yaml:9:7: /sbom names a file that cannot be taken: There is no file');
  expect(await cli(['release', 'check', path, '--file-only'])).toMatchObject({ code: 0 });
  expect(await cli(['release', 'check', path, image])).toMatchObject({ code: 2 });
});
