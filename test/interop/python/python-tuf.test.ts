import { join } from 'node:path';
import { testWithOurRepository } from '../our-repository.ts';
import { clientOfSharedWords } from '../shared-words.ts';
import { PYTHON_WITHIN_MS, pythonWithTuf } from './python-tuf.ts';
import { testWithTheirRepository } from './their-repository.ts';

testWithOurRepository(
  async () => clientOfSharedWords([await pythonWithTuf(), join(import.meta.dirname, 'client.py')]),
  PYTHON_WITHIN_MS,
);
testWithTheirRepository(pythonWithTuf, PYTHON_WITHIN_MS);
