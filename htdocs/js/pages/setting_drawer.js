/* Any one setting, by its key: what is known of it, and its change. */
import { html, useRef, useState, useWatched } from "../lib.js";
import { act, session } from "../api.js";
import { useResource } from "../resource.js";
import { plain } from "../format.js";
import { said, same, sent, typed, wrong } from "../setting.js";
import { Empty, Facts, Said } from "../parts/words.js";
import { Act, Drawer, Trouble } from "../parts/controls.js";
import { MergeDialog, revertDialog, SaveDialog } from "../parts/save.js";
import { SettingRow } from "../parts/setting_row.js";

/* Where a change stands: what is typed, against which value, and which dialog is open. */
function useEditing(resource) {
    const [edit, setEdit] = useState(undefined);
    const [dialog, setDialog] = useState(null);
    const began = useRef(null);
    if (edit === undefined || !began.current) {
        began.current = resource.data ?? null;
    }
    return { edit, setEdit, dialog, setDialog, began };
}

export function SettingDrawer({ name, onClose }) {
    const path = `config/settings/${encodeURIComponent(name)}`;
    const resource = useResource(path, { events: ["config"] });
    const { edit, setEdit, dialog, setDialog, began } = useEditing(resource);
    useWatched(session);
    const setting = began.current;
    const trouble = setting && edit !== undefined ? wrong(setting, edit) : "";
    const patch = (query, values) => act("PATCH", path + query, { value: sent(setting, edit), ...values }, { etag: began.current.etag }).then((answer) => answer.data);
    const closed = (done) => {
        setDialog(null);
        if (done) {
            setEdit(undefined);
        }
        resource.refresh();
    };
    const stale = (refusal) => setDialog({ kind: "merge", current: refusal.members.current });
    const merged = (picks) => {
        const mine = picks[name] === "mine";
        began.current = dialog.current;
        setEdit(mine ? edit : undefined);
        setDialog(mine ? { kind: "save" } : null);
        resource.refresh();
    };
    const footer =
        setting &&
        html`<${Act} role="admin" kind=${edit === undefined ? "" : "main"} lack=${!setting.runtime_mutable ? "It is changed in the file only." : edit === undefined ? "Nothing was changed." : trouble} onClick=${() => setDialog({ kind: "save" })}>Review and save<//>`;
    return html`<${Drawer} title=${html`<${Said} value=${name} mono=${true} />`} onClose=${onClose} footer=${footer}>
        ${resource.problem && !setting && (resource.problem.status === 404 ? html`<${Empty}><b>There is no such setting.</b><//>` : html`<${Trouble} problem=${resource.problem} />`)}
        ${setting && html`<ul class="settings alone"><${SettingRow} setting=${setting} edit=${edit} onEdit=${(value) => setEdit(value === undefined || same(value, typed(setting)) ? undefined : value)} onRevert=${() => setDialog({ kind: "revert" })} /></ul>
            <section><h3>In the file</h3><${Facts} rows=${[["Written as", html`<code>${plain(setting.directive)} ${plain(setting.usage ?? "")}</code>`]]} /></section>`}
        ${dialog?.kind === "save" && html`<${SaveDialog} title=${`Change ${plain(setting.directive)}`} button="Change it" plan=${() => patch("?dry_run=true", {})} commit=${(values) => patch("", values)} settingOf=${() => setting} onClose=${closed} onStale=${stale} />`}
        ${dialog?.kind === "merge" && html`<${MergeDialog} rows=${[{ key: name, setting, base: said(setting, setting.effective), theirs: said(setting, dialog.current.effective), mine: said(setting, sent(setting, edit)), by: dialog.current.override?.by }]} onClose=${() => setDialog(null)} onMerged=${merged} />`}
        ${dialog?.kind === "revert" && revertDialog({ setting, onClose: closed })}
    <//>`;
}
