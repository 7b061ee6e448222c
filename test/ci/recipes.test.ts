/** The recipes of infra/ci, by their own commands, against a real signing service and a real distribution server. */
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseView, SubmissionView } from '@tidegate/protocol';
import { verifyRepository } from '@tidegate/signer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Maker,
  openMaker,
  PASSPHRASE,
  ServiceClient,
  type ServiceProcess,
  SIGNER_CLI,
  startServiceProcess,
} from '../signing-service/maker.ts';
import { buildBundles } from '../src/bundles.ts';
import { runToEnd } from '../src/child.ts';
import { type OidcProvider, startOidcProvider } from './oidc-provider.ts';
import { gitHubJobs, gitLabJobs, type Job } from './recipe.ts';
import { type PipelineEnd, runPipeline } from './runner.ts';

const AUDIENCE = 'signing-service-of-gw2';
const READER = 'a-token-of-a-reader';

let maker: Maker;
let service: ServiceProcess;
let bundle: string;
let providers: { gitHub: OidcProvider; gitLab: OidcProvider };
beforeAll(async () => {
  maker = await openMaker();
  bundle = (await buildBundles(join(maker.dir, 'dist'))).program('tidegate-signer');
  providers = { gitHub: await startOidcProvider(), gitLab: await startOidcProvider() };
  const { gitHub, gitLab } = providers;
  const rule = (issuer: string, claims: object) =>
    ['beta', 'stable'].map(channel => ({ issuer, claims: { ...claims }, product: 'gw2', channel }));
  const config = await maker.configure({
    issuers: [gitHub, gitLab].map(({ issuer }) => ({ issuer, audience: AUDIENCE })),
    rules: [
      ...rule(gitHub.issuer, { repository: 'maker/gateway', environment: 'release' }),
      ...rule(gitLab.issuer, { project_path: 'maker/gateway', ref_protected: 'true', environment: 'release' }),
    ],
    readers: [{ name: 'office', tokenSha256: createHash('sha256').update(READER).digest('hex') }],
    bySignature: [],
  });
  service = await startServiceProcess(maker, config, { DATABASE_URL: maker.databaseUrl });
  await new ServiceClient(service.url).active();
});
afterAll(async () => {
  await service?.child.stop();
  for (const provider of Object.values(providers ?? {})) await provider[Symbol.asyncDispose]();
  await maker?.[Symbol.asyncDispose]();
});

const published = async () => (await maker.server.admin.get<{ items: ReleaseView[] }>('/releases')).items;
const isOut = async (version: string) => (await published()).some(r => r.version === version);
const asDevice = async () =>
  verifyRepository({ source: maker.server.server.deviceUrl, root: await readFile(maker.rootFile) });

/** A firmware's repository, as docs/ci.md sets it up. */
async function project(channel: 'beta' | 'stable', bytes: string): Promise<string> {
  const dir = join(maker.dir, `project-${randomBytes(4).toString('hex')}`);
  await mkdir(join(dir, 'tools'), { recursive: true });
  await copyFile(bundle, join(dir, 'tools/tidegate-signer.mjs'));
  await copyFile(maker.rootFile, join(dir, 'tools/root.json'));
  const build = `#!/bin/sh\nset -eu\nmkdir -p "$(dirname "$1")"\nprintf '%s' '${bytes}' > "$1"\n`;
  await writeFile(join(dir, 'build.sh'), build, { mode: 0o755 });
  await writeFile(
    join(dir, 'release.yaml'),
    `format: tidegate-release-1\nproduct: gw2\nchannel: ${channel}\ncomponent: app\nhardware: [gw2-a]\nclass: feature\n`,
  );
  return dir;
}

interface Ci {
  readonly jobs: () => Promise<Job[]>;
  /** What the CI knows of a tag's build, beside the settings that docs/ci.md asks for. */
  readonly settings: (tag: string) => Readonly<Record<string, string>>;
  readonly claims: Readonly<Record<string, string>>;
  readonly identity: (
    claims: Readonly<Record<string, string>>,
    audience: string | undefined,
  ) => Promise<Readonly<Record<string, string>>>;
}

const key = () => readFile(maker.keys.ci.file, 'utf8');
const CIS: Readonly<Record<string, Ci>> = {
  'github-actions.yaml': {
    jobs: gitHubJobs,
    settings: tag => ({
      'vars.SIGNING_SERVICE': service.url,
      'vars.SIGNING_AUDIENCE': AUDIENCE,
      'secrets.FW_KEY_PASSPHRASE': PASSPHRASE,
      'github.ref_name': tag,
    }),
    claims: { sub: 'repo:maker/gateway:environment:release', repository: 'maker/gateway', environment: 'release' },
    identity: async claims => {
      const { url, secret } = providers.gitHub.requestsFor(claims);
      return { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret };
    },
  },
  'gitlab-ci.yaml': {
    jobs: gitLabJobs,
    settings: tag => ({
      SIGNING_SERVICE: service.url,
      SIGNING_AUDIENCE: AUDIENCE,
      TIDEGATE_PASSPHRASE: PASSPHRASE,
      CI_COMMIT_TAG: tag,
    }),
    claims: {
      sub: 'project_path:maker/gateway:ref_type:tag:ref:v1',
      project_path: 'maker/gateway',
      ref_protected: 'true',
      environment: 'release',
    },
    identity: async (claims, audience = '') => ({
      TIDEGATE_ID_TOKEN: await providers.gitLab.token(audience, claims),
    }),
  },
};

interface Run {
  readonly project: string;
  readonly tag: string;
  readonly claims?: Readonly<Record<string, string>>;
}

async function run(ci: Ci, { project: dir, tag, claims = ci.claims }: Run): Promise<PipelineEnd> {
  const fwKey = await key();
  const end = await runPipeline({
    jobs: await ci.jobs(),
    project: dir,
    // GitLab masks no JSON: there the key is kept in base64.
    settings: { ...ci.settings(tag), 'secrets.FW_KEY': fwKey, FW_KEY: Buffer.from(fwKey).toString('base64') },
    identity: audience => ci.identity(claims, audience),
  });
  for (const secret of [PASSPHRASE, fwKey.trim(), 'eyJ']) expect(end.output).not.toContain(secret);
  return end;
}

const resultOf = async ({ workspace }: PipelineEnd) =>
  JSON.parse(await readFile(join(workspace, 'result.json'), 'utf8')) as Record<string, unknown>;

const cli = (...args: string[]) => runToEnd([SIGNER_CLI, ...args], { env: { TIDEGATE_PASSPHRASE: PASSPHRASE } });

let count = 0;
describe.each(Object.entries(CIS))('%s', (_file, ci) => {
  test('builds, signs and publishes to beta without a person, and ends the same way when run again', async () => {
    const tag = `v1.${++count}.0`;
    const dir = await project('beta', `the app of ${tag}`);
    const end = await run(ci, { project: dir, tag });
    expect([end.job, end.code, end.passed]).toEqual(['sign', 0, true]);
    const result = await resultOf(end);
    expect(result).toMatchObject({ role: 'p-gw2-beta', state: 'published', pending: { missing: 0, of: 1 } });
    expect(await isOut(tag.slice(1))).toBe(true);
    expect((await asDevice()).targets.map(t => [t.path, t.sha256])).toContainEqual([result['path'], result['sha256']]);
    const again = await run(ci, { project: dir, tag });
    expect([again.code, await resultOf(again)]).toEqual([0, result]);
  });

  test('stable waits for a person, green and said; with the person’s signature it is published', async () => {
    const tag = `v1.${++count}.0`;
    const dir = await project('stable', `the app of ${tag}`);
    const end = await run(ci, { project: dir, tag });
    expect(end).toMatchObject({ job: 'sign', passed: true });
    const { submission, ...result } = await resultOf(end);
    expect(result).toMatchObject({ role: 'p-gw2-stable', state: 'waiting', pending: { missing: 1, of: 2 } });
    expect(end.output).toContain('1 more of 2 signatures (ada)');
    expect(await isOut(tag.slice(1))).toBe(false);
    const again = await run(ci, { project: dir, tag });
    expect(await resultOf(again)).toEqual({ submission, ...result });

    const token = join(maker.dir, 'reader-token');
    await writeFile(token, READER);
    const pending = await cli('pending', '--service', service.url, '--token-file', token, '--json');
    expect((JSON.parse(pending.stdout) as SubmissionView[]).map(s => s.id)).toEqual([submission]);
    const where = ['--submission', String(submission), '--service', service.url, '--trusted-root', maker.rootFile];
    const signed = await cli('sign', ...where, '--key', `file:${maker.keys.ada.file}`);
    expect([signed.code, signed.stdout]).toEqual([0, expect.stringContaining('it is published')]);
    expect(await isOut(tag.slice(1))).toBe(true);
    const last = await run(ci, { project: dir, tag });
    expect(await resultOf(last)).toEqual({ ...result, submission, state: 'published', pending: { missing: 0, of: 2 } });
  });

  test('a build of another project is refused, though it holds the key', async () => {
    const tag = `v1.${++count}.0`;
    const other = { ...ci.claims, repository: 'thief/gateway', project_path: 'thief/gateway' };
    const end = await run(ci, { project: await project('beta', `stolen ${tag}`), tag, claims: other });
    expect([end.job, end.code, end.passed]).toEqual(['sign', 13, false]);
    expect(end.output).toContain('[policy-refused]');
    expect(await isOut(tag.slice(1))).toBe(false);
  });

  test('a fault in release.yaml fails the job with its line, and nothing is submitted', async () => {
    const dir = await project('beta', 'never mind');
    await writeFile(join(dir, 'release.yaml'), 'format: tidegate-release-1\nprodukt: gw2\n');
    const end = await run(ci, { project: dir, tag: 'v9.9.9' });
    expect([end.code, end.passed]).toEqual([11, false]);
    expect(end.output).toContain('release.yaml:2');
  });
});

describe('whoever stole the key and the token of a build', () => {
  const thief = async (channel: 'beta' | 'stable', tag: string) =>
    run(CIS['github-actions.yaml'] as Ci, { project: await project(channel, `of a thief ${tag}`), tag });

  test('cannot bring anything to stable: it waits, and neither CI’s key again nor a key of the thief counts', async () => {
    const { submission } = await resultOf(await thief('stable', 'v2.0.0'));
    const where = ['--submission', String(submission), '--service', service.url, '--trusted-root', maker.rootFile];
    const twice = await cli('sign', ...where, '--key', `file:${maker.keys.ci.file}`);
    expect([twice.code, twice.stderr]).toEqual([3, expect.stringContaining('waits for 1 more')]);
    expect(await cli('sign', ...where, '--key', `file:${maker.keys.stranger.file}`)).toMatchObject({ code: 8 });
    expect(await isOut('2.0.0')).toBe(false);
    expect((await asDevice()).targets.map(t => t.path)).not.toContainEqual(expect.stringContaining('/2.0.0/'));
  });

  test('can bring software to beta: whoever is on beta takes CI’s word', async () => {
    expect(await thief('beta', 'v2.1.0')).toMatchObject({ code: 0 });
    expect(await isOut('2.1.0')).toBe(true);
  });
});
