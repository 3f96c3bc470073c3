/* Where one is: "#/sessions?state=live". It lives behind the number sign, so the server's path never matters and a view can be
 * shared by its address. */
import { watched } from "./lib.js";

function read() {
    const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
    return { page: path || "overview", query: new URLSearchParams(query) };
}

export const route = watched(read());
addEventListener("hashchange", () => route.set(read()));

export function address(page, query = {}) {
    const members = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined));
    const text = members.toString();
    return `#/${page}${text ? `?${text}` : ""}`;
}

export function go(page, query) {
    location.hash = address(page, query).slice(1);
}

/* Changes members of the query of this page; replace leaves no step for the back button, as typing in a filter should not. */
export function setQuery(changes, { replace = false } = {}) {
    const next = address(route.value.page, { ...Object.fromEntries(route.value.query), ...changes });
    if (replace) {
        history.replaceState(null, "", next);
        route.set(read());
    } else {
        location.hash = next.slice(1);
    }
}
