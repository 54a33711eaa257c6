import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installExtension } from '../support/host/installExtension.ts';
import { VSIX } from '../support/host/paths.ts';

const KILOBYTE = 1000;
const ALLOWED =
  /^(package\.json|readme\.md|changelog\.md|license\.txt|\.vsixmanifest|dist\/(extension|parts|postgres|execa|guardian|sampleagent)\.cjs|dist\/webview\/\w+\.(js|css)|media\/[\w/.-]+\.(svg|png|md))$/i;

describe('the package that users install', () => {
  let folder: string;
  let home: string;

  before(async () => {
    folder = await installExtension(VSIX);
    home = join(folder, readdirSync(folder).find((name) => name.startsWith('loopsupervisor.loop-supervisor-'))!);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const size = (name: string) => statSync(join(home, name)).size;

  it('is under 500 KB', () => {
    assert.ok(statSync(VSIX).size < 500 * KILOBYTE, `${statSync(VSIX).size} bytes`);
  });

  it('has extension bundles under 300 KB each and a guardian under 60 KB', () => {
    for (const name of ['extension', 'parts', 'postgres', 'execa'])
      assert.ok(size(`dist/${name}.cjs`) < 300 * KILOBYTE, `${name}: ${size(`dist/${name}.cjs`)} bytes`);
    assert.ok(size('dist/guardian.cjs') < 60 * KILOBYTE, `guardian: ${size('dist/guardian.cjs')} bytes`);
  });

  it('holds only what it needs', () => {
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const names = files.map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1));
    assert.deepEqual(
      names.filter((name) => !ALLOWED.test(name)),
      [],
    );
    for (const program of ['extension', 'guardian', 'sampleAgent'])
      assert.ok(existsSync(join(home, `dist/${program}.cjs`)), program);
  });
});
