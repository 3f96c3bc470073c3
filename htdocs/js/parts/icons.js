/* Sixteen-pixel drawings of one pen. */
import { html } from "../lib.js";

const paths = {
    overview: "M2 12.5h12M3.5 12V8.5M6.5 12V4M9.5 12V6.5M12.5 12V9.5",
    sessions: "M2 5h9M8.5 2.5 11 5 8.5 7.5M14 11H5M7.5 8.5 5 11l2.5 2.5",
    validators: "M2.5 8.5 6 12l7.5-8",
    queue: "M2.5 3.5h11v3h-11zM2.5 9.5h11v3h-11z",
    listeners: "M8 14V8M5 11.5h6M4.2 9.2a5 5 0 1 1 7.6 0M8 6v.01",
    limits: "M2 4.5h7M12 4.5h2M10.5 3v3M2 11.5h2M7 11.5h7M5.5 10v3",
    config: "M4 1.8h5.5L12.5 5v9.2H4zM6.2 7.5h4M6.2 10.5h4",
    audit: "M2.5 3.5h2M6.5 3.5h7M2.5 8h2M6.5 8h7M2.5 12.5h2M6.5 12.5h7",
    system: "M3.5 3.5h9v9h-9zM6 1.5v2M10 1.5v2M6 12.5v2M10 12.5v2M1.5 6h2M1.5 10h2M12.5 6h2M12.5 10h2",
    theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
    help: "M6 6a2 2 0 1 1 2.6 1.9c-.5.2-.6.5-.6 1.1v.4M8 11.8v.01M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4z",
    more: "M3.5 8v.01M8 8v.01M12.5 8v.01",
};

export function Icon({ name }) {
    return html`<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
        <path d=${paths[name]} />
    </svg>`;
}

export const Mark = () => html`<svg viewBox="0 0 16 16" aria-hidden="true"><rect width="16" height="16" rx="3" fill="var(--accent)" /><path d="M4 3v10M4 8h5M4 3.5h8M4 12.5h8" stroke="var(--accent-ink)" stroke-width="1.8" fill="none" /></svg>`;

/* The page's own sign changes with the state of the server. */
export function signOf(state) {
    const ink = { ready: "#3140b8", attention: "#b3640a", draining: "#6a6d72", offline: "#b0251d" }[state];
    const dot = state === "ready" ? "" : `<circle cx="12.5" cy="12.5" r="3.2" fill="#fff"/><circle cx="12.5" cy="12.5" r="2.2" fill="${ink}"/>`;
    return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="${ink}"/><path d="M4 3v10M4 8h5M4 3.5h8M4 12.5h8" stroke="#fff" stroke-width="1.8" fill="none"/>${dot}</svg>`)}`;
}
