/* Who is connected, what they do, and who was. */
import { html, useEffect, useMemo, useRef, useState, useWatched } from "../lib.js";
import { route, setQuery } from "../route.js";
import { useResource, allOf } from "../resource.js";
import { useKeys } from "../keys.js";
import { count, plural } from "../format.js";
import { address } from "../route.js";
import { Age, Bytes, Count, Empty, Said, Time } from "../parts/words.js";
import { SaveAs, Trouble } from "../parts/controls.js";
import { Sheet, Waiting } from "../parts/sheet.js";
import { SessionDrawer, statePill } from "./session_drawer.js";

const MOST = 5000;
const states = ["connecting", "handshake", "greeting", "command", "auth", "mail", "rcpt", "data", "storing", "request", "closing"];

/* "3/5": commands of a session that were accepted, and all. */
function commands(row) {
    let ok = 0;
    let bad = 0;
    for (const counts of Object.values(row.commands ?? {})) {
        ok += counts.ok ?? 0;
        bad += counts.bad ?? 0;
    }
    return { ok, bad };
}

const client = (row) => html`<a href=${address("sessions", { ...Object.fromEntries(route.value.query), id: row.id })}><${Said} value=${row.client?.ip} mono=${true} title=${true} /></a>${row.client?.name && html` <span class="grey"><${Said} value=${row.client.name} title=${true} /></span>`}`;

const shared = [
    { name: "EHLO", width: 3, from: 480, sort: "ehlo", value: (row) => row.ehlo ?? "", cell: (row) => html`<${Said} value=${row.ehlo} title=${true} />` },
    { name: "Listener", width: 104, from: 860, sort: "listener", value: (row) => row.listener, cell: (row) => html`<${Said} value=${row.listener} title=${true} />` },
    { name: "TLS", width: 62, from: 980, cell: (row) => (row.tls ? html`<span title=${`${row.tls.version} ${row.tls.cipher ?? ""}`}>${String(row.tls.version).replace("TLSv", "")}</span>` : html`<span class="grey">none</span>`) },
    { name: "User", width: 2, from: 1060, sort: "user", value: (row) => row.auth?.user ?? "", cell: (row) => (row.auth ? html`<${Said} value=${row.auth.user} title=${true} />` : html`<span class="grey">–</span>`) },
    { name: "Commands", width: 88, right: true, from: 680, title: "Accepted and refused", sort: "commands", value: (row) => commands(row).ok + commands(row).bad, cell: (row) => html`${count(commands(row).ok)}${commands(row).bad > 0 && html` <span class="bad">${count(commands(row).bad)}</span>`}` },
    { name: "In", width: 72, right: true, from: 1160, sort: "bytes", value: (row) => row.bytes_in, cell: (row) => html`<${Bytes} value=${row.bytes_in} />` },
    { name: "Messages", width: 82, right: true, from: 520, sort: "messages", value: (row) => row.messages?.accepted ?? 0, cell: (row) => html`<${Count} value=${row.messages?.accepted ?? 0} />${row.messages?.rejected > 0 && html` <span class="bad">${count(row.messages.rejected)}</span>`}` },
    { name: "Errors", width: 64, right: true, from: 900, sort: "errors", value: (row) => row.errors, cell: (row) => (row.errors > 0 ? html`<span class="bad">${count(row.errors)}</span>` : "0") },
];

const liveColumns = [
    { name: "Client", width: 4, least: 150, head: true, sort: "client", value: (row) => row.client?.ip ?? "", cell: client },
    { name: "State", width: 98, sort: "state", value: (row) => states.indexOf(row.state), cell: statePill },
    { name: "Age", width: 92, right: true, sort: "age", value: (row) => -Date.parse(row.since), cell: (row) => html`<${Age} since=${row.since} />` },
    ...shared,
];

const closedColumns = [
    { name: "Client", width: 4, least: 140, head: true, sort: "client", value: (row) => row.client?.ip ?? "", cell: client },
    { name: "End", width: 150, sort: "end", value: (row) => row.end ?? "", cell: statePill },
    { name: "Ended", width: 80, right: true, sort: "ended", value: (row) => -Date.parse(row.ended), cell: (row) => html`<${Time} at=${row.ended} />` },
    ...shared,
];

function sorted(rows, columns, sort) {
    const down = sort.startsWith("-");
    const column = columns.find((candidate) => candidate.sort === sort.replace(/^-/, ""));
    if (!column) {
        return rows;
    }
    const by = (a, b) => {
        const [x, y] = [column.value(a), column.value(b)];
        return typeof x === "string" ? x.localeCompare(y) : x - y;
    };
    return [...rows].sort((a, b) => (down ? by(b, a) : by(a, b)) || (a.id < b.id ? -1 : 1));
}

/* Rows that stay where they are while somebody reads them: figures change in place, who comes and goes waits. What was kept from an
 * earlier visit of the page is not worth holding. */
function useHeld(rows, held, key, fresh) {
    const kept = useRef({ key, rows, fresh });
    if (!held || kept.current.key !== key || !kept.current.fresh || kept.current.rows.length === 0) {
        kept.current = { key, rows, fresh };
        return { rows, waiting: 0 };
    }
    const latest = new Map(rows.map((row) => [row.id, row]));
    const before = kept.current.rows;
    const known = new Set(before.map((row) => row.id));
    const shown = before.map((row) => latest.get(row.id) ?? { ...row, gone: true });
    const gone = shown.filter((row) => row.gone).length;
    const come = rows.filter((row) => !known.has(row.id)).length;
    return { rows: shown, waiting: gone + come };
}

function Filters({ query, listeners, closed, onChange, children }) {
    const text = (name) => ({ value: query.get(name) ?? "", onInput: (event) => onChange(name, event.target.value.trim()), spellCheck: false, autoComplete: "off" });
    const choice = (name, words, any) => html`<select value=${query.get(name) ?? ""} aria-label=${any} onChange=${(event) => onChange(name, event.target.value)}>
        <option value="">${any}</option>${words.map((word) => html`<option value=${word}>${word}</option>`)}</select>`;
    return html`<div class="filters">
        ${!closed && choice("phase", states, "any state")}
        ${choice("listener", listeners, "any listener")}
        <label>address <input type="text" size="14" placeholder="192.0.2.0/24" ...${text("ip")} /></label>
        <label>EHLO <input type="text" size="14" placeholder="*.example" ...${text("ehlo")} /></label>
        <label>older than <input type="text" size="4" inputMode="numeric" placeholder="0" ...${text("min_age")} /> s</label>
        <span class="tail">${children}</span>
    </div>`;
}

function pathOf(query, closed, page = { limit: 1000 }) {
    const members = new URLSearchParams({ state: closed ? "closed" : "live", ...page });
    for (const name of ["phase", "listener", "ip", "ehlo", "min_age"]) {
        if (query.get(name) && !(closed && name === "phase")) {
            members.set(name, name === "min_age" && /^\d+$/.test(query.get(name)) ? `${query.get(name)}s` : query.get(name));
        }
    }
    return `sessions?${members}`;
}

/* What is being typed is not asked for before it is typed. */
function useSettled(value) {
    const [settled, setSettled] = useState(value);
    useEffect(() => {
        const timer = setTimeout(() => setSettled(value), 250);
        return () => clearTimeout(timer);
    }, [value]);
    return settled;
}

function NoRows({ closed, filtered }) {
    if (filtered) {
        return html`<${Empty}><b>No session is like that.</b> An address may be a network, <code>192.0.2.0/24</code>; a name may have stars, <code>*.example.net</code>. <button type="button" class="link" onClick=${() => (location.hash = address("sessions", closed ? { state: "closed" } : {}).slice(1))}>Show all</button><//>`;
    }
    return closed
        ? html`<${Empty}><b>No session has ended yet.</b> The last ones are kept here with how they ended, until the server is restarted.<//>`
        : html`<${Empty}><b>Nobody is connected.</b> A session is a row here from the moment it is accepted until its connection closes.<//>`;
}

export function Sessions() {
    const { query } = useWatched(route);
    const closed = query.get("state") === "closed";
    const id = query.get("id");
    const path = useSettled(pathOf(query, closed));
    const filtered = ["phase", "listener", "ip", "ehlo", "min_age"].some((name) => query.get(name));
    const [few, setFew] = useState(true);
    const { data, problem, refresh, at } = useResource(path, { every: 3, events: few ? ["session"] : [], load: allOf(MOST) });
    const listeners = useResource("listeners").data?.items?.map((listener) => listener.name) ?? [];
    const [pointed, setPointed] = useState(false);
    const [paused, setPaused] = useState(false);
    const [released, setReleased] = useState(0);
    const sort = query.get("sort") ?? (closed ? "ended" : "-age");
    const columns = closed ? closedColumns : liveColumns;
    const rows = useMemo(() => sorted(data?.items ?? [], columns, sort), [data, sort, closed]);
    const held = useHeld(rows, pointed || paused || Boolean(id), `${path} ${sort} ${released}`, at > 0);
    useEffect(() => setFew((data?.items.length ?? 0) < 300), [data]);
    useKeys({ r: () => refresh(), p: () => setPaused(!paused) });
    const change = (name, value) => setQuery({ [name]: value, id: "" }, { replace: true });
    const tab = (state, text) => html`<a href=${address("sessions", { ...Object.fromEntries(query), state, id: "", sort: "", phase: "" })} aria-current=${closed === (state === "closed") ? "true" : undefined}>${text}</a>`;
    return html`<div class="title"><h1>Sessions</h1></div>
        <nav class="tabs" aria-label="Which sessions">${tab("", "Live")}${tab("closed", "Closed")}</nav>
        <div onMouseEnter=${() => setPointed(true)} onMouseLeave=${() => setPointed(false)}>
        <${Filters} query=${query} listeners=${listeners} closed=${closed} onChange=${change}>
            ${held.waiting > 0 && html`<button type="button" class="link" onClick=${() => (setPaused(false), setReleased(released + 1))}>${plural(held.waiting, "change")}, apply</button>`}
            <button type="button" class="plain" aria-pressed=${String(paused)} onClick=${() => setPaused(!paused)} title="Hold the list still (p)">${paused ? "Go on" : "Hold"}</button>
        <//>
        <${Trouble} problem=${problem?.status === 0 ? null : problem} />
        ${!data ? html`<${Waiting} rows=${12} />` : held.rows.length === 0
            ? html`<${NoRows} closed=${closed} filtered=${filtered} />`
            : html`<${Sheet} label=${closed ? "Closed sessions" : "Live sessions"} columns=${columns} rows=${held.rows} current=${id} sort=${sort} onSort=${(next) => setQuery({ sort: next }, { replace: true })}
                  onOpen=${(row) => setQuery({ id: row.id })} rowClass=${(row) => (row.gone ? "gone" : "")} />`}
        ${data && html`<div class="under"><span>${plural(held.rows.length, closed ? "closed session" : "session")}${data.complete === false ? ` of ${count(data.matched)}; a filter shows the rest` : ""}</span>${data.unanswered > 0 && html`<span class="warn">${plural(data.unanswered, "worker")} did not answer in time; their sessions are missing</span>`}${(pointed || paused || id) && html`<span>held still while you look</span>`}<${SaveAs} path=${pathOf(query, closed, {})} what="the sessions" /></div>`}
        </div>
        ${id && html`<${SessionDrawer} key=${id} id=${id} onClose=${() => setQuery({ id: "" })} />`}`;
}

