/* The frame: the rail with the pages, the bar with the state of the server, and strips for what must not be missed. */
import { html, useEffect, useRef, useState, useWatched, remember } from "./lib.js";
import { lackOf, logOut, may, session } from "./api.js";
import { living, now, overview } from "./live.js";
import { address, route } from "./route.js";
import { age, count, plain, plural } from "./format.js";
import { Icon, Mark } from "./parts/icons.js";
import { Pulse } from "./parts/drawn.js";
import { Said, setUtc, utc } from "./parts/words.js";
import { Find } from "./find.js";
import { helpOpen } from "./help.js";

const entries = [
    ["overview", "Overview"],
    ["sessions", "Sessions"],
    ["validators", "Validators"],
    ["queue", "Queue"],
    ["listeners", "Listeners"],
    ["limits", "Limits"],
    ["config", "Config"],
    ["audit", "Audit"],
    ["system", "System"],
];
const inBar = 4;

function figureOf(name, seen) {
    const value = { sessions: seen?.sessions?.open, queue: seen?.queue?.messages, limits: seen?.overrides || undefined }[name];
    return value === undefined ? "" : count(value);
}

export function Rail({ page }) {
    const seen = useWatched(overview);
    const isUtc = useWatched(utc);
    const [opened, setOpened] = useState(false);
    useEffect(() => setOpened(false), [page]);
    return html`<div class="rail">
        <a class="mark" href=${address("overview")} aria-label="edged, overview"><${Mark} /><span>edged</span></a>
        <nav aria-label="Pages" class=${opened ? "opened" : ""}>
            ${entries.map(
                ([name, text], index) => html`<a
                    href=${address(name)}
                    class=${index >= inBar ? "later" : ""}
                    aria-current=${page === name ? "page" : undefined}
                    title=${text}
                ><${Icon} name=${name} /><span>${text}</span><span class="count">${figureOf(name, seen)}</span></a>`,
            )}
            <button type="button" class="more" aria-expanded=${String(opened)} onClick=${() => setOpened(!opened)}><${Icon} name="more" />${opened ? "Less" : "More"}</button>
        </nav>
        <footer>
            <div>edged ${plain(seen?.version ?? "")}</div>
            <div>times in <button type="button" class="link" onClick=${() => setUtc(!isUtc)} title="Switch between UTC and the time of this browser">${isUtc ? "UTC" : "local time"}</button></div>
        </footer>
    </div>`;
}

function Badges({ seen }) {
    if (!seen) {
        return null;
    }
    const badges = [
        seen.draining ? ["warn", "draining", "listeners"] : !seen.ready && ["bad", "not ready", "system"],
        seen.overrides > 0 && ["", plural(seen.overrides, "override"), "config?view=drift"],
        seen.unloaded && ["warn", "file not loaded", "config?view=drift"],
        seen.queue?.held > 0 && ["", `${count(seen.queue.held)} held`, "queue?state=held"],
    ];
    return html`<div class="badges">${badges.filter(Boolean).map(([kind, text, to]) => html`<a class=${`badge ${kind}`} href=${`#/${to}`}>${text}</a>`)}</div>`;
}

const stateWords = { live: "live", polling: "polling", stale: "stale", offline: "offline" };
const stateTitles = {
    live: "One stream brings what changes, for all pages of this browser.",
    polling: "No stream just now: asked every five seconds.",
    stale: "Nothing was heard for a while.",
    offline: "The server cannot be reached. What is shown is the last that was known.",
};

function Living() {
    const { state, at } = useWatched(living);
    useWatched(now);
    const old = at && state !== "live" && state !== "polling" ? ` ${age((Date.now() - at) / 1000)}` : "";
    return html`<span class="living" data-state=${state} title=${stateTitles[state]} role="status"><i></i><span>${stateWords[state]}<b class="grey">${old}</b></span></span>`;
}

const themes = ["auto", "light", "dark"];

function Theme() {
    const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? "auto");
    const next = themes[(themes.indexOf(theme) + 1) % themes.length];
    const change = () => {
        remember("edge-theme", next);
        setTheme(next);
        if (next === "auto") {
            delete document.documentElement.dataset.theme;
        } else {
            document.documentElement.dataset.theme = next;
        }
    };
    return html`<button type="button" class="plain square" onClick=${change} aria-label=${`Theme: ${theme}; change to ${next}`} title=${`Theme: ${theme}`}><${Icon} name="theme" /></button>`;
}

function Who() {
    const who = useWatched(session);
    const [open, setOpen] = useState(false);
    const box = useRef(null);
    useEffect(() => {
        const away = (event) => box.current && !box.current.contains(event.target) && setOpen(false);
        addEventListener("pointerdown", away);
        return () => removeEventListener("pointerdown", away);
    }, []);
    if (!who) {
        return null;
    }
    return html`<span class="why" ref=${box} onKeyDown=${(event) => event.key === "Escape" && setOpen(false)}>
        <button type="button" class="plain role" aria-expanded=${String(open)} onClick=${() => setOpen(!open)} title=${plain(who.who)}>${who.role}</button>
        ${open &&
        html`<div class="menu"><p class="grey">Logged in as</p><p><${Said} value=${who.who} mono=${true} /></p>
            <p class="grey">${may("admin") ? "May do everything." : may("operate") ? `May act; not change settings. ${lackOf("admin")}` : "May look."}</p>
            <button type="button" onClick=${() => (setOpen(false), logOut().catch(() => {}))}>Log out</button></div>`}
    </span>`;
}

export function Bar() {
    const seen = useWatched(overview);
    useWatched(route);
    return html`<header class="bar">
        <div class="host"><${Said} value=${seen?.host ?? "…"} />${seen && html`<small title="Generation of the configuration in force">g${seen.generation}</small>`}</div>
        <${Badges} seen=${seen} />
        <${Pulse} />
        <${Living} />
        <${Find} />
        <div class="tools">
            <${Who} /><${Theme} />
            <button type="button" class="plain square" onClick=${() => helpOpen.set(true)} aria-label="Keys and help" title="Keys (?)"><${Icon} name="help" /></button>
        </div>
    </header>`;
}

export function Strips() {
    const { state, at } = useWatched(living);
    const seen = useWatched(overview);
    useWatched(now);
    return html`${state === "offline" && html`<div class="strip bad" role="alert"><b>Offline.</b> The server does not answer${at ? html`; what is shown is ${age((Date.now() - at) / 1000)} old` : ""}. This page goes on by itself once it does.</div>`}
    ${seen?.draining && html`<div class="strip"><b>Draining.</b> No new connections are taken; ${plural(seen.sessions.open, "session")} left. <a href="#/listeners">Listeners</a></div>`}`;
}
