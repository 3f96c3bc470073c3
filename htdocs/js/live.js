/* What the server says by itself: one stream for all pages of this browser.
 *
 * Web locks choose which page reads the stream: whoever holds the lock reads and tells the others by a broadcast channel; when
 * that page goes, the browser gives the lock to the next. Where there is no stream (none free, a proxy that keeps it back, no
 * locks), every page asks /overview every five seconds. */
import { watched, useEffect, useLatest } from "./lib.js";
import { send, get, session, askLogin, reached } from "./api.js";
import { readEvents } from "./event_stream.js";

const STALE_AFTER = 12000;
const PULSE = 120;

/* live, polling, stale or offline, and the time of the last sign of life. */
export const living = watched({ state: "stale", at: 0 });
export const overview = watched(null);
/* The last two minutes: [{accepted, rejected, tempfail}], one a second. */
export const pulse = watched([]);
/* This browser's clock minus the server's, in milliseconds. */
let skew = 0;
/* The server's time now; changes once a second, and everything that shows an age watches it. */
export const now = watched(Date.now());

const listeners = new Set();
let streamAt = 0;
let lastId = 0;

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(`edge:${new URL(".", document.baseURI).pathname}`) : null;

function keepTime(text) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) {
        skew = Date.now() - at;
    }
}

function addToPulse(rates) {
    pulse.set([...pulse.value, { accepted: rates.messages ?? 0, rejected: rates.rejected ?? 0, tempfail: rates.tempfail ?? 0 }].slice(-PULSE));
}

/* Before this page has heard a minute itself, the history says what came before, ten seconds a value. */
export function fillPulse(history) {
    const { accepted = [], rejected = [], tempfail = [] } = history.series;
    const from = Math.max(0, accepted.length - Math.ceil(PULSE / history.step));
    const past = accepted.slice(from).flatMap((value, index) => {
        const stroke = { accepted: value ?? 0, rejected: rejected[from + index] ?? 0, tempfail: tempfail[from + index] ?? 0 };
        return new Array(Math.round(history.step)).fill(stroke);
    });
    pulse.set([...past, ...pulse.value].slice(-PULSE));
}

function takeTick(data) {
    if (data.now) {
        keepTime(data.now);
    }
    if (data.rates) {
        addToPulse(data.rates);
    }
    if (overview.value) {
        overview.set({
            ...overview.value,
            ...data,
            sessions: { ...overview.value.sessions, ...data.sessions },
            queue: { ...overview.value.queue, ...data.queue },
            rates: { ...overview.value.rates, ...data.rates },
        });
    }
}

/* An event, read here or by another page of this browser. */
function take(event) {
    streamAt = Date.now();
    if (event.type === "tick") {
        takeTick(event.data);
    }
    for (const listener of [...listeners]) {
        listener(event);
    }
    look();
}

/* Calls back for events of these types; an event "gap" means that some were missed, so it concerns everybody. */
export function useEvents(types, callback) {
    const latest = useLatest(callback);
    const wanted = types.join();
    useEffect(() => {
        const listener = (event) => {
            if (wanted.split(",").includes(event.type) || event.type === "gap") {
                latest.current(event);
            }
        };
        listeners.add(listener);
        return () => listeners.delete(listener);
    }, [wanted]);
}

/* The overview, for the frame and the first page */

let asking = false;
let soon = 0;

async function askOverview() {
    if (asking || !session.value) {
        return;
    }
    asking = true;
    try {
        const answer = await get("overview");
        const before = overview.value;
        keepTime(answer.now);
        if (before && (before.uptime > answer.uptime + 2 || before.version !== answer.version)) {
            take({ type: "gap", id: 0, data: { restarted: true } });
        }
        if (!streaming()) {
            addToPulse(answer.rates ?? {});
        }
        overview.set(answer);
    } catch {
        /* What is known stays on the page; the dot says since when. */
    } finally {
        asking = false;
        look();
    }
}

export function askOverviewSoon() {
    clearTimeout(soon);
    soon = setTimeout(askOverview, 250);
}

/* The state of the connection */

const streaming = () => Date.now() - streamAt < STALE_AFTER;

function look() {
    const time = Date.now();
    now.set(Math.floor((time - skew) / 1000) * 1000);
    const at = Math.max(streamAt, reached.value.at);
    let state = "stale";
    if (!reached.value.ok && !(streaming() && streamAt > reached.value.since)) {
        state = "offline";
    } else if (streaming()) {
        state = "live";
    } else if (time - at < STALE_AFTER) {
        state = "polling";
    }
    if (state !== living.value.state || at !== living.value.at) {
        living.set({ state, at });
    }
}

/* Reading the stream */

function deliver(event) {
    /* The server may send again what this browser has seen before the stream broke. */
    if (event.id && event.id <= lastId && event.type !== "tick") {
        return;
    }
    lastId = event.id || lastId;
    channel?.postMessage({ kind: "event", event });
    take(event);
}

function alive() {
    streamAt = Date.now();
    look();
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* One stream after the other, for as long as this page holds the lock. */
async function stream() {
    let wait = 1000;
    for (;;) {
        const abort = new AbortController();
        const began = Date.now();
        try {
            const headers = { Accept: "text/event-stream", ...(lastId ? { "Last-Event-ID": String(lastId) } : {}) };
            const response = await send("events", { headers, cache: "no-store", signal: abort.signal });
            if (response.status === 401) {
                await askLogin();
                continue;
            }
            if (response.ok) {
                askOverviewSoon();
                await readEvents(response, { abort, take: deliver, alive });
            } else {
                await response.body?.cancel();
            }
        } catch {
            /* Tried again below; meanwhile the overview is polled. */
        }
        wait = Date.now() - began > 10000 ? 1000 : Math.min(wait * 1.7, 15000);
        await pause(wait * (0.8 + Math.random() * 0.4));
    }
}

function second() {
    look();
    const every = streaming() ? 10 : 5;
    if (!document.hidden && Math.floor(Date.now() / 1000) % every === 0) {
        askOverview();
    }
}

/* What changed is in the overview too; a restarted server counts its events from the beginning. */
function follow(event) {
    if (event.data?.restarted) {
        lastId = 0;
    } else if (event.type !== "tick" && event.type !== "session") {
        askOverviewSoon();
    }
}

export function startLive() {
    channel?.addEventListener("message", (message) => {
        if (message.data?.kind === "event") {
            lastId = message.data.event.id || lastId;
            take(message.data.event);
        }
    });
    setInterval(second, 1000);
    document.addEventListener("visibilitychange", () => document.hidden || askOverview());
    session.watch((value) => value && askOverview());
    listeners.add(follow);
    askOverview();
    get("overview/history?range=15m").then(fillPulse, () => {});
    if (channel && navigator.locks) {
        navigator.locks.request(`edge-stream:${new URL(".", document.baseURI).pathname}`, stream);
    }
}
