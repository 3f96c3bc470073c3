/* Where the queues go on to, how that does, and what somebody has stopped. */
import { html, useState } from "../lib.js";
import { act } from "../api.js";
import { useResource } from "../resource.js";
import { count, duration, NOTHING, plain } from "../format.js";
import { Age, Pill, Said, Until, Wide } from "../parts/words.js";
import { Act, Confirm, Dialog, Trouble } from "../parts/controls.js";

const within = (seconds) => (seconds === null || seconds === undefined ? NOTHING : duration(seconds));
const state = (hop) => (hop.held ? html`<${Pill} kind="off">held<//>` : hop.up ? html`<${Pill} kind="ok">works<//>` : html`<${Pill} kind="bad">down<//>`);

function Hops({ items, onAsk }) {
    return html`<${Wide} label="Next hops"><table class="flat"><thead><tr><th scope="col">Next hop</th><th scope="col">State</th><th scope="col">Of queue</th><th scope="col" class="right">Under way</th><th scope="col" class="right">Taken</th><th scope="col" class="right">Put off</th><th scope="col" class="right">Refused</th><th scope="col" class="right">No answer</th><th scope="col" class="right" title="Half of all deliveries took no longer">Half within</th><th scope="col" class="right" title="99 of 100 deliveries took no longer">99 % within</th><th scope="col">Last error</th><th scope="col"><span class="hidden">Ask it</span></th></tr></thead><tbody>
        ${items.map(
            ({ attempts, duration: took, last_error: error, ...hop }) => html`<tr key=${hop.backend}>
                <th scope="row"><${Said} value=${hop.backend} /> <span class="grey small">${plain(hop.protocol)}${hop.mode === "relay" ? ", while the client waits" : ""}</span></th>
                <td class="nowrap">${state(hop)}</td><td><${Said} value=${hop.queue} /></td>
                <td class="right">${count(hop.in_flight)}</td><td class="right">${count(attempts.ok)}</td><td class="right">${count(attempts.tempfail)}</td><td class="right">${count(attempts.permfail)}</td><td class="right">${count(attempts.timeout + attempts.unreachable)}</td>
                <td class="right nowrap">${within(took.p50)}</td><td class="right nowrap">${within(took.p99)}</td>
                <td class="words">${error ? html`<${Said} value=${error.text} mono=${true} /> <span class="grey small nowrap"><${Age} since=${error.time} /> ago</span>` : html`<span class="grey">${NOTHING}</span>`}</td>
                <td class="right"><${Act} role="operate" onClick=${() => onAsk(hop.backend)} aria-label=${`Ask ${hop.backend}`}>Ask<//></td></tr>`,
        )}
    </tbody></table><//>`;
}

/* What a hold stops, as a person would say it. */
const scopes = {
    all: { word: "everything", says: () => "All hand-off" },
    backend: { word: "one next hop", says: (value) => html`What goes to next hop <${Said} value=${value} />` },
    domain: { word: "one domain", says: (value) => html`What is for recipients at <${Said} value=${value} mono=${true} />` },
    listener: { word: "one listener", says: (value) => html`What came by listener <${Said} value=${value} />` },
};

function Hold({ hold, onLift }) {
    return html`<div class="note"><p>${scopes[hold.scope]?.says(hold.value)} is stopped since <${Age} since=${hold.since} />, by <${Said} value=${hold.who} />${hold.expires && html`, for another <${Until} at=${hold.expires} />`}: <q><${Said} value=${hold.reason} /></q></p>
        <p class="actions"><${Act} role="operate" onClick=${onLift} aria-label=${`Lift hold ${hold.id}`}>Let it go on<//></p></div>`;
}

function Lifting({ hold, onClose }) {
    const doing = async (reason) => {
        await act("DELETE", `queue/holds/${encodeURIComponent(hold.id)}`, { reason });
        return "It goes on.";
    };
    return html`<${Confirm} title="Let it go on" button="Let it go on" doing=${doing} onClose=${onClose}>
        <p class="aside">${["domain", "listener"].includes(hold.scope) ? "What was stopped is due at once, and so is all else that is deferred." : "What was stopped is handed on at once."}</p>
    <//>`;
}

/* The answer stays in the dialog: it is what was asked for. */
function Asking({ backend, onClose }) {
    const [recipient, setRecipient] = useState("");
    const [said, setSaid] = useState(null);
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const ask = async () => {
        setBusy(true);
        try {
            setSaid((await act("POST", `handoff/${encodeURIComponent(backend)}/probe`, recipient.trim() ? { recipient: recipient.trim() } : {})).data);
            setProblem(null);
        } catch (caught) {
            setProblem(caught);
        }
        setBusy(false);
    };
    const kinds = { taken: "ok", deferred: "warn", refused: "bad" };
    const footer = html`<button type="button" onClick=${() => onClose(false)}>Close</button><span class="tail"><${Act} type="submit" kind="main" lack=${busy ? "It is being asked." : ""}>${busy ? "Asking" : "Ask"}<//></span>`;
    return html`<${Dialog} title=${html`Ask next hop <${Said} value=${backend} />`} onClose=${() => onClose(false)} onSubmit=${() => !busy && ask()} footer=${footer}>
        <p class="aside">Connection, TLS, login, and whether it would take mail for the recipient, without a message.</p>
        <${Trouble} problem=${problem} />
        <label class="field"><span>Recipient; postmaster of this server when empty</span><input type="text" value=${recipient} onInput=${(event) => setRecipient(event.target.value)} autoComplete="off" spellcheck=${false} /></label>
        ${said && html`<p role="status"><${Pill} kind=${kinds[said.outcome] ?? ""}>${said.outcome}<//> <span class="grey">within ${within(said.took)}</span><br /><${Said} value=${said.text} mono=${true} /></p>`}
    <//>`;
}

const times = [["", "until it is lifted"], ["900", "15 minutes"], ["3600", "an hour"], ["14400", "4 hours"], ["86400", "a day"]];

function Stopping({ hops, onClose }) {
    const [scope, setScope] = useState("all");
    const [value, setValue] = useState("");
    const [time, setTime] = useState("");
    const doing = async (reason) => {
        await act("POST", "queue/holds", { scope, ...(scope !== "all" && { value: value.trim() }), ...(time && { for: Number(time) }), reason });
        return "It is stopped; mail is taken, and waits.";
    };
    const backends = [...new Set(hops.filter((hop) => hop.mode !== "relay").map((hop) => hop.backend))];
    const choose = (word) => (setScope(word), setValue(word === "backend" ? (backends[0] ?? "") : ""));
    return html`<${Confirm} title="Stop hand-off" button="Stop it" kind="danger" reasonNeeded=${true} ready=${scope === "all" || value.trim() !== ""} doing=${doing} onClose=${onClose}>
        <p class="aside">Mail is taken as before, and waits. What is under way is finished. It stays so over a restart.</p>
        <label class="field"><span>What</span><select value=${scope} onChange=${(event) => choose(event.target.value)}>${Object.entries(scopes).map(([word, row]) => html`<option value=${word}>${row.word}</option>`)}</select></label>
        ${scope === "backend" && html`<label class="field"><span>Next hop</span><select value=${value} onChange=${(event) => setValue(event.target.value)}>${backends.map((name) => html`<option value=${name}>${plain(name)}</option>`)}</select></label>`}
        ${(scope === "domain" || scope === "listener") && html`<label class="field"><span>${scope === "domain" ? "Domain of the recipients" : "Listener"}</span><input type="text" value=${value} onInput=${(event) => setValue(event.target.value)} autoComplete="off" spellcheck=${false} /></label>`}
        <label class="field"><span>How long</span><select value=${time} onChange=${(event) => setTime(event.target.value)}>${times.map(([seconds, text]) => html`<option value=${seconds}>${text}</option>`)}</select></label>
    <//>`;
}

/* Nothing where no queue is handed on. */
export function Handoff() {
    const hops = useResource("handoff", { every: 4, events: ["queue"] });
    const holds = useResource("queue/holds", { every: 5, events: ["queue", "audit"] });
    const [asked, setAsked] = useState(null);
    const close = (done) => (setAsked(null), done && (hops.refresh(), holds.refresh()));
    if (!hops.data?.items.length) {
        return null;
    }
    return html`<section class="panel block"><header><h2>Next hops</h2><span class="tail"><${Act} role="operate" onClick=${() => setAsked("stop")}>Stop hand-off<//></span></header>
        ${(holds.data?.items ?? []).map((hold) => html`<${Hold} key=${hold.id} hold=${hold} onLift=${() => setAsked(hold)} />`)}
        <${Hops} items=${hops.data.items} onAsk=${(backend) => setAsked({ backend })} />
        ${asked === "stop" && html`<${Stopping} hops=${hops.data.items} onClose=${close} />`}
        ${asked?.backend && html`<${Asking} backend=${asked.backend} onClose=${close} />`}
        ${asked?.id && html`<${Lifting} hold=${asked} onClose=${close} />`}
    </section>`;
}
