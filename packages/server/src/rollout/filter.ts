/**
 * A rollout's filter: RSQL text to a predicate over what is known of a device. Compiled once per rollout, run at
 * every check-in, so it allocates nothing. Attributes are texts: `<` and `>` compare numbers where both sides are
 * numbers, else no order is assumed. Any comparison with an attribute that the device lacks is false, `!=` included.
 */
import type { ComparisonNode, ExpressionNode } from '@rsql/ast';
import { parse } from '@rsql/parser';
import { ServerError } from '../server-error.ts';
import type { DeviceFacts } from './device-facts.ts';

export type Filter = (device: DeviceFacts, component: string) => boolean;

/**
 * @throws ServerError `filter-invalid`, path `/filter`, with the position in characters from 1
 */
export function compileFilter(text: string): Filter {
  let tree: ExpressionNode;
  try {
    tree = parse(text);
  } catch (error) {
    throw invalid(parserFault(text, (error as Error).message), error);
  }
  return compileNode(tree);
}

/** The parser tells a fault's position only within its message, around a copy of the text: cut that out first. */
function parserFault(text: string, message: string): string {
  const [before = '', after = ''] = splitOnce(message, ` in "${text}"`);
  const position = /position (\d+)$/.exec(before)?.[1] ?? String(text.length + 1);
  const what = before.replace(/ at position \d+$/, '');
  const hint = /^\. (Did you forget.*\?)$/.exec(after)?.[1];
  return `${what} at position ${position}${hint === undefined ? '' : `; ${hint}`}`;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function invalid(detail: string, cause?: unknown): ServerError {
  return new ServerError('filter-invalid', detail, { path: '/filter', cause });
}

function compileNode(node: ExpressionNode): Filter {
  if (node.type === 'COMPARISON') return compileComparison(node);
  const left = compileNode(node.left);
  const right = compileNode(node.right);
  return node.operator === ';' || node.operator === 'and'
    ? (device, component) => left(device, component) && right(device, component)
    : (device, component) => left(device, component) || right(device, component);
}

function compileComparison(node: ComparisonNode): Filter {
  const read = compileSelector(node.left.selector);
  const { value } = node.right;
  const test = compileTest(node.operator, value);
  return (device, component) => {
    const actual = read(device, component);
    return actual !== undefined && test(actual);
  };
}

type Reader = (device: DeviceFacts, component: string) => string | undefined;

/** Facts that every device has come first; any other name is one of its attributes. */
const FACTS: Readonly<Record<string, Reader>> = {
  id: device => device.id,
  hardware: device => device.hardware,
  channel: device => device.channel,
  version: (device, component) => device.components.find(c => c.component === component)?.version,
  counter: (device, component) => device.components.find(c => c.component === component)?.counter.toString(),
};

const ATTRIBUTE = /^[a-z][a-zA-Z0-9_]{0,31}$/;

function compileSelector(selector: string): Reader {
  if (Object.hasOwn(FACTS, selector)) return FACTS[selector] as Reader;
  if (!ATTRIBUTE.test(selector)) throw invalid(`«${selector}» is no name of a fact or an attribute`);
  return device => (Object.hasOwn(device.attributes, selector) ? device.attributes[selector] : undefined);
}

type Test = (actual: string) => boolean;

function compileTest(operator: string, value: string | string[]): Test {
  if (operator === '=in=' || operator === '=out=') {
    const among = new Set(Array.isArray(value) ? value : [value]);
    return operator === '=in=' ? actual => among.has(actual) : actual => !among.has(actual);
  }
  if (Array.isArray(value)) throw invalid(`«${operator}» takes one value, not a list`);
  switch (operator) {
    case '==':
      return compileEquality(value);
    case '!=': {
      const equal = compileEquality(value);
      return actual => !equal(actual);
    }
    case '<':
    case '=lt=':
      return compileOrder(value, operator, (a, b) => a < b);
    case '<=':
    case '=le=':
      return compileOrder(value, operator, (a, b) => a <= b);
    case '>':
    case '=gt=':
      return compileOrder(value, operator, (a, b) => a > b);
    case '>=':
    case '=ge=':
      return compileOrder(value, operator, (a, b) => a >= b);
    default:
      throw invalid(`«${operator}» is no known comparison`);
  }
}

/** `*` at the start or the end stands for any text. No pattern in between: matching stays linear. */
function compileEquality(value: string): Test {
  const open = value.startsWith('*');
  const close = value.length > 1 && value.endsWith('*');
  const core = value.slice(open ? 1 : 0, close ? -1 : undefined);
  if (core.includes('*')) throw invalid('«*» may stand only at the start or the end of a value');
  if (open && close) return actual => actual.includes(core);
  if (open) return actual => actual.endsWith(core);
  if (close) return actual => actual.startsWith(core);
  return actual => actual === value;
}

const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

function compileOrder(value: string, operator: string, compare: (a: number, b: number) => boolean): Test {
  if (!NUMBER.test(value)) throw invalid(`«${operator}» needs a number, not «${value}»`);
  const bound = Number(value);
  return actual => NUMBER.test(actual) && compare(Number(actual), bound);
}
