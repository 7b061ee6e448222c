/**
 * The OIDC token by which a build proves which project it is of. GitHub's runner gives out tokens on request; GitLab puts
 * one into the variable that the job names. A token stays in this process: it is in no argument, file or message.
 */
import { jsonParser } from '@tidegate/protocol';
import { Type } from 'typebox';
import { readAnswer } from '../http/answer.ts';
import { checkedUrl, exchange } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';

/** What GitLab's `id_tokens` fills in the recipe; any other CI may do the same. */
export const TOKEN_VARIABLE = 'TIDEGATE_ID_TOKEN';

const TOKEN_CHARS = 16 * 1024;
const ANSWER_SECONDS = 30;

const parseIssued = jsonParser(Type.Object({ value: Type.String({ maxLength: TOKEN_CHARS }) }));

export interface TokenWanted {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whom the token is made out to: the name that the signing service has in its configuration. */
  readonly audience: string;
}

/**
 * @returns undefined where the build has no token to give
 * @throws SignerError `token-invalid` where it cannot be had or read, `insecure-url`, `network`
 */
export async function buildToken({ env, audience }: TokenWanted): Promise<string | undefined> {
  const given = env[TOKEN_VARIABLE];
  if (given !== undefined && given !== '') return checkedToken(given.trim(), `The variable ${TOKEN_VARIABLE}`);
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL'];
  const secret = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
  if (url === undefined || url === '' || secret === undefined || secret === '') return undefined;
  return fromGitHub(url, checkedToken(secret, 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'), audience);
}

async function fromGitHub(address: string, secret: string, audience: string): Promise<string> {
  const url = checkedUrl(address);
  url.searchParams.set('audience', audience);
  const answer = await exchange({
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${secret}`, accept: 'application/json' },
    idleSeconds: ANSWER_SECONDS,
    maxBytes: 2 * TOKEN_CHARS,
  });
  if (answer.status !== 200) {
    throw new SignerError(
      'token-invalid',
      `The runner gives out no token (status ${answer.status}). Does the job have the permission "id-token: write"?`,
    );
  }
  return checkedToken(readAnswer(parseIssued, answer).value, 'What the runner gave out');
}

/** It will stand in a header: nothing but a token's own characters may. @throws SignerError `token-invalid` */
export function checkedToken(text: string, what: string): string {
  if (text.length <= TOKEN_CHARS && /^[A-Za-z0-9._~+/=-]+$/.test(text)) return text;
  throw new SignerError('token-invalid', `${what} is no token.`);
}
