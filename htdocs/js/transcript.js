/* What a session says: as a stream while it is open, line by line; where no stream is to be had (all are taken, a proxy keeps them
 * back), it is asked for again and again. */
import { useEffect, useState } from "./lib.js";
import { send } from "./api.js";
import { readEvents } from "./event_stream.js";
import { useResource } from "./resource.js";

const SHOWN_MOST = 500;
const AGAIN_AFTER = 5000;
const nothing = { path: null, lines: [], dropped: 0, last: 0, open: false, ended: false };

/* Lines before the first that is shown are one number; lines that are missing later stand in their place. */
function add(state, event) {
    if (event.id <= state.last && event.type !== "end") {
        return state;
    }
    const next = { ...state, last: event.id };
    if (event.type === "line") {
        next.lines = [...state.lines, event.data];
    } else if (event.type === "gap" && state.lines.length === 0) {
        next.dropped = state.dropped + event.data.dropped;
    } else if (event.type === "gap") {
        next.lines = [...state.lines, { missing: event.data.dropped }];
    } else if (event.type === "end") {
        next.open = false;
        next.ended = Boolean(event.data.ended);
    }
    const over = Math.max(0, next.lines.length - SHOWN_MOST);
    next.dropped += next.lines.slice(0, over).reduce((count, line) => count + (line.missing ?? 1), 0);
    next.lines = next.lines.slice(over);
    return next;
}

/* One stream after the other until the session has ended, or nobody looks any more. */
async function follow(path, gone, setState) {
    let over = false;
    let last = 0;
    const take = (event) => {
        over ||= event.type === "end";
        last = event.id;
        setState((state) => add(state.path === path ? state : { ...nothing, path, open: true }, event));
    };
    while (!over && !gone.aborted) {
        const abort = new AbortController();
        const leave = () => abort.abort();
        gone.addEventListener("abort", leave);
        try {
            const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": String(last) } : {}) };
            const response = await send(`${path}?follow=true`, { headers, cache: "no-store", signal: abort.signal });
            if (response.ok) {
                setState((state) => ({ ...(state.path === path ? state : { ...nothing, path }), open: true }));
                await readEvents(response, { abort, take });
            } else {
                await response.body?.cancel();
            }
        } catch {
            /* Tried again below; meanwhile it is asked for. */
        }
        gone.removeEventListener("abort", leave);
        if (!over && !gone.aborted) {
            setState((state) => ({ ...state, open: false }));
            await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
        }
    }
}

/* {data, problem, open}: data as the server's transcript has it, and among its lines {missing: N}; `open` while lines come by themselves. */
export function useTranscript(id, { live, allowed }) {
    const path = allowed ? `sessions/${encodeURIComponent(id)}/transcript` : null;
    const [state, setState] = useState(nothing);
    const followed = state.path === path ? state : nothing;
    const asked = useResource(path, { every: live && !followed.open ? 2 : 0 });
    useEffect(() => {
        if (!path || !live) {
            return undefined;
        }
        const leaving = new AbortController();
        follow(path, leaving.signal, setState);
        return () => leaving.abort();
    }, [path]);
    /* What was said last is there only now. */
    useEffect(() => {
        if (!live && !followed.open && !followed.ended) {
            asked.refresh();
        }
    }, [live]);
    const whole = (followed.open || followed.ended) && followed.lines.length > 0;
    return { data: whole ? followed : asked.data, problem: asked.problem, open: followed.open };
}
