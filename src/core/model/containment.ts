/**
 * What holds the processes of an attempt together (R13.1), the strongest first. `scope`: a scope of the user's systemd,
 * which is a control group that outlives every window. `cgroup`: a control group of version 2. `subreaper`: whatever
 * loses its parent becomes a child of the attempt's guardian. `search`: they are looked for by their traces.
 */
export type Containment = 'scope' | 'cgroup' | 'subreaper' | 'search';

/** The strongest means of a machine, and why it has none that is stronger. */
export interface ContainmentReport {
  readonly kind: Containment;
  readonly without: readonly {
    readonly kind: Containment;
    /** In a few words. */
    readonly why: string;
  }[];
}

/** Whether "nothing is left" is read from the kernel, and not the outcome of a search. */
export function isOfKernel(containment: Containment | undefined): boolean {
  return containment === 'scope' || containment === 'cgroup';
}
