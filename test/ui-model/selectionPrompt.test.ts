import assert from 'node:assert/strict';
import { selectionPrompt } from '../../src/ui/commands/selectionPrompt.ts';

describe('selectionPrompt', () => {
  it('puts the selection in a fenced block under the instruction, with path and lines', () => {
    const part = {
      text: 'let a = 1;\nlet b = 2;\n',
      path: 'src/a.ts',
      firstLine: 3,
      lastLine: 4,
      language: 'typescript',
    };
    assert.equal(
      selectionPrompt('  Fix this\n', [part]),
      'Fix this\n\nFrom src/a.ts, lines 3-4:\n\n```typescript\nlet a = 1;\nlet b = 2;\n```',
    );
  });

  it('uses a fence that the selection cannot close, and no language that could end it', () => {
    const part = { text: '```js\nx\n```', path: 'README.md', firstLine: 7, lastLine: 7, language: 'a`b c' };
    assert.equal(selectionPrompt('Explain', [part]), 'Explain\n\nFrom README.md, line 7:\n\n````\n```js\nx\n```\n````');
  });

  it('keeps several selections apart', () => {
    const at = (line: number) => ({
      text: `line ${line}`,
      path: 'a.txt',
      firstLine: line,
      lastLine: line,
      language: 'plaintext',
    });
    assert.equal(selectionPrompt('Compare', [at(1), at(9)]).split('From a.txt, line ').length, 3);
  });
});
