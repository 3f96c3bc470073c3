/* What every file draws with: preact, its hooks, htm's templates, and values that can be watched. */
import { h, render, Fragment } from "../vendor/preact.js";
import { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useId } from "../vendor/hooks.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export { render, Fragment, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useId };

/* A value that can be watched: set() tells everybody who asked, unless nothing changed. */
export function watched(value) {
    const watchers = new Set();
    return {
        get value() {
            return value;
        },
        set(next) {
            if (Object.is(next, value)) {
                return;
            }
            value = next;
            for (const watcher of [...watchers]) {
                watcher(value);
            }
        },
        watch(watcher) {
            watchers.add(watcher);
            return () => watchers.delete(watcher);
        },
    };
}

/* Draws the component again whenever the value changes. */
export function useWatched(source) {
    const [, again] = useState(0);
    const seen = useRef(source.value);
    seen.current = source.value;
    useEffect(() => {
        const look = () => {
            if (!Object.is(seen.current, source.value)) {
                again((count) => count + 1);
            }
        };
        look();
        return source.watch(look);
    }, [source]);
    return source.value;
}

/* The latest of something for callbacks that live longer than one drawing. */
export function useLatest(value) {
    const box = useRef(value);
    box.current = value;
    return box;
}

/* What was chosen in this browser and should hold next time; storage may be forbidden. */
export function remembered(name, usual) {
    try {
        return localStorage.getItem(name) ?? usual;
    } catch {
        return usual;
    }
}

export function remember(name, value) {
    try {
        localStorage.setItem(name, value);
    } catch {
        /* Then it holds until the page is left. */
    }
}
