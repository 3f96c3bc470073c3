/* A setting's value as it is typed, and back. Pure. */

const sizes = [["G", 1073741824], ["M", 1048576], ["K", 1024], ["B", 1]];
const times = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1], ["ms", 0.001]];

export const unitsOf = (type) => (type === "bytes" ? ["B", "K", "M", "G"] : isMeasured(type) ? ["ms", "s", "m", "h", "d"] : []);
export const isMeasured = (type) => type === "bytes" || type === "seconds";

const known = (value) => value !== null && value !== undefined;
const isCounted = (setting) => isMeasured(setting.type) || setting.type === "number";

/* The value in the largest unit that holds it whole: 78643200 -> {number: "75", unit: "M"}. */
export function measured(type, value) {
    const table = type === "bytes" ? sizes : times;
    if (value === null || value === undefined || value === "") {
        return { number: "", unit: type === "bytes" ? "M" : "s" };
    }
    if (value === 0) {
        return { number: "0", unit: type === "bytes" ? "B" : "s" };
    }
    const [unit, size] = table.find(([, each]) => value >= each && Math.abs(value / each - Math.round(value / each)) < 1e-9) ?? table.at(-1);
    return { number: String(Math.round(value / size)), unit };
}

/* What is in the field, to begin with. */
export function typed(setting, value = setting.effective) {
    if (isMeasured(setting.type)) {
        return measured(setting.type, value);
    }
    return setting.type === "switch" ? value === true || value === "on" : String(value ?? "");
}

/* As it is written in a file and sent: "75M", 1000, true. */
export function sent(setting, field) {
    if (isMeasured(setting.type)) {
        return field.number.trim() ? field.number.trim() + (field.unit === "B" ? "" : field.unit) : null;
    }
    if (setting.type === "switch") {
        return field;
    }
    if (setting.type === "number" && !field.trim()) {
        return null;
    }
    return setting.type === "number" && /^\d+$/.test(field.trim()) ? Number(field.trim()) : field;
}

/* The number that is meant, in octets or seconds; NaN when it is none. */
export function meant(setting, field) {
    if (isMeasured(setting.type)) {
        const table = Object.fromEntries(setting.type === "bytes" ? sizes : times);
        return /^\d+(\.\d+)?$/.test(field.number.trim()) ? Number(field.number) * table[field.unit] : NaN;
    }
    return setting.type === "number" ? (/^-?\d+(\.\d+)?$/.test(field.trim()) ? Number(field) : NaN) : field;
}

/* A value in words, as the file would say it. */
export function said(setting, value) {
    if (value === null || value === undefined) {
        return value === null && isCounted(setting) ? "none" : "–";
    }
    if (isMeasured(setting.type) && typeof value === "number") {
        const { number, unit } = measured(setting.type, value);
        return number + (unit === "B" ? "" : unit);
    }
    return value === true ? "on" : value === false ? "off" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/* Whether "none" is a value: where it is one now, or the usage says so. */
export const mayBeNone = (setting) => [setting.effective, setting.default].includes(null) || /\bnone\b/.test(setting.usage ?? "");

/* What is wrong with the field, before the server is asked; it has the last word. */
export function wrong(setting, field) {
    const value = meant(setting, field);
    if (isMeasured(setting.type) || setting.type === "number") {
        const [least, most] = [known(setting.min), known(setting.max)];
        const range = least && most ? `${said(setting, setting.min)} to ${said(setting, setting.max)}` : least ? `at least ${said(setting, setting.min)}` : "";
        if (Number.isNaN(value) && sent(setting, field) === null && mayBeNone(setting)) {
            return "";
        }
        if (Number.isNaN(value)) {
            return `A number is needed${range && `, ${range}`}.`;
        }
        const low = typeof setting.min === "number" && value < setting.min;
        const high = typeof setting.max === "number" && value > setting.max;
        return low || high ? `Allowed: ${range}.` : "";
    }
    return typeof value === "string" && /[\u0000-\u001f\u007f]/.test(value) ? "No line breaks or control characters." : "";
}

export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/* The last part of a key: "listener.mx.max_message_size" -> "max_message_size"; the scope in front is known from the page. */
export function memberOf(key, scope) {
    const prefix = scope ? `listener.${scope}.` : "";
    return key.startsWith(prefix) ? key.slice(prefix.length) : key;
}

export const appliesText = {
    immediately: "at once",
    next_command: "from the next command on",
    next_session: "for new sessions",
    reload: "after a reload",
    restart: "after a restart",
};
