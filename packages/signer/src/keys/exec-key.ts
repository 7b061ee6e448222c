/**
 * `exec:/path/to/program`: any program that can sign. It gets one JSON request on stdin and gives one JSON reply on
 * stdout, so a shell script can be a signer. `?key=NAME` is handed on, `?env=NAME` lets a variable through, `?timeout=S`
 * sets its time. docs/keys.md describes the exchange.
 */
import { createPublicKey } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { closed, jsonParser, type Parsed } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { SignerError } from '../signer-error.ts';
import { keyId, tufKeyOf } from '../tuf/key.ts';
import { PASSED_ON, runChild } from './child.ts';
import type { KeyAccess, OpenKey } from './custody.ts';
import { onlyValue, uriParts } from './uri-parts.ts';

/** A person may have to touch a token. */
const TIMEOUT_SECONDS = 60;
const TIMEOUT_SECONDS_MAX = 600;

const Refusal = closed({ error: Type.String({ maxLength: 1000 }) });
type Refusal = Static<typeof Refusal>;
const parsePublicKey = jsonParser(Type.Union([closed({ publicKey: Type.String({ maxLength: 1000 }) }), Refusal]));
const parseSignature = jsonParser(
  Type.Union([closed({ signature: Type.String({ maxLength: 1000, pattern: '^[A-Za-z0-9+/]+={0,2}$' }) }), Refusal]),
);

interface Program {
  readonly path: string;
  readonly key: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutSeconds: number;
}

export const openExecKey: OpenKey = async (rest, access) => {
  const program = programOf(rest, access);
  return {
    custody: 'exec',
    publicKey: async () => {
      const { publicKey } = await ask(program, { operation: 'public-key' }, parsePublicKey);
      return tufKeyOf(derOf(publicKey));
    },
    sign: async (bytes, key) => {
      const request = {
        operation: 'sign',
        keyid: keyId(key),
        scheme: key.scheme,
        payload: Buffer.from(bytes).toString('base64'),
      };
      return Buffer.from((await ask(program, request, parseSignature)).signature, 'base64');
    },
  };
};

function programOf(rest: string, { env }: KeyAccess): Program {
  const parts = uriParts('exec', rest, ['key', 'env', 'timeout']);
  if (!isAbsolute(parts.path)) {
    throw new SignerError('key-uri-invalid', `exec: takes the absolute path of a program; "${parts.path}" is none.`);
  }
  const names = [...PASSED_ON, ...(parts.query.get('env') ?? [])];
  return {
    path: parts.path,
    key: onlyValue(parts, 'key'),
    env: Object.fromEntries(names.map(name => [name, env[name]])),
    timeoutSeconds: secondsOf(onlyValue(parts, 'timeout')),
  };
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return TIMEOUT_SECONDS;
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= TIMEOUT_SECONDS_MAX) return seconds;
  throw new SignerError('key-uri-invalid', `exec: takes a timeout of 1 to ${TIMEOUT_SECONDS_MAX} seconds.`);
}

async function ask<T>(
  { path, key, env, timeoutSeconds }: Program,
  request: object,
  parse: (text: string) => Parsed<T | Refusal>,
): Promise<T> {
  const input = Buffer.from(`${JSON.stringify({ version: 1, ...request, ...(key !== undefined && { key }) })}\n`);
  const { exitCode, stdout, stderr } = await runChild({ program: path, args: [], env, input, timeoutSeconds });
  if (exitCode !== 0) {
    throw new SignerError('key-program-failed', `${path} ended with ${exitCode}${stderr && `: ${stderr}`}.`);
  }
  const parsed = parse(stdout.toString('utf8'));
  if (!parsed.ok) {
    throw new SignerError(
      'key-answer-invalid',
      `${path} gave no reply that can be read: ${parsed.fault.path || 'it'} ${parsed.fault.message}.`,
    );
  }
  const reply = parsed.value;
  if (isRefusal(reply)) throw new SignerError('key-denied', `${path} refused: ${JSON.stringify(reply.error)}.`);
  return reply;
}

function isRefusal(reply: unknown): reply is Refusal {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}

function derOf(pem: string): Buffer {
  try {
    return createPublicKey(pem).export({ format: 'der', type: 'spki' });
  } catch (cause) {
    throw new SignerError('key-answer-invalid', 'The program told a public key that is no PEM.', { cause });
  }
}
