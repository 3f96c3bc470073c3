/* Keys that work on every page. */
import { go } from "./route.js";
import { useKeys } from "./keys.js";
import { helpOpen } from "./help.js";

const letters = { o: "overview", s: "sessions", v: "validators", q: "queue", l: "listeners", m: "limits", c: "config", a: "audit", y: "system" };

export function useGlobalKeys() {
    const actions = {
        "?": () => helpOpen.set(true),
        "/": () => document.getElementById("find")?.focus(),
        Escape: () => {
            if (document.activeElement?.matches("input, select, textarea")) {
                document.activeElement.blur();
                return true;
            }
            return false;
        },
    };
    for (const [letter, page] of Object.entries(letters)) {
        actions[`g ${letter}`] = () => go(page);
    }
    useKeys(actions);
}
