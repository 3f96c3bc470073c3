/* The list of keys. */
import { html, useWatched, watched, remember, remembered, useState } from "./lib.js";
import { Dialog, Switch } from "./parts/controls.js";

export const helpOpen = watched(false);

const keyList = [
    ["/", "search: an address, a message, a name"],
    ["g o", "overview"],
    ["g s", "sessions"],
    ["g v", "validators"],
    ["g q", "queue"],
    ["g l", "listeners and certificates"],
    ["g m", "limits"],
    ["g c", "configuration"],
    ["g a", "audit"],
    ["g y", "system"],
    ["j k", "next and previous row"],
    ["Enter", "open the row"],
    ["Esc", "close what is open"],
    ["r", "ask the server again"],
    ["p", "hold the list still, or let it go on"],
    ["?", "this list"],
];

document.documentElement.dataset.density = remembered("edge-density", "compact");

export function Help() {
    const open = useWatched(helpOpen);
    const [density, setDensity] = useState(document.documentElement.dataset.density);
    if (!open) {
        return null;
    }
    const choose = (value) => {
        remember("edge-density", value);
        document.documentElement.dataset.density = value;
        setDensity(value);
        dispatchEvent(new Event("resize"));
    };
    return html`<${Dialog} title="Keys" onClose=${() => helpOpen.set(false)} footer=${html`<span class="tail"><button type="button" autofocus=${true} onClick=${() => helpOpen.set(false)}>Close</button></span>`}>
        <dl class="keys">${keyList.map(([keys, text]) => html`<dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${text}</dd>`)}</dl>
        <p class="aside">Rows <${Switch} label="Height of rows" value=${density} onChange=${choose} options=${[{ value: "compact" }, { value: "comfortable" }]} /></p>
    <//>`;
}
