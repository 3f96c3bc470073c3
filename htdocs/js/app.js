/* The console: who is there, where one is, and the page that belongs to it. */
import { html, render, useEffect, useRef, useWatched } from "./lib.js";
import { askLogin, session, whoami } from "./api.js";
import { living, overview, startLive } from "./live.js";
import { route } from "./route.js";
import { Bar, Rail, Strips } from "./shell.js";
import { Login } from "./login.js";
import { Help } from "./help.js";
import { Notes } from "./parts/controls.js";
import { plain } from "./format.js";
import { signOf } from "./parts/icons.js";
import { useGlobalKeys } from "./shell_keys.js";
import { pages } from "./pages/all.js";

/* The window's title and sign say the state to whoever has many windows. */
function useSign(name) {
    const seen = useWatched(overview);
    const { state } = useWatched(living);
    useEffect(() => {
        const host = plain(seen?.host ?? "edged");
        const sign = state === "offline" ? "offline" : seen?.draining ? "draining" : seen && (!seen.ready || seen.attention?.some((item) => item.severity === "error")) ? "attention" : "ready";
        document.title = `${host}${sign === "ready" ? "" : ` (${sign})`}: ${name}`;
        const link = document.getElementById("favicon");
        if (link.dataset.sign !== sign) {
            link.dataset.sign = sign;
            link.href = signOf(sign);
        }
    });
}

function App() {
    const { page } = useWatched(route);
    const { state } = useWatched(living);
    const who = useWatched(session);
    const main = useRef(null);
    const found = pages[page] ?? pages.unknown;
    useSign(found.name);
    useGlobalKeys();
    useEffect(() => {
        scrollTo(0, 0);
    }, [page]);
    return html`<a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), main.current.focus())}>Skip to the page</a>
        <div class=${state === "offline" ? "shell outdated" : "shell"}>
            <${Rail} page=${page} />
            <${Bar} />
            <div class="strips"><${Strips} /></div>
            <main id="main" ref=${main} tabIndex="-1">${who ? html`<${found.page} key=${page} />` : html`<div aria-hidden="true"></div>`}</main>
        </div>
        <${Help} /><${Login} /><${Notes} />`;
}

render(html`<${App} />`, document.getElementById("app"));

async function start() {
    try {
        if (!(await whoami())) {
            await askLogin();
        }
    } catch (problem) {
        if (problem.status === 401) {
            await askLogin();
        } else {
            setTimeout(start, 3000);
            return;
        }
    }
    startLive();
}

start();
