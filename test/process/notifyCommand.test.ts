import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNotifier } from '../../src/process/notify/notifyCommand.ts';

describe('the command that runs for events', () => {
  let folder: string;
  let logged: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-notify-'));
    logged = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const notifier = (now = Date.now()) =>
    createNotifier({
      claimsFolder: join(folder, 'claims'),
      environment: async () => ({ PATH: process.env.PATH ?? '', TOLD: join(folder, 'told') }),
      now: () => now,
      log: (message, error) => logged.push(error === undefined ? message : `${message} ${error}`),
    });
  const event = { type: 'loop:completed', at: 5, loopId: 'a', title: 'It’s `done`; $(rm)' };
  const TELL = ['sh', '-c', 'cat >> "$TOLD"'];

  it('gets the event as JSON on its standard input, and nothing of it as a command line', async () => {
    assert.equal(await notifier()(TELL, event), true);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'told'), 'utf8')), event);
    assert.deepEqual(logged, []);
  });

  it('R10.2 runs once, though several hosts see the event', async () => {
    const hosts = [notifier(), notifier(), notifier()];
    const ran = await Promise.all(hosts.map((notify) => notify(TELL, event)));
    assert.deepEqual(ran.filter(Boolean).length, 1);
    assert.equal(readFileSync(join(folder, 'told'), 'utf8').trim().split('\n').length, 1);
    assert.equal(await notifier()(TELL, { ...event, at: 6 }), true, 'another event is another');
  });

  it('is logged when it fails or is not there, and harms nothing', async () => {
    assert.equal(await notifier()(['sh', '-c', 'echo no route >&2; exit 7'], { n: 1 }), false);
    assert.equal(await notifier()(['no-such-program'], { n: 2 }), false);
    assert.equal(await notifier()([], { n: 3 }), false);
    assert.equal(logged.length, 2);
    assert.match(logged[0] ?? '', /notifications\.command ended with 7: no route/);
    assert.match(logged[1] ?? '', /no-such-program was not found on the PATH/);
  });

  it('R9.4 claims are removed after a day', async () => {
    await notifier()(TELL, { n: 1 });
    const claims = join(folder, 'claims');
    const [first = ''] = readdirSync(claims);
    utimesSync(join(claims, first), new Date(0), new Date(0));
    await notifier()(TELL, { n: 2 });
    assert.ok(!existsSync(join(claims, first)));
    assert.equal(readdirSync(claims).length, 1);
  });
});
