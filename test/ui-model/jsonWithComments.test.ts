import assert from 'node:assert/strict';
import { isJsonWithComments } from '../../src/ui/settings/jsonWithComments.ts';

describe('JSON with comments', () => {
  for (const text of [
    '{}',
    '{ "a": 1, }',
    '// a comment\n{ "a": [1, 2,], /* inner */ "b": "//no comment, }" }',
    '\uFEFF{ "url": "https://example.com/*", "b": "*/" }',
    '{ "a": "\\"," , }',
    '{} // the end',
  ])
    it(`R6.9 takes ${JSON.stringify(text)}`, () => assert.equal(isJsonWithComments(text), true));

  for (const text of [
    '',
    '{',
    '{ "loopSupervisor.budget.dailyLimitUsd": , }',
    '{ "loopSupervisor.budget.dailyLimitUsd": }',
    '{ "loopSupervisor.budget.dailyLimitUsd": 2',
    '{ "loopSupervisor.budget.dailyLimi',
    '{ "a": 1 } }',
    '{ "a": 1, , "b": 2 }',
    '{ "a": 1 } /* open',
    '{ /*/ "a": 1 }',
    '[1]',
    '{ "a": 20 USD }',
  ])
    it(`R6.9 refuses ${JSON.stringify(text)}`, () => assert.equal(isJsonWithComments(text), false));
});
