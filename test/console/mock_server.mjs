/* The admin API without a server behind it, for tests that need what a real one would take long to reach: 5,000 sessions, errors,
 * two editors, a server that goes away. `node mock_server.mjs HTDOCS [PORT] [SESSIONS]` serves it to a browser. */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import * as data from "./mock_data.mjs";

const kinds = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8" };
export const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const now = () => new Date().toISOString();
const rank = { read: 1, operate: 2, admin: 3 };

class Refused extends Error {
    constructor(status, code, detail, members = {}) {
        super(detail);
        this.status = status;
        this.members = { type: `urn:edged:problem:${code}`, title: code, status, code, detail, ...members };
    }
}

/* All that the made-up server knows and does; tests reach into it. */
export class World {
    constructor({ sessions = 60, seed = 7, hostile = false, queue = 40, history = true, logins = new Map(), began = Date.now() - 3.2 * 86400e3 } = {}) {
        this.random = data.dice(seed);
        this.began = began;
        this.host = "mx1.example.net";
        this.wanted = sessions;
        this.sessions = new Map();
        this.closed = [];
        this.settings = data.settings();
        this.validators = data.validators(this.random);
        this.queue = data.queueItems(this.random, queue);
        this.audit = [];
        this.rejections = [];
        this.reasons = new Map();
        this.bans = [];
        this.generation = 17;
        this.generations = [{ generation: 17, at: now(), who: "uid 0", result: "served", files: 3, sessions: 60 }, { generation: 16, at: new Date(Date.now() - 86400e3).toISOString(), who: "token:ops-1", result: "served", files: 3, sessions: 0 }];
        this.listeners = data.listenerNames.map((name, index) => ({ name, state: "open", since: new Date(this.began).toISOString(), totals: { connections: 90000 - index * 17000, messages: 60000 - index * 9000, rejected: 4100 - index * 1000 }, most: [2000, 500, 500, 200][index] }));
        this.drain = null;
        this.unloaded = false;
        this.tokens = [{ name: "ops-1", role: "operate", created: "2026-11-01T09:00:00.000Z", expires: null, last_used: "2026-11-28", source: null }, { name: "prometheus", role: "read", created: "2026-10-11T09:00:00.000Z", expires: "2027-10-11T09:00:00.000Z", last_used: "2026-11-28", source: "192.0.2.0/24" }];
        this.logins = logins;
        this.tickets = new Set(["ticket-1"]);
        this.levels = ["core", "smtp", "policy", "tls", "store", "admin"].map((area) => ({ area, level: "notice", file_level: "notice", until: null }));
        this.totals = { sessions: 412880, messages: 318204, recipients: 402118, rejected_messages: 20117, refused_commands: 61230 };
        this.second = { connections: 0, messages: 0, rejected: 0, tempfail: 0, bytes: 0 };
        this.recent = [];
        this.streams = new Set();
        this.followers = new Set();
        this.events = [];
        this.eventNumber = 0;
        this.requests = [];
        this.fail = null;
        this.holds = [];
        this.bounced = [];
        this.trouble = [];
        this.history = { "15m": this.past(history, 90, 10), "1h": this.past(history, 120, 30), "6h": this.past(history, 144, 150) };
        for (let index = 0; index < sessions; index++) {
            this.open(Date.now() - this.random.upTo(90000));
        }
        for (let round = 0; round < 12; round++) {
            this.step(Date.now() - (12 - round) * 1000, round < 11);
        }
        if (hostile) {
            data.hostile.forEach((ehlo, index) => this.open(Date.now() - 1e6 - index * 1000, { ehlo, id: `hostile${index}`, ip: `203.0.113.${index + 1}`, left: 1e9, listener: "mx" }));
        }
        this.note("uid 0", "reload", "configuration", 16, 17, "new certificate files", this.began + 2.9 * 86400e3);
        this.note("token:ops-1", "setting", "listener.mx.max_message_size", 78643200, 52428800, "INC-2217 disk pressure", Date.now() - 3e6);
        this.note("console:anna", "validator mode", "greylist mx RCPT", "enforce", "shadow", "too many false positives since Tuesday", Date.now() - 2e6);
        this.note("console:anna", "ban", "203.0.113.77", null, "1h", "dictionary attack", Date.now() - 9e5);
        this.eventNumber = 0;
        this.events = [];
    }

    past(full, points, step) {
        const wave = (index, base, swing) => Math.max(0, base + Math.sin(index / 9) * swing + (this.random.next() - 0.5) * swing);
        const row = (base, swing) => Array.from({ length: points }, (_, index) => (!full || (index > points * 0.3 && index < points * 0.34) ? null : Number(wave(index, base, swing).toFixed(2))));
        return { step, points, series: { accepted: row(14, 5), rejected: row(2.2, 2), tempfail: row(0.9, 1), sessions: row(60, 14), connections: row(6, 2), queue: row(40, 12) } };
    }

    open(at, options) {
        const session = data.newSession(this.random, at, options);
        this.sessions.set(session.id, session);
        this.second.connections++;
        this.totals.sessions++;
        return session;
    }

    stored(session, at) {
        this.second.messages++;
        this.totals.messages++;
        this.lastStored = at;
    }

    refused(session, refusal, at) {
        this.second[refusal.code[0] === "4" ? "tempfail" : "rejected"]++;
        this.totals.refused_commands++;
        const key = `${refusal.source} ${refusal.code}`;
        const reason = this.reasons.get(key) ?? { source: refusal.source, code: refusal.code, text: refusal.text, count: refusal.weight * 9 };
        reason.count++;
        this.reasons.set(key, reason);
        this.rejections.unshift({ time: new Date(at).toISOString(), session: session.id, listener: session.listener, client: session.client.ip, command: refusal.command, reply: refusal.reply, source: refusal.source, reference: null });
        this.rejections.length = Math.min(this.rejections.length, 20);
    }

    note(who, action, target, before, after, reason, at = Date.now()) {
        const item = { time: new Date(at).toISOString(), who, role: who === "uid 0" ? "admin" : "operate", from: who === "uid 0" ? "control socket" : "192.0.2.9", action, target, before, after, reason: reason ?? "", request_id: `r${this.audit.length + 1000}`, result: "done" };
        this.audit.unshift(item);
        this.event("audit", item);
    }

    tellFollowers() {
        for (const follower of this.followers) {
            const { found, response } = follower;
            for (const line of found.lines.slice(found.lines.indexOf(follower.last) + 1)) {
                follower.last = line;
                response.write(`id: ${++follower.number}\nevent: line\ndata: ${JSON.stringify(line)}\n\n`);
            }
            if (found.ended) {
                const { id, ended, end, trouble = false } = found;
                response.end(`id: ${follower.number}\nevent: end\ndata: ${JSON.stringify({ id, ended, end, trouble })}\n\n`);
                this.followers.delete(follower);
            }
        }
    }

    /* A second goes by. */
    step(at = Date.now(), silent = false) {
        for (const session of this.sessions.values()) {
            data.live(session, this.random, at, this);
            if (session.left <= 0 || session.state === "closing") {
                this.close(session, at, this.random.pick(data.ends));
            }
        }
        for (let missing = this.wanted - this.sessions.size; missing > 0 && !this.drain; missing--) {
            const session = this.open(at);
            if (!silent && this.wanted < 200) {
                this.event("session", { what: "open", id: session.id, listener: session.listener, ip: session.client.ip });
            }
        }
        this.tellFollowers();
        this.second.bytes = this.second.messages * 41000;
        this.recent = [...this.recent, this.second].slice(-10);
        this.second = { connections: 0, messages: 0, rejected: 0, tempfail: 0, bytes: 0 };
        if (!silent) {
            this.event("tick", { now: now(), rates: this.rates(), sessions: { open: this.sessions.size, most: 2000 }, queue: this.queueFigures() });
        }
    }

    close(session, at, end) {
        this.sessions.delete(session.id);
        session.ended = new Date(at).toISOString();
        session.end = end;
        session.trouble = !["quit", "peer_closed", "drain"].includes(end);
        session.state = "closing";
        this.closed.unshift(session);
        this.closed.length = Math.min(this.closed.length, 2000);
        if (this.wanted < 200) {
            this.event("session", { what: "close", id: session.id, end });
        }
    }

    rates() {
        const sum = (name) => Number((this.recent.reduce((total, second) => total + second[name], 0) / Math.max(1, this.recent.length)).toFixed(2));
        return { connections: sum("connections"), messages: sum("messages"), rejected: sum("rejected"), tempfail: sum("tempfail"), bytes: sum("bytes") };
    }

    queueFigures() {
        const by = (state) => this.queue.filter((item) => item.state === state).length;
        return { messages: this.queue.length, bytes: this.queue.reduce((sum, item) => sum + item.size, 0), held: by("held"), deferred: by("deferred"), oldest: this.queue[0]?.received ?? null, accepting: true };
    }

    event(type, body) {
        const event = { id: ++this.eventNumber, type, text: JSON.stringify(body) };
        if (type !== "tick") {
            this.events.push(event);
            this.events.splice(0, Math.max(0, this.events.length - 1000));
        }
        for (const stream of this.streams) {
            stream.write(`id: ${event.id}\nevent: ${type}\ndata: ${event.text}\n\n`);
        }
    }
}

const view = (session, at = Date.now()) => {
    const { lines, left, validators, last_reply, ...shown } = session;
    return { ...shown, age: ((session.ended ? Date.parse(session.ended) : at) - Date.parse(session.since)) / 1000 };
};
const list = (items, matched = items.length, cursor = null) => ({ items, next_cursor: cursor, matched, as_of: now() });
const like = (pattern, text) => new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`, "i").test(text ?? "");

const routes = [];
const on = (method, path, role, handler) => routes.push({ method, path: new RegExp(`^${path.replace(/\{(\w+)\}/g, "([^/]+)")}$`), role, handler });

on("GET", "", "read", (world, request) => ({ role: request.role, who: request.who, version: "0.4.0", host: world.host, routes: world.routes ?? [] }));
on("GET", "build", "read", () => ({ version: "0.4.0", revision: "9dd4fa2", compiler: "gcc 12.2.0", built: "2026-11-28T20:00:00.000Z", libraries: { apr: "1.7.2", openssl: "3.0.15", "c-ares": "1.18.1", civetweb: "1.15", gsasl: "2.2.0", lua: "5.4.4", pcre2: "10.42" }, modules: ["smtp_edge", "http_edge", "queue_spool", "tls", "auth_sasl", "admin", "dns", "dnsbl"] }));
on("GET", "health", "read", (world) => ({
    status: world.trouble.length ? "warn" : "ok",
    checks: ["listeners", "spool", "disk", "certificates", "workers", "configuration", "clock", "dns"].map((name) => ({ name, status: world.trouble.find((item) => item.check === name) ? "warn" : "ok", since: new Date(world.began).toISOString(), detail: world.trouble.find((item) => item.check === name)?.text ?? { disk: "41.2 GiB free of 60.0", certificates: "2 in use, the first ends in 61 days", workers: "4 turn, the slowest lags 0.8 ms" }[name] ?? "" })),
}));
on("GET", "overview", "read", (world) => ({
    host: world.host,
    version: "0.4.0",
    generation: world.generation,
    uptime: (Date.now() - world.began) / 1000,
    ready: !world.drain && !world.trouble.some((item) => item.severity === "error"),
    draining: Boolean(world.drain),
    overrides: world.settings.filter((item) => item.override).length,
    unloaded: world.unloaded,
    now: now(),
    sessions: { open: world.sessions.size, most: 2000 },
    rates: world.rates(),
    totals: world.totals,
    queue: world.queueFigures(),
    attention: [...world.trouble.map(({ severity, text, page, key }) => ({ severity, text, page, key })), ...(world.unloaded ? [{ severity: "warn", text: "edge.conf was edited 12 minutes ago and is not loaded.", page: "config", key: "" }] : [])],
    reject_reasons: [...world.reasons.values()].sort((a, b) => b.count - a.count),
    recent_rejections: world.rejections,
    recent_changes: world.audit.slice(0, 10),
}));
on("GET", "overview/history", "read", (world, request) => {
    const past = world.history[request.query.get("range") ?? "15m"];
    return { step: past.step, start: new Date(Date.now() - past.points * past.step * 1000).toISOString(), series: past.series };
});
on("GET", "sessions", "read", (world, request) => {
    const { query } = request;
    const closed = query.get("state") === "closed";
    let rows = closed ? world.closed : [...world.sessions.values()].sort((a, b) => a.since.localeCompare(b.since));
    const ip = query.get("ip");
    rows = rows.filter(
        (row) =>
            (!query.get("listener") || row.listener === query.get("listener")) &&
            (!query.get("phase") || row.state === query.get("phase")) &&
            (!query.get("ehlo") || like(query.get("ehlo"), row.ehlo)) &&
            (!query.get("min_age") || (Date.now() - Date.parse(row.since)) / 1000 >= parseFloat(query.get("min_age"))) &&
            (!ip || row.client.ip === ip || (ip.includes("/") && row.client.ip.startsWith(ip.replace(/\.0\/24$/, ".")))),
    );
    const from = Number(query.get("cursor") ?? 0);
    const limit = Number(query.get("limit") ?? 100);
    return list(rows.slice(from, from + limit).map((row) => view(row)), rows.length, from + limit < rows.length ? String(from + limit) : null);
});
const findSession = (world, id) => {
    const found = world.sessions.get(id) ?? world.closed.find((row) => row.id === id);
    if (!found) {
        throw new Refused(404, "not-found", `There is no session ${id}.`);
    }
    return found;
};
on("GET", "sessions/{id}", "read", (world, request) => {
    const found = findSession(world, request.parts[0]);
    return { ...view(found), validators: found.validators, last_reply: found.last_reply };
});
on("GET", "sessions/{id}/transcript", "operate", (world, request) => ({ id: request.parts[0], lines: findSession(world, request.parts[0]).lines, dropped: 0 }));
on("POST", "sessions/{id}/disconnect", "operate", (world, request) => {
    const found = findSession(world, request.parts[0]);
    if (!request.body.reason) {
        throw new Refused(422, "missing", "A reason is needed.");
    }
    world.close(found, Date.now(), "kicked");
    world.note(request.who, "disconnect", found.client.ip, null, request.body.mode, request.body.reason);
    return { id: found.id, mode: request.body.mode };
});
const shownListener = (world, entry) => ({
    name: entry.name,
    addresses: { mx: ["0.0.0.0:25", "[::]:25"], submission: ["0.0.0.0:587"], submissions: ["0.0.0.0:465", "[::]:465"], api: ["127.0.0.1:8025"] }[entry.name],
    protocol: entry.name === "api" ? "http" : "smtp",
    tls: entry.name === "api" ? null : { mode: entry.name === "submissions" ? "immediate" : "starttls", context: "default" },
    auth: entry.name.startsWith("sub") ? { state: "required", mechanisms: ["SCRAM-SHA-256", "PLAIN"] } : null,
    queue: "main",
    state: entry.state,
    since: entry.since,
    sessions: [...world.sessions.values()].filter((row) => row.listener === entry.name).length,
    most: entry.most,
    source: { file: "/etc/edged/edge.conf", line: 60 },
    totals: entry.totals,
    banner: "mx1.example.net ESMTP",
});
on("GET", "listeners", "read", (world) => list(world.listeners.map((entry) => shownListener(world, entry))));
for (const [verb, state] of [["pause", "paused"], ["resume", "open"], ["drain", "draining"]]) {
    on("POST", `listeners/{l}/${verb}`, "operate", (world, request) => {
        const entry = world.listeners.find((other) => other.name === request.parts[0]);
        world.note(request.who, `listener ${verb}`, entry.name, entry.state, state, request.body.reason);
        entry.state = state;
        entry.since = now();
        world.event("listener", { name: entry.name, state });
        return shownListener(world, entry);
    });
}
on("GET", "drain", "read", (world) => ({ draining: Boolean(world.drain), since: world.drain, sessions: world.sessions.size, deadline: null }));
on("POST", "drain", "operate", (world, request) => {
    world.drain = now();
    world.note(request.who, "drain", "server", null, "draining", request.body.reason);
    return { draining: true, since: world.drain, sessions: world.sessions.size, deadline: request.body.deadline };
});
on("DELETE", "drain", "operate", (world, request) => {
    world.drain = null;
    world.note(request.who, "undrain", "server", "draining", null, request.body.reason);
    return { draining: false, since: null, sessions: world.sessions.size, deadline: null };
});
on("GET", "workers", "read", (world) => list([1, 2, 3, 4].map((worker) => ({ worker, pid: 4182, thread: 4190 + worker, generation: world.generation, sessions: Math.round(world.sessions.size / 4), state: "turning", cpu: 0.03 * worker, loop_lag: 0.0002 * worker, turns: 918273 * worker, uptime: 9000 }))));
on("GET", "modules", "read", () =>
    list(["smtp_edge", "http_edge", "queue_spool", "tls", "auth_sasl", "admin", "dnsbl"].map((name) => ({ name: `${name}_module`, summary: "Brings something that the core does not know.", path: `modules/mod_${name}.so`, abi: "20261128", checks: name === "dnsbl" ? ["dnsbl"] : [], providers: [], directives: [{ name: "Timeout", scopes: ["server", "listener"], type: "words", default: "command=300s", when: "for new sessions", runtime: true, usage: "Timeout name=DURATION ...", prose: "How long a client may take." }] }))),
);
const limitNames = /^(max_|timeout|bare_newline|tls_required)/;
const scopeSettings = (world, name) => world.settings.filter((item) => (name ? item.key.startsWith(`listener.${name}.`) && limitNames.test(item.key.slice(10 + name.length)) : limitNames.test(item.key)));
const etagOf = (items) => items.reduce((sum, item) => (sum * 31 + parseInt(item.etag, 16)) % 0xffffffff, 7).toString(16).padStart(16, "0");
const limits = (world, name) => ({ scope: name ? `listener ${name}` : "server", settings: scopeSettings(world, name), etag: etagOf(scopeSettings(world, name)) });
const bannerOf = (world, name) => {
    const setting = world.settings.find((item) => item.key === (name ? `listener.${name}.banner` : "banner"));
    return { text: setting.effective, code: 220, reply: `220 ${setting.effective}`, etag: setting.etag, setting };
};
on("GET", "banner", "read", (world) => bannerOf(world));
on("GET", "listeners/{l}/banner", "read", (world, request) => bannerOf(world, request.parts[0]));
for (const path of ["banner", "listeners/{l}/banner"]) {
    on("PUT", path, "admin", (world, request) => {
        const before = bannerOf(world, request.parts[0]);
        needMatch(request, before.etag, before);
        return change(world, request, { [before.setting.key]: request.body.text }) ?? bannerOf(world, request.parts[0]);
    });
}
on("GET", "limits", "read", (world) => limits(world));
on("GET", "listeners/{l}/limits", "read", (world, request) => limits(world, request.parts[0]));

function readValue(item, value) {
    if (typeof value === "string" && item.type === "bytes") {
        const match = /^(\d+(?:\.\d+)?)([KMG]?)B?$/i.exec(value);
        return match ? Number(match[1]) * { "": 1, K: 1024, M: 1048576, G: 1073741824 }[match[2].toUpperCase()] : NaN;
    }
    if (typeof value === "string" && item.type === "seconds") {
        const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value);
        return match ? Number(match[1]) * { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 }[match[2]] : NaN;
    }
    return item.type === "switch" ? value === true || value === "on" : item.type === "number" ? Number(value) : value;
}

function change(world, request, changes) {
    const planned = Object.entries(changes).map(([key, value]) => {
        const item = world.settings.find((other) => other.key === key);
        if (!item) {
            throw new Refused(422, "unknown-member", `There is no setting ${key}.`, { errors: [{ pointer: `#/${key}`, code: "unknown-member" }] });
        }
        const after = readValue(item, value);
        if (Number.isNaN(after) || (item.min !== null && after < item.min) || (item.max !== null && after > item.max)) {
            throw new Refused(422, "limit-out-of-range", `${item.directive} must be between ${item.min} and ${item.max}; got ${value}.`, { errors: [{ pointer: `#/${key.split(".").pop()}`, code: "out-of-range", detail: `between ${item.min} and ${item.max}` }] });
        }
        return { item, key, before: item.effective, after, text: String(value) };
    });
    if (request.query.get("dry_run") === "true") {
        return { changes: planned.map(({ item, key, before, after }) => ({ key, before, after, applies: item.applies, sessions: world.sessions.size })), warnings: planned.length > 1 ? [] : planned.filter(({ item, after }) => item.type === "bytes" && after < 1048576).map(({ item }) => `${item.directive} is below 1M: most attachments will be refused.`) };
    }
    for (const { item, key, before, after, text } of planned) {
        item.override = { value: after, text, by: request.who, at: now(), reason: request.body.reason ?? "", expires_at: request.body.for ? new Date(Date.now() + request.body.for * 1000).toISOString() : null, persistence: request.body.persistence ?? "reload", file_value_then: item.file?.value ?? null };
        Object.assign(item, { effective: after, text, origin: "override", etag: (parseInt(item.etag, 16) + 1).toString(16).padStart(16, "0") });
        world.note(request.who, "setting", key, before, after, request.body.reason);
    }
    world.event("config", { keys: planned.map(({ key }) => key) });
    return null;
}

/* A dry run may leave the tag out; one that is stale is told there too. */
function needMatch(request, etag, current) {
    const match = (request.headers["if-match"] ?? "").replaceAll('"', "");
    if (!match && request.query.get("dry_run") === "true") {
        return;
    }
    if (!match) {
        throw new Refused(428, "precondition-required", "Say If-Match.");
    }
    if (match !== "*" && match !== etag) {
        throw new Refused(412, "stale-etag", "Somebody else has changed this meanwhile.", { current_etag: etag, current });
    }
}

const patchLimits = (name) => (world, request) => {
    const scope = name ? request.parts[0] : "";
    const before = limits(world, scope);
    needMatch(request, before.etag, before.settings.slice(0, 3));
    const { reason, for: time, persistence, ...values } = request.body;
    const prefix = scope ? `listener.${scope}.` : "";
    return change(world, request, Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]))) ?? limits(world, scope);
};
on("PATCH", "limits", "admin", patchLimits(false));
on("PATCH", "listeners/{l}/limits", "admin", patchLimits(true));
on("GET", "config/settings", "read", (world, request) => list(world.settings.filter((item) => item.key.startsWith(request.query.get("prefix") ?? "") && (!request.query.get("origin") || item.origin === request.query.get("origin")))));
on("GET", "config/settings/{key}", "read", (world, request) => world.settings.find((item) => item.key === request.parts[0]));
on("PATCH", "config/settings/{key}", "admin", (world, request) => {
    const item = world.settings.find((other) => other.key === request.parts[0]);
    needMatch(request, item.etag, item);
    return change(world, request, { [item.key]: request.body.value }) ?? item;
});
on("DELETE", "config/settings/{key}", "admin", (world, request) => {
    const item = world.settings.find((other) => other.key === request.parts[0]);
    needMatch(request, item.etag, item);
    const before = item.effective;
    const after = item.file ? item.file.value : item.default;
    if (request.query.get("dry_run") === "true") {
        return { changes: [{ key: item.key, before, after, applies: item.applies, sessions: 0 }], warnings: [] };
    }
    Object.assign(item, { override: null, effective: after, text: item.file?.text ?? String(after), origin: item.file ? "file" : "default", etag: (parseInt(item.etag, 16) + 1).toString(16).padStart(16, "0") });
    world.note(request.who, "revert", item.key, before, after, request.body.reason);
    world.event("config", { keys: [item.key] });
    return item;
});
on("GET", "config", "read", (world, request) => {
    const text = `# edge.conf\nServerName mx1.example.net\nWorkers 4\nBanner "mx1.example.net ESMTP Mail Gateway"\n\n<Listener mx>\n    Listen 0.0.0.0:25 [::]:25\n    Protocol smtp\n    TLS starttls context=default\n    MaxMessageSize 50M    # override\n    Queue main\n    <On RCPT>\n        Validate relay mode=enforce\n        Validate greylist mode=shadow order=50\n    </On>\n</Listener>\n`;
    return request.query.get("format") === "json" ? { view: request.query.get("view"), settings: world.settings } : { $text: text };
});
on("GET", "config/drift", "read", (world) => ({
    overridden: world.settings.filter((item) => item.override),
    unloaded: { changed: world.unloaded, files: world.unloaded ? ["/etc/edged/edge.conf"] : [], since: world.unloaded ? new Date(Date.now() - 720e3).toISOString() : null, test: { errors: 0, warnings: 1 } },
    skewed: { generations: [{ generation: world.generation, sessions: world.sessions.size }] },
}));
on("POST", "config/test", "operate", (world) => ({ ok: true, errors: world.broken ? 1 : 0, warnings: 1, diagnostics: [...(world.broken ? [{ file: "/etc/edged/edge.conf", line: 41, column: 5, severity: "error", code: "EDG10021", message: 'unknown directive "MaxMesageSize" in <Listener mx>', suggestion: 'did you mean "MaxMessageSize"?' }] : []), { file: "/etc/edged/edge.conf", line: 118, column: 1, severity: "warning", code: "EDG20007", message: "TLS immediate on port 25: other servers will not be able to connect", suggestion: null }] }));
on("POST", "config/reload", "operate", (world, request) => {
    if (world.broken) {
        throw new Refused(422, "config-invalid", "The configuration has 1 error; generation 17 goes on.", { diagnostics: [{ file: "/etc/edged/edge.conf", line: 41, column: 5, severity: "error", code: "EDG10021", message: 'unknown directive "MaxMesageSize"', suggestion: 'did you mean "MaxMessageSize"?' }] });
    }
    world.generation++;
    world.unloaded = false;
    world.generations.unshift({ generation: world.generation, at: now(), who: request.who, result: "served", files: 3, sessions: 0 });
    world.note(request.who, "reload", "configuration", world.generation - 1, world.generation, request.body.reason);
    world.event("config", { generation: world.generation });
    return { $status: 202, $location: "/api/v1/operations/1", operation: "1" };
});
on("GET", "operations/{id}", "read", (world, request) => ({ id: request.parts[0], state: "done", result: { generation: world.generation, dropped: [] } }));
on("GET", "config/generations", "read", (world) => list(world.generations));
on("GET", "log/levels", "read", (world) => list(world.levels));
on("PUT", "log/levels", "operate", (world, request) => {
    const found = world.levels.find((item) => item.area === request.body.area);
    found.level = request.body.level;
    found.until = new Date(Date.now() + (request.body.ttl ?? 900) * 1000).toISOString();
    world.note(request.who, "log level", found.area, found.file_level, found.level, request.body.reason);
    return found;
});
on("GET", "audit", "read", (world, request) => list(world.audit.filter((item) => item.who.includes(request.query.get("who") ?? "") && item.action.includes(request.query.get("action") ?? ""))));
on("GET", "tokens", "admin", (world) => list(world.tokens));
on("POST", "tokens", "admin", (world, request) => {
    const token = { name: request.body.name, role: request.body.role, created: now(), expires: null, last_used: null, source: request.body.from ?? null };
    world.tokens.push(token);
    world.note(request.who, "token", token.name, null, token.role, request.body.reason);
    return { ...token, token: `edge_${token.role}_abcdefghijklmnopqrstuvwxyz` };
});
on("DELETE", "tokens/{name}", "admin", (world, request) => {
    world.tokens = world.tokens.filter((token) => token.name !== request.parts[0]);
    return { name: request.parts[0] };
});
on("GET", "bans", "read", (world) => list(world.bans));
on("POST", "bans", "operate", (world, request) => {
    const ban = { address: request.body.address, source: "manual", since: now(), expires: request.body.for ? new Date(Date.now() + 3600e3).toISOString() : null, hits: 0, reason: request.body.reason };
    world.bans.unshift(ban);
    world.note(request.who, "ban", ban.address, null, request.body.for ?? null, ban.reason);
    return ban;
});
on("DELETE", "bans/{address}", "operate", (world, request) => {
    world.bans = world.bans.filter((ban) => ban.address !== request.parts[0]);
    world.note(request.who, "unban", request.parts[0], null, null, "");
    return { address: request.parts[0], lifted: 1 };
});
on("GET", "validators", "read", (world) => list(world.validators));
on("GET", "validators/{v}/stats", "read", (world, request) => {
    const { name, p50, p99, bindings } = world.validators.find((item) => item.name === request.parts[0]);
    const buckets = [0.0005, 0.001, 0.0025, 0.005, null].map((most, index) => ({ most, count: [900, 90, 0, 8, 2][index] }));
    return {
        name,
        commands: [...new Map(bindings.map((binding) => [binding.command, binding])).values()].map(({ command, results, skipped, differences }) => ({ command, results, skipped, differences })),
        duration: { count: 1000, sum: 0.71, p50, p99, buckets },
    };
});
on("PATCH", "validators/{v}/bindings/{l}/{command}", "operate", (world, request) => {
    const [name, listener, command] = request.parts;
    const binding = world.validators.find((item) => item.name === name).bindings.find((item) => item.listener === listener && item.command === command);
    const asked = request.body.mode ?? request.query.get("mode");
    const mode = asked === "written" ? binding.written : asked;
    if (mode === "enforce" && binding.written !== "enforce" && request.role !== "admin") {
        throw new Refused(403, "role-required", "enforce is beyond what the configuration says (shadow): it needs role admin.");
    }
    const before = binding.mode;
    binding.mode = mode;
    world.note(request.who, "validator mode", `${name} ${listener} ${command}`, before, mode, request.body.reason);
    world.event("validator", { name, listener, command, mode });
    return { mode, before, written: binding.written };
});
on("GET", "tls/certificates", "read", () =>
    list(
        [["mx1.example.net", 61, "ECDSA P-256"], ["submit.example.net", 9, "RSA 2048"]].map(([name, days, key], index) => ({ context: "default", first: index === 0, subject: `CN=${name}`, names: [name, "mail.example.net"], issuer: "CN=R11,O=Let's Encrypt,C=US", serial: "04A1B2C3D4", not_before: new Date(Date.now() - (90 - days) * 86400e3).toISOString(), not_after: new Date(Date.now() + days * 86400e3).toISOString(), days_left: days, key_type: key, matches: true, chain: 1, sha256: "ab".repeat(32), certificate_file: `/etc/edged/tls/${name}.pem`, key_file: `/etc/edged/tls/${name}.key`, staple: index ? "none" : "good", loaded_at: new Date(Date.now() - 2e8).toISOString() })),
    ),
);
on("POST", "tls/reload", "operate", (world, request) => {
    world.note(request.who, "tls reload", "certificates", null, "2 in force", request.body.reason);
    return { items: [] };
});
on("GET", "queue", "read", (world, request) => {
    const rows = world.queue.filter((item) => !request.query.get("state") || item.state === request.query.get("state"));
    const from = Number(request.query.get("cursor") ?? 0);
    const limit = Number(request.query.get("limit") ?? 100);
    return list(rows.slice(from, from + limit), rows.length, from + limit < rows.length ? String(from + limit) : null);
});
on("GET", "queue/stat", "read", (world) => ({ queues: [{ name: "main", provider: "spool", ...world.queueFigures(), leased: 0, damaged: 0, disk_bytes: 61e6, disk_most: 1073741824, disk_free: 44e9, commits: 318204, syncs: 44100, batches: 44100, trouble: null }] }));
on("GET", "queue/shape", "read", (world) => {
    const classes = [300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 76800];
    const rows = new Map();
    const total = { waiting: 0, ages: new Array(10).fill(0) };
    for (const item of world.queue) {
        const old = (Date.now() - Date.parse(item.received)) / 1000;
        const at = classes.filter((bound) => old > bound).length;
        for (const recipient of item.recipients) {
            const domain = recipient.split("@")[1].toLowerCase();
            const row = rows.get(domain) ?? { queue: "main", domain, waiting: 0, ages: new Array(10).fill(0), oldest: item.received };
            rows.set(domain, row);
            for (const counts of [row, total]) {
                counts.waiting++;
                counts.ages[at]++;
            }
        }
    }
    return { classes, domains: [...rows.values()].sort((a, b) => b.waiting - a.waiting).slice(0, 10), other: { waiting: 0, ages: new Array(10).fill(0) }, total, messages: world.queue.length, read: world.queue.length, unreadable: 0, as_of: now() };
});
const message = (world, id) => {
    const found = world.queue.find((item) => item.id === id);
    if (!found) {
        throw new Refused(404, "not-found", `There is no message ${id}.`);
    }
    return found;
};
on("GET", "queue/holds", "read", (world) => list(world.holds));
on("POST", "queue/holds", "operate", (world, request) => {
    const { scope, value = null, reason, for: seconds } = request.body;
    if (scope === "domain" && !/^[a-z0-9.-]+$/i.test(value)) {
        throw new Refused(422, "unknown-value", `"${value}" is no domain.`);
    }
    const hold = { id: (0x5eed0001 + world.holds.length).toString(16), scope, value, reason, who: request.who, since: now(), expires: seconds ? new Date(Date.now() + seconds * 1000).toISOString() : null };
    world.holds.push(hold);
    world.note(request.who, "queue.hold_all", `${scope} ${value ?? ""}`.trim(), null, hold.id, reason);
    return { $status: 201, ...hold };
});
on("DELETE", "queue/holds/{id}", "operate", (world, request) => {
    const found = world.holds.find((hold) => hold.id === request.parts[0]);
    world.holds = world.holds.filter((hold) => hold !== found);
    return found;
});
on("GET", "handoff", "read", (world) => {
    const stopped = world.holds.some((hold) => hold.scope === "all");
    const hop = (backend, protocol, more) => ({ backend, queue: "main", mode: "forward", protocol, up: true, held: stopped || world.holds.some((hold) => hold.scope === "backend" && hold.value === backend), in_flight: 3, attempts: { ok: 318120, tempfail: 411, permfail: 96, timeout: 2, unreachable: 0 }, duration: { count: 318629, p50: 0.01, p99: 0.25 }, last_error: null, ...more });
    return list([hop("inside", "lmtp", {}), hop("world", "smtp", { up: false, in_flight: 0, attempts: { ok: 2204, tempfail: 51, permfail: 7, timeout: 3, unreachable: 18 }, duration: { count: 2283, p50: 0.25, p99: 5 }, last_error: { time: now(), text: "451 4.4.1 192.0.2.25:25: Connection refused" } })]);
});
on("POST", "handoff/{backend}/probe", "operate", (world, request) => {
    const recipient = request.body.recipient ?? "postmaster@mx1.example.net";
    const down = request.parts[0] === "world";
    return { backend: request.parts[0], recipient, outcome: down ? "deferred" : "taken", reached: !down, text: down ? "451 4.4.1 192.0.2.25:25: Connection refused" : "127.0.0.1:24 said: 250 2.1.5 OK", took: 0.0123 };
});
on("GET", "queue/{id}", "read", (world, request) => {
    const found = message(world, request.parts[0]);
    return { ...found, parameters: [{ name: "SIZE", value: "41000" }], deliveries: found.recipients.map((recipient) => ({ recipient, state: "pending", attempts: 0, last_reply: null, parameters: [] })), needs: [], attempts: 0, next_attempt: null, expires: null };
});
on("GET", "queue/{id}/content", "admin", (world, request) => ({ $text: `From: <a@example.net>\r\nSubject: a message ${request.parts[0]}\r\n\r\nHello <b>there</b>\u001b[31m\r\n` }));
for (const [verb, state] of [["hold", "held"], ["release", "active"], ["requeue", "active"]]) {
    on("POST", `queue/{id}/${verb}`, "operate", (world, request) => {
        const found = message(world, request.parts[0]);
        found.state = state;
        world.note(request.who, verb, found.id, null, state, request.body.reason);
        world.event("queue", { id: found.id, state });
        return { id: found.id, done: verb };
    });
}
on("DELETE", "queue/{id}", "admin", (world, request) => {
    message(world, request.parts[0]);
    world.queue = world.queue.filter((item) => item.id !== request.parts[0]);
    world.bounced.push(...(request.body.bounce ? [request.parts[0]] : []));
    world.note(request.who, "delete", request.parts[0], null, null, request.body.reason);
    world.event("queue", { id: request.parts[0] });
    return { id: request.parts[0], done: "deleted" };
});

/* Who asks: by the cookie of a login. */
function whois(world, request) {
    const key = /(?:^|; )edge=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
    return world.logins.get(key) ?? null;
}

function logIn(world, request, response) {
    const role = /^edge_(read|operate|admin)_/.exec(request.body?.token ?? "")?.[1] ?? (world.tickets.delete(request.body?.ticket) ? "admin" : undefined);
    if (!role) {
        throw new Refused(401, "unauthenticated", "This token is not known here.");
    }
    const key = `k${world.logins.size}${Math.floor(Math.random() * 1e9)}`;
    const login = { role, who: `console:${role}-1`, csrf: `c${key}`, expires: new Date(Date.now() + 12 * 3600e3).toISOString() };
    world.logins.set(key, login);
    response.setHeader("Set-Cookie", `edge=${key}; HttpOnly; SameSite=Strict; Path=/`);
    return login;
}

function stream(world, request, response) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
    response.write("retry: 3000\n\n");
    const last = Number(request.headers["last-event-id"] ?? 0);
    if (last) {
        for (const event of world.events.filter((other) => other.id > last)) {
            response.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${event.text}\n\n`);
        }
    }
    world.streams.add(response);
    request.on("close", () => world.streams.delete(response));
}

/* The lines of a session as they are said. */
function follow(world, found, response) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
    response.write("retry: 3000\n\n");
    const follower = { found, response, last: null, number: 0 };
    world.followers.add(follower);
    response.on("close", () => world.followers.delete(follower));
    world.tellFollowers();
}

async function bodyOf(request) {
    const blocks = [];
    for await (const block of request) {
        blocks.push(block);
    }
    const text = Buffer.concat(blocks).toString();
    return text ? JSON.parse(text) : {};
}

async function answerApi(world, request, response, path, query) {
    request.body = ["POST", "PUT", "PATCH", "DELETE"].includes(request.method) ? await bodyOf(request) : {};
    request.query = query;
    if (world.fail) {
        const failed = world.fail(request, path);
        if (failed) {
            throw failed;
        }
    }
    const login = whois(world, request);
    if (path === "auth/session") {
        if (request.method === "POST") {
            return logIn(world, request, response);
        }
        if (!login) {
            throw new Refused(401, "unauthenticated", "Nobody is logged in.");
        }
        if (request.method === "DELETE") {
            world.logins.clear();
            return {};
        }
        return login;
    }
    if (!login) {
        throw new Refused(401, "unauthenticated", "Log in first.");
    }
    if (request.method !== "GET" && request.headers["x-edge-csrf"] !== login.csrf) {
        throw new Refused(403, "csrf", "The header X-Edge-Csrf is not the one of this session.");
    }
    Object.assign(request, { role: login.role, who: login.who });
    if (path === "events") {
        return stream(world, request, response);
    }
    for (const route of routes) {
        const match = route.method === request.method && route.path.exec(path);
        if (match) {
            if (rank[login.role] < rank[route.role]) {
                throw new Refused(403, "role-required", `This needs role ${route.role}; you are ${login.role}.`);
            }
            request.parts = match.slice(1).map(decodeURIComponent);
            if (path.endsWith("/transcript") && query.get("follow") === "true") {
                return follow(world, findSession(world, request.parts[0]), response);
            }
            return route.handler(world, request) ?? {};
        }
    }
    throw new Refused(404, "not-found", `There is no ${request.method} /api/v1/${path}.`);
}

const packed = new Map();

async function serveFile(htdocs, path, response) {
    const name = normalize(decodeURIComponent(path)).replace(/^\/+/, "") || "index.html";
    /* As a real server: what the build has packed is sent packed, fonts as they are. */
    const plain = extname(name) === ".woff2";
    const file = join(htdocs, plain ? name : `${name}.gz`);
    const content = packed.get(file) ?? (await readFile(file).catch(() => null));
    if (!content) {
        response.writeHead(404).end("not found");
        return;
    }
    packed.set(file, content);
    response.writeHead(200, { "Content-Type": kinds[extname(name)] ?? "application/octet-stream", "Cache-Control": "no-cache", ...(plain ? {} : { "Content-Encoding": "gzip" }) });
    response.end(content);
}

/* Serves htdocs and the API on a loopback port that the system chooses. */
export async function serve({ htdocs, port = 0, ...options }) {
    const world = new World(options);
    const server = createServer(async (request, response) => {
        const url = new URL(request.url, "http://localhost");
        response.setHeader("Content-Security-Policy", policy);
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Referrer-Policy", "no-referrer");
        world.requests.push(`${request.method} ${url.pathname}${url.search}`);
        if (!/^\/api\/v1(\/|$)/.test(url.pathname)) {
            await serveFile(htdocs, url.pathname, response);
            return;
        }
        try {
            const answer = await answerApi(world, request, response, url.pathname.slice(8), url.searchParams);
            if (answer === undefined) {
                return;
            }
            const { $status = 200, $location, $text, ...body } = answer;
            const text = $text ?? JSON.stringify(body);
            response.writeHead($status, { "Content-Type": $text === undefined ? "application/json" : "text/plain; charset=utf-8", "Cache-Control": "no-store", ...(body.etag ? { ETag: `"${body.etag}"` } : {}), ...($location ? { Location: $location } : {}) });
            response.end(text);
        } catch (error) {
            const members = error.members ?? { status: 500, code: "failed", detail: String(error.stack) };
            response.writeHead(error.status ?? 500, { "Content-Type": "application/problem+json", "X-Request-Id": "r1", ...(error.members?.code === "not-ready" ? { "Retry-After": "1" } : {}) });
            response.end(JSON.stringify({ ...members, request_id: "01JD3V7K9" }));
        }
    });
    await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
    const timer = setInterval(() => world.step(), 1000);
    const stop = async () => {
        clearInterval(timer);
        for (const open of [...world.streams, ...[...world.followers].map((follower) => follower.response)]) {
            open.destroy();
        }
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
    };
    return { world, server, port: server.address().port, url: `http://127.0.0.1:${server.address().port}/`, stop };
}

export { Refused };

if (process.argv[1] === new URL(import.meta.url).pathname) {
    const [htdocs, port = "8099", sessions = "60"] = process.argv.slice(2);
    const { url, world } = await serve({ htdocs, port: Number(port), sessions: Number(sessions), hostile: process.env.HOSTILE === "1" });
    world.trouble = [{ severity: "warn", text: "The certificate of submit.example.net ends in 9 days.", page: "listeners", key: "submit.example.net", check: "certificates" }];
    world.unloaded = true;
    console.log(`${url}   log in with edge_admin_x, edge_operate_x or edge_read_x`);
}
