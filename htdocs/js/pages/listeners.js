/* Ports and certificates: where connections are taken, and with what name. */
import { html, useState, useWatched } from "../lib.js";
import { act, keptAnswer } from "../api.js";
import { overview } from "../live.js";
import { address } from "../route.js";
import { useResource } from "../resource.js";
import { count, plain, plural } from "../format.js";
import { Age, Copy, Empty, Facts, Meter, Pill, Said, Time, Wide } from "../parts/words.js";
import { Act, Confirm, Trouble } from "../parts/controls.js";
import { Waiting } from "../parts/sheet.js";

const kinds = { open: "ok", paused: "warn", draining: "warn" };

const verbs = {
    pause: { text: "Pause", says: "No new connections are accepted; the kernel keeps them waiting until it is resumed. Open sessions go on." },
    resume: { text: "Resume", says: "New connections are accepted again." },
    drain: { text: "Drain", says: "No new connections are accepted, and each open session hears 421 after its transaction." },
};

function ListenerRow({ item, onVerb }) {
    const open = item.state === "open";
    return html`<article class="listener">
        <header><h2><${Said} value=${item.name} /></h2><${Pill} kind=${kinds[item.state] ?? ""}>${item.state}<//>${item.since && html`<span class="grey small">for <${Age} since=${item.since} /></span>`}
            <span class="actions">${open
                ? html`<${Act} role="operate" onClick=${() => onVerb("pause")} aria-label=${`Pause ${item.name}`}>Pause<//><${Act} role="operate" onClick=${() => onVerb("drain")} aria-label=${`Drain ${item.name}`}>Drain<//>`
                : html`<${Act} role="operate" kind="main" onClick=${() => onVerb("resume")} aria-label=${`Resume ${item.name}`}>Resume<//>`}</span></header>
        <${Facts} rows=${[
            ["Address", html`${(item.addresses ?? []).map((text) => html`<span class="mono nowrap"><${Said} value=${text} mono=${true} /></span> `)}`],
            ["Protocol", html`${plain(item.protocol)}, ${item.tls ? html`${item.tls.mode === "immediate" ? "TLS from the start" : item.tls.mode === "starttls" ? "STARTTLS" : plain(item.tls.mode)}${item.tls.context && html` <span class="grey">by ${plain(item.tls.context)}</span>`}` : "no TLS"}`],
            ["AUTH", item.auth && item.auth.state !== "off" ? html`${plain(item.auth.state)}${item.auth.mechanisms?.length ? html`: <span class="grey">${item.auth.mechanisms.map((entry) => plain(entry.name ?? entry)).join(", ")}</span>` : ""}` : html`<span class="grey">off</span>`],
            ["Sessions", html`<a href=${address("sessions", { listener: item.name })}>${count(item.sessions)}</a>${item.most > 0 && html` <span class="grey">of ${count(item.most)}</span> <${Meter} value=${item.sessions} most=${item.most} />`}`],
            ["Since the start", html`${plural(item.totals?.connections ?? 0, "connection")}, ${plural(item.totals?.messages ?? 0, "message")}, ${count(item.totals?.rejected ?? 0)} rejected`],
            ["Queue", item.queue && html`<${Said} value=${item.queue} />`],
            ["Written at", item.source && html`<${Said} value=${`${item.source.file}:${item.source.line}`} mono=${true} />`],
        ]} />
        <p class="small"><a href=${address("limits", { scope: item.name })}>Its limits</a></p>
    </article>`;
}

function Doing({ verb, name, protocol, onClose }) {
    const doing = async (reason) => {
        await act("POST", `listeners/${encodeURIComponent(name)}/${verb}`, { reason });
        return `${name}: ${verb} is done.`;
    };
    return html`<${Confirm} title=${`${verbs[verb].text} ${plain(name)}`} button=${`${verbs[verb].text} ${plain(name)}`} kind=${verb === "resume" ? "main" : "danger"} reasonNeeded=${verb !== "resume"} doing=${doing} onClose=${onClose}><p class="aside">${verbs[verb].says}</p>${protocol === "admin" && verb !== "resume" && html`<p class="note">The console may itself come by this listener: then only <code>edgectl</code> on the machine can resume it.</p>`}<//>`;
}

function DrainAll({ draining, onClose }) {
    const [deadline, setDeadline] = useState("120");
    const doing = async (reason) => {
        await (draining ? act("DELETE", "drain", { reason }) : act("POST", "drain", { deadline: Number(deadline), exit: false, reason }));
        return draining ? "New connections are taken again." : "The server drains.";
    };
    return draining
        ? html`<${Confirm} title="Stop draining" button="Stop draining" doing=${doing} onClose=${onClose}><p class="aside">Listeners accept new connections again, and the server says that it is ready.</p><//>`
        : html`<${Confirm} title="Drain the whole server" button="Drain the server" kind="danger" reasonNeeded=${true} ready=${/^\d+$/.test(deadline)} doing=${doing} onClose=${onClose}>
            <p class="aside">First it says that it is not ready, then listeners stop accepting, then sessions hear 421 after their transaction.</p>
            <label class="field"><span>Deadline in seconds, after which sessions are closed</span><input type="text" inputMode="numeric" value=${deadline} onInput=${(event) => setDeadline(event.target.value)} /></label>
        <//>`;
}

function dayKind(days) {
    return days < 7 ? "bad" : days < 21 ? "warn" : "";
}

const File = ({ path }) => html`<${Said} value=${String(path ?? "").split("/").pop()} title=${plain(path)} mono=${true} />`;

function Certificates({ items }) {
    return html`<${Wide} label="Certificates"><table class="flat"><thead><tr><th scope="col">Names</th><th scope="col">Left</th><th scope="col">Until</th><th scope="col">Key</th><th scope="col">Issuer</th><th scope="col">Context</th><th scope="col">Loaded</th><th scope="col">Files</th></tr></thead><tbody>
        ${items.map(
            (item) => html`<tr key=${item.sha256}>
                <th scope="row">${item.names.map((name) => html`<div><${Said} value=${name} /></div>`)}</th>
                <td><span class="days"><span class=${`strong nowrap ${dayKind(item.days_left)}`}>${plural(item.days_left, "day")}</span><span class=${`meter ${dayKind(item.days_left)}`} aria-hidden="true"><i style=${{ width: `${Math.max(2, Math.min(100, (item.days_left / 90) * 100))}%` }}></i></span></span></td>
                <td class="nowrap"><${Time} at=${item.not_after} date=${true} /></td>
                <td class="nowrap">${plain(item.key_type)}${!item.matches && html` <span class="bad">key does not match</span>`}<div class="grey small">chain of ${item.chain}, stapled: ${plain(item.staple)}</div></td>
                <td><${Said} value=${item.issuer} /><div class="grey small">serial <${Said} value=${item.serial} mono=${true} /></div></td>
                <td><${Said} value=${item.context} />${item.first && html` <span class="grey small">first</span>`}</td>
                <td class="nowrap"><${Age} since=${item.loaded_at} /> <span class="grey">ago</span></td>
                <td class="small nowrap"><${File} path=${item.certificate_file} /><div class="grey"><${File} path=${item.key_file} /></div><${Copy} value=${item.sha256} what="SHA-256 fingerprint" text="copy SHA-256" /></td>
            </tr>`,
        )}
    </tbody></table><//>`;
}

/* Certificates may be told apart by mod_tls only; without it there are none. */
function TlsPart() {
    const { data, problem, refresh } = useResource("tls/certificates", { every: 60, events: ["config"] });
    const [asked, setAsked] = useState(false);
    const doing = async (reason) => {
        const { data: answer } = await act("POST", "tls/reload", { reason });
        return `${plural(answer?.items?.length ?? keptAnswer("tls/certificates")?.items.length ?? 0, "certificate")} loaded and in force.`;
    };
    return html`<section class="panel"><header><h2>Certificates</h2><span class="tail"><${Act} role="operate" lack=${problem?.status === 404 ? "No module of this server knows certificates." : ""} onClick=${() => setAsked(true)}>Reload certificates<//></span></header>
        ${problem && problem.status !== 404 && problem.status !== 0 && html`<${Trouble} problem=${problem} />`}
        ${data?.items.length ? html`<${Certificates} items=${data.items} />` : html`<${Empty}><b>No certificate is in use.</b> Load mod_tls, name a certificate and its key in a <code>${"<TLSContext NAME>"}</code> section, and say <code>TLS starttls</code> in a listener.<//>`}
        ${asked && html`<${Confirm} title="Reload certificates" button="Reload certificates" doing=${doing} onClose=${(done) => (setAsked(false), done && refresh())}><p class="aside">All certificates and keys are read anew and checked. All are put in force, or none, and then you are told which file is to blame. Open sessions keep what they began with.</p><//>`}
    </section>`;
}

export function Listeners() {
    const { data, problem, refresh } = useResource("listeners", { every: 3, events: ["listener", "config"] });
    const seen = useWatched(overview);
    const [asked, setAsked] = useState(null);
    const close = (done) => (setAsked(null), done && refresh());
    return html`<div class="title"><h1>Listeners</h1><span class="actions"><${Act} role="operate" kind=${seen?.draining ? "main" : ""} onClick=${() => setAsked({ all: true })}>${seen?.draining ? "Stop draining" : "Drain the server"}<//></span></div>
        <${Trouble} problem=${problem?.status === 0 ? null : problem} />
        ${!data ? html`<${Waiting} />` : html`<div class="tree block">${data.items.map((item) => html`<${ListenerRow} key=${item.name} item=${item} onVerb=${(verb) => setAsked({ verb, name: item.name, protocol: item.protocol })} />`)}</div>`}
        <${TlsPart} />
        ${asked?.all && html`<${DrainAll} draining=${seen?.draining} onClose=${close} />`}
        ${asked?.verb && html`<${Doing} verb=${asked.verb} name=${asked.name} protocol=${asked.protocol} onClose=${close} />`}`;
}

