/* What waits to be delivered: how much, how old, and what is held. */
import { html, useState, useWatched } from "../lib.js";
import { act, lackOf, may, offers, send, session } from "../api.js";
import { address, route, setQuery } from "../route.js";
import { useResource, allOf } from "../resource.js";
import { useKeys } from "../keys.js";
import { count, plain, plural } from "../format.js";
import { Age, Bytes, Copy, Empty, Facts, Middle, Pill, Said, Time, Until, Wide } from "../parts/words.js";
import { Act, Confirm, Drawer, SaveAs, Trouble, tell } from "../parts/controls.js";
import { Sheet, Waiting } from "../parts/sheet.js";
import { Handoff } from "./handoff.js";
import { Shape } from "./queue_shape.js";

const kinds = { active: "", leased: "ok", deferred: "warn", held: "off", damaged: "bad" };
const sender = (item) => (item.sender === "" ? html`<span class="grey" title="The null reverse-path: a report about another message">${"<>"}</span>` : html`<${Said} value=${item.sender} mono=${true} title=${true} />`);
const recipients = (item) => html`<${Said} value=${item.recipients?.[0]} mono=${true} title=${true} />${item.recipients?.length > 1 && html` <span class="grey">and ${item.recipients.length - 1}</span>`}`;

const columns = [
    { name: "Message", width: 3, least: 120, head: true, cell: (item) => html`<a href=${address("queue", { ...Object.fromEntries(route.value.query), id: item.id })}><${Middle} value=${item.id} tail=${8} /></a>` },
    { name: "State", width: 92, cell: (item) => html`<${Pill} kind=${kinds[item.state] ?? ""}>${item.state}<//>` },
    { name: "Age", width: 92, right: true, cell: (item) => html`<${Age} since=${item.received} />` },
    { name: "From", width: 4, from: 560, cell: sender },
    { name: "To", width: 4, from: 760, cell: recipients },
    { name: "Size", width: 76, right: true, from: 480, cell: (item) => html`<${Bytes} value=${item.size} />` },
    { name: "Client", width: 3, from: 1000, cell: (item) => html`<${Said} value=${item.client?.ip} mono=${true} title=${true} />` },
    { name: "By", width: 84, from: 1100, cell: (item) => html`<${Said} value=${item.protocol} />` },
];

function Figures({ items }) {
    return items.map(
        (stat) => html`<table class="figures" key=${stat.name}><caption class="hidden">${plain(stat.name)}</caption>
            <thead><tr><th scope="col">Queue</th><th scope="col" class="right">Messages</th><th scope="col" class="right">Deferred</th><th scope="col" class="right">Held</th><th scope="col" class="right">Being delivered</th><th scope="col" class="right">Damaged</th><th scope="col" class="right">Octets</th><th scope="col" class="right">On disk</th><th scope="col" class="right">Disk free</th><th scope="col" class="right">Oldest</th><th scope="col">Accepting</th></tr></thead>
            <tbody><tr><th scope="row"><${Said} value=${stat.name} /></th>
                <td class="right">${count(stat.messages)}</td><td class="right">${count(stat.deferred)}</td><td class="right">${count(stat.held)}</td><td class="right">${count(stat.leased)}</td>
                <td class="right">${stat.damaged > 0 ? html`<span class="bad">${count(stat.damaged)}</span>` : "0"}</td>
                <td class="right"><${Bytes} value=${stat.bytes} /></td><td class="right"><${Bytes} value=${stat.disk_bytes} />${stat.disk_most > 0 && html`<span class="grey"> of <${Bytes} value=${stat.disk_most} /></span>`}</td><td class="right"><${Bytes} value=${stat.disk_free} /></td>
                <td class="right"><${Age} since=${stat.oldest} /></td>
                <td>${stat.accepting ? html`<${Pill} kind="ok">yes<//>` : html`<${Pill} kind="bad">no<//>`}${stat.trouble && html` <${Said} value=${stat.trouble} />`}</td></tr></tbody></table>`,
    );
}

const verbs = {
    hold: { role: "operate", text: "Hold", says: "It stays in the queue and is not delivered until it is released.", done: "is held" },
    release: { role: "operate", text: "Release", says: "It may be delivered again.", done: "is released" },
    requeue: { role: "operate", text: "Try again now", says: "It is delivered as soon as possible, whatever its next attempt was.", done: "is tried again" },
    delete: { role: "admin", text: "Delete", says: "It is gone for good: nobody is told, neither sender nor recipients.", done: "is deleted", kind: "danger" },
};

function Doing({ verb, item, onClose }) {
    const { says, text, done, kind } = verbs[verb];
    const [bounce, setBounce] = useState(false);
    const doing = async (reason) => {
        const path = `queue/${encodeURIComponent(item.id)}`;
        await (verb === "delete" ? act("DELETE", path, { reason, ...(bounce && { bounce }) }) : act("POST", `${path}/${verb}`, { reason }));
        return `${item.id.slice(-8)} ${bounce ? "goes, and its sender is told" : done}.`;
    };
    return html`<${Confirm} title=${html`${text} <${Middle} value=${item.id} tail=${8} />`} button=${`${text} ${item.id.slice(-8)}`} kind=${kind ?? "main"} reasonNeeded=${verb === "delete" || verb === "hold"} doing=${doing} onClose=${onClose}>
        <${Facts} rows=${[["From", sender(item)], ["To", recipients(item)], ["Size", html`<${Bytes} value=${item.size} />`]]} />
        <p class="aside">${bounce ? "Its sender is told that it was given up, and then it is gone." : says}</p>
        ${verb === "delete" && item.sender !== "" && html`<label class="check"><input type="checkbox" checked=${bounce} onChange=${(event) => setBounce(event.target.checked)} /> <span>Tell its sender by a notice</span></label>`}
    <//>`;
}

/* The header block, a folded line set in as far as a tab would; asked for by hand: looking into mail is kept in the audit trail. */
function Content({ id }) {
    const [text, setText] = useState("");
    const [problem, setProblem] = useState(null);
    const fetchPart = async (part) => {
        const response = await send(`queue/${encodeURIComponent(id)}/content?part=${part}`, {});
        if (!response.ok) {
            throw new Error((await response.json().catch(() => ({}))).detail ?? `The server answered ${response.status}.`);
        }
        return response;
    };
    const look = () => fetchPart("headers").then((response) => response.text()).then(setText, setProblem);
    const save = async () => {
        try {
            const link = document.createElement("a");
            link.href = URL.createObjectURL(await (await fetchPart("raw")).blob());
            link.download = `${id}.eml`;
            link.click();
            setTimeout(() => URL.revokeObjectURL(link.href), 10000);
        } catch (caught) {
            tell(caught.message, { bad: true });
        }
    };
    return html`<div class="actions"><${Act} role="admin" onClick=${look}>Show its header fields<//><${Act} role="admin" onClick=${save}>Save the whole message<//></div>
        <p class="grey small">Looking into mail is kept in the audit trail.</p>
        ${problem && html`<p class="bad"><${Said} value=${problem.message} /></p>`}
        ${text && html`<pre class="quoted">${text.split(/\r?\n/).map((line) => html`<${Said} value=${line.replace(/^\t+/, (tabs) => "    ".repeat(tabs.length)) || " "} mono=${true} />${"\n"}`)}</pre>`}`;
}

const deliveryKind = { waiting: "", pending: "", done: "ok", failed: "bad" };

function MessageDrawer({ id, onClose }) {
    useWatched(session);
    const [verb, setVerb] = useState("");
    const { data, problem, refresh } = useResource(`queue/${encodeURIComponent(id)}`, { every: 5, events: ["queue"] });
    const button = (name, lack = "") => html`<${Act} role=${verbs[name].role} kind=${verbs[name].kind ?? ""} lack=${data ? lack : "Nothing is known of it."} onClick=${() => setVerb(name)}>${verbs[name].text}<//>`;
    const held = data?.state === "held";
    const footer = html`${button("hold", held ? "It is held already." : "")}${button("release", held ? "" : "It is not held.")}${button("requeue")}<span class="grow"></span>${button("delete")}`;
    return html`<${Drawer} title=${html`<${Middle} value=${id} tail=${12} /> ${data && html`<${Pill} kind=${kinds[data.state] ?? ""}>${data.state}<//>`}`} onClose=${onClose} footer=${footer}>
        ${problem && !data && (problem.status === 404 ? html`<${Empty}><b>This message is not in the queue.</b> It was delivered or deleted; the transaction log and the audit trail know.<//>` : html`<${Trouble} problem=${problem} />`)}
        ${data && html`<section><${Facts} rows=${[
                ["Id", html`<span class="mono">${plain(data.id)}</span> <${Copy} value=${data.id} what="message id" />`],
                ["Received", html`<${Time} at=${data.received} /> <span class="grey">(<${Age} since=${data.received} />)</span>`],
                ["From", sender(data)],
                ["Size", html`<${Bytes} value=${data.size} />`],
                ["Queue", html`<${Said} value=${data.queue} />`],
                ["Attempts", html`${count(data.attempts ?? 0)}${data.next_attempt && html`, next in <${Until} at=${data.next_attempt} />`}${data.expires && html`, given up in <${Until} at=${data.expires} />`}`],
                data.given_up && ["Given up", "by an operator: its sender will be told"],
                data.needs?.length && ["Needs", data.needs.join(", ")],
                data.parameters?.length && ["Parameters", html`<${Said} value=${data.parameters.map((item) => (item.value ? `${item.name}=${item.value}` : item.name)).join(" ")} mono=${true} />`],
            ]} /></section>
            <section><h3>Recipients</h3><${Wide} label="Recipients"><table><thead><tr><th scope="col">Address</th><th scope="col">State</th><th scope="col" class="right">Attempts</th><th scope="col">Last reply</th></tr></thead><tbody>
                ${(data.deliveries ?? []).map((item) => html`<tr><th scope="row"><${Said} value=${item.recipient} mono=${true} /></th><td><${Pill} kind=${deliveryKind[item.state] ?? ""}>${item.state}<//></td><td class="right">${count(item.attempts)}</td><td><${Said} value=${item.last_reply} mono=${true} /></td></tr>`)}
            </tbody></table><//></section>
            <section><h3>Where it came from</h3><${Facts} rows=${[
                ["Client", html`<${Said} value=${data.client?.ip} mono=${true} />`],
                ["EHLO", html`<${Said} value=${data.client?.ehlo} />`],
                ["By", html`<${Said} value=${data.protocol} /> at <${Said} value=${data.client?.listener} />${data.client?.tls?.version && html`, ${plain(data.client.tls.version)}`}`],
                data.client?.auth && ["User", html`<${Said} value=${data.client.auth} />`],
                data.client?.session && ["Session", html`<a href=${address("sessions", { id: data.client.session })}><${Middle} value=${data.client.session} /></a>`],
            ]} /></section>
            <section><h3>What it says</h3>${may("admin") ? html`<${Content} id=${id} />` : html`<p class="grey">${lackOf("admin")}</p>`}</section>`}
        ${verb && html`<${Doing} verb=${verb} item=${data} onClose=${(done) => (setVerb(""), done && (verb === "delete" ? onClose() : refresh()))} />`}
    <//>`;
}

const stateTabs = ["", "active", "deferred", "held", "leased", "damaged"];

export function Queue() {
    const { query } = useWatched(route);
    const state = query.get("state") ?? "";
    const id = query.get("id");
    const stat = useResource("queue/stat", { every: 3, events: ["queue"] });
    const { data, problem, refresh } = useResource(`queue?${new URLSearchParams({ limit: 1000, ...(state && { state }) })}`, { every: 4, events: ["queue"], load: allOf(5000) });
    useKeys({ r: () => refresh() });
    const stats = stat.data?.queues ?? [];
    const sum = (name) => stats.reduce((total, item) => total + (item[name] ?? 0), 0);
    const figure = (name) => (name === "" ? sum("messages") : name === "active" ? "" : sum(name));
    return html`<div class="title"><h1>Queue</h1></div>
        <${Wide} label="Recipients" kind="block"><${Figures} items=${stats} /><//>
        ${offers("GET /handoff") && html`<${Handoff} />`}
        ${offers("GET /queue/shape") && html`<${Shape} />`}
        <nav class="tabs" aria-label="State">${stateTabs.map((name) => html`<a href=${address("queue", name ? { state: name } : {})} aria-current=${name === state ? "true" : undefined}>${name || "All"}${stat.data && figure(name) !== "" && html`<span class="count">${count(figure(name))}</span>`}</a>`)}</nav>
        <${Trouble} problem=${problem?.status === 0 ? null : problem} />
        ${!data ? html`<${Waiting} rows=${10} />` : data.items.length === 0
            ? html`<${Empty}><b>${state ? `No message is ${state}.` : "The queue is empty."}</b> ${state === "held" ? html`A held message is kept and not delivered; open a message and hold it, or say <code>edgectl queue hold ID --reason TEXT</code>.` : "A message is here from the 250 that was said for it until it is delivered, or deleted by hand."}<//>`
            : html`<${Sheet} label="Messages" columns=${columns} rows=${data.items} current=${id} onOpen=${(item) => setQuery({ id: item.id })} />
                <div class="under"><span>${plural(data.items.length, "message")}${data.complete === false ? ", the oldest; more are behind them" : ""}, oldest first</span><${SaveAs} path=${`queue?${new URLSearchParams(state && { state })}`} what="the queue" /></div>`}
        ${id && html`<${MessageDrawer} key=${id} id=${id} onClose=${() => setQuery({ id: "" })} />`}`;
}
