/** A recipe as its runner reads it: jobs in order, each with its commands, what it is given and what it hands on. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

export const RECIPES = join(import.meta.dirname, '../../infra/ci');

export interface Job {
  readonly name: string;
  /** Variables that the recipe sets, as they are written there. */
  readonly env: Readonly<Record<string, string>>;
  /** One bash session. */
  readonly script: string;
  /** Run whatever became of the script. */
  readonly afterwards: string;
  /** Paths that later jobs find. */
  readonly handsOn: readonly string[];
  /** Whether it may ask for tokens of its identity, and for whom they are, where the recipe says that. */
  readonly token: { readonly audience: string | undefined } | undefined;
  /** Exit codes that do not fail the pipeline, beside 0. */
  readonly allowedExits: readonly number[];
}

interface GitHubStep {
  readonly uses?: string;
  readonly with?: { readonly path?: string };
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
export interface GitHubWorkflow {
  readonly permissions: object;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions: Readonly<Record<string, string>>;
        readonly environment?: string;
        readonly steps: readonly GitHubStep[];
      }
    >
  >;
}

interface GitLabJob {
  readonly script: readonly string[];
  readonly after_script?: readonly string[];
  readonly artifacts?: { readonly paths: readonly string[] };
  readonly id_tokens?: Readonly<Record<string, { readonly aud: string }>>;
  readonly allow_failure?: { readonly exit_codes: number };
  readonly environment?: string;
}

export async function readGitHub(): Promise<GitHubWorkflow> {
  return parse(await readFile(join(RECIPES, 'github-actions.yaml'), 'utf8')) as GitHubWorkflow;
}

export async function readGitLab(): Promise<Readonly<Record<string, GitLabJob>>> {
  const {
    stages: _stages,
    '.release': _rules,
    ...jobs
  } = parse(await readFile(join(RECIPES, 'gitlab-ci.yaml'), 'utf8')) as Record<string, GitLabJob>;
  return jobs;
}

export async function gitHubJobs(): Promise<Job[]> {
  return Object.entries((await readGitHub()).jobs).map(([name, { steps, permissions }]) => ({
    name,
    env: Object.assign({}, ...steps.map(step => step.env)) as Job['env'],
    script: steps.map(step => step.run ?? '').join('\n'),
    afterwards: '',
    handsOn: steps.flatMap(s => (s.uses?.startsWith('actions/upload-artifact@') ? [s.with?.path ?? ''] : [])),
    token: permissions['id-token'] === 'write' ? { audience: undefined } : undefined,
    allowedExits: [],
  }));
}

export async function gitLabJobs(): Promise<Job[]> {
  return Object.entries(await readGitLab()).map(([name, job]) => ({
    name,
    env: {},
    script: job.script.join('\n'),
    afterwards: (job.after_script ?? []).join('\n'),
    handsOn: job.artifacts?.paths ?? [],
    token: job.id_tokens && { audience: job.id_tokens['TIDEGATE_ID_TOKEN']?.aud },
    allowedExits: job.allow_failure ? [job.allow_failure.exit_codes] : [],
  }));
}
