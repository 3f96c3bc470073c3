/* Who did what, when, from where and why. */
import { html, useState, useWatched } from "../lib.js";
import { route, setQuery } from "../route.js";
import { useResource, allOf } from "../resource.js";
import { brief, count } from "../format.js";
import { Copy, Empty, Facts, Said, Time } from "../parts/words.js";
import { Drawer, SaveAs, Trouble } from "../parts/controls.js";
import { Sheet, Waiting } from "../parts/sheet.js";

/* One change as a sentence, for the overview. */
export function AuditLine({ item }) {
    return html`<li>
        <${Time} at=${item.time} />
        <div class="what">
            <${Said} value=${item.action} /> <${Said} value=${item.target} mono=${true} />${" "}
            ${item.before !== null && item.before !== undefined && html`<span class="diff"><del><${Said} value=${brief(item.before)} mono=${true} /></del> </span>`}
            ${item.after !== null && item.after !== undefined && html`<span class="diff"><ins><${Said} value=${brief(item.after)} mono=${true} /></ins></span>`}
            <div class="of"><${Said} value=${item.who} />${item.reason && html`: <${Said} value=${item.reason} />`}</div>
        </div>
    </li>`;
}

const resultKind = (result) => (result === "ok" || result === "done" ? "" : "bad");

const columns = [
    { name: "When", width: 150, head: true, cell: (item) => html`<${Time} at=${item.time} date=${true} />` },
    { name: "Who", width: 3, cell: (item) => html`<${Said} value=${item.who} title=${true} />` },
    { name: "From", width: 130, from: 1100, cell: (item) => html`<${Said} value=${item.from} mono=${true} title=${true} />` },
    { name: "Action", width: 3, cell: (item) => html`<${Said} value=${item.action} title=${true} />` },
    { name: "Target", width: 5, cell: (item) => html`<${Said} value=${item.target} mono=${true} title=${true} />` },
    { name: "Before", width: 3, from: 900, cell: (item) => html`<${Said} value=${brief(item.before)} mono=${true} title=${true} />` },
    { name: "After", width: 3, from: 700, cell: (item) => html`<${Said} value=${brief(item.after)} mono=${true} title=${true} />` },
    { name: "Reason", width: 5, from: 700, cell: (item) => html`<${Said} value=${item.reason} title=${true} />` },
    { name: "Result", width: 90, from: 560, cell: (item) => html`<span class=${resultKind(item.result)}><${Said} value=${item.result} /></span>` },
];

function Change({ item, onClose }) {
    return html`<${Drawer} title=${html`<span><${Said} value=${item.action} /> <${Said} value=${item.target} /></span>`} onClose=${onClose}>
        <section><${Facts} rows=${[
            ["When", html`<${Time} at=${item.time} date=${true} />`],
            ["Who", html`<${Said} value=${item.who} mono=${true} /> <span class="grey">${item.role}</span>`],
            ["From", html`<${Said} value=${item.from} mono=${true} />`],
            ["Reason", html`<${Said} value=${item.reason} />`],
            ["Result", html`<span class=${resultKind(item.result)}><${Said} value=${item.result} /></span>`],
            ["Request", item.request_id && html`<${Said} value=${item.request_id} mono=${true} /> <${Copy} value=${item.request_id} what="request id" />`],
        ]} /></section>
        <section class="diff"><h3>Before</h3><pre><del><${Said} value=${brief(item.before)} mono=${true} /></del></pre></section>
        <section class="diff"><h3>After</h3><pre><ins><${Said} value=${brief(item.after)} mono=${true} /></ins></pre></section>
    <//>`;
}

export function Audit() {
    const { query } = useWatched(route);
    const [open, setOpen] = useState(null);
    const who = query.get("who") ?? "";
    const action = query.get("action") ?? "";
    const members = new URLSearchParams({ limit: 500, ...(who && { who }), ...(action && { action }) });
    const { data, problem } = useResource(`audit?${members}`, { every: 30, events: ["audit"], load: allOf(2000) });
    const filter = (name) => (event) => setQuery({ [name]: event.target.value }, { replace: true });
    const keyOf = (item) => `${item.time} ${item.request_id ?? ""} ${item.target}`;
    return html`<div class="title"><h1>Audit</h1><p>Who did what, and why. The trail is only ever added to.</p></div>
        <div class="filters">
            <label>who <input type="text" value=${who} onInput=${filter("who")} spellCheck=${false} /></label>
            <label>action <input type="text" value=${action} onInput=${filter("action")} spellCheck=${false} /></label>
            <span class="tail"><span class="grey">${data && `${count(data.items.length)} shown`}</span>
                <${SaveAs} path=${`audit?${new URLSearchParams({ ...(who && { who }), ...(action && { action }) })}`} what="the audit trail" /></span>
        </div>
        <${Trouble} problem=${problem} />
        ${!data ? html`<${Waiting} />` : data.items.length === 0
            ? html`<${Empty}><b>${who || action ? "Nothing like that was done." : "Nothing was changed yet."}</b> Every change made by the console, by <code>edgectl</code> or by the API is kept here with its reason, also after a restart.<//>`
            : html`<${Sheet} label="Audit trail" columns=${columns} rows=${data.items} keyOf=${keyOf} current=${open && keyOf(open)} onOpen=${setOpen} />`}
        ${open && html`<${Change} item=${open} onClose=${() => setOpen(null)} />`}`;
}
