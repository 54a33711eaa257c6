import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readManifest, sectionIn, settingsTable } from './support/docs/tables.ts';

describe('README', () => {
  const root = new URL('../', import.meta.url);
  const readme = readFileSync(new URL('README.md', root), 'utf8');

  it('has the settings as the manifest has them (if not: npm run docs)', () => {
    assert.equal(sectionIn(readme, 'settings'), settingsTable(readManifest()).trim());
  });

  it('names a test that exists for every threat', () => {
    const rows = sectionIn(readme, 'security')
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    assert.ok(rows.length >= 10, `only ${rows.length} threats are named`);
    for (const row of rows) {
      const tests = [...(row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path as string);
      assert.ok(tests.length > 0, row);
      for (const path of tests)
        assert.ok(existsSync(new URL(path, root)), `${path} is named in the README and not there`);
    }
  });
});
