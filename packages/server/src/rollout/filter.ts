/**
 * A rollout's filter: RSQL text to a predicate over what is known of a device. Compiled once per rollout, run at
 * every check-in, so it allocates nothing. Attributes are texts: `<` and `>` compare numbers where both sides are
 * numbers, else no order is assumed. Any comparison with an attribute that the device lacks is false, `!=` included.
 * Tags are known of every device: one without any passes `tag!=lab`.
 */
import type { DeviceFacts } from './device-facts.ts';
import { momentMs } from './filter-time.ts';
import {
  type Choice,
  type Fact,
  type FactName,
  type FilterNode,
  type FilterTest,
  NUMBER_PATTERN,
  type Order,
  parseFilter,
  type TagTest,
} from './filter-tree.ts';

/** @param component whose `version` and `counter` are meant @param now from which spans are counted back */
export type Filter = (device: DeviceFacts, component: string, now: Date) => boolean;

/**
 * @param path of the field that holds it
 * @throws ServerError `filter-invalid` with that path, and the position in characters from 1
 */
export function compileFilter(text: string, path?: string): Filter {
  return compileNode(parseFilter(text, path));
}

/** @throws ServerError `filter-invalid`, path `/filter` or `/exclude` */
export function compileChoice({ filter, exclude }: Choice): Filter {
  const isMeant = filter === null ? () => true : compileFilter(filter);
  if (exclude === null) return isMeant;
  const isExcluded = compileFilter(exclude, '/exclude');
  return (device, component, now) => isMeant(device, component, now) && !isExcluded(device, component, now);
}

function compileNode(node: FilterNode): Filter {
  if (node.kind === 'comparison') {
    const read = compileFact(node.fact);
    const test = compileTest(node.test);
    return (device, component) => {
      const actual = read(device, component);
      return actual !== undefined && test(actual);
    };
  }
  if (node.kind === 'tag') {
    const test = compilePositive(node.test);
    return node.test.negated ? device => !device.tags.some(test) : device => device.tags.some(test);
  }
  if (node.kind === 'lastCheckIn') {
    const compare = ORDERS[node.operator];
    const { bound } = node;
    return ({ lastCheckIn }, _component, now) =>
      lastCheckIn !== null && compare(lastCheckIn.getTime(), momentMs(bound, now));
  }
  const left = compileNode(node.left);
  const right = compileNode(node.right);
  return node.kind === 'and'
    ? (device, component, now) => left(device, component, now) && right(device, component, now)
    : (device, component, now) => left(device, component, now) || right(device, component, now);
}

type Reader = (device: DeviceFacts, component: string) => string | undefined;

const FACTS: Readonly<Record<FactName, Reader>> = {
  id: device => device.id,
  hardware: device => device.hardware,
  channel: device => device.channel,
  version: (device, component) => device.components.find(c => c.component === component)?.version,
  counter: (device, component) => device.components.find(c => c.component === component)?.counter.toString(),
  canary: device => String(device.canary),
  group: device => device.group ?? undefined,
};

function compileFact(fact: Fact): Reader {
  if ('name' in fact) return FACTS[fact.name];
  const { attribute } = fact;
  return device => (Object.hasOwn(device.attributes, attribute) ? device.attributes[attribute] : undefined);
}

type Test = (actual: string) => boolean;

function compileTest(test: FilterTest): Test {
  if (test.kind === 'order') return compileOrder(test.operator, test.bound);
  const positive = compilePositive(test);
  return test.negated ? actual => !positive(actual) : positive;
}

function compilePositive(test: TagTest): Test {
  switch (test.kind) {
    case 'equals':
      return actual => actual === test.text;
    case 'startsWith':
      return actual => actual.startsWith(test.text);
    case 'endsWith':
      return actual => actual.endsWith(test.text);
    case 'contains':
      return actual => actual.includes(test.text);
    case 'among': {
      const among = new Set(test.texts);
      return actual => among.has(actual);
    }
  }
}

const NUMBER = new RegExp(NUMBER_PATTERN);

const ORDERS: Readonly<Record<Order, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function compileOrder(operator: Order, bound: number): Test {
  const compare = ORDERS[operator];
  return actual => NUMBER.test(actual) && compare(Number(actual), bound);
}
