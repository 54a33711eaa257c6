/** Characters that Git refuses in a branch, or that a shell or a file system would trip over. */
const NOT_IN_BRANCH = /[^\p{L}\p{N}]+/gu;
const LONGEST_TITLE = 40;

/**
 * The branch of a loop's work tree: `loops/<title>-<id>`. `attempt` 2 and up asks for another name, for where a branch
 * of that name belongs to somebody else.
 */
export function branchName(title: string, loopId: string, attempt = 1): string {
  const words = title.normalize('NFC').toLowerCase().replace(NOT_IN_BRANCH, '-').slice(0, LONGEST_TITLE);
  const id = loopId
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^loop-/, '')
    .slice(-24);
  const name = [words.replace(/^-+|-+$/g, ''), id.replace(/^-+|-+$/g, '')].filter(Boolean).join('-');
  return `loops/${name}${attempt > 1 ? `-${attempt}` : ''}`;
}
