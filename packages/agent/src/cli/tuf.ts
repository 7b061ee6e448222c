/** `tuf`: the plain TUF client, as other clients have one. The agent's own state is out of its reach. */
import { systemClock } from '../clock.ts';
import { durableFiles } from '../durable/durable-files.ts';
import { createHttpClient } from '../net/http-client.ts';
import { ownFolder } from '../tuf/own-folders.ts';
import { download, init, type PlainClient, refresh } from '../tuf/plain-client.ts';
import { CommandError, EXIT } from './exit-code.ts';

interface TufOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly metadataDir?: string;
  readonly metadataUrl?: string;
  readonly targetName?: readonly string[];
  readonly targetBaseUrl?: string;
  readonly targetDir?: string;
}

type Need = 'metadataDir' | 'metadataUrl' | 'targetName' | 'targetBaseUrl' | 'targetDir';

export async function tufInit(options: TufOptions, rootFile: string): Promise<void> {
  await withClient(options, [], async client => {
    const versions = await init(client, rootFile);
    print(options, versions, `trusts root ${versions['root']}`);
  });
}

export async function tufRefresh(options: TufOptions): Promise<void> {
  await withClient(options, ['metadataUrl'], async (client, given) => {
    const versions = await refresh(client, given.metadataUrl);
    const words = Object.entries(versions).map(([role, version]) => `${role} ${version}`);
    print(options, versions, words.join(', '));
  });
}

export async function tufDownload(options: TufOptions): Promise<void> {
  const needs: readonly Need[] = ['metadataUrl', 'targetName', 'targetBaseUrl', 'targetDir'];
  await withClient(options, needs, async (client, given) => {
    const downloaded = await download(client, { ...given, targetNames: given.targetName });
    print(options, downloaded, downloaded.map(d => d.file).join('\n'));
  });
}

function print({ json }: TufOptions, value: object, words: string): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${words}\n`);
}

/** @throws CommandError usage where an option is missing, refused for the agent's own folder */
async function withClient(
  options: TufOptions,
  needs: readonly Need[],
  use: (client: PlainClient, given: Required<Pick<TufOptions, Need>>) => Promise<void>,
): Promise<void> {
  const missing = (['metadataDir', ...needs] as const).filter(name => (options[name]?.length ?? 0) === 0);
  if (missing.length > 0) throw new CommandError(EXIT.usage, `give ${missing.map(optionName).join(', ')}`);
  const given = options as Required<Pick<TufOptions, Need>>;
  for (const folder of [given.metadataDir, given.targetDir]) {
    const own = folder === undefined ? undefined : await ownFolder(folder, options.config);
    if (own !== undefined)
      throw new CommandError(EXIT.refused, `${folder}: ${own} holds the agent's own state; choose another folder`);
  }
  const http = createHttpClient();
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  try {
    const { metadataDir } = given;
    await use({ http, files: durableFiles, clock: systemClock, signal: stop.signal, metadataDir }, given);
  } finally {
    http.close();
  }
}

function optionName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
}
