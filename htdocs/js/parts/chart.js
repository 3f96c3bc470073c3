/* What mail came to, over time: accepted, deferred and rejected, stacked from 0. Drawn as SVG, so that the style sheet colours it
 * in every theme and it prints. */
import { html, useLayoutEffect, useRef, useState, useWatched } from "../lib.js";
import { clock, count, rate } from "../format.js";
import { utc } from "./words.js";

const OUTCOMES = ["accepted", "tempfail", "rejected"];
const NAMES = { accepted: "accepted", tempfail: "deferred", rejected: "rejected" };
const HEIGHT = 210;
const LEFT = 34;
const TOP = 26;
const BOTTOM = 20;
const STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200];

/* Heights of the gridlines: 1, 2 or 5 times a power of ten, four at most. */
export function gridOf(most) {
    const rough = Math.max(most, 1) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
    return Array.from({ length: Math.floor(Math.max(most, 1) / step) + 1 }, (_, index) => index * step);
}

/* Whole minutes or hours below the chart, not closer than 76 pixels. */
export function timesOf(begin, end, width) {
    const step = STEPS.find((seconds) => (seconds / (end - begin)) * width >= 76) ?? STEPS.at(-1);
    const first = Math.ceil(begin / step) * step;
    return Array.from({ length: Math.max(0, Math.floor((end - first) / step) + 1) }, (_, index) => first + index * step);
}

const known = (value) => value !== null && value !== undefined;

/* Runs of neighbouring points that are known: a gap in the data stays a gap. */
function runsOf(series) {
    const runs = [];
    let run = [];
    series.forEach((value, index) => {
        if (known(value)) {
            run.push(index);
        } else if (run.length) {
            runs.push(run);
            run = [];
        }
    });
    return run.length ? [...runs, run] : runs;
}

function layersOf(history) {
    const length = history.series.accepted?.length ?? 0;
    const floor = new Array(length).fill(0);
    return OUTCOMES.map((name) => {
        const low = [...floor];
        const series = history.series[name] ?? [];
        const high = Array.from({ length }, (_, index) => (known(history.series.accepted[index]) ? low[index] + (series[index] ?? 0) : null));
        high.forEach((value, index) => {
            floor[index] = value ?? 0;
        });
        return { name, low, high };
    });
}

function areaOf({ low, high }, x, y) {
    return runsOf(high)
        .map((run) => {
            const edge = run.map((index) => `${x(index).toFixed(1)},${y(high[index]).toFixed(1)}`);
            const back = run.toReversed().map((index) => `${x(index).toFixed(1)},${y(low[index]).toFixed(1)}`);
            return `M${edge.join("L")}L${back.join("L")}Z`;
        })
        .join("");
}

/* The figures under the pointer, in the place of the legend, so that nothing covers the drawing. */
function Legend({ history, at, isUtc }) {
    const begin = Date.parse(history.start) / 1000;
    const value = (name) => (at === null ? "" : ` ${rate(history.series[name]?.[at])}`);
    return html`<figcaption class="named">
        ${at !== null && html`<time>${clock(new Date((begin + at * history.step) * 1000).toISOString(), isUtc)}</time>`}
        ${OUTCOMES.map((name) => html`<span class=${`is-${name}`}>${NAMES[name]}${value(name)}</span>`)}
    </figcaption>`;
}

/* The same for those who do not see it: a dozen lines of a table. */
function Spoken({ history, isUtc }) {
    const length = history.series.accepted?.length ?? 0;
    const begin = Date.parse(history.start) / 1000;
    const every = Math.max(1, Math.floor(length / 12));
    const rows = Array.from({ length: Math.floor(length / every) }, (_, index) => index * every);
    return html`<div class="hidden"><table><caption>Messages a second</caption><thead><tr><th scope="col">Time</th>${OUTCOMES.map((name) => html`<th scope="col">${NAMES[name]}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr><th scope="row">${clock(new Date((begin + row * history.step) * 1000).toISOString(), isUtc)}</th>${OUTCOMES.map((name) => html`<td>${rate(history.series[name]?.[row])}</td>`)}</tr>`)}</tbody></table></div>`;
}

export function Outcomes({ history }) {
    const box = useRef(null);
    const [width, setWidth] = useState(600);
    const [at, setAt] = useState(null);
    const isUtc = useWatched(utc);
    useLayoutEffect(() => {
        const measure = () => box.current && setWidth(box.current.clientWidth);
        measure();
        const watcher = new ResizeObserver(measure);
        watcher.observe(box.current);
        return () => watcher.disconnect();
    }, []);
    const layers = layersOf(history);
    const length = layers[0].high.length;
    const most = Math.max(1, ...layers.at(-1).high.map((value) => value ?? 0)) * 1.06;
    const begin = Date.parse(history.start) / 1000;
    const end = begin + Math.max(1, length - 1) * history.step;
    const inner = width - LEFT - 2;
    const x = (index) => LEFT + (length > 1 ? (index / (length - 1)) * inner : 0);
    const y = (value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - BOTTOM - TOP);
    const point = (event) => {
        const offset = event.clientX - box.current.getBoundingClientRect().left - LEFT;
        setAt(Math.min(length - 1, Math.max(0, Math.round((offset / inner) * (length - 1)))));
    };
    const sum = (name) => (history.series[name] ?? []).reduce((total, value) => total + (value ?? 0) * history.step, 0);
    const words = OUTCOMES.map((name) => `${count(sum(name))} ${NAMES[name]}`).join(", ");
    return html`<figure class="chart" ref=${box} onPointerMove=${point} onPointerLeave=${() => setAt(null)}>
        <${Legend} history=${history} at=${at} isUtc=${isUtc} />
        <svg width=${width} height=${HEIGHT} viewBox=${`0 0 ${width} ${HEIGHT}`} role="img" aria-label=${`Messages a second over time; in all about ${words}.`}>
            ${gridOf(most).map((value) => html`<g class="grid"><line x1=${LEFT} x2=${width} y1=${Math.round(y(value)) + 0.5} y2=${Math.round(y(value)) + 0.5} /><text x=${LEFT - 7} y=${y(value) + 3.5} text-anchor="end">${value < 1000 ? String(Number(value.toFixed(2))) : count(value)}</text></g>`)}
            ${layers.map((layer) => html`<path class=${`of-${layer.name}`} d=${areaOf(layer, x, y)} />`)}
            ${timesOf(begin, end, inner).map((time) => {
                const left = LEFT + ((time - begin) / (end - begin)) * inner;
                return html`<g class="grid"><line x1=${left} x2=${left} y1=${HEIGHT - BOTTOM} y2=${HEIGHT - BOTTOM + 4} /><text x=${left} y=${HEIGHT - 4} text-anchor="middle">${clock(new Date(time * 1000).toISOString(), isUtc).slice(-8, -3)}</text></g>`;
            })}
            ${at !== null && html`<line class="pointer" x1=${x(at)} x2=${x(at)} y1=${TOP} y2=${HEIGHT - BOTTOM} />`}
        </svg>
        <${Spoken} history=${history} isUtc=${isUtc} />
    </figure>`;
}
