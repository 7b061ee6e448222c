/** The admin API that everyone has, with a token: each answer is bounded and fits the protocol's schema, or it is refused. */
import { ADMIN_API, jsonParser, page, type Parsed } from '@tidegate/protocol';
import type { Static, TSchema } from 'typebox';
import { CliError } from '../cli-error.ts';
import { type Exchange, exchange } from './exchange.ts';
import { refusalOf } from './refusal.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Upload {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface AdminApi {
  readonly url: URL;
  /** @throws CliError, the server's refusals included */
  get<S extends TSchema>(path: string, answer: S): Promise<Static<S>>;
  /** @param body a value that goes out as JSON; undefined: none */
  post<S extends TSchema>(path: string, body: unknown, answer: S): Promise<Static<S>>;
  upload<S extends TSchema>(path: string, upload: Upload, answer: S): Promise<Static<S>>;
  remove(path: string): Promise<void>;
  /** The pages of a list, each asked for when the one before was read. @param most items in all; undefined: every one */
  pages<S extends TSchema>(path: string, query: Query, item: S, most?: number): AsyncGenerator<Static<S>[]>;
}

/** Items asked for at once. The server's own bound of some lists is lower. */
const PAGE_SIZES: Readonly<Record<string, number>> = { '/rollouts': 100 };
const PAGE_SIZE = 1000;

export function adminApi(url: URL, token: string, interrupted: AbortSignal): AdminApi {
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}${ADMIN_API}`;

  async function call(method: Exchange['method'], path: string, upload?: Upload): Promise<Buffer> {
    const answer = await exchange({
      method,
      url: new URL(base + path),
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'tidegate',
        ...(upload ? { 'content-type': upload.mediaType } : {}),
      },
      body: upload?.bytes,
      interrupted,
    });
    if (answer.status < 200 || answer.status > 299) throw refusalOf(answer, url);
    return answer.body;
  }

  function parse<S extends TSchema>(schema: S, path: string, body: Buffer): Static<S> {
    const parsed = parserOf(schema)(body.toString('utf8'));
    if (parsed.ok) return parsed.value;
    const { path: at, message } = parsed.fault;
    const what = `The answer to ${path.split('?')[0]} is none of a Tidegate server: ${at === '' ? 'it' : at} ${message}.`;
    throw new CliError(
      'answer-invalid',
      `${what} Is ${url.origin} the admin address, of a server as new as this tool?`,
    );
  }

  return {
    url,
    get: async (path, answer) => parse(answer, path, await call('GET', path)),
    post: async (path, body, answer) => parse(answer, path, await call('POST', path, json(body))),
    upload: async (path, upload, answer) => parse(answer, path, await call('POST', path, upload)),
    remove: async path => void (await call('DELETE', path)),

    async *pages(path, query, item, most = Number.POSITIVE_INFINITY) {
      const schema = page(item);
      let after: string | undefined;
      let left = most;
      while (left > 0) {
        const limit = Math.min(left, PAGE_SIZES[path] ?? PAGE_SIZE);
        const asked = `${path}?${queryText({ ...query, limit, after })}`;
        const { items, next } = parse(schema, asked, await call('GET', asked));
        left -= items.length;
        yield items;
        if (next === null) return;
        // Else a server that repeats itself would hold us for ever.
        if (next === after || items.length === 0)
          throw new CliError('answer-invalid', `The list ${path} does not go on.`);
        after = next;
      }
    },
  };
}

/** Every item of all pages. For lists that are short by their nature. */
export async function allOf<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const items of pages) all.push(...items);
  return all;
}

/** A parser is compiled once for a schema: a watch reads the same kind of answer again and again. */
const parsers = new WeakMap<TSchema, (text: string) => Parsed<unknown>>();

function parserOf<S extends TSchema>(schema: S): (text: string) => Parsed<Static<S>> {
  const parse = parsers.get(schema) ?? jsonParser(schema);
  parsers.set(schema, parse);
  return parse as (text: string) => Parsed<Static<S>>;
}

function json(value: unknown): Upload | undefined {
  return value === undefined ? undefined : { mediaType: 'application/json', bytes: Buffer.from(JSON.stringify(value)) };
}

function queryText(query: Query): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) text.append(name, String(value));
  return text.toString();
}
