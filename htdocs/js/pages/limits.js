/* Banner, sizes, time-outs, connections: for the server and for each listener. */
import { html, useState, useRef, useWatched } from "../lib.js";
import { act, may, lackOf, session } from "../api.js";
import { address, route } from "../route.js";
import { useResource } from "../resource.js";
import { plural } from "../format.js";
import { memberOf, said, same, sent, typed, wrong } from "../setting.js";
import { Said } from "../parts/words.js";
import { Act, Trouble } from "../parts/controls.js";
import { MergeDialog, revertDialog, SaveDialog } from "../parts/save.js";
import { SettingRow } from "../parts/setting_row.js";
import { Waiting } from "../parts/sheet.js";

const groups = [
    ["Sizes and counts", /max_(message|recipients|hops)|size/],
    ["Connections", /connections/],
    ["Time", /timeout|min_rate|delay/],
    ["Mistakes", /errors|failures|newline/],
    ["Protocol", /./],
];

function grouped(settings) {
    const left = [...settings];
    return groups
        .map(([name, pattern]) => {
            const mine = left.filter((setting) => pattern.test(setting.key.replace(/^listener\.[^.]*\./, "")));
            mine.forEach((setting) => left.splice(left.indexOf(setting), 1));
            return [name, mine];
        })
        .filter(([, mine]) => mine.length);
}

/* What the server says about single members, next to their fields. */
function complaintsOf(problem, scope) {
    const found = {};
    for (const error of problem?.members?.errors ?? []) {
        const name = String(error.pointer ?? "").split("/").pop();
        found[memberOf(name, scope)] = error.detail || error.message || problem.message;
    }
    return found;
}

function mergeRows(edits, base, current, scope) {
    return Object.keys(edits).map((key) => {
        const setting = base.settings.find((item) => item.key === key);
        const now = current?.settings?.find((item) => item.key === key) ?? setting;
        return { key, setting, base: said(setting, setting.effective), theirs: said(now, now.effective), mine: said(setting, sent(setting, edits[key])), by: now.override?.by };
    });
}

function LimitsForm({ scope }) {
    const base = scope ? `listeners/${encodeURIComponent(scope)}/limits` : "limits";
    const resource = useResource(base, { events: ["config"], every: 30 });
    const [edits, setEdits] = useState({});
    const [dialog, setDialog] = useState(null);
    const [problem, setProblem] = useState(null);
    useWatched(session);
    /* The values one began to type against: they stay while anything is typed, so that the server can tell who was first. */
    const began = useRef(null);
    const touched = Object.keys(edits).length > 0;
    if (!touched || !began.current) {
        began.current = resource.data ?? null;
    }
    const seen = began.current;
    if (!seen) {
        return resource.problem && resource.problem.status !== 0 ? html`<${Trouble} problem=${resource.problem} />` : html`<${Waiting} rows=${10} />`;
    }
    const settingOf = (key) => seen.settings.find((item) => item.key === key || memberOf(item.key, scope) === key);
    const edit = (setting, value) => {
        const { [setting.key]: before, ...others } = edits;
        void before;
        setProblem(null);
        setEdits(value === undefined || same(value, typed(setting)) ? others : { ...others, [setting.key]: value });
    };
    const body = () => Object.fromEntries(Object.entries(edits).map(([key, value]) => [memberOf(key, scope), sent(settingOf(key), value)]));
    const patch = (query, values) => act("PATCH", base + query, { ...body(), ...values }, { etag: began.current.etag }).then((answer) => answer.data);
    const faulty = Object.entries(edits).some(([key, value]) => wrong(settingOf(key), value));
    const closed = (saved) => {
        setDialog(null);
        if (saved) {
            setEdits({});
            began.current = null;
        }
        resource.refresh();
    };
    const stale = async (refusal) => {
        const current = refusal.members.current?.settings ? refusal.members.current : { ...(await resource.refresh.now()), etag: refusal.members.current_etag };
        setDialog({ kind: "merge", current, rows: mergeRows(edits, began.current, current, scope) });
    };
    const merged = (picks) => {
        const { current } = dialog;
        began.current = { ...current, etag: current.etag ?? began.current.etag };
        const left = Object.fromEntries(Object.entries(edits).filter(([key]) => picks[key] === "mine"));
        setEdits(left);
        setDialog(Object.keys(left).length ? { kind: "save" } : null);
        resource.refresh();
    };
    const refusedPlan = async () => {
        try {
            return await patch("?dry_run=true", {});
        } catch (caught) {
            setProblem(caught);
            throw caught;
        }
    };
    const complaints = complaintsOf(problem, scope);
    const others = touched && resource.data && resource.data.etag !== seen.etag;
    return html`${others && html`<p class="note">Somebody has changed these settings since you began to type. Yours are compared when you save.</p>`}
        ${grouped(seen.settings).map(
            ([name, settings]) => html`<section class="panel" key=${name}><header><h2>${name}</h2></header><ul class="settings">
                ${settings.map((setting) => html`<${SettingRow} key=${setting.key} setting=${setting} edit=${edits[setting.key]} complaint=${complaints[memberOf(setting.key, scope)]} onEdit=${(value) => edit(setting, value)} onRevert=${() => setDialog({ kind: "revert", setting })} />`)}
            </ul></section>`,
        )}
        ${touched && html`<div class="savebar"><span class="strong">${plural(Object.keys(edits).length, "change")}</span><span class="grey">not saved yet</span><span class="grow"></span><button type="button" onClick=${() => setEdits({})}>Discard</button><${Act} role="admin" kind="main" lack=${faulty ? "A value is not allowed; see the line." : ""} onClick=${() => setDialog({ kind: "save" })}>Review and save<//></div>`}
        ${dialog?.kind === "save" && html`<${SaveDialog} title=${scope ? html`Change limits of listener <${Said} value=${scope} />` : "Change limits of the server"} button=${`Change ${plural(Object.keys(edits).length, "setting")}`} plan=${refusedPlan} commit=${(values) => patch("", values)} settingOf=${settingOf} onClose=${closed} onStale=${stale} />`}
        ${dialog?.kind === "merge" && html`<${MergeDialog} rows=${dialog.rows} onClose=${() => setDialog(null)} onMerged=${merged} />`}
        ${dialog?.kind === "revert" && revertDialog({ setting: dialog.setting, onClose: closed })}`;
}

/* The first line that clients hear. */
function Banner({ scope }) {
    const path = scope ? `listeners/${encodeURIComponent(scope)}/banner` : "banner";
    const { data, problem, refresh } = useResource(path, { events: ["config"] });
    const [text, setText] = useState(null);
    const [asked, setAsked] = useState("");
    useWatched(session);
    if (!data) {
        return problem && problem.status !== 404 && problem.status !== 0 ? html`<${Trouble} problem=${problem} />` : null;
    }
    const setting = data.setting ?? { directive: "Banner", type: "text", key: "banner" };
    const shown = text ?? data.text ?? "";
    const changed = text !== null && text !== data.text;
    const complaint = /[\u0000-\u001f\u007f]/.test(shown) ? "No line breaks or control characters." : shown.length > 500 ? "A reply line has at most 512 octets." : "";
    const put = (query, values) => act("PUT", path + query, { text: shown, ...values }, { etag: data.etag }).then((answer) => answer.data);
    const closed = (saved) => (setAsked(""), saved && setText(null), refresh());
    return html`<section class="panel banner"><header><h2>Banner</h2><span class="tail">${setting.override && html`<${Act} role="admin" kind="plain" onClick=${() => setAsked("revert")}>Revert<//>`}</span></header>
        <div class="line"><span class="mono grey">${data.code ?? 220}</span><input type="text" class="mono" aria-label="Banner" readOnly=${!may("admin")} title=${may("admin") ? undefined : lackOf("admin")} value=${shown} onInput=${(event) => setText(event.target.value)} spellCheck=${false} aria-invalid=${complaint ? "true" : undefined} />
            <${Act} role="admin" kind=${changed ? "main" : ""} lack=${complaint || (changed ? "" : "Nothing was changed.")} onClick=${() => setAsked("save")}>Save<//></div>
        ${complaint && html`<p class="complaint" role="alert">${complaint}</p>`}
        <p class="grey small">Said to each client first, for new sessions.${setting.override ? html` Changed by <${Said} value=${setting.override.by} />${setting.override.reason && html`: <${Said} value=${setting.override.reason} />`}.` : ""}</p>
        ${asked === "save" && html`<${SaveDialog} title="Change the banner" button="Change the banner" plan=${() => put("?dry_run=true", {})} commit=${(values) => put("", values)} settingOf=${() => setting} onClose=${closed} />`}
        ${asked === "revert" && revertDialog({ setting: { ...setting, etag: setting.etag ?? data.etag }, onClose: closed })}
    </section>`;
}

export function Limits() {
    const { query } = useWatched(route);
    const scope = query.get("scope") ?? "";
    const listeners = useResource("listeners").data?.items ?? [];
    const tab = (name, text) => html`<a href=${address("limits", name ? { scope: name } : {})} aria-current=${scope === name ? "true" : undefined}>${text}</a>`;
    return html`<div class="title"><h1>Limits</h1><p>Changed here, they hold in the running server; the file stays as it is.</p></div>
        <nav class="tabs" aria-label="Scope">${tab("", "Server")}${listeners.map((item) => tab(item.name, html`<${Said} value=${item.name} />`))}</nav>
        <${Banner} key=${`banner ${scope}`} scope=${scope} />
        <${LimitsForm} key=${scope} scope=${scope} />`;
}

