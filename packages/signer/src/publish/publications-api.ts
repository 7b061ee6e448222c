/** The server's interface for publishing, as its client sees it: four requests, and refusals in the server's words. */
import {
  ADMIN_API,
  CommitAnswer,
  jsonParser,
  METADATA_BASE,
  PublicationAnswer,
  type PublicationRequest,
} from '@tidegate/protocol';
import { readAnswer, refusalIn } from '../http/answer.ts';
import { type Answer, checkedUrl, type Exchange, exchange, type FileBody } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';

const ANSWER_BYTES = 4 * 1024 ** 2;
const IDLE_SECONDS = 60;
/** Verifying a whole repository and switching to it may take the server a while. */
const COMMIT_IDLE_SECONDS = 300;

export interface PublicationsApi {
  open(request: PublicationRequest): Promise<PublicationAnswer>;
  putArtifact(id: string, sha256: string, body: FileBody): Promise<void>;
  putMetadata(id: string, file: string, bytes: Uint8Array): Promise<void>;
  commit(id: string): Promise<CommitAnswer>;
}

/** @param url the admin listener's address @param token a releaser's bearer token */
export function publicationsApi(url: string, token: string): PublicationsApi {
  const base = checkedUrl(url);
  const call = async (method: Exchange['method'], path: string, more: Partial<Exchange>, type?: string) => {
    const headers = { authorization: `Bearer ${token}`, ...(type === undefined ? {} : { 'content-type': type }) };
    const target = new URL(`${ADMIN_API}/publications${path}`, base);
    const answer = await exchange({
      method,
      url: target,
      headers,
      idleSeconds: IDLE_SECONDS,
      maxBytes: ANSWER_BYTES,
      ...more,
    });
    if (answer.status >= 300) throw refusal(answer, `${method} ${target.pathname}`);
    return answer;
  };
  return {
    open: async request =>
      readAnswer(
        parseOpened,
        await call('POST', '', { body: Buffer.from(JSON.stringify(request)) }, 'application/json'),
      ),
    putArtifact: async (id, sha256, body) => {
      await call('PUT', `/${id}/artifacts/${sha256}`, { body }, 'application/octet-stream');
    },
    putMetadata: async (id, file, body) => {
      await call('PUT', `/${id}/metadata/${file}`, { body }, 'application/octet-stream');
    },
    commit: async id =>
      readAnswer(parseCommitted, await call('POST', `/${id}/commit`, { idleSeconds: COMMIT_IDLE_SECONDS })),
  };
}

/** What devices get now. @param url the device listener's address */
export async function servedTimestamp(url: string, maxBytes: number): Promise<Buffer> {
  const target = new URL(`${METADATA_BASE}/timestamp.json`, checkedUrl(url));
  const answer = await exchange({ method: 'GET', url: target, idleSeconds: IDLE_SECONDS, maxBytes });
  if (answer.status !== 200) throw refusal(answer, `GET ${target.pathname}`);
  return answer.body;
}

const parseOpened = jsonParser(PublicationAnswer);
const parseCommitted = jsonParser(CommitAnswer);

function refusal(answer: Answer, what: string): SignerError {
  const { words } = refusalIn(answer);
  if (answer.status === 409) {
    return new SignerError(
      'publication-conflict',
      `The server has other versions than this repository. ${words} If somebody else published: take their folder over, make your change again on it, sign and publish.`,
    );
  }
  return new SignerError('server-refused', `${what} was refused. ${words}`);
}
