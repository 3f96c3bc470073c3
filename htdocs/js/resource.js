/* A thing of the API that a page shows: asked for, kept while it is asked again, and refreshed by time and by events. */
import { useEffect, useLatest, useState } from "./lib.js";
import { get, keptAnswer, reached } from "./api.js";
import { useEvents } from "./live.js";

/* {data, problem, at, refresh}: data is the last good answer, however old; problem is what the last try came to.
 * every: seconds between looks (0: only by events); events: types after which to look at once. path null asks nothing. */
export function useResource(path, { every = 0, events = [], load = get } = {}) {
    const [state, setState] = useState(() => ({ path, data: path ? keptAnswer(path) : undefined, problem: null, at: 0 }));
    const latest = useLatest({ path, load, every });
    const refresh = useRefresh(latest, setState);
    useEffect(() => {
        setState((before) => (before.path === path ? before : { path, data: path ? keptAnswer(path) : undefined, problem: null, at: 0 }));
        refresh();
    }, [path]);
    useEffect(() => repeat(latest, refresh), []);
    useEvents(events, () => refresh.soon());
    const current = state.path === path ? state : { data: path ? keptAnswer(path) : undefined, problem: null, at: 0 };
    return { ...current, refresh, put: (data) => setState((before) => ({ ...before, data })) };
}

function makeRefresh(latest, setState) {
    let running = null;
    let timer = 0;
    let again = false;
    const refresh = async () => {
        const { path, load } = latest.current;
        if (!path) {
            return;
        }
        if (running === path) {
            again = true;
            return;
        }
        running = path;
        const began = performance.now();
        try {
            const data = await load(path);
            setState((before) => (latest.current.path === path ? { path, data, problem: null, at: Date.now() } : before));
        } catch (problem) {
            setState((before) => (latest.current.path === path ? { ...before, path, problem } : before));
        }
        refresh.ended = performance.now();
        refresh.took = (refresh.ended - began) / 1000;
        if (running === path) {
            running = null;
        }
        if (again || latest.current.path !== path) {
            again = false;
            refresh();
        }
    };
    refresh.took = 0;
    refresh.ended = 0;
    /* The answer itself, for who cannot go on without. */
    refresh.now = () => latest.current.load(latest.current.path);
    refresh.soon = () => {
        /* A page that nobody sees asks when it is seen again. Else the first of many events starts the wait, and the others must
         * not make it longer: soon after a quiet time, and once a second in a lively one. */
        if (document.hidden) {
            return;
        }
        timer ||= setTimeout(() => {
            timer = 0;
            refresh();
        }, Math.max(300, 1000 - (performance.now() - refresh.ended), refresh.took * 5000));
    };
    return refresh;
}

function useRefresh(latest, setState) {
    return useState(() => makeRefresh(latest, setState))[0];
}

/* A long answer is asked for less often: at most a tenth of the time is spent on it. */
function repeat(latest, refresh) {
    let last = Date.now();
    const timer = setInterval(() => {
        const { every } = latest.current;
        if (!every || document.hidden || Date.now() - last < Math.max(every, refresh.took * 10) * 1000) {
            return;
        }
        last = Date.now();
        refresh();
    }, 500);
    const unwatch = reached.watch((value) => value.ok && value.since === value.at && refresh.soon());
    const seen = () => refresh.soon();
    document.addEventListener("visibilitychange", seen);
    return () => {
        clearInterval(timer);
        unwatch();
        document.removeEventListener("visibilitychange", seen);
    };
}

/* All pages of a list, up to `most` items: the answer of the first page with everything in items. */
export function allOf(most) {
    return async (path) => {
        let answer = await get(path);
        const items = [...answer.items];
        while (answer.next_cursor && items.length < most) {
            const mark = path.includes("?") ? "&" : "?";
            answer = await get(`${path}${mark}cursor=${encodeURIComponent(answer.next_cursor)}`);
            items.push(...answer.items);
        }
        return { ...answer, items: unique(items).slice(0, most), complete: !answer.next_cursor };
    };
}

/* Rows come and go while pages are read: one that moved must not be there twice. */
function unique(items) {
    const seen = new Set();
    return items.filter((item) => {
        const key = item.id;
        if (key === undefined || !seen.has(key)) {
            seen.add(key);
            return true;
        }
        return false;
    });
}
