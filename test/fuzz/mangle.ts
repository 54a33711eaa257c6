import fc from 'fast-check';

/** One way to spoil a recorded stream. Places are fractions of what is there. */
export type Mangling =
  | { readonly kind: 'flip'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut' | 'swap' | 'repeat'; readonly at: number; readonly to: number }
  | { readonly kind: 'join'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly line: string }
  | { readonly kind: 'deep'; readonly at: number; readonly depth: number }
  | { readonly kind: 'retype'; readonly at: number; readonly leaf: number; readonly value: unknown }
  | { readonly kind: 'long'; readonly at: number; readonly bytes: number };

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** Values that stand where something else is expected. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    '',
    0,
    -0,
    -1,
    0.1,
    1e21,
    1e300,
    -1e300,
    2 ** 53,
    2 ** 63,
    [],
    {},
    [[]],
    '\u0000',
    '\ud800',
    '__proto__',
  ),
  // Beyond what JSON writes: `1e999` is read as Infinity.
  fc.constant<unknown>({ rawNumber: '1e999' }),
  fc.jsonValue(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.double(),
);

const garbage = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.json({ maxDepth: 4 }),
  fc.constantFrom(
    '{',
    '}',
    '[]',
    'null',
    '{"type":',
    '\u0000',
    '{"type":"result"}',
    '{"type":"assistant","message":{}}',
    '{"__proto__":{"x":1}}',
    '\ufeff{}',
  ),
);

const mangling: fc.Arbitrary<Mangling> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: place, byte: fc.nat(255) }),
  fc.record({ kind: fc.constantFrom('cut' as const, 'swap' as const, 'repeat' as const), at: place, to: place }),
  fc.record({ kind: fc.constant('join' as const), at: place }),
  fc.record({ kind: fc.constant('insert' as const), at: place, line: garbage }),
  fc.record({ kind: fc.constant('deep' as const), at: place, depth: fc.constantFrom(10, 500, 20_000) }),
  fc.record({ kind: fc.constant('retype' as const), at: place, leaf: place, value: odd }),
  fc.record({ kind: fc.constant('long' as const), at: place, bytes: fc.constantFrom(5_000, 70_000) }),
);

export const manglings = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('retype' as const), at: place, leaf: place, value: odd }) },
    { weight: 4, arbitrary: mangling },
  ),
  {
    maxLength: 6,
  },
);

/** The stream with all that done to it. */
export function mangled(stream: string, all: readonly Mangling[]): Buffer {
  let lines = stream.split('\n');
  const flips: { readonly at: number; readonly byte: number }[] = [];
  for (const one of all) {
    if (one.kind === 'flip') flips.push(one);
    else lines = spoil(lines, one);
  }
  const bytes = Buffer.from(lines.join('\n'));
  for (const { at, byte } of flips) if (bytes.length > 0) bytes[Math.floor(at * bytes.length)] = byte;
  return bytes;
}

function spoil(lines: readonly string[], one: Exclude<Mangling, { kind: 'flip' }>): string[] {
  const next = [...lines];
  const at = Math.floor(one.at * next.length);
  const line = next[at] ?? '';
  switch (one.kind) {
    case 'cut':
      next[at] = line.slice(0, Math.floor(one.to * line.length));
      break;
    case 'swap': {
      const to = Math.floor(one.to * next.length);
      next[at] = next[to] ?? '';
      next[to] = line;
      break;
    }
    case 'repeat':
      next.splice(Math.floor(one.to * next.length), 0, line);
      break;
    case 'join':
      if (at + 1 < next.length) next.splice(at, 2, line + next[at + 1]);
      break;
    case 'insert':
      next.splice(at, 0, one.line);
      break;
    case 'deep':
      next.splice(at, 0, `{"type":"assistant","message":${'{"content":['.repeat(one.depth)}${']}'.repeat(one.depth)}}`);
      break;
    case 'long':
      next[at] = line.replace(/"(text|result|content)":"/, (found) => found + 'x'.repeat(one.bytes));
      break;
    case 'retype':
      // What is too deep to be walked stays as it is.
      if (line.length < 100_000) next[at] = retyped(line, one.leaf, one.value);
  }
  return next;
}

/** The line of JSON with another value at one of its places, objects and lists included. */
function retyped(line: string, place: number, value: unknown): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return line;
  }
  const holders: { readonly holder: Record<string, unknown>; readonly key: string }[] = [];
  const visit = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      holders.push({ holder: node as Record<string, unknown>, key });
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(parsed);
  const chosen = holders[Math.floor(place * holders.length)];
  if (!chosen) return line;
  const raw = typeof value === 'object' && value !== null && 'rawNumber' in value ? String(value.rawNumber) : undefined;
  chosen.holder[chosen.key] = raw === undefined ? value : 'RAW';
  return raw === undefined ? JSON.stringify(parsed) : JSON.stringify(parsed).replace('"RAW"', raw);
}
