/** A build with an image to sign, for tests: a signed repository, the service that takes its lists, the build's key. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SubmissionView } from '@tidegate/protocol';
import { type TestService, testService } from '../submit/test-service.ts';
import { PASSPHRASE, signedRepository, type TestRepository } from '../test-repository.ts';
import { type Printed, runHere } from './test-program.ts';

export interface TestBuild {
  readonly made: TestRepository;
  readonly service: TestService;
  readonly image: string;
  /** The first root, which the build pins. */
  readonly root: string;
  readonly env: Record<string, string>;
  /** `answers` are given to questions; without any, nobody is there. */
  readonly cli: (args: readonly string[], answers?: boolean[]) => Promise<Printed>;
  readonly ciSign: (...more: string[]) => Promise<Printed>;
}

export async function testBuild(): Promise<TestBuild> {
  const made = await signedRepository();
  const service = await testService(made.dir);
  const image = await made.image('rootfs.img', 'the bits');
  const root = join(made.dir, 'metadata', '1.root.json');
  const env: TestBuild['env'] = {
    FW_KEY: await readFile(made.keys.ci.path, 'utf8'),
    TIDEGATE_PASSPHRASE: PASSPHRASE,
  };
  const cli: TestBuild['cli'] = (args, answers) =>
    runHere(args, { env, confirm: answers && (async () => answers.shift() === true) });
  const ciSign: TestBuild['ciSign'] = (...more) => {
    const where = `--service ${service.url} --root ${root} --key env:FW_KEY`;
    const what = '--product gw2 --channel beta --component rootfs --version 1.4.0 --hardware gw2-b';
    return cli(['ci', 'sign', image, ...`${where} ${what}`.split(' '), ...more]);
  };
  return { made, service, image, root, env, cli, ciSign };
}

/** What the service makes of a list that one more person has to sign. */
export const waiting = (): Partial<SubmissionView> => ({
  state: 'waiting',
  missing: 1,
  quorums: [{ threshold: 2, signed: [], open: [{ keyid: 'a'.repeat(64), name: 'ada', kind: null }], missing: 1 }],
});
