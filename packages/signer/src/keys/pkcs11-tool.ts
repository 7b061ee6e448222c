/**
 * PKCS #11 by OpenSC's `pkcs11-tool`, a process per call: a token's module never runs within the signer. Arguments can be
 * read by everyone on the machine, and Node's own debugging output shows the environment of what it starts. So the PIN
 * goes as the first line of stdin to a shell, which hands it to the tool by the environment.
 */
import { SignerError } from '../signer-error.ts';
import { runChild } from './child.ts';

export interface Token {
  /** As the tool takes it, such as `0x1d6298bc`. */
  readonly slot: string;
  readonly token: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly flags: readonly string[];
}

export interface TokenKey {
  readonly label: string;
  readonly idHex: string;
}

export interface Tool {
  readonly modulePath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const PROGRAM = 'pkcs11-tool';
const PIN_VARIABLE = 'TIDEGATE_TOKEN_PIN';
/** POSIX has `read` take no byte beyond the line, so what is to be signed is left for the tool. */
const WITH_PIN = `IFS= read -r ${PIN_VARIABLE} && export ${PIN_VARIABLE} && exec ${PROGRAM} "$@"`;
/** A person may have to touch the token. */
const TIMEOUT_SECONDS = 60;

export async function tokens(tool: Tool): Promise<Token[]> {
  return parseTokens((await run(tool, ['--list-token-slots'])).toString('utf8'));
}

/** Public keys on a token that need no login to be seen. */
export async function publicKeys(tool: Tool, { slot }: Token): Promise<TokenKey[]> {
  return parseKeys((await run(tool, ['--slot', slot, '--list-objects', '--type', 'pubkey'])).toString('utf8'));
}

/** @returns DER or PEM */
export function readPublicKey(tool: Tool, { slot }: Token, { idHex }: TokenKey): Promise<Buffer> {
  return run(tool, ['--slot', slot, '--read-object', '--type', 'pubkey', '--id', idHex]);
}

export interface ToSign {
  readonly mechanism: 'ECDSA' | 'EDDSA';
  readonly input: Uint8Array;
  /** Undefined where the token has a keypad of its own, or wants no login. */
  readonly pin: string | undefined;
  readonly login: boolean;
}

/** @returns for ECDSA the signature in DER, for EDDSA 64 bytes */
export function sign(tool: Tool, { slot }: Token, { idHex }: TokenKey, wanted: ToSign): Promise<Buffer> {
  const { mechanism, input, pin, login } = wanted;
  const args = ['--slot', slot, '--sign', '--mechanism', mechanism, '--id', idHex].concat(
    mechanism === 'ECDSA' ? ['--signature-format', 'openssl'] : [],
    login ? ['--login'] : [],
    pin === undefined ? [] : ['--pin', `env:${PIN_VARIABLE}`],
  );
  return run(tool, args, input, pin);
}

async function run({ modulePath, env }: Tool, args: readonly string[], input?: Uint8Array, pin?: string) {
  const all = ['--module', modulePath, ...args];
  const call =
    pin === undefined ? { program: PROGRAM, args: all } : { program: 'sh', args: ['-c', WITH_PIN, 'sh', ...all] };
  const sent = Buffer.concat([Buffer.from(pin === undefined ? '' : `${pin}\n`), input ?? Buffer.of()]);
  const { exitCode, stdout, stderr } = await runChild({ ...call, env, input: sent, timeoutSeconds: TIMEOUT_SECONDS });
  sent.fill(0);
  if (exitCode === 0) return stdout;
  throw toolError(stderr, modulePath);
}

const FAULTS = [
  [/CKR_PIN_(INCORRECT|LEN_RANGE|INVALID)/, 'pin-wrong', 'The PIN is wrong.'],
  [/CKR_PIN_LOCKED/, 'pin-locked', 'The PIN is locked after too many wrong ones; unlock it with the SO PIN.'],
  [/CKR_(TOKEN_NOT_PRESENT|DEVICE_REMOVED|SLOT_ID_INVALID)|No slot/i, 'token-missing', 'The token is not there.'],
  [/key not found|object not found/i, 'key-not-found', 'The token has no such private key.'],
  [/CKR_USER_NOT_LOGGED_IN|CKR_FUNCTION_REJECTED/, 'key-denied', 'The token does not let this key be used.'],
  [
    /CKR_MECHANISM_INVALID|mechanism.*not supported/i,
    'key-type-unknown',
    'The token cannot sign with that kind of key.',
  ],
] as const;

function toolError(stderr: string, modulePath: string): SignerError {
  if (/Failed to load pkcs11 module/.test(stderr)) {
    return new SignerError('key-tool-missing', `The PKCS #11 module ${modulePath} cannot be loaded: ${stderr}.`);
  }
  const known = FAULTS.find(([pattern]) => pattern.test(stderr));
  return known
    ? new SignerError(known[1], `${known[2]} (${stderr})`)
    : new SignerError('key-program-failed', `${PROGRAM} failed: ${stderr}.`);
}

/** From what `--list-token-slots` prints. */
export function parseTokens(text: string): Token[] {
  return blocks(text, /^Slot \d+ \((0x[0-9a-f]+)\):/).map(([slot, lines]) => ({
    slot,
    token: valueOf(lines, 'token label'),
    manufacturer: valueOf(lines, 'token manufacturer'),
    model: valueOf(lines, 'token model'),
    serial: valueOf(lines, 'serial num'),
    flags: valueOf(lines, 'token flags').split(', '),
  }));
}

/** From what `--list-objects` prints. */
export function parseKeys(text: string): TokenKey[] {
  return blocks(text, /^(Public Key Object);/).map(([, lines]) => ({
    label: valueOf(lines, 'label'),
    idHex: valueOf(lines, 'ID').toLowerCase(),
  }));
}

/** Headings at the margin, and the indented lines below each. */
function blocks(text: string, heading: RegExp): [string, string[]][] {
  const found: [string, string[]][] = [];
  let open: string[] | undefined;
  for (const line of text.split('\n')) {
    if (/^\s/.test(line)) {
      open?.push(line);
      continue;
    }
    const match = heading.exec(line)?.[1];
    open = match === undefined ? undefined : [];
    if (match !== undefined && open) found.push([match, open]);
  }
  return found;
}

/** The first line of that name counts: later ones could be made up by a label with line breaks. */
function valueOf(lines: readonly string[], name: string): string {
  const line = lines.find(l => l.trimStart().startsWith(name));
  return line?.slice(line.indexOf(':') + 1).trim() ?? '';
}
