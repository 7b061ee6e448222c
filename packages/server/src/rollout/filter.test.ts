import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../server-error.ts';
import type { DeviceFacts } from './device-facts.ts';
import { compileChoice, compileFilter } from './filter.ts';

const device: DeviceFacts = {
  id: '0'.repeat(32),
  product: 'gw',
  channel: 'stable',
  hardware: 'gw-b',
  components: [{ component: 'app', version: '1.2.0', counter: 12 }],
  attributes: { site: 'Köln 3', floor: '4', rack: 'r-17' },
  canary: false,
  tags: [],
  group: 'pilot-2',
  lastCheckIn: new Date('2026-11-20T12:00:00Z'),
};

const now = new Date('2026-11-28T12:00:00Z');

const matches = (filter: string) => compileFilter(filter)(device, 'app', now);

function fault(filter: string): ServerError {
  try {
    compileFilter(filter);
  } catch (error) {
    if (error instanceof ServerError) return error;
    throw error;
  }
  throw new Error(`«${filter}» was taken`);
}

describe('a filter', () => {
  it.each([
    ["site=='Köln 3'", true],
    ['rack==r-*', true],
    ['rack==*17', true],
    ['rack==*-1*', true],
    ['rack!=r-*', false],
    ['floor=in=(3,4)', true],
    ['floor=out=(3,4)', false],
    ['floor>3;floor<=4', true],
    ['floor<10', true],
    ['rack>3', false],
    ['hardware==gw-a,channel==stable', true],
    ['(hardware==gw-a,channel==stable);floor==5', false],
    ['counter=ge=12', true],
    ['version==1.2.0', true],
    ['id==0*', true],
    ['group==pilot-*', true],
    ['group!=pilot-2', false],
    ['group=in=(pilot-1,pilot-2)', true],
    ['lastCheckIn=gt=2026-11-20T11:59:59Z', true],
    ['lastCheckIn>2026-11-20T12:00:00Z', false],
    ['lastCheckIn>=2026-11-20', true],
    ['lastCheckIn=lt=2026-11-20', false],
    ['lastCheckIn=ge=-P8D', true],
    ['lastCheckIn=ge=-P1W', false],
    ['lastCheckIn<-P7DT23H59M', true],
  ])('%s: %s', (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });

  it('is false for what the device does not have, whichever way it is asked', () => {
    expect(matches('owner==x') || matches('owner!=x') || matches('owner=out=(x)') || matches('owner<1')).toBe(false);
  });

  it('is false for the group of a device that is in none, whichever way it is asked', () => {
    const alone = { ...device, group: null };
    expect(compileFilter('group==*,group!=pilot-1')(alone, 'app', now)).toBe(false);
  });

  it('is false for the last check-in of a device that never came', () => {
    const never = { ...device, lastCheckIn: null };
    expect(compileFilter('lastCheckIn<2099-01-01,lastCheckIn>=2000-01-01')(never, 'app', now)).toBe(false);
  });

  it('leaves out whom the exclusion means, and nobody for a fact that the device lacks', () => {
    const isIn = (filter: string | null, exclude: string) => compileChoice({ filter, exclude })(device, 'app', now);
    expect([isIn(null, 'rack==r-*'), isIn('floor==4', 'rack==r-*'), isIn('floor==5', 'rack==x')]).toEqual([
      false,
      false,
      false,
    ]);
    expect([isIn(null, 'rack==x'), isIn('floor==4', 'owner!=x'), isIn(null, 'tag==lab')]).toEqual([true, true, true]);
  });

  it('does not see what every object has', () => {
    expect(matches('constructor!=x')).toBe(false);
    expect(matches('toString==*')).toBe(false);
  });

  it.each([
    ['floor==', /position 8$/],
    ['floor==4;', /position 10$/],
    ['(floor==4', /position 10; Did you forget/],
    ['floor 4', /position 7$/],
    ["site=='x", /position 7$/],
    ['floor==4 at position 2 in "x"', /'at' at position 10$/],
    ['floor=zz=4', /=zz=/],
    ['floor>high', /number/],
    ['floor==(1,2)', /one value/],
    ['a*b==c', /no name/],
    ['site==a*b', /start or the end/],
    ['lastCheckIn==2026-11-01', /is a time: compare it by/],
    ['lastCheckIn=in=(2026-11-01)', /is a time/],
    ['lastCheckIn>2026-02-30', /«2026-02-30» is no time/],
    ['lastCheckIn>-P1M', /is no time: write .* -P7D/],
    ['lastCheckIn>-P', /is no time/],
    ['lastCheckIn>-P1DT', /is no time/],
    [Array(101).fill('floor==4').join(';'), /101 comparisons, 100 are the most/],
    [`floor=in=(${Array(201).fill('4').join(',')})`, /201 values, 200 are the most/],
    [`site==${'x'.repeat(2000)}`, /longer than 2000 characters/],
  ])('refuses %s and says where', (filter, where) => {
    expect(fault(filter)).toMatchObject({ code: 'filter-invalid', path: '/filter' });
    expect(fault(filter).message).toMatch(where);
  });

  it('never throws anything but its own fault, and answers true or false when it is taken', () => {
    const piece = fc.constantFrom(
      'floor',
      'site',
      '==',
      '!=',
      '=in=',
      '<',
      ';',
      ',',
      '(',
      ')',
      "'",
      '4',
      'x*',
      ' ',
      'and',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 12 }).map(p => p.join('')),
        ),
        text => {
          try {
            expect(typeof compileFilter(text)(device, 'app', now)).toBe('boolean');
          } catch (error) {
            expect(error).toBeInstanceOf(ServerError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('survives the deepest nesting that a filter may have', () => {
    const deep = `${'('.repeat(990)}floor==4${')'.repeat(990)}`;
    expect(matches(deep)).toBe(true);
    expect(matches(Array(100).fill('floor==4').join(';'))).toBe(true);
  });
});

describe('tags in a filter', () => {
  const passes = (text: string, tags: string[]) => compileFilter(text)({ ...device, tags }, 'app', now);

  it('take a group in, or leave it out; a device without any is in no group', () => {
    expect([passes('tag==lab', ['lab', 'north']), passes('tag==lab', ['north']), passes('tag==lab', [])]).toEqual([
      true,
      false,
      false,
    ]);
    expect([passes('tag!=lab', ['lab', 'north']), passes('tag!=lab', ['north']), passes('tag!=lab', [])]).toEqual([
      false,
      true,
      true,
    ]);
    expect([passes('tag=out=(lab,shop)', ['north', 'shop']), passes('tag=in=(lab,shop)', ['shop'])]).toEqual([
      false,
      true,
    ]);
    expect(passes('tag==la*', ['lab'])).toBe(true);
  });

  it('have no order', () => {
    expect(() => compileFilter('tag<4')).toThrow(/no order/);
  });
});
