import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { readManifest, sectionIn, settingsTable } from './support/docs/tables.ts';
import { rulesIn } from './support/run/rules.ts';

const root = new URL('../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

describe('documents', () => {
  it('list the settings as the manifest declares them (if not: npm run docs)', () => {
    const table = sectionIn(read('src/ui/settings/README.md'), 'settings');
    assert.equal(table, settingsTable(readManifest()).trim());
  });

  it('name a test that exists for every threat', () => {
    const threats = sectionIn(read('.github/SECURITY.md'), 'security').split(/^- /m).slice(1);
    assert.ok(threats.length >= 10, `only ${threats.length} threats are named`);
    for (const threat of threats) {
      const tests = [...(threat.split('Tests:')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path as string);
      assert.ok(tests.length > 0, threat);
      for (const path of tests) assert.ok(existsSync(new URL(path, root)), `${path} is named as a test and missing`);
    }
  });

  it('number the rules of every chapter without a gap', () => {
    const rules = rulesIn(read('src/core/README.md'));
    assert.ok(rules.length > 50, `only ${rules.length} rules were found`);
    assert.equal(new Set(rules).size, rules.length, 'a rule has a number of its own');
    for (const [at, rule] of rules.entries()) {
      const [chapter, number] = rule.split('.');
      const before = rules[at - 1]?.split('.');
      const expected = before?.[0] === chapter ? Number(before?.[1]) + 1 : 1;
      assert.equal(Number(number), expected, `the number of ${rule}`);
    }
  });

  it('keep their links to files of this repository whole', () => {
    for (const document of globSync(['*.md', '.github/*.md', '{src,test}/**/README.md'], { cwd: root.pathname })) {
      const folder = new URL(document, root);
      for (const [, target] of read(document).matchAll(/\]\((?!https?:|command:|#)([^)#]+)/g))
        assert.ok(existsSync(new URL(target as string, folder)), `${document} links to ${target}, which is missing`);
    }
  });
});
