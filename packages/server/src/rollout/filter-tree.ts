/**
 * A filter's text (RSQL) as a checked tree: what `filter.ts` runs in memory and `filter-sql.ts` in the database, so that
 * a list of devices and a rollout mean the same by the same words. Every fault of a filter is found here.
 */
import type { ComparisonNode, ExpressionNode } from '@rsql/ast';
import { parse } from '@rsql/parser';
import { storable } from '../db/storable.ts';
import { ServerError } from '../server-error.ts';

export type FilterNode =
  | { readonly kind: 'and' | 'or'; readonly left: FilterNode; readonly right: FilterNode }
  | { readonly kind: 'comparison'; readonly fact: Fact; readonly test: FilterTest }
  /** Of a device's tags, which may be many or none: one of them passes or, negated, none of them does. */
  | { readonly kind: 'tag'; readonly test: TagTest };

/** Facts that every device has; any other name is one of its attributes. `version` and `counter` are a component's. */
const FACT_NAMES = ['id', 'hardware', 'channel', 'version', 'counter', 'canary'] as const;
export type FactName = (typeof FACT_NAMES)[number];
export type Fact = { readonly name: FactName } | { readonly attribute: string };

/** What is asked of the fact's text. A fact that the device lacks passes no test, a negated one included. */
export type FilterTest =
  | {
      readonly kind: 'equals' | 'startsWith' | 'endsWith' | 'contains';
      readonly text: string;
      readonly negated: boolean;
    }
  | { readonly kind: 'among'; readonly texts: readonly string[]; readonly negated: boolean }
  /** Numbers are compared; a text that is none passes no such test. */
  | { readonly kind: 'order'; readonly operator: Order; readonly bound: number };
export type TagTest = Exclude<FilterTest, { kind: 'order' }>;
export type Order = '<' | '<=' | '>' | '>=';

/** The texts that count as numbers. Written for JavaScript and PostgreSQL alike. */
export const NUMBER_PATTERN = '^-?[0-9]{1,15}(\\.[0-9]{1,15})?$';

/**
 * @throws ServerError `filter-invalid`, path `/filter`, with the position in characters from 1
 */
export function parseFilter(text: string): FilterNode {
  if (storable(text) !== text) throw invalid('it holds a character that no device can have');
  let tree: ExpressionNode;
  try {
    tree = parse(text);
  } catch (error) {
    throw invalid(parserFault(text, (error as Error).message), error);
  }
  return checkNode(tree);
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

function checkNode(node: ExpressionNode): FilterNode {
  if (node.type === 'COMPARISON') return checkComparison(node);
  const kind = node.operator === ';' || node.operator === 'and' ? 'and' : 'or';
  return { kind, left: checkNode(node.left), right: checkNode(node.right) };
}

const TAG = 'tag';

function checkComparison(node: ComparisonNode): FilterNode {
  if (node.left.selector === TAG) {
    const tagTest = checkTest(node.operator, node.right.value);
    if (tagTest.kind === 'order') throw invalid('tags are names: they have no order');
    return { kind: 'tag', test: tagTest };
  }
  return {
    kind: 'comparison',
    fact: checkFact(node.left.selector),
    test: checkTest(node.operator, node.right.value),
  };
}

const ATTRIBUTE = /^[a-z][a-zA-Z0-9_]{0,31}$/;

function checkFact(selector: string): Fact {
  const name = FACT_NAMES.find(n => n === selector);
  if (name !== undefined) return { name };
  if (!ATTRIBUTE.test(selector)) throw invalid(`«${selector}» is no name of a fact or an attribute`);
  return { attribute: selector };
}

function checkTest(operator: string, value: string | string[]): FilterTest {
  if (operator === '=in=' || operator === '=out=') {
    return { kind: 'among', texts: Array.isArray(value) ? value : [value], negated: operator === '=out=' };
  }
  if (Array.isArray(value)) throw invalid(`«${operator}» takes one value, not a list`);
  switch (operator) {
    case '==':
      return checkPattern(value, false);
    case '!=':
      return checkPattern(value, true);
    case '<':
    case '=lt=':
      return checkOrder(value, operator, '<');
    case '<=':
    case '=le=':
      return checkOrder(value, operator, '<=');
    case '>':
    case '=gt=':
      return checkOrder(value, operator, '>');
    case '>=':
    case '=ge=':
      return checkOrder(value, operator, '>=');
    default:
      throw invalid(`«${operator}» is no known comparison`);
  }
}

/** `*` at the start or the end stands for any text. No pattern in between: matching stays linear. */
function checkPattern(value: string, negated: boolean): FilterTest {
  const open = value.startsWith('*');
  const close = value.length > 1 && value.endsWith('*');
  const text = value.slice(open ? 1 : 0, close ? -1 : undefined);
  if (text.includes('*')) throw invalid('«*» may stand only at the start or the end of a value');
  const kind = open ? (close ? 'contains' : 'endsWith') : close ? 'startsWith' : 'equals';
  return { kind, text, negated };
}

const NUMBER = new RegExp(NUMBER_PATTERN);

function checkOrder(value: string, written: string, operator: Order): FilterTest {
  if (!NUMBER.test(value)) throw invalid(`«${written}» needs a number, not «${value}»`);
  return { kind: 'order', operator, bound: Number(value) };
}
