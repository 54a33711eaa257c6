import assert from 'node:assert/strict';
import { LineSplitter } from '../../src/process/follow/lineSplitter.ts';
import { fuzzCatalog, fuzzStreams } from './streams.ts';

describe('Bad agent output', () => {
  it('R8.2 R6.6 spoilt streams of all agents end with a reason, and nothing in them is an amount that is none', async () => {
    const { found, cases } = await fuzzStreams({ cases: 1_200, seed: 20_261_123 });
    assert.deepEqual(found, []);
    assert.equal(cases, 1_200);
  });

  it('R8.2 a line of 50 MB and JSON that is deeper than any stack leave every reader working', () => {
    const catalog = fuzzCatalog();
    const long = Buffer.from(
      `{"type":"assistant","message":{"content":[{"type":"text","text":"${'x'.repeat(50 * 2 ** 20)}"}]}}\n`,
    );
    const deep = Buffer.from(`${'{"a":['.repeat(300_000)}\n`);
    const after = Buffer.from(
      '{"type":"system","subtype":"init","session_id":"11111111-1111-4111-8111-111111111111"}\n',
    );
    for (const name of catalog.names()) {
      const reader = catalog.find(name)?.reader();
      const splitter = new LineSplitter();
      const lengths: number[] = [];
      for (const bytes of [long, deep, after]) {
        for (let from = 0; from < bytes.length; from += 2 ** 18) {
          for (const { lines } of splitter.take(bytes.subarray(from, from + 2 ** 18))) {
            for (const line of lines) {
              lengths.push(line.length);
              reader?.line(line);
            }
          }
        }
      }
      assert.equal(lengths.length, 3, `${name} was given ${lengths.length} lines`);
      assert.ok(Math.max(...lengths) <= 2 ** 20, `${name} was given a line of ${Math.max(...lengths)} characters`);
      const said = reader?.end({ exitCode: 0 }, '') ?? [];
      assert.ok(JSON.stringify([reader?.state(), said]).length < 4 * 2 ** 20, `${name} keeps too much`);
    }
  });
});
