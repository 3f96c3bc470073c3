/* Whose mail waits, and for how long: recipients by domain and age, the darker the more. */
import { html } from "../lib.js";
import { useResource } from "../resource.js";
import { age, count, plural } from "../format.js";
import { Age, Said, Wide } from "../parts/words.js";

const SHOWN = 10;
const SHADES = 4;

/* 0 for none; the others by size: from the largest down, each step is a third of the one before. */
function shade(value, most) {
    return value === 0 ? 0 : Math.max(1, SHADES - Math.floor(Math.log(most / value) / Math.log(3)));
}

function Row({ name, queue, row, most, several }) {
    return html`<tr><th scope="row">${name}</th>${several && html`<td>${queue && html`<${Said} value=${queue} />`}</td>`}
        <td class="right">${count(row.waiting)}</td>
        ${row.ages.map((value) => html`<td class=${`right heat-${shade(value, most)}`}>${value === 0 ? html`<span class="grey">0</span>` : count(value)}</td>`)}
        <td class="right">${row.oldest && html`<${Age} since=${row.oldest} />`}</td></tr>`;
}

export function Shape() {
    const { data } = useResource(`queue/shape?limit=${SHOWN}`, { every: 30, events: ["queue"] });
    if (!data || data.total.waiting === 0) {
        return null;
    }
    const several = new Set(data.domains.map((row) => row.queue)).size > 1;
    const most = Math.max(1, ...data.domains.flatMap((row) => row.ages));
    return html`<section><h2>Who waits</h2>
        <${Wide} label="Recipients who wait, by domain and age" kind="block"><table class="flat heat"><thead><tr><th scope="col">Domain</th>${several && html`<th scope="col">Queue</th>`}<th scope="col" class="right">Recipients</th>
            ${data.classes.map((bound) => html`<th scope="col" class="right nowrap" title="Not older than this">${age(bound)}</th>`)}<th scope="col" class="right">older</th><th scope="col" class="right">Oldest</th></tr></thead><tbody>
            ${data.domains.map((row) => html`<${Row} key=${`${row.queue} ${row.domain}`} name=${row.domain === "" ? html`<span class="grey">without a domain</span>` : html`<${Said} value=${row.domain} mono=${true} />`} queue=${row.queue} row=${row} most=${most} several=${several} />`)}
            ${data.other.waiting > 0 && html`<${Row} name=${html`<span class="grey">all others</span>`} row=${data.other} most=${most} several=${several} />`}
        </tbody></table><//>
        ${data.read < data.messages && html`<p class="grey small">Estimated: ${plural(data.read, "message")} of ${count(data.messages)} were read, of all ages evenly.</p>`}</section>`;
}
