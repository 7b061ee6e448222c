/** What the files of `infra` say, read as an engine would. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';
import { parse } from 'yaml';

export const INFRA = join(import.meta.dirname, '../../infra');
export const COMPOSE = join(INFRA, 'compose.yaml');

export interface ComposeService {
  readonly image?: string;
  readonly user: string;
  /** It is started where one of these is named, not otherwise. */
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks: Readonly<Record<string, { readonly ipv4_address?: string } | null>>;
  readonly ports?: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

export async function readCompose(): Promise<Compose> {
  return parse(await readFile(COMPOSE, 'utf8'), { merge: true }) as Compose;
}

export interface Dockerfile {
  readonly bases: readonly string[];
  readonly user: string | undefined;
  readonly workdir: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Of the last stage, as its list. */
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly stopSignal: string | undefined;
}

export async function readDockerfile(file: string): Promise<Dockerfile> {
  const parsed = DockerfileParser.parse(await readFile(file, 'utf8'));
  const said = (keyword: string) =>
    parsed
      .getInstructions()
      .filter(i => i.getKeyword() === keyword)
      .at(-1)
      ?.getArgumentsContent() ?? undefined;
  const list = (keyword: string) => JSON.parse(said(keyword) ?? '[]') as string[];
  const environment = parsed.getENVs().flatMap(env => env.getProperties());
  return {
    bases: parsed.getFROMs().map(from => from.getImage() ?? ''),
    user: said('USER'),
    workdir: said('WORKDIR'),
    environment: Object.fromEntries(environment.map(p => [p.getName(), p.getValue() ?? ''])),
    entrypoint: list('ENTRYPOINT'),
    command: list('CMD'),
    stopSignal: said('STOPSIGNAL'),
  };
}
