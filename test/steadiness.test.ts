import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';

/** Kinds of tests that fail now and then, by what they look like. test/README.md says what to write in their place. */
const UNSTEADY: Readonly<Record<string, { readonly pattern: RegExp }>> = {
  'a limit of its own, which a busy machine can reach': { pattern: /\.timeout\(/g },
  'a wait with a limit of its own': {
    pattern: /\buntil\((?:(?!;\n)[\s\S])*?,\s*\d[\d_* ]*,?\s*\);|\},\n\s+\d[\d_]*,\n\s+\);/g,
  },
  'an action or a wait in a page with a limit of its own': { pattern: /\btimeout: \d/g },
  'a wait for a fixed time': {
    pattern: /\bwaitForTimeout\(|await sleep\(|\(resolve\) => setTimeout\(resolve|delay\(\d/g,
  },
  'a key that opens what a page may swallow: use QuickInput, TextEditor or LoopTree': {
    pattern: /press\('(?:F1|Shift\+F10|Control\+(?:Shift\+)?[PG])'\)/g,
  },
  'a database that processes have open, without waiting for their locks: use openBeside': {
    pattern: /new DatabaseSync\(join\((?:storage|host)\b/g,
  },
  'a list of all processes, of which others start some': { pattern: /readdirSync\('\/proc'\)/g },
};

describe('steadiness', () => {
  for (const [kind, { pattern }] of Object.entries(UNSTEADY)) {
    it(`no test has ${kind}`, () => {
      const found = globSync('test/**/*.test.ts')
        .filter((file) => !file.endsWith('steadiness.test.ts'))
        .flatMap((file) => {
          const text = readFileSync(file, 'utf8');
          return [...text.matchAll(pattern)].map(({ index, 0: what }) => {
            const line = text.slice(0, index).split('\n').length;
            return `${file}:${line}: ${what.slice(0, 60).replaceAll(/\s+/g, ' ')}`;
          });
        });
      assert.deepEqual(found, []);
    });
  }
});
