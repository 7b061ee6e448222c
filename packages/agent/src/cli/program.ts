/** Every command of `tidegate-agent`, with its options. What a command does is loaded when it is called. */
import { KEY_KINDS } from '../net/key-kinds.ts';
import type { Command, CommandOption, Program } from './command-line.ts';
import { enrol } from './enrol.ts';
import { key } from './key.ts';
import { apply, auto, canary, check, language, postpone, refusals, status, window } from './owner.ts';
import { run } from './run.ts';
import { tufDownload, tufInit, tufRefresh } from './tuf.ts';
import { AUTO, onOff, span, windowRule } from './wishes.ts';

const config: CommandOption = {
  says: 'the agent’s config',
  value: '<file>',
  default: '/etc/tidegate/agent.yaml',
};
const json: CommandOption = { says: 'print one JSON line' };
const usual = { config, json };

const TUF_OPTIONS: Command['options'] = {
  ...usual,
  'metadata-dir': { says: 'where the lists are kept, as plain files', value: '<folder>' },
  'metadata-url': { says: 'where the repository has its lists', value: '<url>' },
  'target-name': { says: 'what to download; may be given again', value: '<path>', isList: true },
  'target-base-url': { says: 'where the repository has its targets', value: '<url>' },
  'target-dir': { says: 'where to put them', value: '<folder>' },
};

export const PROGRAM: Program = {
  name: 'tidegate-agent',
  says: 'Keeps this device up to date: only with what its maker signed, only as its owner wishes.',
  after: `
Examples:
  tidegate-agent enrol --claim-token-file claim-token --auto on
  tidegate-agent run
  tidegate-agent status
  tidegate-agent postpone 8h
  tidegate-agent window "mon-fri 22:00-06:00" "sat,sun 00:00-24:00"
  tidegate-agent tuf init --metadata-dir lists 1.root.json

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 the agent does not run, 4 refused or too late,
75 not now: the next "run --once" goes on.`,
  commands: {
    run: {
      says: 'run the agent: resident, or once (for a timer)',
      options: {
        config,
        once: { says: 'check in once, do what follows from it, end; exit code 75: the next run goes on' },
        'stop-service': { says: 'stop the supervised service at the end; it goes on running otherwise' },
      },
      run,
    },
    enrol: {
      says: 'make this device known to its server, and answer the setup question',
      options: {
        ...usual,
        'claim-token-file': {
          says: 'file with the one-time claim token',
          value: '<file>',
          conflicts: ['registered-key', 'certificate'],
        },
        'registered-key': { says: 'the manufacturer registered the key of this device', conflicts: ['certificate'] },
        certificate: { says: 'the manufacturer’s certificate for the key of this device, PEM', value: '<file>' },
        auto: { says: 'whether updates install by themselves', value: '<on|off>', read: onOff },
      },
      run: enrol,
    },
    key: {
      says: 'show the public half of the key of this device; make the key first where there is none',
      options: {
        config,
        json: { ...json, conflicts: ['csv'] },
        kind: { says: 'what to make', value: '<kind>', choices: KEY_KINDS },
        csv: { says: 'print the line of an upload to the server: product,publicKey,label', value: '[label]' },
      },
      run: key,
    },
    status: {
      says: 'what runs, what waits and why',
      options: usual,
      run: status,
    },
    refusals: {
      says: 'what was refused here, and why',
      options: usual,
      run: refusals,
    },
    check: {
      says: 'look for updates now',
      options: usual,
      run: check,
    },
    apply: {
      says: 'install the waiting update now',
      options: usual,
      run: apply,
    },
    auto: {
      says: 'let updates install by themselves, or not; or bring them in by themselves, and wait for "apply"',
      options: usual,
      argument: { name: 'setting', says: 'what updates may do by themselves', choices: AUTO },
      run: auto,
    },
    canary: {
      says: 'be among the first that get a release, or not',
      options: usual,
      argument: { name: 'on|off', says: 'the setting', read: onOff },
      run: canary,
    },
    window: {
      says: 'say at what times updates may install, in this device’s own time',
      options: { ...usual, 'any-time': { says: 'at any time' } },
      argument: {
        name: 'rules',
        says: 'such as "mon-fri 22:00-06:00" "sat,sun 00:00-24:00"',
        isOptional: true,
        isList: true,
        read: windowRule,
      },
      run: window,
    },
    language: {
      says: 'tell what its maker signed in this language, where the maker wrote it so',
      options: usual,
      argument: { name: 'tag', says: 'such as de or pt-BR' },
      run: language,
    },
    postpone: {
      says: 'put updates off',
      options: {
        ...usual,
        until: { says: 'such as 2026-12-24T20:00:00Z', value: '<time>' },
        cancel: { says: 'no longer' },
      },
      argument: { name: 'span', says: 'such as 30m, 8h, 2d', isOptional: true, read: span },
      run: postpone,
    },
    'tuf init': {
      says: 'a plain TUF client for any repository, apart from the agent’s own state: trust a root',
      options: TUF_OPTIONS,
      argument: { name: 'root', says: 'its file' },
      run: tufInit,
    },
    'tuf refresh': {
      says: 'the same: bring the top-level lists up to date',
      options: TUF_OPTIONS,
      run: tufRefresh,
    },
    'tuf download': {
      says: 'the same: refresh, then bring the targets',
      options: TUF_OPTIONS,
      run: tufDownload,
    },
  },
};
