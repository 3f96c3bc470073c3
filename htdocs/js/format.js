/* Numbers, sizes, times and foreign text as words. Pure: no page, no clock but the one that is given. */
const THIN = "\u202f";
export const NOTHING = "–";

const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

/* 12904 -> "12 904", with thin spaces that do not break. */
export function count(value) {
    if (!known(value)) {
        return NOTHING;
    }
    const digits = String(Math.round(Math.abs(value)));
    return (value < 0 ? "−" : "") + digits.replace(/\B(?=(\d{3})+$)/g, THIN);
}

/* A rate or a mean: one decimal while it is small, none when it no longer matters. */
export function rate(value) {
    if (!known(value)) {
        return NOTHING;
    }
    if (value === 0) {
        return "0";
    }
    if (value < 0.05) {
        return "<0.1";
    }
    return value < 9.95 ? value.toFixed(1) : count(value);
}

/* Octets in powers of 1024, with the letters that directives use: ["75", "M"]. */
export function bytesParts(value) {
    if (!known(value)) {
        return [NOTHING, ""];
    }
    const letters = ["B", "K", "M", "G", "T"];
    let step = 0;
    while (value >= 1024 && step < letters.length - 1) {
        value /= 1024;
        step++;
    }
    const text = step === 0 || value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
    return [text, letters[step]];
}

export const bytes = (value) => bytesParts(value).join(THIN).trim();

/* Seconds as "3 m 12 s": two units at most. */
export function age(seconds) {
    if (!known(seconds)) {
        return NOTHING;
    }
    const whole = Math.max(0, Math.floor(seconds));
    const [d, h, m, s] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
    const pair = (a, unit, b, smaller) => (b ? `${a}${THIN}${unit} ${b}${THIN}${smaller}` : `${a}${THIN}${unit}`);
    if (d) {
        return pair(d, "d", h, "h");
    }
    if (h) {
        return pair(h, "h", m, "m");
    }
    return m ? pair(m, "m", s, "s") : `${s}${THIN}s`;
}

/* A measured time: "0.4 ms", "21 ms", "1.3 s", then like an age. */
export function duration(seconds) {
    if (!known(seconds)) {
        return NOTHING;
    }
    if (seconds === 0) {
        return `0${THIN}s`;
    }
    if (seconds < 0.00005) {
        return `<0.1${THIN}ms`;
    }
    if (seconds < 1) {
        const ms = seconds * 1000;
        return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)}${THIN}ms`;
    }
    return seconds < 9.95 ? `${seconds.toFixed(1)}${THIN}s` : age(seconds);
}

/* Seconds as they are written in a file: 300 -> "300s", 0.25 -> "250ms". */
export function written(seconds) {
    return Number.isInteger(seconds) ? `${seconds}s` : `${Math.round(seconds * 1000)}ms`;
}

const two = (number) => String(number).padStart(2, "0");

/* "16:40:11", or with the day when it is not today. utc says which zone. */
export function clock(text, utc, now = Date.now()) {
    const at = new Date(text);
    if (!known(text) || Number.isNaN(at.getTime())) {
        return NOTHING;
    }
    const read = (date) =>
        utc
            ? [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
            : [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
    const [year, month, day, ...time] = read(at);
    const today = read(new Date(now));
    const hours = time.map(two).join(":");
    return year === today[0] && month === today[1] && day === today[2] ? hours : `${year}-${two(month)}-${two(day)} ${hours}`;
}

/* C0, DEL and C1, what turns the direction of a line, what cannot be seen, and lone surrogates. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/* One hidden character as it would be written: "\x0d", "\u202e". */
export function escaped(character) {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/* Foreign text as pieces: what can be shown, and what has to be drawn: [{text, hidden}]. */
export function pieces(value) {
    const text = String(value ?? "");
    const found = [];
    let from = 0;
    for (const match of text.matchAll(HIDDEN)) {
        if (match.index > from) {
            found.push({ text: text.slice(from, match.index), hidden: false });
        }
        found.push({ text: escaped(match[0]), hidden: true });
        from = match.index + match[0].length;
    }
    if (from < text.length) {
        found.push({ text: text.slice(from), hidden: false });
    }
    return found;
}

/* The same in one string, for titles and attributes. */
export const plain = (value) => pieces(value).map((piece) => piece.text).join("");

/* One thing or several: plural(1, "session") -> "1 session". */
export const plural = (number, word, words = `${word}s`) => `${count(number)} ${number === 1 ? word : words}`;

/* Any JSON value as one short line. */
export function brief(value) {
    if (value === null || value === undefined) {
        return NOTHING;
    }
    if (typeof value === "object") {
        return JSON.stringify(value);
    }
    return value === true ? "on" : value === false ? "off" : String(value);
}

/* A history with at most so many points: each the mean of its neighbours, unknown only when all of them are. */
export function thinned(history, most) {
    const length = Math.max(0, ...Object.values(history.series).map((series) => series.length));
    const group = Math.ceil(length / most);
    if (group <= 1) {
        return history;
    }
    const mean = (values) => {
        const known = values.filter((value) => value !== null && value !== undefined);
        return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
    };
    const thin = (series) => Array.from({ length: Math.ceil(series.length / group) }, (_, index) => mean(series.slice(index * group, (index + 1) * group)));
    return { ...history, step: history.step * group, series: Object.fromEntries(Object.entries(history.series).map(([name, series]) => [name, thin(series)])) };
}
