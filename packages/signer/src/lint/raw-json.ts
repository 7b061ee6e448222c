/**
 * What JSON text says that its parsed value hides: fractions, numbers beyond exactness, a name given twice, names that
 * engines put into another order, text that is not Unicode. Each makes two readers see two things, and a signature
 * covers what only one of them saw. Pure; the text must be JSON already.
 */
export type RawFaultCode =
  | 'number-not-whole'
  | 'number-too-large'
  | 'name-twice'
  | 'name-reordered'
  | 'text-not-unicode'
  | 'nested-too-deep';

export interface RawFault {
  readonly code: RawFaultCode;
  /** JSON pointer. */
  readonly at: string;
}

/** No list of ours is nested deeper than half of this. */
const DEPTH_MAX = 32;
/** More say nothing more. */
const FAULTS_MAX = 20;

const TOKEN = /[{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}[\],:"]+/g;

interface Frame {
  /** Names so far, in an object. */
  readonly names: Set<string> | undefined;
  /** Of the member at hand: a name, or a place in an array. */
  at: string | number;
}

/** @param text that `JSON.parse` takes */
export function rawFaults(text: string): RawFault[] {
  const faults: RawFault[] = [];
  const frames: Frame[] = [];
  const here = () => frames.map(f => `/${String(f.at).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const fault = (code: RawFaultCode) => faults.push({ code, at: here() });
  let wantsName = false;
  for (const [token] of text.matchAll(TOKEN)) {
    if (faults.length >= FAULTS_MAX) break;
    const top = frames.at(-1);
    if (token === '{' || token === '[') {
      if (frames.length >= DEPTH_MAX) return [...faults, { code: 'nested-too-deep', at: here() }];
      frames.push(token === '{' ? { names: new Set(), at: '' } : { names: undefined, at: 0 });
      wantsName = token === '{';
    } else if (token === '}' || token === ']') {
      frames.pop();
      wantsName = false;
    } else if (token === ',') {
      if (typeof top?.at === 'number') top.at += 1;
      wantsName = top?.names !== undefined;
    } else if (wantsName && top?.names) {
      top.at = JSON.parse(token) as string;
      for (const code of nameFaults(top.at, top.names)) fault(code);
      top.names.add(top.at);
      wantsName = false;
    } else if (token !== ':') {
      for (const code of leafFaults(token)) fault(code);
    }
  }
  return faults;
}

function nameFaults(name: string, before: ReadonlySet<string>): RawFaultCode[] {
  return [
    ...(before.has(name) ? (['name-twice'] as const) : []),
    // JavaScript moves such names to the front; `__proto__` may vanish. Canonical JSON sorts them elsewhere.
    ...(/^(0|[1-9]\d{0,15})$/.test(name) || name === '__proto__' ? (['name-reordered'] as const) : []),
    ...(name.isWellFormed() ? [] : (['text-not-unicode'] as const)),
  ];
}

function leafFaults(token: string): RawFaultCode[] {
  if (token.startsWith('"')) return (JSON.parse(token) as string).isWellFormed() ? [] : ['text-not-unicode'];
  if (!/^-?\d/.test(token)) return [];
  // -0 and 1e3 are whole, but other programs write them otherwise again.
  if (!/^(0|-?[1-9]\d*)$/.test(token)) return ['number-not-whole'];
  return Number.isSafeInteger(Number(token)) ? [] : ['number-too-large'];
}
