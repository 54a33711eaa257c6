import assert from 'node:assert/strict';
import { marked } from 'marked';
import { codeBlock, escapeMarkdown, inlineCode, oneLine } from '../../src/ui/text/safeText.ts';

/** Text that wants to act wherever it is shown. */
const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '[click](command:workbench.action.terminal.new)',
  '![](https://evil.example/track.png)',
  '```\n# out of the block\n![](https://evil.example/a.png)',
  '`` ` ``` ````',
  '$(trash) **bold** _it_ ~~no~~',
  'https://evil.example and www.evil.example and me@evil.example',
  '| a | b |\n| --- | --- |',
  '&lt;b&gt; <!-- hidden -->',
  '\\`not code\\`',
];

/** Names of the elements that a Markdown renderer makes of it. */
function elements(markdown: string): string[] {
  const html = marked.parse(markdown, { async: false, gfm: true });
  return [...new Set([...html.matchAll(/<([a-z][a-z0-9]*)/g)].map((match) => match[1] ?? ''))].sort();
}

describe('Foreign text', () => {
  for (const text of HOSTILE) {
    it(`does nothing in code, in a block and in a sentence: ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.deepEqual(elements(`before ${inlineCode(text)} after`), ['code', 'p']);
      assert.deepEqual(elements(codeBlock(text)), ['code', 'pre']);
      assert.deepEqual(elements(`before ${escapeMarkdown(text)} after`), ['p']);
      assert.deepEqual(elements(`| a |\n| --- |\n| ${escapeMarkdown(text)} |`), [
        'table',
        'tbody',
        'td',
        'th',
        'thead',
        'tr',
      ]);
    });
  }

  it('reads the same after escaping', () => {
    const html = marked.parse(escapeMarkdown('a*b <c> & "d" | e'), { async: false });
    const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"' };
    const text = html
      .replace(/<\/?p>|\n/g, '')
      .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
      .replace(/&\w+;/g, (entity) => entities[entity] ?? entity);
    assert.equal(text, 'a*b <c> & "d" | e');
  });

  it('loses terminal escapes, control and direction characters, and stays on one line', () => {
    assert.equal(
      oneLine('\u001b[31mred\u001b[0m \u001b]8;;https://x\u0007link\u001b]8;;\u0007\r\nnext\u0000\u202eevil'),
      'red link next evil',
    );
  });

  it('is cut if it is too long, never in the middle of a character', () => {
    assert.equal(oneLine('x'.repeat(100), 10), `${'x'.repeat(9)}…`);
    assert.equal(oneLine(`${'x'.repeat(8)}😀tail`, 10), `${'x'.repeat(8)}…`);
    assert.equal(oneLine('short', 10), 'short');
  });

  it('takes no more time than what is shown, however long it is', () => {
    const long = 'a\u001b[31m'.repeat(2_000_000);
    const shown = oneLine(long.slice(0, 2_000), 80);
    // Read to its end each time, this would take minutes.
    for (let time = 0; time < 2_000; time++) assert.equal(oneLine(long, 80), shown);
  });

  it('goes whole into a block, or says that it was cut', () => {
    assert.equal(codeBlock('a\nb'), '```\na\nb\n```');
    assert.equal(codeBlock('a\nb\nc', { maxLines: 2 }), '```\na\nb\n…\n```');
    assert.equal(codeBlock('has ```` four'), '`````\nhas ```` four\n`````');
  });
});
