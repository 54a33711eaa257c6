import type { RoundRow } from '../protocol.ts';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 320;
const HEIGHT = 72;
const MARGIN = 8;

/** The score of each round as a line, its best round as a larger dot (R11.8). The table beside it says the same. */
export function scoreCurve(rounds: readonly RoundRow[], best: number | undefined): HTMLElement {
  const scored = rounds.flatMap(({ round, score }) => (score === undefined ? [] : [{ round, score }]));
  const scores = scored.map(({ score }) => score);
  const [least, most] = [Math.min(...scores), Math.max(...scores)];
  const x = (at: number) => MARGIN + ((WIDTH - 2 * MARGIN) * at) / Math.max(1, scored.length - 1);
  const y = (score: number) =>
    most === least ? HEIGHT / 2 : HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (score - least)) / (most - least);
  const points = scored.map(({ score }, at) => `${x(at)},${y(score)}`).join(' ');
  const name = `Score by round, from ${scores[0]} to ${scores.at(-1)}, best in round ${best ?? '?'}`;
  const size = { width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}` };
  const curve = svg('svg', { class: 'curve', role: 'img', 'aria-label': name, ...size });
  curve.append(svg('polyline', { points }));
  for (const [at, { round, score }] of scored.entries())
    curve.append(svg('circle', { cx: x(at), cy: y(score), r: round === best ? 5 : 2.5 }));
  const holder = document.createElement('div');
  holder.append(curve);
  return holder;
}

function svg(tag: string, attributes: { readonly [name: string]: string | number }): SVGElement {
  const element = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
