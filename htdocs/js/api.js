/* The one way to the server: relative to this page, so that any sub-path works; cookies of this origin only.
 *
 * A 401 opens the login and the request waits for it, with everything that was typed still on the page. */
import { watched } from "./lib.js";

const base = new URL("api/v1/", document.baseURI);
export const apiUrl = (path) => new URL(path, base).href;

/* {role, who, csrf, expires}, or null while nobody is logged in. */
export const session = watched(null);
/* True while a login is asked for. */
export const loginWanted = watched(false);
/* Whether the last request reached the server, and when one did (by this browser's clock). */
export const reached = watched({ ok: true, at: 0, since: 0 });

const rank = { read: 1, operate: 2, admin: 3 };
export const may = (role) => (rank[session.value?.role] ?? 0) >= rank[role];
export const lackOf = (role) => `Needs role ${role}; you are ${session.value?.role ?? "not logged in"}.`;

/* What went wrong, as the server said it (RFC 9457) or as this browser found it. */
export class Problem extends Error {
    constructor(status, members) {
        super(members.detail || members.title || `The server answered ${status}.`);
        Object.assign(this, { status, code: members.code ?? "", requestId: members.request_id ?? "", members });
    }
}

/* Routes of this server, as "GET /config/drift"; null while they are not known. A module that is not loaded has none. */
export const offered = watched(null);
export const offers = (route) => offered.value === null || offered.value.has(route);

async function learnRoutes() {
    const index = await get("../v1").catch(() => null);
    if (index?.routes?.length) {
        offered.set(new Set(index.routes.map(({ method, path }) => `${method} ${path.replace(/^\/api\/v1/, "")}`)));
    }
}

let waiting = null;

/* Resolves when somebody has logged in; all who ask meanwhile wait for the same login. */
function login() {
    if (!waiting) {
        let done;
        const promise = new Promise((resolve) => {
            done = resolve;
        });
        waiting = { promise, done };
        loginWanted.set(true);
    }
    return waiting.promise;
}

export function loggedIn(answer) {
    session.set(answer);
    loginWanted.set(false);
    waiting?.done();
    waiting = null;
    learnRoutes();
}

function noteReached(ok) {
    const now = Date.now();
    reached.set({ ok, at: ok ? now : reached.value.at, since: ok === reached.value.ok ? reached.value.since : now });
}

/* While the server changes generations, a leaving one has done nothing of what it answers so, and the next one will. */
const ASKED_AGAIN_MOST = 5;
const later = async (response) => response.status === 503 && response.headers.has("Retry-After") && (await response.clone().json().catch(() => ({}))).code === "not-ready";

export async function send(path, options) {
    for (let left = ASKED_AGAIN_MOST; ; left--) {
        const response = await sendOnce(path, options);
        if (left === 0 || !(await later(response))) {
            return response;
        }
        await new Promise((resolve) => setTimeout(resolve, 1000 * (Number(response.headers.get("Retry-After")) || 1)));
        options.signal?.throwIfAborted();
    }
}

async function sendOnce(path, options) {
    let response;
    try {
        response = await fetch(apiUrl(path), { credentials: "same-origin", redirect: "error", ...options });
    } catch (error) {
        if (error.name !== "AbortError") {
            noteReached(false);
        }
        throw error.name === "AbortError" ? error : new Problem(0, { code: "offline", detail: "The server cannot be reached." });
    }
    /* A proxy in between answers for a server that is away. */
    noteReached(![502, 504].includes(response.status));
    return response;
}

async function problemOf(response) {
    const members = await response.json().catch(() => ({}));
    return new Problem(response.status, {
        request_id: response.headers.get("X-Request-Id"),
        retry_after: Number(response.headers.get("Retry-After")) || 0,
        ...members,
    });
}

/* The last answer to each GET, so that a page that is opened again has something to show, and polling costs a 304. */
const kept = new Map();
const KEPT_MOST = 60;
export const keptAnswer = (path) => kept.get(path)?.data;

function keep(path, data, etag) {
    kept.delete(path);
    kept.set(path, { data, etag });
    if (kept.size > KEPT_MOST) {
        kept.delete(kept.keys().next().value);
    }
}

export async function get(path, { signal } = {}) {
    for (;;) {
        const before = kept.get(path);
        const headers = before?.etag ? { "If-None-Match": before.etag } : {};
        const response = await send(path, { headers, cache: "no-store", signal });
        if (response.status === 304 && before) {
            return before.data;
        }
        if (response.ok) {
            const kind = response.headers.get("Content-Type") ?? "";
            const data = kind.includes("json") ? await response.json() : await response.text();
            keep(path, data, response.headers.get("ETag"));
            return data;
        }
        if (response.status !== 401) {
            throw await problemOf(response);
        }
        await login();
    }
}

/* A list whole, as the server writes it for other programs; the browser keeps it under the name that the server gives. */
export async function download(path, type) {
    for (;;) {
        const response = await send(path, { headers: { Accept: type }, cache: "no-store" });
        if (response.ok) {
            const link = document.createElement("a");
            link.href = URL.createObjectURL(await response.blob());
            link.download = /filename="([\w.-]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "list.txt";
            link.click();
            URL.revokeObjectURL(link.href);
            return;
        }
        if (response.status !== 401) {
            throw await problemOf(response);
        }
        await login();
    }
}

/* POST, PUT, PATCH, DELETE. One key for all tries, so that a double click or a retry acts once. */
export async function act(method, path, members = {}, { etag } = {}) {
    /* A reason that was not given is not an empty one. */
    const { reason, ...others } = members;
    const body = reason ? members : others;
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    for (;;) {
        const headers = { "Content-Type": method === "PATCH" ? "application/merge-patch+json" : "application/json", "Idempotency-Key": key };
        if (etag) {
            headers["If-Match"] = etag.startsWith('"') || etag === "*" ? etag : `"${etag}"`;
        }
        if (session.value?.csrf) {
            headers["X-Edge-Csrf"] = session.value.csrf;
        }
        const response = await send(path, { method, headers, body: JSON.stringify(body) });
        if (response.ok) {
            const text = response.status === 204 ? "" : await response.text();
            return { data: text ? JSON.parse(text) : null, status: response.status, location: response.headers.get("Location") };
        }
        const problem = await problemOf(response);
        if (response.status !== 401 && problem.code !== "csrf") {
            throw problem;
        }
        await login();
    }
}

/* Who is using this page: asked once at the start, and after a restart of the server. */
export async function whoami() {
    const response = await send("auth/session", { cache: "no-store" });
    if (!response.ok) {
        throw await problemOf(response);
    }
    const answer = await response.json();
    if (answer.role) {
        loggedIn(answer);
    } else {
        session.set(null);
    }
    return session.value;
}

/* secret: {token} or {ticket}. */
export async function logIn(secret) {
    const response = await send("auth/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(secret) });
    if (!response.ok) {
        throw await problemOf(response);
    }
    loggedIn(await response.json());
}

export async function logOut() {
    await act("DELETE", "auth/session");
    session.set(null);
    kept.clear();
    login();
}

export const askLogin = login;
