/* Buttons that know who may press them, dialogs, the drawer, and notes that come and go. */
import { html, useEffect, useRef, useState, useWatched, watched, useId } from "../lib.js";
import { download, lackOf, may, session } from "../api.js";
import { useKeys } from "../keys.js";
import { plain } from "../format.js";
import { Copy, Said } from "./words.js";

/* A button that needs a role, or that something else forbids: it then stays in place and says why. */
export function Act({ role, lack, onClick, kind = "", type = "button", children, ...rest }) {
    useWatched(session);
    const id = useId();
    const why = (role && !may(role) ? lackOf(role) : "") || lack || "";
    const press = (event) => {
        event.stopPropagation();
        if (why) {
            event.preventDefault();
        } else {
            onClick?.(event);
        }
    };
    const button = html`<button ...${rest} type=${type} class=${kind} aria-disabled=${why ? "true" : undefined} aria-describedby=${why ? id : undefined} onClick=${press}>${children}</button>`;
    return why ? html`<span class="why">${button}<span class="reason" role="tooltip" id=${id}>${why}</span></span>` : button;
}

/* One of several: what holds is pressed. options: [{value, text, lack}] */
export function Switch({ value, options, onChange, label, role }) {
    useWatched(session);
    return html`<span class="switch" role="group" aria-label=${label}>
        ${options.map(
            (option) => html`<button
                type="button"
                aria-pressed=${String(option.value === value)}
                aria-disabled=${(role && !may(role)) || option.lack ? "true" : undefined}
                title=${(role && !may(role) ? lackOf(role) : option.lack) || undefined}
                onClick=${() => !(role && !may(role)) && !option.lack && option.value !== value && onChange(option.value)}
            >${option.text ?? option.value}</button>`,
        )}
    </span>`;
}

/* A dialog above the page. onSubmit makes it a form; Esc and Cancel close it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, onSubmit, kind = "", firm, mark, children, footer }) {
    const box = useRef(null);
    const id = useId();
    useEffect(() => {
        const before = document.activeElement;
        box.current.showModal();
        return () => before?.isConnected && before.focus?.();
    }, []);
    const cancel = (event) => {
        event.preventDefault();
        if (!firm) {
            onClose();
        }
    };
    const inside = html`<header>${mark}<h2 id=${id}>${title}</h2></header>
        <div class="body">${children}</div>
        <footer>${footer}</footer>`;
    const submit = (event) => {
        event.preventDefault();
        onSubmit();
    };
    return html`<dialog ref=${box} class=${kind} aria-labelledby=${id} onCancel=${cancel}>
        ${onSubmit ? html`<form onSubmit=${submit} noValidate>${inside}</form>` : html`<div class="whole">${inside}</div>`}
    </dialog>`;
}

/* Beside a list: its heading takes the focus, Esc closes it and gives the focus back. */
export function Drawer({ title, onClose, footer, children }) {
    const box = useRef(null);
    const id = useId();
    useEffect(() => {
        const before = document.activeElement;
        box.current.querySelector("h2").focus();
        return () => before?.isConnected && before.focus?.();
    }, []);
    useKeys({ Escape: () => onClose() });
    return html`<aside class="drawer" ref=${box} aria-labelledby=${id}>
        <header>
            <h2 id=${id} tabIndex="-1">${title}</h2>
            <button type="button" class="plain square" aria-label="Close" title="Close (Esc)" onClick=${onClose}>✕</button>
        </header>
        <div class="body">${children}</div>
        ${footer && html`<footer>${footer}</footer>`}
    </aside>`;
}

/* What the server refused, next to where it was asked. */
export function Trouble({ problem }) {
    if (!problem) {
        return null;
    }
    return html`<div class="problem" role="alert">
        <${Said} value=${problem.message} />
        ${problem.requestId && html`<div><small>Request <code>${plain(problem.requestId)}</code> <${Copy} value=${problem.requestId} what="request id" /></small></div>`}
    </div>`;
}

/* Notes at the corner */

const notes = watched([]);
let noteNumber = 0;

export function tell(text, { bad = false, seconds = bad ? 12 : 5 } = {}) {
    const note = { id: ++noteNumber, text, bad };
    notes.set([...notes.value.slice(-3), note]);
    setTimeout(() => notes.set(notes.value.filter((other) => other.id !== note.id)), seconds * 1000);
}

export function Notes() {
    return html`<div class="toasts" role="status" aria-live="polite">
        ${useWatched(notes).map(
            (note) => html`<div key=${note.id} class=${note.bad ? "toast bad" : "toast"}>
                <${Said} value=${note.text} />
                <button type="button" class="copy" aria-label="Dismiss" onClick=${() => notes.set(notes.value.filter((other) => other.id !== note.id))}>✕</button>
            </div>`,
        )}
    </div>`;
}

/* The whole list behind a page, for a spreadsheet or a program. */
export function SaveAs({ path, what }) {
    const save = async (type) => {
        try {
            await download(path, type);
        } catch (problem) {
            tell(problem.message, { bad: true });
        }
    };
    return html`<span class="saveas">Save as <button type="button" class="link" aria-label=${`Save ${what} as CSV`} onClick=${() => save("text/csv")}>CSV</button> or <button type="button" class="link" aria-label=${`Save ${what} as JSON lines`} onClick=${() => save("application/x-ndjson")}>JSON lines</button></span>`;
}

/* Asks for a reason and does it. doing: async (values) => text to tell, or nothing. fields: more inputs, drawn by the caller. */
export function Confirm({ title, button, kind = "main", reasonNeeded, children, doing, onClose, extra, ready = true }) {
    const [reason, setReason] = useState("");
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const reasonBox = useRef(null);
    const act = async () => {
        if (busy || !ready) {
            return;
        }
        if (reasonNeeded && !reason.trim()) {
            setProblem({ message: "Say why: the reason is kept in the audit trail." });
            reasonBox.current.focus();
            return;
        }
        setBusy(true);
        try {
            const said = await doing(reason.trim());
            if (said) {
                tell(said);
            }
            onClose(true);
        } catch (caught) {
            setProblem(caught);
            setBusy(false);
        }
    };
    const footer = html`<button type="button" autofocus=${kind === "danger"} onClick=${() => onClose(false)}>Cancel</button>
        <span class="tail"><${Act} type="submit" kind=${kind} lack=${busy ? "Just being done." : !ready ? "Something is still missing above." : ""}>${button}<//></span>`;
    return html`<${Dialog} title=${title} onClose=${() => onClose(false)} onSubmit=${act} footer=${footer}>
        <${Trouble} problem=${problem} />
        ${children}
        ${extra}
        <label class="field"><span>Reason${reasonNeeded ? "" : " (optional)"}, kept in the audit trail</span>
            <input ref=${reasonBox} type="text" maxLength="200" value=${reason} onInput=${(event) => setReason(event.target.value)} autoComplete="off" />
        </label>
    <//>`;
}
