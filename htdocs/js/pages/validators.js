/* What would be rejected, where, and why: validators against commands, one listener at a time. */
import { html, useEffect, useRef, useState, useWatched } from "../lib.js";
import { act, may, session } from "../api.js";
import { address, route, setQuery } from "../route.js";
import { useResource } from "../resource.js";
import { count, duration, plain, plural } from "../format.js";
import { Empty, Facts, Said, Wide } from "../parts/words.js";
import { Confirm, Drawer, Switch, Trouble } from "../parts/controls.js";
import { Waiting } from "../parts/sheet.js";

const order = ["BANNER", "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "HAVE_DATA", "RSET", "NOOP", "VRFY", "HELP", "QUIT"];
const inForce = (binding) => binding.results?.[binding.mode === "shadow" ? "shadow" : "enforce"] ?? {};
const total = (results) => Object.values(results ?? {}).reduce((sum, value) => sum + value, 0);
/* Everything but a pass and a refusal to judge counts as a rejection. */
const refusedOf = (results) => Object.entries(results ?? {}).reduce((sum, [name, value]) => sum + (["reject", "tempfail", "close"].includes(name) ? value : 0), 0);

function listenersOf(items) {
    return [...new Set(items.flatMap((item) => item.bindings.map((binding) => binding.listener)))];
}

function Cell({ validator, binding, current, onOpen }) {
    const box = useRef(null);
    useEffect(() => {
        if (current) {
            box.current?.scrollIntoView({ block: "nearest", inline: "center" });
        }
    }, [current]);
    if (!binding) {
        return html`<td></td>`;
    }
    const results = inForce(binding);
    return html`<td ref=${box}><button type="button" class="cell" aria-current=${current ? "true" : undefined} onClick=${onOpen}>
        <span class=${`pill mode mode-${binding.mode}`}>${binding.mode}${binding.mode !== binding.written && html`<small class="warn">written ${binding.written}</small>`}<span class="hidden">, ${validator.name} at ${binding.command}</span></span>
        <small>${binding.mode === "shadow" ? `${count(binding.differences)} would differ` : `${count(refusedOf(results))} refused`} of ${count(total(results))}</small>
    </button></td>`;
}

function Matrix({ items, listener, current, onOpen }) {
    const rows = items.map((item) => ({ item, bindings: item.bindings.filter((binding) => binding.listener === listener) })).filter((row) => row.bindings.length);
    const commands = order.filter((command) => rows.some((row) => row.bindings.some((binding) => binding.command === command)));
    return html`<${Wide} label="Validators"><table class="matrix">
        <thead><tr><th scope="col">Validator</th>${commands.map((command) => html`<th scope="col">${command}</th>`)}</tr></thead>
        <tbody>${rows.map(
            ({ item, bindings }) => html`<tr key=${item.name}>
                <th scope="row"><${Said} value=${item.name} /><small><${Said} value=${item.module} /></small>${item.p99 !== null && html`<small title="99 of 100 answers took no longer">p99 ${duration(item.p99)}</small>`}</th>
                ${commands.map((command) => {
                    const binding = bindings.find((candidate) => candidate.command === command);
                    return html`<${Cell} key=${command} validator=${item} binding=${binding} current=${current === `${item.name} ${command}`} onOpen=${() => onOpen(item.name, command)} />`;
                })}
            </tr>`,
        )}</tbody>
    </table><//>`;
}

function Results({ binding }) {
    const names = Object.keys(inForce(binding));
    const enforce = binding.results?.enforce ?? {};
    const shadow = binding.results?.shadow ?? {};
    return html`<table><thead><tr><th scope="col">Result</th><th scope="col" class="right">Enforced</th><th scope="col" class="right">In shadow</th></tr></thead><tbody>
        ${names.map((name) => html`<tr><th scope="row">${plain(name)}</th><td class="right">${count(enforce[name] ?? 0)}</td><td class="right">${count(shadow[name] ?? 0)}</td></tr>`)}
        <tr><th scope="row" class="grey">in all</th><td class="right grey">${count(total(enforce))}</td><td class="right grey">${count(total(shadow))}</td></tr>
    </tbody></table>`;
}

/* All its bindings together: what was answered at each command, and in what time. */
function Stats({ name }) {
    const { data } = useResource(`validators/${encodeURIComponent(name)}/stats`, { every: 5 });
    const took = data?.duration;
    if (!took) {
        return null;
    }
    return html`<section><h3>Over all listeners</h3>
        <table><thead><tr><th scope="col">Command</th><th scope="col" class="right">Refused</th><th scope="col" class="right">In shadow</th><th scope="col" class="right">Asked</th></tr></thead><tbody>
            ${data.commands.map(({ command, results: { enforce, shadow } }) => html`<tr><th scope="row">${command}</th><td class="right">${count(refusedOf(enforce))}</td><td class="right">${count(refusedOf(shadow))}</td><td class="right">${count(total(enforce) + total(shadow))}</td></tr>`)}
        </tbody></table></section>
        <section><h3>Time of its answers</h3>
            ${took.p50 !== null && html`<p class="aside">Half within ${duration(took.p50)}${took.p99 !== null && `, 99 % within ${duration(took.p99)}`}</p>`}
            <table><thead><tr><th scope="col">Within</th><th scope="col" class="right">Answers</th><td></td></tr></thead><tbody>
                ${took.buckets.filter((bucket) => bucket.count > 0).map((bucket) => html`<tr><th scope="row">${bucket.most === null ? "longer" : duration(bucket.most)}</th><td class="right">${count(bucket.count)}</td><td><span class="meter" aria-hidden="true"><i style=${{ width: `${(bucket.count / took.count) * 100}%` }}></i></span></td></tr>`)}
            </tbody></table></section>`;
}

const says = {
    enforce: "What it says is done: its replies reach the client.",
    shadow: "It is asked and counted, and what it says is not done.",
    off: "It is not asked at all.",
};

/* What the change will mean, by what was counted so far. */
function impact(binding, mode) {
    const shadow = binding.results?.shadow ?? {};
    if (mode === "enforce" && total(shadow) > 0) {
        return `In shadow it would have refused ${count(refusedOf(shadow))} of ${count(total(shadow))}.`;
    }
    if (mode !== "enforce" && binding.mode === "enforce") {
        return `It has refused ${count(refusedOf(binding.results?.enforce))} of ${count(total(binding.results?.enforce))} since the start; these would have been accepted.`;
    }
    return "";
}

function ChangeMode({ validator, binding, mode, onClose }) {
    const doing = async (reason) => {
        const path = [validator.name, "bindings", binding.listener, binding.command].map(encodeURIComponent).join("/");
        await act("PATCH", `validators/${path}`, { mode, reason });
        return `${validator.name} at ${binding.command} of ${binding.listener}: ${mode}.`;
    };
    return html`<${Confirm} title=${`Set ${plain(validator.name)} at ${binding.command} of ${plain(binding.listener)} to ${mode}`} button=${`Set to ${mode}`} doing=${doing} onClose=${onClose}>
        <p class="aside">${says[mode]}</p>
        ${impact(binding, mode) && html`<p class="note">${impact(binding, mode)}</p>`}
        <p class="grey small">It holds from the next question on, also in open sessions. The file says <b>${binding.written}</b>.</p>
    <//>`;
}

function BindingDrawer({ validator, binding, onClose, onChanged }) {
    const [wanted, setWanted] = useState("");
    useWatched(session);
    const lack = !may("admin") && binding.written !== "enforce" ? `Needs role admin: the file says ${binding.written}.` : "";
    const options = ["enforce", "shadow", "off"].map((value) => ({ value, lack: value === "enforce" ? lack : "" }));
    return html`<${Drawer} title=${html`<span><${Said} value=${validator.name} /> at ${binding.command}</span>`} onClose=${onClose}>
        <section>
            <h3>Mode</h3>
            <p class="aside"><${Switch} label="Mode" role="operate" value=${binding.mode} options=${options} onChange=${setWanted} />
                ${binding.mode !== binding.written && html`<button type="button" class="link" onClick=${() => setWanted(binding.written)}>back to ${binding.written}, as written</button>`}</p>
            <p class="grey">${says[binding.mode]}</p>
        </section>
        ${binding.mode === "shadow" && html`<section><h3>What enforcing would change</h3><p>${binding.differences > 0 ? html`It would have answered otherwise <b>${plural(binding.differences, "time")}</b> of ${count(total(binding.results?.shadow))}.` : "Nothing so far: every verdict was to pass."}</p></section>`}
        <section><h3>Results since the start</h3><${Results} binding=${binding} /></section>
        <${Stats} name=${validator.name} />
        <section><h3>Where it is written</h3><${Facts} rows=${[
            ["Check", html`<${Said} value=${binding.check} mono=${true} />`],
            ["Module", html`<${Said} value=${validator.module} mono=${true} />`],
            ["Bound", html`<${Said} value=${`${binding.file}:${binding.line}`} mono=${true} />`],
            ["Defined", html`<${Said} value=${`${validator.file}:${validator.line}`} mono=${true} />`],
            ["Order", `${binding.order}. at ${binding.command}`],
            ["When it fails", validator.on_error === "pass" ? "as if it had passed" : "the client is told to try again"],
            ["Timeout", duration(validator.timeout)],
            ["Not asked", `${count(binding.skipped)} times, another had decided`],
        ]} /></section>
        ${wanted && html`<${ChangeMode} validator=${validator} binding=${binding} mode=${wanted} onClose=${(done) => (setWanted(""), done && onChanged())} />`}
    <//>`;
}

export function Validators() {
    const { query } = useWatched(route);
    const { data, problem, refresh } = useResource("validators", { every: 5, events: ["validator", "config"] });
    const items = data?.items ?? [];
    const listeners = listenersOf(items);
    const listener = query.get("listener") ?? listeners[0];
    const open = query.get("open");
    const [name, command] = open?.split(" ") ?? [];
    const validator = items.find((item) => item.name === name);
    const binding = validator?.bindings.find((candidate) => candidate.listener === listener && candidate.command === command);
    const unbound = items.filter((item) => item.bindings.length === 0);
    return html`<div class="title"><h1>Validators</h1><p>Rows are asked at the commands of their columns, in the order of the file.</p></div>
        <${Trouble} problem=${problem?.status === 0 ? null : problem} />
        ${!data
            ? html`<${Waiting} />`
            : listeners.length === 0
              ? html`<${Empty}><b>No validator is bound to a command.</b> A validator says which mail is refused. Define one in a <code>${"<Validator NAME>"}</code> section and name it in <code>${"<On RCPT>"}</code> of a listener; <code>mode=shadow</code> counts what it would refuse without refusing it.<//>`
              : html`<nav class="tabs" aria-label="Listener">${listeners.map((each) => html`<a href=${address("validators", { listener: each })} aria-current=${each === listener ? "true" : undefined}><${Said} value=${each} /></a>`)}</nav>
                    <${Matrix} items=${items} listener=${listener} current=${open} onOpen=${(of, at) => setQuery({ open: `${of} ${at}` })} />`}
        ${unbound.length > 0 && html`<p class="under">Defined and not bound: ${unbound.map((item) => item.name).join(", ")}</p>`}
        ${binding && html`<${BindingDrawer} key=${open} validator=${validator} binding=${binding} onChanged=${refresh} onClose=${() => setQuery({ open: "" })} />`}`;
}
