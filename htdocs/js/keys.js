/* The keyboard: single letters, never while something is typed, never with a modifier, and arrow keys stay with the browser. */
import { useEffect, useLatest } from "./lib.js";

const layers = [];

/* True where letters are text. */
function typing(target) {
    return target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) ? target.type !== "checkbox" && target.type !== "radio" : false;
}

/* The second key of "g s" counts by when it was struck: a page that is busy hears of both late, and loses none. */
const PATIENCE = 1200;
let prefix = "";
let prefixAt = 0;

function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
        return;
    }
    const open = document.querySelector("dialog[open]");
    if (open || (typing(event.target) && event.key !== "Escape")) {
        return;
    }
    prefix = event.timeStamp - prefixAt < PATIENCE ? prefix : "";
    const key = prefix ? `${prefix} ${event.key}` : event.key;
    /* The layer opened last is asked first: a drawer before its list, a list before the shell. */
    for (const layer of [...layers].reverse()) {
        const action = layer.current[key];
        if (action && action(event) !== false) {
            event.preventDefault();
            prefix = "";
            return;
        }
    }
    if (event.key === "g" && !prefix) {
        prefix = "g";
        prefixAt = event.timeStamp;
    } else {
        prefix = "";
    }
}

addEventListener("keydown", press);

/* {key: function}; a function that returns false did not want the key. */
export function useKeys(actions) {
    const box = useLatest(actions);
    useEffect(() => {
        layers.push(box);
        return () => layers.splice(layers.indexOf(box), 1);
    }, []);
}
