import assert from 'node:assert/strict';
import fc from 'fast-check';
import { makeChecks, namedChecks, runnerOf, scriptChecks } from '../../src/ui/checks/checkSources.ts';
import { piecesOf, ticked } from '../../src/ui/checks/listItems.ts';

const commands = (offered: readonly { readonly check: { readonly command: string } }[]) =>
  offered.map(({ check }) => check.command);

describe('what is offered as a check', () => {
  it('R11.6 scripts of package.json, the likely ones first, and none that run for ever', () => {
    const scripts = { start: 'x', dev: 'x', docs: 'x', lint: 'x', test: 'x', pretest: 'x', 'test:unit': 'x' };
    assert.deepEqual(commands(scriptChecks(JSON.stringify({ scripts }))), [
      'npm run lint',
      'npm test',
      'npm run test:unit',
      'npm run docs',
    ]);
    assert.deepEqual(commands(scriptChecks(JSON.stringify({ scripts: { test: 'x' } }), 'pnpm')), ['pnpm run test']);
  });

  it('R11.5 a name with more than a name in it is not offered: the repository could smuggle in a command', () => {
    const scripts = { 'x; rm -rf ~': 'x', '$(id)': 'x', 'a b': 'x' };
    assert.deepEqual(scriptChecks(JSON.stringify({ scripts })), []);
    assert.deepEqual(makeChecks('$(shell id):\n\techo\nx;y:\n'), []);
  });

  it('R11.6 offers nothing if a file cannot be read', () => {
    for (const text of ['', '{', 'null', '[]', '{"scripts":1}', '{"scripts":null}'])
      assert.deepEqual(scriptChecks(text), []);
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(scriptChecks(text)) && Array.isArray(makeChecks(text))));
  });

  it('R11.6 targets of a Makefile, and no variables or rules for patterns', () => {
    const text = 'CC := gcc\nall: build\nbuild: $(OBJ)\n\tcc\n%.o: %.c\n\tcc\n.PHONY: all\ntest: build\n\t./t\nX = 1\n';
    assert.deepEqual(commands(makeChecks(text)), ['make build', 'make test', 'make all']);
  });

  it('R11.6 the package manager of the lock file runs the scripts', () => {
    assert.deepEqual([['pnpm-lock.yaml'], ['yarn.lock'], ['bun.lock'], ['package-lock.json'], []].map(runnerOf), [
      'pnpm',
      'yarn',
      'bun',
      'npm',
      'npm',
    ]);
  });

  it('R11.6 named checks of the settings, as text or objects; invalid ones are left out', () => {
    const checks = { unit: 'npm test', all: { command: 'make ci', maxRounds: 3 }, no: {}, empty: ' ', none: null };
    assert.deepEqual(
      namedChecks(checks).map(({ label, check }) => [label, check]),
      [
        ['unit', { command: 'npm test' }],
        ['all', { command: 'make ci', maxRounds: 3 }],
      ],
    );
    for (const wrong of [undefined, null, 'x', [], 1]) assert.deepEqual(namedChecks(wrong), []);
  });
});

describe('Submit Each', () => {
  it('R11.6 makes one prompt of each list item, with the lines below it, and leaves out what is done', () => {
    const text = '- [ ] fix the build\n  on Windows\n- [x] done before\n  - its detail\n- [ ] write docs\n';
    assert.deepEqual(piecesOf(text), [
      { text: 'fix the build\non Windows', box: '- [ ] fix the build' },
      { text: 'write docs', box: '- [ ] write docs' },
    ]);
    assert.deepEqual(piecesOf('1. one\n2) two\n* three'), [{ text: 'one' }, { text: 'two' }, { text: 'three' }]);
  });

  it('R11.6 makes one prompt of each paragraph where there is no list', () => {
    assert.deepEqual(piecesOf('first\nline\n\n\nsecond\n'), [{ text: 'first\nline' }, { text: 'second' }]);
    assert.deepEqual(piecesOf(' \n\n'), []);
  });

  it('R11.6 loses no word of a list, whatever its marks and indents', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('- ', '* ', '1. ', '- [ ] '), word), { minLength: 1 }), (items) => {
        const text = items.map(([mark, words]) => `${mark}${words}`).join('\n');
        assert.deepEqual(
          piecesOf(text).map((piece) => piece.text),
          items.map(([, words]) => words),
        );
      }),
    );
  });

  it('R11.6 ticks a box and nothing else', () => {
    assert.equal(ticked('  - [ ] a [ ] b'), '  - [x] a [ ] b');
  });
});
