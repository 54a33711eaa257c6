/** Whether one version of the extension, such as `1.10.0`, is newer than another. */
export function isNewer(one: string, other: string): boolean {
  const [mine, theirs] = [numbers(one), numbers(other)];
  for (let at = 0; at < Math.max(mine.length, theirs.length); at++) {
    const difference = (mine[at] ?? 0) - (theirs[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function numbers(version: string): number[] {
  return version.split(/[.+-]/).map((part) => Number.parseInt(part, 10) || 0);
}
