/* What runs here: build, health, workers, modules, log levels, bans, tokens. */
import { html, useState, useWatched } from "../lib.js";
import { act, lackOf, may, session } from "../api.js";
import { useResource } from "../resource.js";
import { age, count, duration, plain, plural } from "../format.js";
import { Age, Copy, Empty, Facts, Pill, Said, Time, Until, Wide } from "../parts/words.js";
import { Act, Confirm, Switch, tell } from "../parts/controls.js";
import { overview } from "../live.js";
import { Pending } from "../parts/sheet.js";

const kinds = { ok: "ok", warn: "warn", fail: "bad" };

function Health() {
    const { data, problem } = useResource("health", { every: 5 });
    return html`<section class="panel seven"><header><h2>Health</h2>${data && html`<${Pill} kind=${kinds[data.status]}>${data.status}<//>`}</header>
        ${!data ? html`<${Pending} problem=${problem} />` : html`<table class="flat"><thead class="hidden"><tr><th scope="col">Check</th><th scope="col">Status</th><th scope="col">Detail</th><th scope="col">Since</th></tr></thead><tbody>${data.checks.map((check) => html`<tr key=${check.name}><th scope="row">${plain(check.name)}</th><td><${Pill} kind=${kinds[check.status]}>${check.status}<//></td><td><${Said} value=${check.detail} /></td><td class="right grey nowrap"><${Age} since=${check.since} /></td></tr>`)}</tbody></table>`}
    </section>`;
}

function Build() {
    const { data, problem } = useResource("build");
    const seen = useWatched(overview);
    const copyAll = async () => {
        const text = JSON.stringify({ build: data, overview: { ...seen, host: "***", recent_rejections: undefined, recent_changes: undefined } }, null, 2);
        await navigator.clipboard?.writeText(text).then(() => tell("Copied, without the name of the host, addresses and changes."), () => tell("This browser forbids copying.", { bad: true }));
    };
    return html`<section class="panel five"><header><h2>Build</h2><span class="tail"><button type="button" class="link" onClick=${copyAll}>Copy diagnostics</button></span></header>
        ${!data ? html`<${Pending} problem=${problem} rows=${4} />` : html`<${Facts} rows=${[
            ["edged", html`${plain(data.version)} <span class="grey mono">${plain(data.revision ?? "")}</span>`],
            ["Built", html`${data.built && html`<${Time} at=${data.built} date=${true} /> `}<span class="grey">${plain(data.compiler ?? "")}</span>`],
            seen && ["Up", age(seen.uptime)],
            ["Libraries", html`${Object.entries(data.libraries ?? {}).map(([name, version]) => html`<span class="nowrap">${plain(name)} <span class="grey">${plain(version)}</span></span>  `)}`],
        ]} />`}
    </section>`;
}

function Workers() {
    const { data, problem } = useResource("workers", { every: 3 });
    return html`<section class="panel"><header><h2>Workers</h2></header>
        ${!data ? html`<${Pending} problem=${problem} rows=${4} />` : html`<${Wide} label="Table"><table><thead><tr><th scope="col">Worker</th><th scope="col">State</th><th scope="col" class="right">Sessions</th><th scope="col" class="right">CPU</th><th scope="col" class="right">Loop lag</th><th scope="col" class="right">Turns</th><th scope="col" class="right">Generation</th><th scope="col" class="right">Process</th><th scope="col" class="right">Thread</th><th scope="col" class="right">Up</th></tr></thead><tbody>
            ${data.items.map((item) => html`<tr key=${`${item.pid} ${item.worker}`}><th scope="row">${item.worker}</th><td>${plain(item.state)}</td><td class="right">${count(item.sessions)}</td><td class="right">${item.cpu === null || item.cpu === undefined ? "–" : `${Math.round(item.cpu * 100)}\u202f%`}</td><td class="right">${duration(item.loop_lag)}</td><td class="right">${count(item.turns)}</td><td class="right">${item.generation}</td><td class="right">${item.pid}</td><td class="right">${item.thread}</td><td class="right">${age(item.uptime)}</td></tr>`)}
        </tbody></table><//>`}
    </section>`;
}

function Directive({ item }) {
    return html`<tr><th scope="row"><code>${plain(item.name)}</code></th><td><${Said} value=${item.usage} mono=${true} /></td><td><${Said} value=${item.default} mono=${true} /></td><td class="nowrap">${plain(item.when ?? "")}</td><td><${Said} value=${item.prose} /></td></tr>`;
}

function Modules() {
    const { data, problem } = useResource("modules");
    return html`<section class="panel"><header><h2>Modules</h2><span class="tail">${data && plural(data.items.length, "module")}</span></header>
        ${!data ? html`<${Pending} problem=${problem} />` : data.items.map(
            (item) => html`<details class="module" key=${item.name}><summary><span class="strong"><${Said} value=${item.name} /></span> <span class="grey"><${Said} value=${item.summary} /></span><span class="tail grey small">${plural(item.directives?.length ?? 0, "directive")}</span></summary>
                <p class="grey small">${item.path ? html`<${Said} value=${item.path} mono=${true} />` : "in the server itself"}, ABI ${plain(String(item.abi))}${item.checks?.length ? ` · checks: ${item.checks.map((check) => plain(check.name ?? check)).join(", ")}` : ""}</p>
                ${item.directives?.length > 0 && html`<${Wide} label="Table"><table class="flat"><thead><tr><th scope="col">Directive</th><th scope="col">Usage</th><th scope="col">Default</th><th scope="col">Takes effect</th><th scope="col">Meaning</th></tr></thead><tbody>${item.directives.map((each) => html`<${Directive} item=${each} />`)}</tbody></table><//>`}
            </details>`,
        )}
    </section>`;
}

const levelWords = ["emerg", "error", "warn", "notice", "info", "debug", "trace"];

function Levels() {
    const { data, problem, refresh } = useResource("log/levels", { every: 10, events: ["config", "audit"] });
    const [asked, setAsked] = useState(null);
    useWatched(session);
    const [time, setTime] = useState(900);
    const [all, setAll] = useState(false);
    const items = data?.items ?? [];
    const shown = all || items.length < 9 ? items : items.filter((item) => item.area === "default" || item.level !== item.file_level || item.until);
    const doing = async (reason) => {
        await act("PUT", "log/levels", { area: asked.area, level: asked.level, ttl: time, reason });
        return `${asked.area} logs at ${asked.level} for ${age(time)}.`;
    };
    return html`<section class="panel six"><header><h2>Log levels</h2><span class="tail">${items.length > 8 && html`<button type="button" class="link" onClick=${() => setAll(!all)}>${all ? "Only what matters" : `All ${items.length} areas`}</button>`}</span></header>
        ${!data ? html`<${Pending} problem=${problem} rows=${4} />` : html`<table><thead><tr><th scope="col">Area</th><th scope="col">Level</th><th scope="col">File</th><th scope="col" class="right">Back in</th></tr></thead><tbody>
            ${shown.map((item) => html`<tr key=${item.area}><th scope="row"><${Said} value=${item.area} /></th><td><select aria-label=${`Level of ${item.area}`} value=${item.level} disabled=${!may("operate")} title=${may("operate") ? undefined : lackOf("operate")} onChange=${(event) => (setAsked({ area: item.area, level: event.target.value }), (event.target.value = item.level))}>${levelWords.map((word) => html`<option value=${word}>${word}</option>`)}</select></td><td class="grey">${plain(item.file_level)}</td><td class="right">${item.until ? html`<${Until} at=${item.until} />` : html`<span class="grey">–</span>`}</td></tr>`)}
        </tbody></table>`}
        ${asked && html`<${Confirm} title=${`Log ${plain(asked.area)} at ${asked.level}`} button=${`Log at ${asked.level}`} doing=${doing} onClose=${(done) => (setAsked(null), done && refresh())}><p class="field"><span>For</span><${Switch} label="For" value=${time} onChange=${setTime} options=${[{ value: 300, text: "5 min" }, { value: 900, text: "15 min" }, { value: 3600, text: "1 h" }]} /></p><p class="grey">Then it goes back to what the file says.</p><//>`}
    </section>`;
}

function Bans() {
    const { data, problem, refresh } = useResource("bans", { every: 10, events: ["audit"] });
    const [asked, setAsked] = useState(null);
    const lift = async (reason) => {
        await act("DELETE", `bans/${encodeURIComponent(asked.address)}`, { reason });
        return `${asked.address} is no longer banned.`;
    };
    return html`<section class="panel six"><header><h2>Bans</h2><span class="tail">${data && count(data.items.length)}</span></header>
        ${!data ? html`<${Pending} problem=${problem} rows=${3} />` : data.items.length === 0 ? html`<${Empty}><b>Nobody is banned.</b> An address that guesses passwords is banned for a while by <code>AuthFailures</code>; by hand, open one of its sessions.<//>` : html`<${Wide} label="Table"><table><thead><tr><th scope="col">Address</th><th scope="col">By</th><th scope="col" class="right">Left</th><th scope="col" class="right">Hits</th><th scope="col">Reason</th><th scope="col"><span class="hidden">Lift</span></th></tr></thead><tbody>
            ${data.items.map((item) => html`<tr key=${item.address}><th scope="row"><${Said} value=${item.address} mono=${true} /></th><td>${plain(item.source)}</td><td class="right">${item.expires ? html`<${Until} at=${item.expires} />` : "until lifted"}</td><td class="right">${count(item.hits)}</td><td><${Said} value=${item.reason} /></td><td class="right"><${Act} role="operate" kind="plain" aria-label=${`Lift the ban of ${plain(item.address)}`} onClick=${() => setAsked(item)}>Lift<//></td></tr>`)}
        </tbody></table><//>`}
        ${asked && html`<${Confirm} title=${`Lift the ban of ${plain(asked.address)}`} button="Lift the ban" doing=${lift} onClose=${(done) => (setAsked(null), done && refresh())} />`}
    </section>`;
}

function NewToken({ onClose, onMade }) {
    const [name, setName] = useState("");
    const [role, setRole] = useState("read");
    const [from, setFrom] = useState("");
    const doing = async (reason) => {
        const { data } = await act("POST", "tokens", { name: name.trim(), role, ...(from.trim() && { from: from.trim() }), reason });
        onMade(data);
    };
    return html`<${Confirm} title="New token" button="Make the token" ready=${Boolean(name.trim())} doing=${doing} onClose=${onClose}>
        <div class="fields"><label class="field"><span>Name</span><input type="text" value=${name} onInput=${(event) => setName(event.target.value)} autoComplete="off" autofocus=${true} /></label>
        <label class="field"><span>Only from (address or network)</span><input type="text" placeholder="anywhere" value=${from} onInput=${(event) => setFrom(event.target.value)} /></label></div>
        <p class="field"><span>Role</span><${Switch} label="Role" value=${role} onChange=${setRole} options=${["read", "operate", "admin"].map((value) => ({ value }))} /></p>
    <//>`;
}

function Tokens() {
    useWatched(session);
    const allowed = may("admin");
    const { data, problem, refresh } = useResource(allowed ? "tokens" : null, { events: ["audit"] });
    const [asked, setAsked] = useState(null);
    const [made, setMade] = useState(null);
    const revoke = async (reason) => {
        await act("DELETE", `tokens/${encodeURIComponent(asked.name)}`, { reason });
        return `${asked.name} is revoked.`;
    };
    return html`<section class="panel"><header><h2>Tokens</h2><span class="tail"><${Act} role="admin" onClick=${() => setAsked("new")}>New token<//></span></header>
        ${made && html`<div class="note"><p>The token of <b>${plain(made.name)}</b>, shown this once:</p><p><code class="said">${plain(made.token)}</code> <${Copy} value=${made.token} what="token" /> <button type="button" class="copy" onClick=${() => setMade(null)}>I have it</button></p></div>`}
        ${!allowed ? html`<p class="empty">${lackOf("admin")}</p>` : !data ? html`<${Pending} problem=${problem} rows=${3} />` : html`<${Wide} label="Table"><table><thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Only from</th><th scope="col">Made</th><th scope="col">Ends</th><th scope="col">Last used</th><th scope="col"><span class="hidden">Revoke</span></th></tr></thead><tbody>
            ${data.items.map((item) => html`<tr key=${item.name}><th scope="row"><${Said} value=${item.name} /></th><td>${plain(item.role)}</td><td><${Said} value=${item.from ?? item.source} mono=${true} /></td><td><${Time} at=${item.created} date=${true} /></td><td>${item.expires ? html`<${Time} at=${item.expires} date=${true} />` : html`<span class="grey">never</span>`}</td><td>${item.last_used ? plain(item.last_used) : html`<span class="grey">never</span>`}</td><td class="right"><${Act} role="admin" kind="plain" aria-label=${`Revoke ${plain(item.name)}`} onClick=${() => setAsked(item)}>Revoke<//></td></tr>`)}
        </tbody></table><//>`}
        ${asked === "new" && html`<${NewToken} onMade=${setMade} onClose=${(done) => (setAsked(null), done && refresh())} />`}
        ${asked?.name && html`<${Confirm} title=${`Revoke ${plain(asked.name)}`} button=${`Revoke ${plain(asked.name)}`} kind="danger" reasonNeeded=${true} doing=${revoke} onClose=${(done) => (setAsked(null), done && refresh())}><p class="aside">Whoever uses it is refused at once, also consoles that were logged in by it.</p><//>`}
    </section>`;
}

export function System() {
    return html`<div class="title"><h1>System</h1></div>
        <div class="columns"><${Health} /><${Build} /></div>
        <div class="columns"><${Workers} /></div>
        <div class="columns"><${Levels} /><${Bans} /></div>
        <div class="columns"><${Tokens} /></div>
        <div class="columns"><${Modules} /></div>`;
}
