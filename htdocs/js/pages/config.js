/* What holds, where it differs from the file, and which generations there were. */
import { html, useEffect, useState, useWatched } from "../lib.js";
import { act, get, offered, offers } from "../api.js";
import { address, route, setQuery } from "../route.js";
import { useResource, allOf } from "../resource.js";
import { count, plain, plural } from "../format.js";
import { appliesText, said } from "../setting.js";
import { Age, Copy, Empty, Pill, Said, Time, Until, Wide } from "../parts/words.js";
import { Act, Confirm, tell, Trouble } from "../parts/controls.js";
import { Sheet, Waiting } from "../parts/sheet.js";
import { revertDialog } from "../parts/save.js";
import { SettingDrawer } from "./setting_drawer.js";

const views = [
    ["", "Effective", "GET /config"],
    ["drift", "Drift", "GET /config/settings"],
    ["settings", "Settings", "GET /config/settings"],
    ["generations", "Generations", "GET /config/generations"],
];
const notOffered = "This server does not offer it.";

/* What differs from the files: told by a route of its own, or at least what was changed while running. */
async function loadDrift() {
    return offers("GET /config/drift") ? get("config/drift") : { overridden: (await get("config/settings?origin=override")).items };
}

function Lines({ text, find }) {
    const lines = text.replace(/\n$/, "").split("\n");
    const word = find.toLowerCase();
    return html`<div class="conf" tabIndex="0" role="region" aria-label="Configuration"><ol>${lines.map(
        (line, index) => html`<li class=${word && line.toLowerCase().includes(word) ? "marked" : ""}><span aria-hidden="true">${index + 1}</span><span class=${/^\s*#/.test(line) ? "comment" : ""}><${Said} value=${line || " "} mono=${true} /></span></li>`,
    )}</ol></div>`;
}

/* The edits of the files that would say what was changed, ready for version control. */
function Diff({ text }) {
    const kind = (line) => (line.startsWith("#") || line.startsWith("@@") ? "comment" : /^(---|\+\+\+) /.test(line) ? "file" : line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "");
    const lines = text.replace(/\n$/, "").split("\n");
    return html`<div class="conf edits" tabIndex="0" role="region" aria-label="Edit of the files"><ol>${lines.map((line) => html`<li class=${kind(line)}><span class=${kind(line)}><${Said} value=${line || " "} mono=${true} /></span></li>`)}</ol></div>`;
}

function Effective({ find }) {
    const [view, setView] = useState("effective");
    const { data, problem } = useResource(`config?view=${view}&format=conf`, { events: ["config"] });
    const text = typeof data === "string" ? data : (data?.text ?? "");
    return html`<div class="filters">
            <label>show <select value=${view} onChange=${(event) => setView(event.target.value)}>${["effective", "file", "defaults", "overrides"].map((name) => html`<option value=${name}>${name}</option>`)}</select></label>
            <label>mark <input type="text" value=${find} onInput=${(event) => setQuery({ find: event.target.value }, { replace: true })} spellCheck=${false} /></label>
            <span class="tail"><${Copy} value=${text} what="the configuration" /></span></div>
        <${Trouble} problem=${problem?.status === 0 ? null : problem} />
        ${data === undefined ? html`<${Waiting} rows=${14} />` : text.trim() ? html`<${Lines} text=${text} find=${find} />` : html`<${Empty}><b>There is nothing to show.</b> ${view === "overrides" ? "No setting was changed while the server runs." : ""}<//>`}`;
}

/* What a test has said of the files, where one was made. */
function Verdict({ test }) {
    if (!test) {
        return "Test the files to see whether they can be loaded.";
    }
    const good = test.errors ? html`<span class="bad">${plural(test.errors, "error")}</span>` : "it is good";
    return html`The test says ${good}${test.warnings ? `, ${plural(test.warnings, "warning")}` : ""}.`;
}

function Drift() {
    const { data, problem, refresh } = useResource("config/drift", { every: 10, events: ["config"], load: loadDrift });
    const [reverting, setReverting] = useState(null);
    if (!data) {
        return problem ? html`<${Trouble} problem=${problem.status === 0 ? null : problem} />` : html`<${Waiting} />`;
    }
    const { overridden = [], diff = "", unloaded, skewed } = data;
    const older = skewed?.generations ?? [];
    return html`<section class="panel"><header><h2>Changed while running</h2><span class="tail">${count(overridden.length)}</span></header>
            ${overridden.length === 0
                ? html`<${Empty}><b>Everything is as the file says.</b> What is changed in Limits, or by <code>edgectl config set</code>, is listed here until it is reverted, ends, or is written into the file.<//>`
                : html`<${Wide} label="Table"><table class="flat diff"><thead><tr><th scope="col">Setting</th><th scope="col">File</th><th scope="col">In force</th><th scope="col">By</th><th scope="col">Reason</th><th scope="col">Ends</th><th scope="col"><span class="hidden">Revert</span></th></tr></thead><tbody>
                    ${overridden.map((item) => html`<tr key=${item.key}><th scope="row">${plain(item.directive)}<div class="grey small mono">${plain(item.key)}</div></th><td><del><${Said} value=${said(item, item.file ? (item.file.value ?? item.file.text) : item.default)} /></del></td><td><ins><${Said} value=${said(item, item.effective)} /></ins></td><td class="plain"><${Said} value=${item.override?.by} /> <span class="grey"><${Time} at=${item.override?.at} /></span></td><td class="plain"><${Said} value=${item.override?.reason} /></td><td class="plain">${item.override?.expires_at ? html`in <${Until} at=${item.override.expires_at} />` : item.override?.persistence === "persistent" ? "kept" : "at restart"}</td><td class="right"><${Act} role="admin" kind="plain" aria-label=${`Revert ${plain(item.key)}`} onClick=${() => setReverting(item)}>Revert<//></td></tr>`)}
                </tbody></table><//>`}
        </section>
        ${diff && html`<section class="panel"><header><h2>As an edit of the files</h2><span class="tail"><${Copy} value=${diff} what="the edit" /></span></header>
            <p class="grey">What <code>edgectl overrides export</code> prints, for <code>patch -p1</code> where <code>edge.conf</code> stands. Applied and reloaded, it takes the place of these changes.</p><${Diff} text=${diff} /></section>`}
        ${unloaded && html`<section class="panel"><header><h2>Edited and not loaded</h2></header>
            ${unloaded.changed
                ? html`<div class="note"><ul>${(unloaded.files ?? []).map((file) => html`<li><${Pill} kind="warn"><${Said} value=${file} /><//></li>`)}</ul>
                    ${unloaded.since && html`<p>Edited <${Age} since=${unloaded.since} /> ago. <${Verdict} test=${unloaded.test} /></p>`}</div>`
                : html`<p class="empty"><b>The files are those that are loaded.</b></p>`}
        </section>`}
        ${skewed && html`<section class="panel"><header><h2>Older generations that still serve</h2></header>
            ${older.length < 2 ? html`<p class="empty"><b>Every session is served by the newest generation.</b></p>` : html`<p>${older.map((item) => html`<span class="nowrap">generation ${item.generation}: ${plural(item.sessions, "session")}</span>  `)}</p>`}
        </section>`}
        ${reverting && revertDialog({ setting: reverting, onClose: () => (setReverting(null), refresh()) })}`;
}

const settingColumns = [
    { name: "Key", width: 6, least: 180, head: true, cell: (item) => html`<a href=${address("config", { ...Object.fromEntries(route.value.query), key: item.key })}><${Said} value=${item.key} mono=${true} title=${true} /></a>` },
    { name: "Directive", width: 3, from: 700, cell: (item) => html`<${Said} value=${item.directive} title=${true} />` },
    { name: "In force", width: 3, cell: (item) => html`<${Said} value=${said(item, item.effective)} mono=${true} title=${true} />` },
    { name: "File", width: 3, from: 860, cell: (item) => html`<${Said} value=${item.file ? said(item, item.file.value ?? item.file.text) : null} mono=${true} title=${true} />` },
    { name: "Default", width: 3, from: 980, cell: (item) => html`<${Said} value=${said(item, item.default)} mono=${true} title=${true} />` },
    { name: "From", width: 90, cell: (item) => (item.origin === "override" ? html`<${Pill} kind="warn">changed<//>` : html`<span class="grey">${plain(item.origin)}</span>`) },
    { name: "Takes effect", width: 150, from: 620, cell: (item) => html`<span class="grey">${appliesText[item.applies] ?? plain(item.applies)}</span>` },
];

function Settings({ find, open }) {
    const { data, problem } = useResource("config/settings", { events: ["config"], load: allOf(3000) });
    const word = find.toLowerCase();
    const rows = (data?.items ?? []).filter((item) => !word || `${item.key} ${item.directive} ${item.help}`.toLowerCase().includes(word));
    return html`<div class="filters"><label>find <input type="text" value=${find} onInput=${(event) => setQuery({ find: event.target.value }, { replace: true })} spellCheck=${false} /></label><span class="tail grey">${data && plural(rows.length, "setting")}</span></div>
        <${Trouble} problem=${problem?.status === 0 ? null : problem} />
        ${!data ? html`<${Waiting} rows=${14} />` : rows.length ? html`<${Sheet} label="Settings" columns=${settingColumns} rows=${rows} keyOf=${(item) => item.key} current=${open} onOpen=${(item) => setQuery({ key: item.key })} />` : html`<${Empty}><b>No setting has that in its name.</b><//>`}
        ${open && html`<${SettingDrawer} key=${open} name=${open} onClose=${() => setQuery({ key: "" })} />`}`;
}

function Generations() {
    const { data, problem } = useResource("config/generations", { every: 10, events: ["config"] });
    return html`<${Trouble} problem=${problem?.status === 0 ? null : problem} />
        ${!data ? html`<${Waiting} />` : html`<${Wide} label="Table"><table><thead><tr><th scope="col">Generation</th><th scope="col">When</th><th scope="col">Who</th><th scope="col">Result</th><th scope="col" class="right">Files</th><th scope="col" class="right">Sessions on it</th></tr></thead><tbody>
            ${data.items.map((item) => html`<tr key=${`${item.generation} ${item.at}`}><th scope="row">${item.generation}</th><td><${Time} at=${item.at} date=${true} /></td><td><${Said} value=${item.who} /></td><td><${Said} value=${item.result} /></td><td class="right">${Array.isArray(item.files) ? item.files.length : count(item.files)}</td><td class="right">${count(item.sessions)}</td></tr>`)}
        </tbody></table><//>`}`;
}

export function Diagnostics({ items }) {
    return html`<ul class="diagnostics">${items.map(
        (item) => html`<li><${Pill} kind=${item.severity === "error" ? "bad" : "warn"}>${plain(item.severity)}<//> <span class="mono"><${Said} value=${`${item.file}:${item.line}${item.column ? `:${item.column}` : ""}`} /></span> <${Said} value=${item.message} /> <span class="grey mono">${plain(item.code ?? "")}</span>${item.suggestion && html`<div class="grey"><${Said} value=${item.suggestion} /></div>`}</li>`,
    )}</ul>`;
}

/* Tests what is on disk, at once and again when asked. */
function Tested({ answer }) {
    if (!answer) {
        return html`<p><span class="skeleton"></span></p>`;
    }
    const verdict = answer.errors ? `${plural(answer.errors, "error")}; it cannot be loaded.` : answer.warnings ? `It can be loaded, with ${plural(answer.warnings, "warning")}.` : "It can be loaded.";
    return html`<p class="aside"><${Pill} kind=${answer.errors ? "bad" : answer.warnings ? "warn" : "ok"}>${verdict}<//></p><${Diagnostics} items=${answer.diagnostics ?? []} />`;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* A reload is answered before it is done: its operation says when, and how. */
async function followed(location, operation) {
    const path = location ? location.replace(/^.*\/api\/v1\//, "") : `operations/${encodeURIComponent(operation)}`;
    for (let tries = 0; tries < 120; tries++) {
        const answer = await get(path).catch((problem) => (problem.status === 0 || problem.status === 429 || problem.status >= 500 ? { state: "running" } : Promise.reject(problem)));
        if (answer.state !== "running") {
            return answer;
        }
        await pause(500);
    }
    throw new Error("The reload has not ended after a minute; the error log says why.");
}

function Reload({ onClose }) {
    const [tested, setTested] = useState(null);
    useEffect(() => {
        act("POST", "config/test", {}).then(({ data }) => setTested(data), (problem) => setTested({ errors: 1, diagnostics: [], problem }));
    }, []);
    const doing = async (reason) => {
        const { data, location } = await act("POST", "config/reload", { reason });
        const end = await followed(location, data?.operation);
        const result = end.result ?? {};
        if (end.state === "failed") {
            throw new Error(result.detail ?? result.error ?? "The reload failed; the old configuration goes on.");
        }
        const dropped = result.dropped_count ?? result.dropped?.length ?? 0;
        return `${result.generation ? `Generation ${result.generation}` : "The new configuration"} serves.${dropped ? ` ${plural(dropped, "change")} ended: the file says otherwise now.` : ""}`;
    };
    return html`<${Confirm} title="Reload the configuration" button="Reload" ready=${tested !== null && !tested.errors} doing=${doing} onClose=${onClose}>
        <${Tested} answer=${tested} />
        ${tested?.problem && html`<${Trouble} problem=${tested.problem} />`}
        <p class="grey">Open sessions finish with the configuration they began with; no connection is lost. Where the file's line of a changed setting was edited, the file wins.</p>
    <//>`;
}

export function Config() {
    const { query } = useWatched(route);
    const find = query.get("find") ?? "";
    const [asked, setAsked] = useState("");
    const [tested, setTested] = useState(null);
    const test = async () => {
        try {
            setTested((await act("POST", "config/test", {})).data);
        } catch (problem) {
            tell(problem.message, { bad: true });
        }
    };
    useWatched(offered);
    const drift = useResource("config/drift", { every: 20, events: ["config"], load: loadDrift }).data;
    const shown = views.filter(([, , needs]) => offers(needs));
    const asking = query.get("view") ?? "";
    const view = shown.some(([name]) => name === asking) ? asking : "settings";
    const drifting = (drift?.overridden?.length ?? 0) + (drift?.unloaded?.changed ? 1 : 0);
    return html`<div class="title"><h1>Config</h1><p>The files are read here and never written.</p>
            <span class="actions"><${Act} role="operate" lack=${offers("POST /config/test") ? "" : notOffered} onClick=${test}>Test the files<//><${Act} role="operate" lack=${offers("POST /config/reload") ? "" : notOffered} onClick=${() => setAsked("reload")}>Reload<//></span></div>
        ${tested && html`<section class="panel block"><header><h2>Test</h2><span class="tail"><button type="button" class="copy" onClick=${() => setTested(null)}>Dismiss</button></span></header><${Tested} answer=${tested} /></section>`}
        <nav class="tabs" aria-label="View">${shown.map(([name, text]) => html`<a href=${address("config", name ? { view: name } : {})} aria-current=${view === name ? "true" : undefined}>${text}${name === "drift" && drifting > 0 && html`<span class="count warn">${drifting}</span>`}</a>`)}</nav>
        ${view === "drift" ? html`<${Drift} />` : view === "settings" ? html`<${Settings} find=${find} open=${query.get("key")} />` : view === "generations" ? html`<${Generations} />` : html`<${Effective} find=${find} />`}
        ${asked === "reload" && html`<${Reload} onClose=${() => setAsked("")} />`}`;
}
