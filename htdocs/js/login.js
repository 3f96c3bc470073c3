/* The login, above whatever page one was on: nothing that was typed there is lost. */
import { html, useEffect, useState, useWatched } from "./lib.js";
import { logIn, loginWanted } from "./api.js";
import { Act, Dialog, Trouble } from "./parts/controls.js";
import { overview } from "./live.js";
import { Mark } from "./parts/icons.js";

/* A login link carries its ticket behind the number sign, which no log ever sees; it leaves the address bar at once. */
function ticketOfLink() {
    const match = /^#ticket=(.+)$/.exec(location.hash);
    if (match) {
        history.replaceState(null, "", "#/overview");
        dispatchEvent(new HashChangeEvent("hashchange"));
    }
    return match?.[1] ?? "";
}

let ticket = ticketOfLink();

export function Login() {
    const wanted = useWatched(loginWanted);
    return wanted ? html`<${Form} />` : null;
}

function Form() {
    const [token, setToken] = useState("");
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const logInBy = async (secret) => {
        if (busy) {
            return;
        }
        setBusy(true);
        try {
            await logIn(secret);
        } catch (caught) {
            setProblem(caught);
        }
        setBusy(false);
    };
    const submit = () => logInBy({ token: token.trim() });
    useEffect(() => {
        if (ticket) {
            logInBy({ ticket });
            ticket = "";
        }
    }, []);
    const again = overview.value !== null;
    const footer = html`<span class="tail"><${Act} type="submit" kind="main" lack=${token.trim() ? "" : "A token is needed."}>${busy ? "Logging in" : "Log in"}<//></span>`;
    return html`<${Dialog} kind=${again ? "" : "first"} mark=${again ? null : html`<${Mark} />`} title=${again ? "Your session has ended" : "Log in to edged"} firm=${true} onClose=${() => {}} onSubmit=${submit} footer=${footer}>
        <${Trouble} problem=${problem} />
        <label class="field"><span>Token</span>
            <input type="password" class="mono" autoComplete="current-password" spellCheck=${false} value=${token} onInput=${(event) => setToken(event.target.value)} autofocus=${true} />
        </label>
        <p class="grey small">${again ? "What you were doing is still there and goes on after this." : html`On the server, <code>edgectl token create --name NAME --role operate</code> makes a token, and <code>edgectl console</code> a link that needs none.`}</p>
    <//>`;
}
