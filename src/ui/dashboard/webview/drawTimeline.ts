import { CIRCUIT_WORDS } from '../../text/circuitWords.ts';
import type { CircuitSpan } from '../circuitSpans.ts';
import { ticks } from '../timeAxis.ts';
import { type Bar, firstFrom, type Layout, type Tone } from '../timelineLayout.ts';
import type { Palette } from './palette.ts';

export const LANE = 20;
const TOP = 16;
const BAR = 14;
const AXIS = 20;
/** Minimum width of a bar, so that it can be seen (px). */
const MIN_WIDTH = 2;

/** The visible range: wall times in ms. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export interface Drawing {
  readonly layout: Layout;
  readonly circuit: readonly CircuitSpan[];
  readonly view: TimeRange;
  readonly lanes: number;
  readonly now: number;
  /** Index of the selected bar, or -1; all bars of its loop are highlighted. */
  readonly selected: number;
  /** Size in CSS px. */
  readonly width: number;
}

export function heightOf(lanes: number): number {
  return TOP + lanes * LANE + AXIS;
}

/** Position of a time: px from the left. */
export function toX({ from, to }: TimeRange, width: number, time: number): number {
  return ((time - from) / (to - from)) * width;
}

export function toTime({ from, to }: TimeRange, width: number, x: number): number {
  return from + (x / width) * (to - from);
}

/**
 * Draws the timeline: circuit states in the background, bars by lane, dashed lines to the next attempt of the same
 * loop, the axis below.
 */
export function drawTimeline(context: CanvasRenderingContext2D, drawing: Drawing, palette: Palette): void {
  const { view, width, lanes } = drawing;
  const height = heightOf(lanes);
  context.clearRect(0, 0, width, height);
  context.font = palette.font;
  context.textBaseline = 'middle';
  drawAxis(context, view, width, height, palette);
  for (const span of drawing.circuit) drawCircuit(context, span, drawing, height, palette);
  drawWaits(context, drawing, palette);
  drawBars(context, drawing, palette);
  const nowX = toX(view, width, drawing.now);
  if (nowX >= 0 && nowX <= width) {
    context.strokeStyle = palette.focus;
    context.setLineDash([]);
    line(context, nowX, 0, nowX, height - AXIS);
  }
}

function drawAxis(
  context: CanvasRenderingContext2D,
  view: TimeRange,
  width: number,
  height: number,
  palette: Palette,
): void {
  context.lineWidth = 1;
  for (const { at, label } of ticks(view.from, view.to, Math.max(2, Math.floor(width / 90)))) {
    const x = toX(view, width, at);
    context.strokeStyle = palette.line;
    context.globalAlpha = 0.3;
    line(context, x, 0, x, height - AXIS);
    context.globalAlpha = 1;
    context.fillStyle = palette.dim;
    const half = context.measureText(label).width / 2;
    context.fillText(label, Math.min(width - 2 * half, Math.max(0, x - half)), height - AXIS / 2);
  }
}

function drawCircuit(
  context: CanvasRenderingContext2D,
  { state, from, to }: CircuitSpan,
  { view, width, now }: Drawing,
  height: number,
  palette: Palette,
): void {
  const left = Math.max(0, toX(view, width, from));
  const right = Math.min(width, toX(view, width, to ?? now));
  if (right <= 0 || left >= width) return;
  const bottom = height - AXIS;
  const color = state === 'open' ? palette.bad : palette.warn;
  context.globalAlpha = 0.12;
  context.fillStyle = color;
  context.fillRect(left, 0, Math.max(MIN_WIDTH, right - left), bottom);
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.setLineDash(state === 'open' ? [] : [3, 3]);
  line(context, left, 0, left, bottom);
  line(context, left, 1, Math.max(left + MIN_WIDTH, right), 1);
  context.setLineDash([]);
  const label = CIRCUIT_WORDS[state];
  if (context.measureText(label).width + 8 < right - left) {
    context.fillStyle = palette.text;
    context.fillText(label, left + 4, TOP / 2 + 1);
  }
}

function drawWaits(context: CanvasRenderingContext2D, { layout, view, width }: Drawing, palette: Palette): void {
  const { bars, next } = layout;
  context.strokeStyle = palette.warn;
  context.setLineDash([2, 3]);
  context.beginPath();
  const end = firstFrom(bars, view.to);
  for (let index = 0; index < end; index++) {
    const bar = bars[index];
    const after = bars[next[index] ?? -1];
    if (!bar || !after || after.attempt.startedAt < view.from) continue;
    const left = toX(view, width, bar.attempt.endedAt ?? bar.attempt.startedAt);
    const right = toX(view, width, after.attempt.startedAt);
    if (right - left < MIN_WIDTH) continue;
    const y = middleOf(bar.lane);
    context.moveTo(left, y);
    context.lineTo(right, y);
    if (after.lane !== bar.lane) context.lineTo(right, middleOf(after.lane));
  }
  context.stroke();
  context.setLineDash([]);
}

function drawBars(
  context: CanvasRenderingContext2D,
  { layout, view, width, now, selected }: Drawing,
  palette: Palette,
): void {
  const { bars, longest } = layout;
  const marked = bars[selected]?.attempt.seq;
  // What was drawn last in each lane: of thousands of bars in one pixel, one is enough.
  const drawnTo: number[] = [];
  const drawnTone: Tone[] = [];
  for (let index = firstFrom(bars, view.from - longest); index < bars.length; index++) {
    const bar = bars[index];
    if (!bar || bar.attempt.startedAt > view.to) break;
    drawBar(bar, index === selected, bar.attempt.seq === marked);
  }
  // Running ones may have begun long before.
  for (const bar of bars) {
    if (bar.tone !== 'running') continue;
    if (bar.attempt.startedAt < view.from - longest) drawBar(bar, bar === bars[selected], bar.attempt.seq === marked);
  }

  function drawBar(bar: Bar, isSelected: boolean, isMarked: boolean): void {
    const left = Math.max(-2, toX(view, width, bar.attempt.startedAt));
    const right = Math.min(width + 2, toX(view, width, bar.attempt.endedAt ?? now));
    if (right < 0) return;
    const size = Math.max(MIN_WIDTH, right - left);
    const known = drawnTo[bar.lane] ?? Number.NEGATIVE_INFINITY;
    if (!isSelected && !isMarked && left + size <= known && drawnTone[bar.lane] === bar.tone) return;
    drawnTo[bar.lane] = left + size;
    drawnTone[bar.lane] = bar.tone;
    const top = TOP + bar.lane * LANE + (LANE - BAR) / 2;
    paint(context, bar.tone, left, top, size, palette);
    if (isSelected || isMarked) {
      context.strokeStyle = isSelected ? palette.focus : palette.text;
      context.lineWidth = isSelected ? 2 : 1;
      context.strokeRect(left - 1.5, top - 1.5, size + 3, BAR + 3);
      context.lineWidth = 1;
    }
  }
}

/** Each kind of end has its own shape, so that colour is not the only difference. */
function paint(
  context: CanvasRenderingContext2D,
  tone: Tone,
  left: number,
  top: number,
  size: number,
  palette: Palette,
): void {
  const color = palette[tone];
  context.fillStyle = color;
  context.strokeStyle = color;
  if (tone === 'neutral') {
    context.globalAlpha = 0.35;
    context.fillRect(left, top, size, BAR);
    context.globalAlpha = 1;
    if (size > 3) context.strokeRect(left + 0.5, top + 0.5, size - 1, BAR - 1);
    return;
  }
  context.fillRect(left, top, size, BAR);
  if (tone === 'bad' && size > 8) {
    // A cross at the end.
    context.strokeStyle = palette.ground;
    context.lineWidth = 2;
    const x = left + size - 9;
    const y = top + BAR / 2;
    line(context, x, y - 3, x + 6, y + 3);
    line(context, x, y + 3, x + 6, y - 3);
    context.lineWidth = 1;
  }
  if (tone === 'running' && size > 6) {
    // An arrow: still running.
    context.fillStyle = palette.ground;
    context.beginPath();
    context.moveTo(left + size - 7, top + 3);
    context.lineTo(left + size - 2, top + BAR / 2);
    context.lineTo(left + size - 7, top + BAR - 3);
    context.fill();
  }
}

/** Index of the bar at a position (px); -1 if there is none. `slack`: tolerance in px. */
export function hit({ layout, view, width, now }: Drawing, x: number, y: number, slack = 3): number {
  const lane = Math.floor((y - TOP) / LANE);
  const { bars, longest } = layout;
  let found = -1;
  let best = slack + 1;
  const probe = (index: number): void => {
    const bar = bars[index];
    if (bar?.lane !== lane) return;
    const left = toX(view, width, bar.attempt.startedAt);
    const right = Math.max(left + MIN_WIDTH, toX(view, width, bar.attempt.endedAt ?? now));
    const distance = x < left ? left - x : x > right ? x - right : 0;
    if (distance < best) {
      best = distance;
      found = index;
    }
  };
  const time = toTime(view, width, x);
  const reach = toTime(view, width, x + slack + MIN_WIDTH) - time;
  for (
    let index = firstFrom(bars, time - longest - reach);
    index < bars.length && (bars[index]?.attempt.startedAt ?? 0) <= time + reach;
    index++
  )
    probe(index);
  for (const [index, bar] of bars.entries()) if (bar.tone === 'running') probe(index);
  return found;
}

function middleOf(lane: number): number {
  return TOP + lane * LANE + LANE / 2 + 0.5;
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
