/* One line for everything one may have in hand: an address, a message's id, a client's name, a page. */
import { html, useState, useRef, useId } from "./lib.js";
import { go } from "./route.js";
import { plain } from "./format.js";

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-/i;
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]*)(\/\d{1,3})?$/i;
/* The beginning of one: "192.0.2" or "192.0.2." */
const BEGUN = /^\d{1,3}(\.\d{1,3}){1,2}\.?$/;

function networkOf(word) {
    const parts = word.split(".").filter(Boolean);
    return `${[...parts, 0, 0].slice(0, 4).join(".")}/${parts.length * 8}`;
}
const pages = ["overview", "sessions", "validators", "queue", "listeners", "limits", "config", "audit", "system"];

/* What the text may mean, best guess first: [{text, to: [page, query]}] */
export function guesses(text) {
    const typed = text.trim();
    const word = BEGUN.test(typed) ? networkOf(typed) : typed;
    if (!word) {
        return [];
    }
    const found = pages.filter((page) => page.startsWith(word.toLowerCase())).map((page) => ({ text: `Page ${page}`, to: [page] }));
    if (UUID.test(word)) {
        found.push({ text: `Message ${word}`, to: ["queue", { id: word }] }, { text: `Session ${word}`, to: ["sessions", { id: word }] });
    } else if (ADDRESS.test(word)) {
        found.push({ text: `Sessions from ${word}`, to: ["sessions", { ip: word }] }, { text: `Closed sessions from ${word}`, to: ["sessions", { state: "closed", ip: word }] });
    } else {
        const name = /[*?]/.test(word) ? word : `*${word}*`;
        found.push({ text: `Sessions that said EHLO ${name}`, to: ["sessions", { ehlo: name }] });
        if (/^[\w-]{6,}$/.test(word)) {
            found.push({ text: `Session ${word}`, to: ["sessions", { id: word }] });
        }
        found.push({ text: `Settings with “${word}”`, to: ["config", { view: "settings", find: word }] });
    }
    return found;
}

export function Find() {
    const [text, setText] = useState("");
    const [chosen, setChosen] = useState(0);
    const [open, setOpen] = useState(false);
    const box = useRef(null);
    const id = useId();
    const found = open ? guesses(text) : [];
    const take = (guess) => {
        setText("");
        setOpen(false);
        box.current.blur();
        go(...guess.to);
    };
    const press = (event) => {
        const steps = { ArrowDown: 1, ArrowUp: -1 };
        if (steps[event.key] && found.length) {
            event.preventDefault();
            setChosen((chosen + steps[event.key] + found.length) % found.length);
        } else if (event.key === "Enter" && found.length) {
            event.preventDefault();
            take(found[Math.min(chosen, found.length - 1)]);
        } else if (event.key === "Escape") {
            setText("");
            setOpen(false);
        }
    };
    return html`<div class="find">
        <input
            id="find"
            ref=${box}
            type="text"
            role="combobox"
            aria-label="Search"
            aria-expanded=${String(found.length > 0)}
            aria-controls=${id}
            aria-activedescendant=${found.length ? `${id}-${chosen}` : undefined}
            aria-autocomplete="list"
            placeholder="Search"
            autoComplete="off"
            spellCheck=${false}
            value=${text}
            onInput=${(event) => (setText(event.target.value), setChosen(0), setOpen(true))}
            onKeyDown=${press}
            onBlur=${() => setTimeout(() => setOpen(false), 150)}
        />
        ${!text && html`<kbd aria-hidden="true">/</kbd>`}
        <ul role="listbox" id=${id} hidden=${found.length === 0} aria-label="What it may mean">
            ${found.map((guess, index) => html`<li role="option" id=${`${id}-${index}`} aria-selected=${String(index === chosen)} onPointerDown=${() => take(guess)}>${plain(guess.text)}</li>`)}
        </ul>
    </div>`;
}
