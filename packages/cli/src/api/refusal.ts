/** A server's refusal (RFC 9457) as an error in words: what was wrong, where, what to do, and the exit code that stands for it. */
import { jsonParser, PROBLEM_MEDIA_TYPE, type ProblemCode } from '@tidegate/protocol';
import { Type } from 'typebox';
import { CliError } from '../cli-error.ts';
import { EXIT, type Exit } from '../exit-code.ts';
import type { Answer } from './exchange.ts';

/** Read leniently: a newer server may know codes that are not in our list. */
const parseProblem = jsonParser(
  Type.Object({
    code: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }),
    detail: Type.Optional(Type.String({ maxLength: 4000 })),
    path: Type.Optional(Type.String({ maxLength: 500 })),
  }),
);

const TO_DO: Partial<Record<ProblemCode, string>> = {
  unauthenticated: 'This server does not know the token. Give another by --token-file, or log in anew: tidegate login.',
  'release-unknown': 'What there is: tidegate release list.',
  unavailable: 'Try again in a moment.',
  internal: 'Its log says more.',
  'disk-full': 'Make room on the server.',
};

export function refusalOf({ status, mediaType, body }: Answer, url: URL): CliError {
  const parsed = mediaType === PROBLEM_MEDIA_TYPE ? parseProblem(body.toString('utf8')) : undefined;
  const exit = exitOf(status);
  if (!parsed?.ok) {
    const message = `${url.origin} answers ${status}, not as a Tidegate server does. Is it the admin address?`;
    return new CliError({ server: `http-${status}`, exit }, message);
  }
  const { code, detail = code, path } = parsed.value;
  const place = path === undefined || path === '' ? '' : ` (${pathWords(path)})`;
  const toDo = TO_DO[code as ProblemCode];
  return new CliError({ server: code, exit }, sentence(detail + place) + (toDo === undefined ? '' : ` ${toDo}`), {
    path,
  });
}

/** `/phases/1/basisPoints` as `at phases, entry 2, basisPoints`. */
export function pathWords(pointer: string): string {
  const parts = pointer.split('/').slice(1);
  const words = parts.map(part =>
    /^\d{1,6}$/.test(part) ? `entry ${Number(part) + 1}` : part.replaceAll('~1', '/').replaceAll('~0', '~'),
  );
  return `at ${words.join(', ')}`;
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

const GONE: readonly number[] = [502, 503, 504];

function exitOf(status: number): Exit {
  if (status === 401 || status === 403) return EXIT.notAllowed;
  if (status === 404 || status === 409) return EXIT.conflict;
  if (GONE.includes(status)) return EXIT.unreachable;
  if (status >= 400 && status < 500) return EXIT.usage;
  return EXIT.failed;
}
