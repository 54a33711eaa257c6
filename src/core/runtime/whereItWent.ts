import type { OwnWorkTree } from '../model/workTree.ts';

/** What became of a work tree that is not there, in words that go on after a colon. */
export function whereItWent({ outcome }: OwnWorkTree): string {
  switch (outcome?.how) {
    case 'merged':
    case 'squashed':
    case 'applied':
      return 'its work was brought home';
    case 'kept':
      return `its work is on branch ${outcome.branch}`;
    case 'discarded':
      return 'it was discarded';
    case 'removed':
      return `it was removed, and its commits are on branch ${outcome.branch}`;
    default:
      return 'it has not started yet';
  }
}
