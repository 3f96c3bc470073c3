/* One session: what is known of it, where its time went, what was said. */
import { html, useState, useWatched } from "../lib.js";
import { act, lackOf, may, session as whoami } from "../api.js";
import { useResource } from "../resource.js";
import { useTranscript } from "../transcript.js";
import { address } from "../route.js";
import { count, duration, plain, plural } from "../format.js";
import { now } from "../live.js";
import { Age, Bytes, Copy, Empty, Facts, Middle, Pill, Reply, Said, Time, Wide } from "../parts/words.js";
import { Act, Confirm, Drawer, Switch, Trouble } from "../parts/controls.js";
import { Ruler } from "../parts/drawn.js";

export function statePill(row) {
    if (row.ended || row.gone) {
        return html`<${Pill} kind=${row.trouble ? "warn" : "off"}><${Said} value=${row.end ?? "ended"} /><//>`;
    }
    const kind = ["data", "storing"].includes(row.state) ? "ok" : "";
    return html`<${Pill} kind=${kind}>${row.state}<//>`;
}

const resultKind = { pass: "ok", change: "ok", accept: "ok", reject: "bad", tempfail: "warn", error: "bad", timeout: "warn" };

function Who({ data }) {
    const { client, tls, auth } = data;
    return html`<${Facts} rows=${[
        ["Client", html`<${Said} value=${client.ip} mono=${true} /><span class="grey mono">:${client.port}</span> <${Copy} value=${client.ip} what="address" />`],
        client.name !== undefined && ["Name", client.name && html`<${Said} value=${client.name} />`],
        ["EHLO", html`<${Said} value=${data.ehlo} />`],
        ["TLS", tls ? html`<${Said} value=${tls.version} /> <span class="grey"><${Said} value=${tls.cipher} mono=${true} /></span>` : html`<span class="grey">none</span>`],
        tls?.sni && ["Server name", html`<${Said} value=${tls.sni} />`],
        ["User", auth ? html`<${Said} value=${auth.user} /> <span class="grey">by ${plain(auth.mechanism)}</span>` : html`<span class="grey">not authenticated</span>`],
        ["Listener", html`<a href=${address("listeners")}><${Said} value=${data.listener} /></a> <span class="grey">${plain(data.protocol)}</span>`],
        data.server && ["Connected to", html`<${Said} value=${data.server.ip} mono=${true} /><span class="grey mono">:${data.server.port}</span>`],
        ["Since", html`<${Time} at=${data.since} />${!data.ended && html` <span class="grey">(<${Age} since=${data.since} />)</span>`}`],
        data.ended && ["Ended", html`<${Time} at=${data.ended} />, <${Said} value=${data.end} />`],
        ["Id", html`<${Middle} value=${data.id} /> <${Copy} value=${data.id} what="session id" />`],
        ["Served by", html`<span class="grey">worker ${data.worker}, generation ${data.generation}</span>`],
    ]} />`;
}

function Did({ data }) {
    const current = data.messages?.current;
    const kinds = Object.entries(data.commands ?? {}).filter(([, counts]) => counts.ok || counts.bad);
    return html`<${Facts} rows=${[
        ["Messages", html`${plural(data.messages?.accepted ?? 0, "accepted", "accepted")}${data.messages?.rejected > 0 && html`, <span class="bad">${count(data.messages.rejected)} rejected</span>`}`],
        ["Recipients", html`${count(data.recipients?.accepted ?? 0)} accepted${data.recipients?.refused > 0 && html`, <span class="bad">${count(data.recipients.refused)} refused</span>`}`],
        current && ["Message now", html`from <${Said} value=${current.from || "<>"} mono=${true} /> to ${plural(current.recipients, "recipient")}, <${Bytes} value=${current.bytes} />`],
        data.awaits && !data.ended && ["Waits for", html`the ${plain(data.awaits)}${data.awaited && html` <${Said} value=${data.awaited} />`}`],
        ["Octets", html`<${Bytes} value=${data.bytes_in} /> in, <${Bytes} value=${data.bytes_out} /> out`],
        ["Commands", html`${kinds.map(([name, counts], index) => html`${index > 0 && ", "}<span class="nowrap">${plain(name)} ${count(counts.ok)}${counts.bad > 0 && html`<span class="bad"> +${count(counts.bad)} refused</span>`}</span>`)}`],
        ["Errors", data.errors > 0 ? html`<span class="bad">${count(data.errors)}</span>` : "0"],
        data.last_reply && ["Last reply", html`<${Reply} text=${data.last_reply} />`],
    ]} />`;
}

function Verdicts({ items }) {
    if (!items?.length) {
        return html`<p class="grey">No validator was asked yet.</p>`;
    }
    return html`<${Wide} label="Validators"><table><thead><tr><th scope="col">Validator</th><th scope="col">At</th><th scope="col">Result</th><th scope="col" class="right">Took</th></tr></thead><tbody>
        ${items.map((item) => html`<tr><td><${Said} value=${item.name} /></td><td>${plain(item.command)}</td><td><${Pill} kind=${resultKind[item.result] ?? ""}><${Said} value=${item.result} />${item.mode === "shadow" && html`<span class="grey"> in shadow</span>`}<//></td><td class="right">${duration(item.duration)}</td></tr>`)}
    </tbody></table><//>`;
}

function Transcript({ id, live }) {
    const allowed = may("operate");
    const { data, problem, open } = useTranscript(id, { live, allowed });
    if (!allowed) {
        return html`<p class="grey">${lackOf("operate")} A transcript may name people who write to each other.</p>`;
    }
    if (problem && !data) {
        return html`<p class="grey"><${Said} value=${problem.message} /></p>`;
    }
    if (!data) {
        return html`<span class="skeleton"></span>`;
    }
    if (data.lines.length === 0) {
        return html`<${Empty}><b>Nothing was said yet.</b> Commands and replies appear here; passwords and the message itself never do.<//>`;
    }
    const began = Date.parse(data.lines.find((line) => line.at)?.at);
    return html`${data.dropped > 0 && html`<p class="grey small">${plural(data.dropped, "earlier line")} left out</p>`}
        ${open && html`<p class="grey small">New lines appear as they are said.</p>`}
        <ol class="wire">${data.lines.map((line) =>
            line.missing
                ? html`<li class="missing"><span class="text grey">${plural(line.missing, "line")} missing here</span></li>`
                : html`<li class=${`${line.from === "C" ? "client" : "server"} ${line.from === "S" && /^[45]/.test(line.text) ? "refused" : ""}`}>
                    <time dateTime=${line.at} title=${plain(line.at)}>+${duration(Math.max(0, (Date.parse(line.at) - began) / 1000))}</time>
                    <span class="from" aria-label=${line.from === "C" ? "client" : "server"}>${plain(line.from)}</span>
                    <span class="text"><${Said} value=${line.text} /></span>
                </li>`,
        )}</ol>`;
}

const modes = [
    { value: "after_reply", text: "after the reply to its command" },
    { value: "now", text: "now" },
];

function Disconnect({ data, onClose }) {
    const [mode, setMode] = useState("after_reply");
    const doing = async (reason) => {
        await act("POST", `sessions/${encodeURIComponent(data.id)}/disconnect`, { mode, reason });
        return `${plain(data.client.ip)} is being disconnected.`;
    };
    return html`<${Confirm} title=${html`Disconnect <${Said} value=${data.client.ip} mono=${true} />`} button=${`Disconnect ${plain(data.client.ip)}`} kind="danger" reasonNeeded=${true} doing=${doing} onClose=${onClose}>
        <p class="field"><span>When</span><${Switch} label="When" value=${mode} options=${modes} onChange=${setMode} /></p>
        <p class="grey">${mode === "now" ? "The connection is closed at once; a message that is being received is lost to us, and the client will send it again." : "The client hears 421 after the command it has begun; a message that is being received is finished first."}</p>
    <//>`;
}

function Ban({ ip, onClose }) {
    const [time, setTime] = useState("1h");
    const doing = async (reason) => {
        await act("POST", "bans", { address: ip, reason, ...(time && { for: time }) });
        return `${plain(ip)} is banned${time ? ` for ${time}` : ""}.`;
    };
    return html`<${Confirm} title=${html`Ban <${Said} value=${ip} mono=${true} />`} button=${`Ban ${plain(ip)}`} kind="danger" reasonNeeded=${true} doing=${doing} onClose=${onClose}>
        <p class="field"><span>For</span><${Switch} label="For" value=${time} onChange=${setTime} options=${[{ value: "15m" }, { value: "1h" }, { value: "1d" }, { value: "", text: "until lifted" }]} /></p>
        <p class="grey">New connections from there are refused with 421. Open ones stay; disconnect them apart.</p>
    <//>`;
}

export function SessionDrawer({ id, onClose }) {
    const time = useWatched(now);
    useWatched(whoami);
    const [asked, setAsked] = useState("");
    const [ended, setEnded] = useState(false);
    const { data, problem, refresh } = useResource(`sessions/${encodeURIComponent(id)}`, { every: ended ? 0 : 2 });
    /* Who asks too late is given the closing record with the refusal. */
    const shown = data ?? problem?.members?.session ?? null;
    const over = Boolean(shown?.ended) || problem?.status === 410;
    if (over !== ended) {
        setTimeout(() => setEnded(over), 0);
    }
    const done = (was) => (setAsked(""), was && refresh());
    const lack = over ? "The session has ended." : !shown ? "Nothing is known of it." : "";
    const footer = html`<${Act} role="operate" kind="danger" lack=${lack} onClick=${() => setAsked("disconnect")}>Disconnect ${plain(shown?.client?.ip ?? "")}<//>
        <${Act} role="operate" lack=${shown ? "" : lack} onClick=${() => setAsked("ban")}>Ban ${plain(shown?.client?.ip ?? "")}<//>`;
    const total = shown ? (shown.ended ? (Date.parse(shown.ended) - Date.parse(shown.since)) / 1000 : Math.max(shown.age ?? 0, (time - Date.parse(shown.since)) / 1000)) : 0;
    return html`<${Drawer} title=${shown ? html`<${Said} value=${shown.client.ip} mono=${true} /> ${statePill(shown)}` : "Session"} onClose=${onClose} footer=${footer}>
        ${problem && !shown && (problem.status === 404 || problem.status === 410 ? html`<${Empty}><b>This session has ended and is no longer remembered.</b> The transaction log still knows its id.<//>` : html`<${Trouble} problem=${problem} />`)}
        ${shown && html`<section><${Who} data=${shown} /></section>
            <section><h3>Where the time went</h3><${Ruler} total=${total} waited=${shown.waited} /></section>
            <section><h3>What it did</h3><${Did} data=${shown} /></section>
            <section><h3>Validators</h3><${Verdicts} items=${shown.validators} /></section>
            <section><h3>What was said</h3><${Transcript} id=${id} live=${!over} /></section>`}
        ${asked === "disconnect" && html`<${Disconnect} data=${shown} onClose=${done} />`}
        ${asked === "ban" && html`<${Ban} ip=${shown.client.ip} onClose=${done} />`}
    <//>`;
}
