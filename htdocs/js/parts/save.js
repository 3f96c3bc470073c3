/* From typed values to changed settings: what will happen, why, for how long; and what to do when somebody else was faster. */
import { html, useEffect, useState } from "../lib.js";
import { act } from "../api.js";
import { plain, plural } from "../format.js";
import { appliesText, said } from "../setting.js";
import { Said, Wide } from "./words.js";
import { Act, Dialog, Switch, tell, Trouble } from "./controls.js";

const expiries = [
    { value: 0, text: "no end" },
    { value: 3600, text: "1 h" },
    { value: 14400, text: "4 h" },
    { value: 86400, text: "1 d" },
];
const persistences = [
    { value: "reload", text: "until a restart" },
    { value: "persistent", text: "over restarts" },
];

function Plan({ plan, settingOf }) {
    return html`<${Wide} label="Changes"><table class="diff flat"><thead><tr><th scope="col">Setting</th><th scope="col">Now</th><th scope="col">Then</th><th scope="col">Takes effect</th></tr></thead><tbody>
        ${plan.changes.map((change) => {
            const setting = settingOf(change.key);
            return html`<tr key=${change.key}><th scope="row">${plain(setting?.directive ?? change.key)}</th><td><del><${Said} value=${said(setting ?? {}, change.before)} /></del></td><td><ins><${Said} value=${said(setting ?? {}, change.after)} /></ins></td><td class="plain">${appliesText[change.applies] ?? plain(change.applies ?? "")}${change.sessions > 0 && html`<span class="grey">, ${plural(change.sessions, "session")} open</span>`}</td></tr>`;
        })}
    </tbody></table><//>
    ${plan.warnings?.map((warning) => html`<p class="note"><${Said} value=${warning.message ?? warning} /></p>`)}`;
}

/* plan(): the dry run; commit(values): the change itself. Both may be refused with 412, then onStale(problem) decides. */
export function SaveDialog({ title, button, plan, commit, settingOf, onClose, onStale, timed = true, kind = "main" }) {
    const [planned, setPlanned] = useState(null);
    const [problem, setProblem] = useState(null);
    const [reason, setReason] = useState("");
    const [time, setTime] = useState(0);
    const [persistence, setPersistence] = useState("reload");
    const [busy, setBusy] = useState(false);
    const refused = (caught) => (caught.status === 412 && onStale ? onStale(caught) : setProblem(caught));
    useEffect(() => {
        plan().then(setPlanned, refused);
    }, []);
    const submit = async () => {
        if (busy || !planned) {
            return;
        }
        setBusy(true);
        setProblem(null);
        try {
            await commit({ reason: reason.trim(), ...(timed && time ? { for: time } : {}), ...(timed ? { persistence } : {}) });
            tell(`${plural(planned.changes.length, "setting")} changed.`);
            onClose(true);
        } catch (caught) {
            setBusy(false);
            refused(caught);
        }
    };
    const lack = busy ? "Just being done." : !planned ? "The server has not said yet what will change." : "";
    const footer = html`<button type="button" onClick=${() => onClose(false)}>Cancel</button><span class="tail"><${Act} type="submit" kind=${kind} lack=${lack}>${button}<//></span>`;
    return html`<${Dialog} kind="wide" title=${title} onClose=${() => onClose(false)} onSubmit=${submit} footer=${footer}>
        <${Trouble} problem=${problem} />
        ${planned ? html`<${Plan} plan=${planned} settingOf=${settingOf} />` : !problem && html`<p><span class="skeleton"></span></p>`}
        <label class="field"><span>Reason, kept in the audit trail</span><input type="text" maxLength="200" value=${reason} onInput=${(event) => setReason(event.target.value)} autoComplete="off" autofocus=${true} /></label>
        ${timed &&
        html`<div class="fields"><p class="field"><span>For</span><${Switch} label="For" value=${time} onChange=${setTime} options=${expiries} /></p>
            <p class="field"><span>Kept</span><${Switch} label="Kept" value=${persistence} onChange=${setPersistence} options=${persistences} /></p></div>
            <p class="grey small">The file is not written. When its line is edited and loaded later, the file wins and the change ends.</p>`}
    <//>`;
}

/* Back to what the file says. */
export function revertDialog({ setting, onClose }) {
    const path = `config/settings/${encodeURIComponent(setting.key)}`;
    const revert = (query, body) => act("DELETE", path + query, body, { etag: setting.etag }).then((answer) => answer.data);
    return html`<${SaveDialog} title=${`Revert ${plain(setting.directive)} to the file`} button="Revert" timed=${false} settingOf=${() => setting} onClose=${onClose}
        plan=${() => revert("?dry_run=true", {})} commit=${(values) => revert("", values)} />`;
}

/* Somebody changed the same settings meanwhile: three values a line, and one is chosen. rows: [{key, setting, base, theirs, mine}] */
export function MergeDialog({ rows, onClose, onMerged }) {
    const [picks, setPicks] = useState(() => Object.fromEntries(rows.map((row) => [row.key, "mine"])));
    const submit = () => onMerged(picks);
    const footer = html`<button type="button" onClick=${onClose}>Cancel</button><span class="tail"><button type="submit" class="main">Go on with these</button></span>`;
    return html`<${Dialog} kind="wide" title="Changed by somebody else meanwhile" onClose=${onClose} onSubmit=${submit} footer=${footer}>
        <p class="aside">What you typed was meant for values that have changed since. Choose line by line; nothing is saved yet.</p>
        <${Wide} label="Changes"><table class="flat diff"><thead><tr><th scope="col">Setting</th><th scope="col">When you began</th><th scope="col">Now</th><th scope="col">Yours</th></tr></thead><tbody>
            ${rows.map((row) => {
                const pick = (which, value) => html`<label class="pick"><input type="radio" name=${row.key} checked=${picks[row.key] === which} onChange=${() => setPicks({ ...picks, [row.key]: which })} /><${Said} value=${value} /></label>`;
                return html`<tr key=${row.key}><th scope="row">${plain(row.setting.directive)}</th><td class="grey"><${Said} value=${row.base} /></td><td>${pick("theirs", row.theirs)}${row.by && html`<div class="grey small"><${Said} value=${row.by} /></div>`}</td><td>${pick("mine", row.mine)}</td></tr>`;
            })}
        </tbody></table><//>
    <//>`;
}
