import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = `
import { loadCompiled } from ${JSON.stringify(import.meta.resolve('../../src/cli/compiledBundle.ts'))};
const { exports, keep } = loadCompiled(...process.argv.slice(1));
process.stdout.write(exports.greet());
keep();`;

describe('a bundle with kept code', () => {
  let folder: string;
  let bundle: string;
  let kept: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-compiled-'));
    bundle = join(folder, 'bundle.cjs');
    mkdirSync(join(folder, 'cache'));
    kept = join(folder, 'cache', 'code');
    writeFileSync(join(folder, 'name.cjs'), "exports.name = 'you';");
    greetWith('hello');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function greetWith(word: string): void {
    writeFileSync(bundle, `exports.greet = () => \`${word} \${require('./name.cjs').name}\`;`);
  }
  /** In a process of its own, loads the bundle, runs it and keeps its code: what it said, and whether it wrote any. */
  function call(): readonly [said: string, written: boolean] {
    if (existsSync(kept)) utimesSync(kept, 0, 0);
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM, bundle, kept], {
      encoding: 'utf8',
    });
    return [said, existsSync(kept) && statSync(kept).mtimeMs !== 0];
  }

  it('R15.3 is compiled once, and its code is the owner’s alone', () => {
    assert.deepEqual(call(), ['hello you', true]);
    assert.deepEqual(call(), ['hello you', false]);
    assert.deepEqual(readdirSync(join(folder, 'cache')), ['code']);
    assert.equal(statSync(kept).mode & 0o777, 0o600);
  });

  it('R15.3 runs no code of another bundle, even of one as long', () => {
    call();
    greetWith('howdy');
    assert.deepEqual(call(), ['howdy you', true]);
    assert.deepEqual(call(), ['howdy you', false]);
  });

  it('R15.3 is compiled anew where its code was cut short, is damaged or is something else', () => {
    call();
    truncateSync(kept, statSync(kept).size - 10);
    assert.deepEqual(call(), ['hello you', true]);
    const content = readFileSync(kept);
    content.writeUInt8(content.readUInt8(content.length - 200) ^ 255, content.length - 200);
    writeFileSync(kept, content);
    assert.deepEqual(call(), ['hello you', true]);
    writeFileSync(kept, 'nothing');
    assert.deepEqual(call(), ['hello you', true]);
  });

  it('R15.3 runs where its code cannot be kept', () => {
    rmSync(join(folder, 'cache'), { recursive: true });
    assert.deepEqual(call(), ['hello you', false]);
  });
});
