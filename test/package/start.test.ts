import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { delimiter } from 'node:path';
import { freshFolder, ROOT } from '../support/host/paths.ts';
import { until } from '../support/until.ts';

describe('npm start on a machine without a desktop VS Code', () => {
  let home: string;
  let start: ChildProcess;
  let output = '';
  let url: URL;

  before(async () => {
    home = freshFolder('start');
    // The script itself, with no `code` to be found.
    const path = [`${ROOT}/node_modules/.bin`, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
    start = spawn(process.execPath, ['test/support/start.ts', home], {
      cwd: ROOT,
      env: { ...process.env, PATH: path },
    });
    for (const stream of [start.stdout, start.stderr])
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    url = new URL(await until('the address', () => start.exitCode ?? /http:\S+/.exec(output)?.[0]).then(String));
  });
  after(async () => {
    if (start.exitCode === null) {
      start.kill('SIGKILL');
      await once(start, 'exit');
    }
    rmSync(home, { recursive: true, force: true });
  });

  const status = (address: string) => fetch(address, { redirect: 'manual' }).then((response) => response.status);

  it('listens on the loopback, and opens to nobody without its token', async () => {
    assert.equal(url.hostname, '127.0.0.1');
    assert.match(url.searchParams.get('tkn') ?? '', /^[0-9a-f]{32}$/);
    assert.equal(await status(`${url.origin}/?folder=/tmp`), 403);
    assert.equal(await status(`${url.origin}/?folder=/tmp&tkn=wrong`), 403);
    assert.ok((await status(url.href)) < 400);
  });

  it('does not show the token to other users of the machine', () => {
    assert.ok(!start.spawnargs.join(' ').includes(url.searchParams.get('tkn')!));
  });

  it('ends what it started at Ctrl+C', async () => {
    start.kill('SIGINT');
    const [code] = await once(start, 'exit');
    assert.equal(code, 0, output);
    await assert.rejects(fetch(url.origin));
  });
});
