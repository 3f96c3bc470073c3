/* What is drawn small: the pulse in the bar, sparklines, and the ruler of a session's time. */
import { html, useEffect, useRef, useState, useWatched } from "../lib.js";
import { duration, rate } from "../format.js";
import { overview, pulse } from "../live.js";

/* light-dark() has to be resolved by an element. */
function inks(element, names) {
    const before = element.style.color;
    const found = {};
    for (const name of names) {
        element.style.color = `var(--${name})`;
        found[name] = getComputedStyle(element).color;
    }
    element.style.color = before;
    return found;
}

/* Draws again when the theme changes, by choice or by the system. */
function useTheme() {
    const [, again] = useState(0);
    useEffect(() => {
        const change = () => again((number) => number + 1);
        const watcher = new MutationObserver(change);
        watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
        const system = matchMedia("(prefers-color-scheme: dark)");
        system.addEventListener("change", change);
        return () => {
            watcher.disconnect();
            system.removeEventListener("change", change);
        };
    }, []);
}

/* The last two minutes of mail, one stroke a second: accepted upward in grey, refused on top of it. */
export function Pulse() {
    const strokes = useWatched(pulse);
    const canvas = useRef(null);
    useTheme();
    useEffect(() => {
        const element = canvas.current;
        const width = element.clientWidth;
        const height = element.clientHeight;
        if (!width) {
            return;
        }
        const scale = devicePixelRatio || 1;
        element.width = width * scale;
        element.height = height * scale;
        const pen = element.getContext("2d");
        pen.scale(scale, scale);
        const ink = inks(element, ["accepted", "tempfail", "rejected", "line"]);
        const shown = strokes.slice(-Math.floor(width / 3));
        const most = Math.max(1, ...shown.map((stroke) => stroke.accepted + stroke.rejected + stroke.tempfail));
        pen.fillStyle = ink.line;
        pen.fillRect(0, height - 1, width, 1);
        shown.forEach((stroke, index) => {
            const x = width - (shown.length - index) * 3;
            let y = height - 1;
            for (const kind of ["accepted", "tempfail", "rejected"]) {
                const size = stroke[kind] > 0 ? Math.max(1, (stroke[kind] / most) * (height - 3)) : 0;
                pen.fillStyle = ink[kind];
                pen.fillRect(x, y - size, 2, size);
                y -= size;
            }
        });
    });
    const rates = overview.value?.rates ?? {};
    const words = `The last two minutes. Now ${rate(rates.messages)} messages, ${rate(rates.rejected)} rejected, ${rate(rates.tempfail)} deferred a second.`;
    return html`<div class="pulse" role="img" aria-label=${words} title=${words}><canvas ref=${canvas}></canvas></div>`;
}

/* Lines and the area below them, from 0; a gap in the data is a gap in the line. */
function tracks(series, most, width, height) {
    const x = (index) => (series.length > 1 ? (index / (series.length - 1)) * width : 0).toFixed(1);
    const y = (value) => (height - (value / most) * height).toFixed(1);
    let line = "";
    let area = "";
    let open = false;
    const alone = (index) => [series[index - 1], series[index + 1]].every((value) => value === null || value === undefined);
    series.forEach((value, index) => {
        if (value === null || value === undefined || alone(index)) {
            area += open ? `L${x(index - 1)},${height}Z` : "";
            open = false;
            return;
        }
        line += `${open ? "L" : "M"}${x(index)},${y(value)}`;
        area += open ? `L${x(index)},${y(value)}` : `M${x(index)},${height}L${x(index)},${y(value)}`;
        open = true;
    });
    return [line, open ? `${area}L${x(series.length - 1)},${height}Z` : area];
}

export function Spark({ series = [], limit, kind = "" }) {
    const known = series.filter((value) => value !== null && value !== undefined);
    const most = Math.max(1e-9, ...known, limit && limit < Math.max(...known, 0) * 2 ? limit : 0);
    const [line, area] = tracks(series, most, 120, 24);
    return html`<svg class=${`spark ${kind}`} viewBox="0 0 120 24" preserveAspectRatio="none" aria-hidden="true">
        <path class="under-line" d=${area} /><path d=${line} />
        ${limit && limit <= most && html`<line x1="0" x2="120" y1=${24 - (limit / most) * 24} y2=${24 - (limit / most) * 24} />`}
    </svg>`;
}

/* Where the time of a session went. */
export function Ruler({ total, waited }) {
    const parts = [
        ["client", "waiting for the client", waited?.client ?? 0],
        ["validators", "validators", waited?.validators ?? 0],
        ["queue", "the queue", waited?.queue ?? 0],
        ["credentials", "credentials", waited?.credentials ?? 0],
    ];
    const rest = Math.max(0, total - parts.reduce((sum, part) => sum + part[2], 0));
    const all = [...parts, ["rest", "edged itself and the wire", rest]];
    const whole = Math.max(total, 1e-6, all.reduce((sum, part) => sum + part[2], 0));
    const words = all.map(([, name, value]) => `${name} ${duration(value)}`).join(", ");
    return html`<div class="ruler">
        <div class="line" role="img" aria-label=${words}>${all.filter((part) => part[2] > 0).map(([kind, , value]) => html`<i class=${kind} style=${{ width: `${(value / whole) * 100}%` }}></i>`)}</div>
        <div class="marks" aria-hidden="true"><span>0</span><span>${duration(total)}</span></div>
        <ul>${all.filter(([kind, , value]) => kind !== "credentials" || value > 0).map(([kind, name, value]) => html`<li class=${kind}>${name} ${duration(value)}</li>`)}</ul>
    </div>`;
}
