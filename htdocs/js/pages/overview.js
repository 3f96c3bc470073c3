/* Is it healthy, is mail flowing, what needs me? */
import { html, remember, remembered, useMemo, useState, useWatched } from "../lib.js";
import { now, overview } from "../live.js";
import { useResource } from "../resource.js";
import { address } from "../route.js";
import { age, bytes, bytesParts, count, plural, rate, thinned } from "../format.js";
import { Outcomes } from "../parts/chart.js";
import { Spark } from "../parts/drawn.js";
import { Empty, Pill, Reply, Said, Time } from "../parts/words.js";
import { Switch } from "../parts/controls.js";
import { AuditLine } from "./audit.js";

const kinds = { error: "bad", warn: "warn", info: "" };
const order = { error: 0, warn: 1, info: 2 };

function Attention({ items }) {
    const sorted = [...items].sort((a, b) => (order[a.severity] ?? 3) - (order[b.severity] ?? 3));
    if (sorted.length === 0) {
        return html`<div class="attention"><p class="calm"><${Pill} kind="ok">Nothing needs attention.<//></p></div>`;
    }
    return html`<ul class="attention" aria-label="What needs attention">
        ${sorted.map(
            (item) => html`<li key=${item.text}>
                <${Pill} kind=${kinds[item.severity] ?? ""}><span class="hidden">${item.severity}:</span><//>
                <${Said} value=${item.text} />
                ${item.page && html`<a href=${address(item.page, item.key ? { key: item.key } : {})}>Look<span class="hidden"> at ${item.page}</span></a>`}
            </li>`,
        )}
    </ul>`;
}

function Reading({ name, figure, unit, beside, series, limit, kind, to }) {
    return html`<section class="reading">
        <h2>${to ? html`<a href=${to} class="grey">${name}</a>` : name}</h2>
        <p class="figure"><span>${figure}</span>${unit && html`<small>${unit}</small>`}</p>
        <${Spark} series=${series} limit=${limit} kind=${kind} />
        <p class="beside">${beside ?? "\u00a0"}</p>
    </section>`;
}

/* The last quarter of an hour, whatever range the chart shows. */
function Readings({ seen, history }) {
    const time = useWatched(now);
    const series = history?.series ?? {};
    const [size, unit] = bytesParts(seen.queue.bytes);
    const oldest = seen.queue.oldest ? (time - Date.parse(seen.queue.oldest)) / 1000 : null;
    const most = seen.sessions.most;
    return html`<div class="readings">
        <${Reading} name="Sessions" figure=${count(seen.sessions.open)} unit=${most ? `of ${count(most)}` : ""} series=${series.sessions} limit=${most} to=${address("sessions")}
            beside=${`${count(seen.totals.sessions)} since the start`} />
        <${Reading} name="Messages accepted" figure=${rate(seen.rates.messages)} unit="/s" series=${series.accepted} beside=${`${count(seen.totals.messages)} since the start`} />
        <${Reading} name="Rejected" figure=${rate(seen.rates.rejected)} unit="/s" series=${series.rejected} kind="rejected" beside=${`${plural(seen.totals.rejected_messages, "message")}, ${plural(seen.totals.refused_commands, "command")}`} />
        <${Reading} name="Deferred" figure=${rate(seen.rates.tempfail)} unit="/s" series=${series.tempfail} kind="tempfail" beside="told to try again later" />
        <${Reading} name="Queue" figure=${count(seen.queue.messages)} unit=${seen.queue.messages === 1 ? "message" : "messages"} series=${series.queue} to=${address("queue")}
            beside=${oldest === null ? `${size}\u202f${unit}, empty` : `${size}\u202f${unit}, oldest ${age(oldest)}`} />
        <${Reading} name="Connections" figure=${rate(seen.rates.connections)} unit="/s" series=${series.connections} beside=${`${bytes(seen.rates.bytes ?? 0)}/s in, up ${age(seen.uptime)}`} />
    </div>`;
}

const ranges = [{ value: "15m" }, { value: "1h" }, { value: "6h" }];

function sourceText(source) {
    return source.startsWith("validator:") ? source.slice(10) : source;
}

function Reasons({ reasons }) {
    if (reasons.length === 0) {
        return html`<${Empty}><b>Nothing was refused in the last hour.</b> Reasons appear here by how often they were given: a validator, a limit, or the protocol itself.<//>`;
    }
    const most = reasons[0].count;
    return html`<ol class="bars">
        ${reasons.slice(0, 9).map(
            (reason) => html`<li key=${`${reason.source} ${reason.code} ${reason.text}`}>
                <span class="label" title=${`${reason.code} ${reason.text}`}><i class=${String(reason.code).startsWith("4") ? "tempfail" : ""} style=${{ width: `${(reason.count / most) * 100}%` }}></i
                    ><span class=${`code c${String(reason.code)[0]}`}>${reason.code}</span> <${Said} value=${reason.text} /> <span class="grey">${sourceText(reason.source)}</span></span>
                <span class="amount">${count(reason.count)}</span>
            </li>`,
        )}
    </ol>`;
}

function Rejections({ items }) {
    if (items.length === 0) {
        return html`<${Empty}><b>No rejections yet.</b> Each refused command or message is a line here: who, what was said to them, and which check said it.<//>`;
    }
    return html`<ol class="log">
        ${items.map(
            (item) => html`<li key=${`${item.time}${item.session}${item.command}`}>
                <${Time} at=${item.time} />
                <div class="what">
                    <${Reply} text=${item.reply} />
                    <div class="of"><a href=${address("sessions", { id: item.session })}><${Said} value=${item.client} mono=${true} /></a> at ${item.command ? html`<${Said} value=${item.command.toUpperCase()} />` : "an unknown command"}, ${sourceText(item.source)}, ${item.listener}</div>
                </div>
            </li>`,
        )}
    </ol>`;
}

function Changes({ items }) {
    if (items.length === 0) {
        return html`<${Empty}><b>Nothing was changed since the start.</b> Settings, reloads, drains and bans are listed here with who did them and why.<//>`;
    }
    return html`<ol class="log">${items.map((item) => html`<${AuditLine} key=${item.request_id ?? item.time} item=${item} />`)}</ol>`;
}

export function Overview() {
    const seen = useWatched(overview);
    const [range, setRange] = useState(remembered("edge-range", "15m"));
    const short = useResource("overview/history?range=15m", { every: 10 });
    const long = useResource(range === "15m" ? null : `overview/history?range=${range}`, { every: range === "1h" ? 20 : 60 });
    const { data } = range === "15m" ? short : long;
    const history = useMemo(() => data && thinned(data, 180), [data]);
    const recent = useMemo(() => short.data && thinned(short.data, 90), [short.data]);
    if (!seen) {
        return html`<p class="hidden" role="status">Loading</p><div class="readings" aria-hidden="true">${Array.from({ length: 6 }, () => html`<section class="reading"><h2>\u00a0</h2><p class="figure"><span class="skeleton" style=${{ width: "60px" }}></span>\u00a0</p><div class="spark"></div><p class="beside">\u00a0</p></section>`)}</div>`;
    }
    return html`<h1 class="hidden">Overview</h1>
        <${Attention} items=${seen.attention ?? []} />
        <${Readings} seen=${seen} history=${recent} />
        <div class="columns">
            <section class="panel eight">
                <header><h2>Messages a second</h2><span class="tail"><${Switch} label="Range" value=${range} options=${ranges} onChange=${(value) => (remember("edge-range", value), setRange(value))} /></span></header>
                ${history ? html`<${Outcomes} key=${range} history=${history} />` : html`<div class="chart"></div>`}
            </section>
            <section class="panel four"><header><h2>Why mail was refused</h2><span class="tail">last hour</span></header><${Reasons} reasons=${seen.reject_reasons ?? []} /></section>
        </div>
        <div class="columns">
            <section class="panel seven"><header><h2>Recent rejections</h2><span class="tail"><a href=${address("sessions", { state: "closed" })}>Closed sessions</a></span></header><${Rejections} items=${seen.recent_rejections ?? []} /></section>
            <section class="panel five"><header><h2>Recent changes</h2><span class="tail"><a href=${address("audit")}>Audit</a></span></header><${Changes} items=${seen.recent_changes ?? []} /></section>
        </div>`;
}
