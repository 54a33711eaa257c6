import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Messenger } from '../../src/process/follow/messenger.ts';
import { RESULT } from '../../src/process/runFolder/records.ts';
import { filesIn } from '../../src/process/runFolder/runFiles.ts';
import type { ProcessTable } from '../../src/process/tables/processTable.ts';

describe('A signal to a run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'loop-messenger-'));
  after(() => rmSync(folder, { recursive: true }));

  it('R7.3 counts as delivered where the guardian has answered and ended between two looks', async () => {
    const files = filesIn(folder);
    mkdirSync(files.orders);
    const table = {
      // It writes its answer, and is gone when it is looked for.
      look: async () => {
        const [order = ''] = readdirSync(files.orders);
        writeFileSync(join(files.orders, order + RESULT), '{"delivered":true}');
        return { there: [], unknown: [] };
      },
      signal: async () => undefined,
      signalGroup: () => false,
    };
    const messenger = new Messenger(table as unknown as ProcessTable, systemClock, () => undefined);
    const identity = { pid: 1, startTime: '1', bootId: 'boot' };
    assert.equal(await messenger.signal(files, { kind: 'signal', signal: 'SIGKILL' }, { identity }), true);
  });
});
