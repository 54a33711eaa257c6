import assert from 'node:assert/strict';
import type { LogRequests } from '../../src/core/model/logRequest.ts';
import type { Transfers } from '../../src/core/model/transfer.ts';
import { onEachStore } from './eachStore.ts';
import { submit } from './support.ts';

onEachStore('work that goes from one machine to another', (bench) => {
  it('R16.7 its pieces are there until they are removed, and others keep theirs', async () => {
    const [one, two] = [await bench.open(), await bench.open()];
    const large = Buffer.alloc(256 * 1024, 'x').toString('base64');
    await one.write((tx) => {
      tx.addPiece('a', 0, large);
      tx.addPiece('a', 1, 'second');
      tx.addPiece('b', 0, 'other');
    });
    await one.write((tx) => tx.addPiece('a', 1, 'again'));
    assert.deepEqual([await two.piece('a', 0), await two.piece('a', 1)], [large, 'again']);
    assert.deepEqual([await two.piece('a', 2), await two.piece('c', 0)], [undefined, undefined]);
    await two.write((tx) => {
      tx.addPiece('a', 2, 'none');
      tx.removePieces('a');
    });
    assert.deepEqual(await Promise.all([0, 1, 2].map((n) => one.piece('a', n))), [undefined, undefined, undefined]);
    assert.equal(await one.piece('b', 0), 'other');
  });

  it('R16.7 others hear at which point each is, and the copies of a work tree are kept', async () => {
    const [one, two] = [await bench.open(), await bench.open()];
    const loop = await submit(one, 'x');
    const facts = { seq: loop.seq, from: 'two', to: 'one', at: 5 };
    const tree = { path: '/two/tree', branch: 'loops/x', root: '/two' };
    const transfers: Transfers = {
      a: { ...facts, state: 'asked' },
      b: { ...facts, state: 'packing', host: 'w1' },
      c: { ...facts, state: 'ready', tip: 'tip', pieces: 2, digest: 'd' },
      d: { ...facts, state: 'failed', why: 'no disk' },
      e: { ...facts, state: 'over', how: 'merged', tip: 'tip', tree },
    };
    const copy = { machine: 'one', root: '/one', commonFolder: '/one/.git', path: '/one/tree', branch: 'loops/x' };
    const copies = [{ ...copy, tip: 'tip', attempts: 1 }];
    const own = { root: '/two', commonFolder: '/two/.git', from: '/two', name: 'x', base: 'base', copies };
    const control = (await bench.news(one))?.control ?? assert.fail();
    await bench.news(two);
    await one.write((tx) => {
      tx.saveControl({ ...control, transfers });
      tx.saveLoop({ ...loop, workTree: own });
    });
    assert.deepEqual((await bench.news(two))?.control.transfers, transfers);
    assert.deepEqual((await two.bySeq(loop.seq))?.workTree, own);
    await two.write((tx) => tx.saveControl(control));
    assert.equal((await bench.news(one))?.control.transfers, undefined);
  });

  it('R16.8 others hear what output is asked for and has been sent', async () => {
    const [one, two] = [await bench.open(), await bench.open()];
    const facts = { token: 't', from: 'two', to: 'one', at: 5 };
    const logRequests: LogRequests = {
      a: { ...facts, state: 'asked' },
      b: { ...facts, state: 'asked', reach: { out: 7, err: 0 } },
      c: { ...facts, state: 'sent', parts: { out: { at: 7, size: 9, pieces: 1 }, err: { at: 0, size: 0, pieces: 0 } } },
      d: { ...facts, state: 'failed', why: 'no disk' },
    };
    const control = (await bench.news(one))?.control ?? assert.fail();
    await bench.news(two);
    await one.write((tx) => tx.saveControl({ ...control, logRequests }));
    assert.deepEqual((await bench.news(two))?.control.logRequests, logRequests);
    await two.write((tx) => tx.saveControl(control));
    assert.equal((await bench.news(one))?.control.logRequests, undefined);
  });
});
