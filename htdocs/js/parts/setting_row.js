/* One setting: its name in the file, its value to be typed, and everything that is known of where it comes from. */
import { html, useId } from "../lib.js";
import { lackOf, may } from "../api.js";
import { plain } from "../format.js";
import { appliesText, isMeasured, mayBeNone, said, typed, unitsOf, wrong } from "../setting.js";
import { Said, Time, Until } from "./words.js";
import { Act } from "./controls.js";

function Field({ setting, value, onChange, lack, complaint, labelled }) {
    const off = Boolean(lack);
    const shared = { "aria-labelledby": labelled, "aria-invalid": complaint ? "true" : undefined, readOnly: off, title: lack || undefined, placeholder: mayBeNone(setting) ? "none" : undefined };
    if (setting.type === "switch") {
        return html`<label title=${lack || undefined}><input type="checkbox" aria-labelledby=${labelled} checked=${value} aria-disabled=${off ? "true" : undefined} onClick=${(event) => (off ? event.preventDefault() : onChange(event.target.checked))} />${value ? "on" : "off"}</label>`;
    }
    if (setting.type === "word" && setting.words?.length) {
        return html`<select aria-labelledby=${labelled} title=${lack || undefined} disabled=${off} value=${value} onChange=${(event) => onChange(event.target.value)}>${setting.words.map((word) => html`<option value=${word}>${word}</option>`)}</select>`;
    }
    if (isMeasured(setting.type)) {
        return html`<input type="text" inputMode="decimal" class="right" ...${shared} value=${value.number} onInput=${(event) => onChange({ ...value, number: event.target.value })} />
            <select aria-label=${`Unit of ${setting.directive}`} disabled=${off} value=${value.unit} onChange=${(event) => onChange({ ...value, unit: event.target.value })}>${unitsOf(setting.type).map((unit) => html`<option value=${unit}>${unit}</option>`)}</select>`;
    }
    if (setting.type !== "number" && value.length > 34) {
        const keep = (event) => event.key === "Enter" && event.preventDefault();
        return html`<textarea rows=${Math.min(4, Math.ceil(value.length / 34))} class="long mono" spellCheck=${false} ...${shared} value=${value} onKeyDown=${keep} onInput=${(event) => onChange(event.target.value)}></textarea>`;
    }
    return html`<input type="text" class=${setting.type === "number" ? "right" : "long mono"} inputMode=${setting.type === "number" ? "numeric" : undefined} spellCheck=${false} ...${shared} value=${value} onInput=${(event) => onChange(event.target.value)} />`;
}

const place = (source) => (source ? html` <span class="mono"><${Said} value=${`${String(source.file).split("/").pop()}:${source.line}`} title=${`${source.file}:${source.line}`} /></span>` : "");

function Origin({ setting }) {
    const { override, file } = setting;
    return html`<div class="origin">
        ${override &&
        html`<div><b>changed</b> by <${Said} value=${override.by} /> <${Time} at=${override.at} />${override.reason && html`: <${Said} value=${override.reason} />`}</div>
            <div>${override.expires_at ? html`ends in <${Until} at=${override.expires_at} />` : override.persistence === "persistent" ? "kept over restarts" : "until the next restart"}</div>`}
        <div>${file ? html`file <b>${plain(said(setting, file.value ?? file.text))}</b>${place(file.source)}` : "not in the file"}, default ${plain(said(setting, setting.default))}</div>
        <div>takes effect ${appliesText[setting.applies] ?? plain(setting.applies)}</div>
    </div>`;
}

/* edit: what is typed, or undefined while nothing is. */
export function SettingRow({ setting, edit, onEdit, onRevert, complaint }) {
    const id = useId();
    const lack = !setting.runtime_mutable ? `Only in the file: it takes effect ${appliesText[setting.applies] ?? "after a reload"}.` : may("admin") ? "" : lackOf("admin");
    const value = edit ?? typed(setting);
    const trouble = complaint || (edit !== undefined && wrong(setting, edit)) || "";
    return html`<li class=${`${edit !== undefined ? "touched" : ""} ${setting.override ? "overridden" : ""}`} data-key=${setting.key}>
        <div class="name"><span id=${id}>${plain(setting.directive)}</span><code>${plain(setting.key)}</code><p class="help"><${Said} value=${setting.help} /></p></div>
        <div class="value"><${Field} setting=${setting} value=${value} onChange=${onEdit} lack=${lack} complaint=${trouble} labelled=${id} />
            ${edit !== undefined && html`<button type="button" class="link small" onClick=${() => onEdit(undefined)}>undo</button>`}
            ${trouble && html`<p class="complaint" role="alert">${plain(trouble)}</p>`}</div>
        <${Origin} setting=${setting} />
        <div class="back">${setting.override && html`<${Act} role="admin" kind="plain" aria-label=${`Revert ${setting.directive} to the file`} onClick=${onRevert}>Revert<//>`}</div>
    </li>`;
}
