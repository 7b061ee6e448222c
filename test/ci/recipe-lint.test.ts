/** The recipes as their CIs' own readers see them, and the promises that they make by their settings. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { readGitHub, readGitLab, RECIPES } from './recipe.ts';

const GITLAB_RUNNER = fileURLToPath(import.meta.resolve('gitlab-ci-local'));

const faultsIn = (content: string) =>
  parseWorkflow({ name: 'release.yaml', content }, new NoOperationTraceWriter())
    .context.errors.getErrors()
    .map(error => error.message);

test('GitHub’s own parser finds no fault in the workflow, and would find one', async () => {
  const workflow = await readFile(join(RECIPES, 'github-actions.yaml'), 'utf8');
  expect(faultsIn(workflow)).toEqual([]);
  expect(faultsIn(workflow.replace('timeout-minutes', 'timeout-minuts'))).toHaveLength(1);
});

/** By a runner of others' with GitLab's own schema in it. @returns which jobs a pipeline with these variables has */
async function askedOfGitLab(recipe: string, ...variables: readonly string[]) {
  await using folder = await tempFolder('tidegate-gitlab');
  await writeFile(join(folder.path, '.gitlab-ci.yml'), recipe);
  const git = (...args: string[]) => spawnSync('git', args, { cwd: folder.path });
  git('init', '--quiet', '--initial-branch', 'main');
  git('-c', 'user.name=maker', '-c', 'user.email=maker@example.com', 'commit', '-q', '--allow-empty', '-m', 'first');
  git('remote', 'add', 'origin', 'git@gitlab.example:maker/gateway.git');
  const given = variables.flatMap(variable => ['--variable', variable]);
  const ignored = ['--ignore-predefined-vars', 'CI_COMMIT_TAG,CI_COMMIT_REF_PROTECTED'];
  const args = [GITLAB_RUNNER, '--home', folder.path, '--list-json', ...ignored, ...given];
  const { code, stdout, stderr } = await runToEnd(args, { cwd: folder.path });
  const jobs = code === 0 ? (JSON.parse(stdout) as readonly { name: string; when: string }[]) : [];
  return { code, said: stdout + stderr, runs: jobs.filter(job => job.when !== 'never').map(job => job.name) };
}

test('the job at GitLab is as GitLab’s own schema wants it, and the schema would find a fault', async () => {
  const recipe = await readFile(join(RECIPES, 'gitlab-ci.yaml'), 'utf8');
  expect(await askedOfGitLab(recipe)).toMatchObject({ code: 0 });
  const faulty = await askedOfGitLab(recipe.replaceAll('id_tokens', 'id_token'));
  expect(faulty).toMatchObject({ code: 1, said: expect.stringContaining("'id_token' property is not expected") });
});

test('at GitLab only the tag of a release that is protected makes a pipeline', async () => {
  const recipe = await readFile(join(RECIPES, 'gitlab-ci.yaml'), 'utf8');
  const runs = async (...variables: string[]) => (await askedOfGitLab(recipe, ...variables)).runs;
  expect(await runs('CI_COMMIT_TAG=v1.2.0', 'CI_COMMIT_REF_PROTECTED=true')).toEqual(['build', 'sign']);
  expect(await runs('CI_COMMIT_TAG=v1.2.0', 'CI_COMMIT_REF_PROTECTED=false')).toEqual([]);
  expect(await runs('CI_COMMIT_TAG=nightly', 'CI_COMMIT_REF_PROTECTED=true')).toEqual([]);
  expect(await runs('CI_COMMIT_REF_PROTECTED=true')).toEqual([]);
});

test('at GitHub every action is pinned by its commit, and no job has a right that it does not need', async () => {
  const { permissions, jobs } = await readGitHub();
  expect(permissions).toEqual({});
  const used = Object.values(jobs).flatMap(job => job.steps.flatMap(step => step.uses ?? []));
  expect(used).not.toEqual([]);
  expect(used).toEqual(used.map(() => expect.stringMatching(/^actions\/[a-z-]+@[0-9a-f]{40}$/)));
  expect(Object.entries(jobs).map(([name, job]) => [name, job.permissions, job.environment])).toEqual([
    ['build', { contents: 'read' }, undefined],
    ['sign', { contents: 'read', 'id-token': 'write' }, 'release'],
  ]);
});

test('neither CI gives key or token to the job that builds', async () => {
  const { build } = (await readGitHub()).jobs;
  expect(JSON.stringify(build)).not.toMatch(/secrets\.|FW_KEY|id-token/);
  const { build: gitLabBuild } = await readGitLab();
  expect(JSON.stringify(gitLabBuild)).not.toMatch(/FW_KEY|id_tokens|environment/);
});

test('no text of a tag or a release is put into a script: it comes as a variable', async () => {
  const scripts = Object.values((await readGitHub()).jobs).flatMap(job => job.steps.flatMap(step => step.run ?? []));
  expect(scripts).not.toEqual([]);
  for (const script of scripts) expect(script).not.toContain('${{');
});
