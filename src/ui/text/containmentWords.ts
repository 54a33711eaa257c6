import type { Containment, ContainmentReport } from '../../core/model/containment.ts';

const NAMES: { readonly [kind in Containment]: string } = {
  scope: 'a scope of your systemd',
  cgroup: 'a control group',
  subreaper: 'a subreaper',
  search: 'search',
};

const MEANINGS: { readonly [kind in Containment]: string } = {
  scope:
    'The kernel holds all that it starts together, even after you log out: when it says that nothing is left, ' +
    'that is a fact',
  cgroup: 'The kernel holds all that it starts together: when it says that nothing is left, that is a fact',
  subreaper:
    'Whatever it leaves behind stays a child of its guardian and is found there. ' +
    'Only a program that keeps forking into new sessions can outrun the search',
  search:
    'What it leaves behind is found by its process group, its session, ' +
    'a marker in its environment and its open log. A program that hides from all of these is not found',
};

/** How an attempt is contained, for a list of facts. */
export function containedBy(kind: Containment): string {
  return kind === 'search' ? 'contained by search' : `contained by ${NAMES[kind]}`;
}

/** What that means, as one or two sentences without the last full stop. */
export function meaningOf(kind: Containment): string {
  return MEANINGS[kind];
}

/** How attempts are contained here, as Markdown lines: by what, what that means, and why by nothing stronger. */
export function containmentLines({ kind, without }: ContainmentReport): string[] {
  return [
    `- Loops are contained by **${NAMES[kind]}**. ${MEANINGS[kind]}.`,
    ...without.map(({ kind: better, why }) => `- Not by ${NAMES[better]}: ${why}.`),
  ];
}
