/* Words and figures: everything foreign is text, nothing is markup. */
import { html, useLayoutEffect, useRef, useState, useWatched, watched, remember, remembered } from "../lib.js";
import { age, bytesParts, clock, count, NOTHING, pieces, plain } from "../format.js";
import { now } from "../live.js";

export const utc = watched(remembered("edge-zone", "utc") === "utc");
export function setUtc(value) {
    remember("edge-zone", value ? "utc" : "local");
    utc.set(value);
}

/* Text somebody else wrote: isolated, in its own direction, hidden characters drawn. */
export function Said({ value, mono, title, children }) {
    const text = value ?? children;
    if (text === null || text === undefined || text === "") {
        return html`<span class="grey">${NOTHING}</span>`;
    }
    return html`<bdi class=${mono ? "said mono" : "said"} dir="auto" title=${title === true ? plain(text) : title}
        >${pieces(text).map((piece) => (piece.hidden ? html`<span class="control">${piece.text}</span>` : piece.text))}</bdi
    >`;
}

/* A long id or address: its middle gives way, both ends stay; the whole is in the title. */
export function Middle({ value, tail = 6, mono = true }) {
    const text = plain(value);
    if (!text) {
        return html`<span class="grey">${NOTHING}</span>`;
    }
    const characters = [...text];
    const cut = Math.max(0, characters.length - tail);
    return html`<span class=${mono ? "middle mono" : "middle"} title=${text}
        ><span>${characters.slice(0, cut).join("")}</span><span>${characters.slice(cut).join("")}</span></span
    >`;
}

export function Copy({ value, what, text = "copy" }) {
    const [done, setDone] = useState(false);
    const copy = async (event) => {
        event.stopPropagation();
        await navigator.clipboard?.writeText(String(value)).catch(() => {});
        setDone(true);
        setTimeout(() => setDone(false), 1200);
    };
    return html`<button type="button" class="copy" onClick=${copy} aria-label=${`Copy ${what}`}>${done ? "copied" : text}</button>`;
}

export const Count = ({ value }) => html`<span title=${value >= 10000 ? String(value) : undefined}>${count(value)}</span>`;

export function Bytes({ value }) {
    const [number, unit] = bytesParts(value);
    return html`<span class="nowrap" title=${value >= 1024 ? `${count(value)} octets` : undefined}>${number}<small class="grey">${unit && `\u202f${unit}`}</small></span>`;
}

export function Time({ at, date }) {
    const isUtc = useWatched(utc);
    if (!at) {
        return html`<span class="grey">${NOTHING}</span>`;
    }
    const text = clock(at, isUtc, date ? 0 : Date.now());
    return html`<time dateTime=${at} title=${plain(at)}>${text}</time>`;
}

/* How long ago, counted on by itself. */
export function Age({ since }) {
    const time = useWatched(now);
    const at = Date.parse(since);
    if (!since || Number.isNaN(at)) {
        return html`<span class="grey">${NOTHING}</span>`;
    }
    return html`<time class="nowrap" dateTime=${since} title=${plain(since)}>${age((time - at) / 1000)}</time>`;
}

/* How long until. */
export function Until({ at }) {
    const time = useWatched(now);
    return html`<time class="nowrap" dateTime=${at} title=${plain(at)}>${age((Date.parse(at) - time) / 1000)}</time>`;
}

/* A state as a shape and a word. kind: ok, warn, bad, off or nothing. */
export const Pill = ({ kind = "", children }) => html`<span class=${`pill ${kind}`}>${children}</span>`;

/* A reply as it is said: the code tells the kind by its weight and colour. */
export function Reply({ text }) {
    const match = /^(\d{3})([ -]?)(.*)$/s.exec(text ?? "");
    if (!match) {
        return html`<${Said} value=${text} mono=${true} />`;
    }
    return html`<span class="reply"><span class=${`code c${match[1][0]}`}>${match[1]}</span> <${Said} value=${match[3]} mono=${true} /></span>`;
}

export function Facts({ rows }) {
    return html`<dl class="facts">
        ${rows.filter(Boolean).map(([name, value]) => html`<dt>${name}</dt><dd>${value ?? html`<span class="grey">${NOTHING}</span>`}</dd>`)}
    </dl>`;
}

export const Empty = ({ children }) => html`<div class="empty">${children}</div>`;

export function Meter({ value, most }) {
    const part = most > 0 ? Math.min(1, value / most) : 0;
    const kind = part > 0.95 ? "bad" : part > 0.8 ? "warn" : "";
    return html`<span class=${`meter ${kind}`} role="img" aria-label=${`${Math.round(part * 100)} percent`}><i style=${{ width: `${part * 100}%` }}></i></span>`;
}

/* What may be wider than its place: then it scrolls by itself, and can be reached by keyboard to do so. */
export function Wide({ label, kind = "", children }) {
    const box = useRef(null);
    const [over, setOver] = useState(false);
    useLayoutEffect(() => {
        const measure = () => box.current && setOver(box.current.scrollWidth > box.current.clientWidth + 1);
        measure();
        const watcher = new ResizeObserver(measure);
        watcher.observe(box.current);
        return () => watcher.disconnect();
    }, [children]);
    return html`<div class=${`scrolls ${kind}`} ref=${box} tabIndex=${over ? 0 : undefined} role=${over ? "region" : undefined} aria-label=${over ? label : undefined}>${children}</div>`;
}
