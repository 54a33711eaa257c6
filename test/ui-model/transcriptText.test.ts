import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { diffLines, isDiff, replacement } from '../../src/ui/transcript/diff.ts';
import { findFileLinks } from '../../src/ui/transcript/fileLinks.ts';
import { resolveLink } from '../../src/ui/transcript/resolveLink.ts';
import { editOf, toolDetails } from '../../src/ui/transcript/toolDetails.ts';
import { cleanText } from '../../src/ui/webviewHost/cleanText.ts';
import { escapeHtml, pageHtml } from '../../src/ui/webviewHost/page.ts';

describe('text of a transcript', () => {
  describe('terminal escapes', () => {
    const cases: [string, string][] = [
      ['\u001b[31mred\u001b[0m', 'red'],
      ['\u001b]0;title\u0007text', 'text'],
      ['\u001b]8;;https://evil.test\u0007link\u001b]8;;\u0007', 'link'],
      ['10 %\r50 %\r100 %\ndone', '100 %\ndone'],
      ['windows\r\nline', 'windows\nline'],
      ['bell\u0007 back\u0008 nul\0', 'bell back nul'],
      ['\u009b31mC1', '31mC1'],
      ['abc\u202edcba', 'abc‹U+202E›dcba'],
      ['tab\tand\nline', 'tab\tand\nline'],
    ];
    for (const [raw, shown] of cases)
      it(`${JSON.stringify(raw)} is shown as ${JSON.stringify(shown)}`, () => assert.equal(cleanText(raw), shown));

    it('never leaves anything that a terminal would act on', () => {
      fc.assert(
        fc.property(
          fc.string({
            unit: fc.oneof(
              fc.constantFrom('\u001b', '[', ']', '\u0007', '\r', '\n', '\u009b', '\u202e'),
              fc.string({ minLength: 1, maxLength: 1 }),
            ),
          }),
          (text) => {
            // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
            assert.doesNotMatch(cleanText(text), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
          },
        ),
      );
    });
  });

  describe('links to files', () => {
    const cases: [string, ([string] | [string, number] | [string, number, number])[], boolean?][] = [
      ['see src/a.ts:12:3, please', [['src/a.ts', 12, 3]]],
      ['(src/a.ts:12).', [['src/a.ts', 12]]],
      ['at run (/home/me/a.js:4:5)', [['/home/me/a.js', 4, 5]]],
      ['C:\\work\\a.cs:7 broke', [['C:\\work\\a.cs', 7]]],
      ['src/a.ts(12,3): error', [['src/a.ts', 12, 3]]],
      ['test/clock.test.ts#L12-L14', [['test/clock.test.ts', 12]]],
      ['a.ts:10-20', [['a.ts', 10]]],
      ['./run.sh and ~/notes/x.md', [['./run.sh'], ['~/notes/x.md']]],
      ['https://example.com/a.ts:12 http://x.test/b.js', []],
      ['\\\\server\\share\\a.ts:1 //server/share/a.ts', []],
      ['version 1.2.3 of foo.bar and e.g. and/or', []],
      ['package.json', []],
      ['package.json', [['package.json']], true],
      ['command:evil.ts:1', []],
      ['12:30:45 11:20', []],
    ];
    for (const [text, expected, alone] of cases) {
      it(`${JSON.stringify(text)}${alone ? ' alone' : ''} names ${JSON.stringify(expected)}`, () => {
        const found = findFileLinks(text, alone);
        assert.deepEqual(
          found.map(({ path, line, column }) => [path, line, column].filter((part) => part !== undefined)),
          expected,
        );
        for (const { index, length, path } of found) assert.ok(text.slice(index, index + length).startsWith(path));
      });
    }

    it('scans a long text without spaces only once', () => {
      // Begun again at each of its characters, one of these would take hours.
      for (const text of [
        'a'.repeat(1e6),
        'a.'.repeat(5e5),
        'a/'.repeat(5e5),
        `${'a/'.repeat(150)}x:1`.repeat(2_000),
      ]) {
        for (const { index, length, path } of findFileLinks(text))
          assert.ok(text.slice(index, index + length).startsWith(path));
      }
    });
  });

  describe('a link is resolved', () => {
    const folder = mkdtempSync(join(tmpdir(), 'links-'));
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src', 'a.ts'), '');
    after(() => rmSync(folder, { recursive: true }));

    it('against the working directory of its loop', async () =>
      assert.equal(await resolveLink('src/a.ts', folder), join(folder, 'src', 'a.ts')));
    it('or is absolute', async () =>
      assert.equal(await resolveLink(join(folder, 'src', 'a.ts'), '/'), join(folder, 'src', 'a.ts')));
    for (const path of [
      'src',
      'src/none.ts',
      '',
      'a\0b',
      '\\\\server\\share\\a.ts',
      '//server/a.ts',
      '/dev/null',
      'x'.repeat(2_000),
    ]) {
      it(`and ${JSON.stringify(path.slice(0, 30))} is refused in a sentence`, () =>
        assert.rejects(resolveLink(path, folder), /\.$/));
    }
  });

  describe('details of a tool call', () => {
    const call = {
      type: 'assistant',
      session_id: 's',
      message: {
        id: 'm',
        content: [
          {
            type: 'tool_use',
            id: 't',
            name: 'Edit',
            input: { file_path: 'a.ts', old_string: 'a\nb\nc', new_string: 'a\nB\nc' },
          },
        ],
      },
    };

    it('an edit is a diff, the rest are fields, the envelope is left out', () => {
      assert.deepEqual(toolDetails([JSON.stringify(call)]), [
        {
          kind: 'fields',
          fields: [
            { name: 'name', value: 'Edit' },
            { name: 'file_path', value: 'a.ts' },
          ],
        },
        {
          kind: 'diff',
          label: 'input',
          lines: [
            { sign: ' ', text: 'a' },
            { sign: '-', text: 'b' },
            { sign: '+', text: 'B' },
            { sign: ' ', text: 'c' },
          ],
          cut: false,
        },
      ]);
      assert.equal(editOf(JSON.stringify(call), 2)?.length, 2);
      assert.equal(editOf(JSON.stringify({ input: { command: 'ls' } }), 9), undefined);
    });

    it('long values appear once each as text without escapes, and unified diffs as diffs', () => {
      const long = `\u001b[1mline\u001b[0m\n${'x'.repeat(200)}`;
      const diff = '--- a\n+++ b\n@@ -1,2 +1,2 @@\n-old\n+new';
      const sections = toolDetails([
        JSON.stringify({ result: { stdout: long, again: long }, patch: diff, arguments: '{"path":"x.ts"}' }),
        'not json \u001b[31m',
      ]);
      assert.deepEqual(
        sections.map((section) => section.kind),
        ['fields', 'text', 'diff', 'text'],
      );
      assert.deepEqual(sections[1], { kind: 'text', label: 'stdout', text: `line\n${'x'.repeat(200)}`, cut: false });
      assert.deepEqual(sections[3], { kind: 'text', label: 'output', text: 'not json ', cut: false });
    });

    it('shows any JSON within bounds', () => {
      fc.assert(
        fc.property(fc.array(fc.json({ maxDepth: 20 }), { maxLength: 3 }), (lines) => {
          assert.ok(toolDetails(lines).length <= 40);
        }),
      );
    });
  });

  it('tells diffs from text', () => {
    assert.equal(isDiff('@@ -1 +1 @@\n-a\n+b'), true);
    assert.equal(isDiff('- a list\n+ of things'), false);
    assert.deepEqual(
      diffLines('@@ -1 +1 @@\n a\n-b\n+c', 9).map(({ sign, text }) => sign + text),
      ['@@@ -1 +1 @@', ' a', '-b', '+c'],
    );
    assert.deepEqual(
      replacement('', 'new\nfile', 9).map(({ sign }) => sign),
      ['+', '+'],
    );
    assert.deepEqual(
      replacement('same', 'same', 9).map(({ sign }) => sign),
      [' '],
    );
  });

  it('a webview page allows only its own script and style', () => {
    const html = pageHtml({
      cspSource: 'https://src.test',
      nonce: 'abc',
      script: 'https://src.test/"><script>',
      style: 's.css',
      title: '</title><script>alert(1)</script>',
    });
    assert.match(
      html,
      /content="default-src &#39;none&#39;; style-src https:\/\/src\.test; script-src &#39;nonce-abc&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"/,
    );
    assert.equal(html.match(/<script/g)?.length, 1);
    assert.equal(escapeHtml('<a href="x">&\'</a>'), '&#60;a href=&#34;x&#34;&#62;&#38;&#39;&#60;/a&#62;');
  });
});
