/* A table that may be long. Only the rows in sight are drawn, rows keep their height and place, and j, k and Enter walk it. */
import { html, useEffect, useLayoutEffect, useLatest, useRef, useState } from "../lib.js";
import { useKeys } from "../keys.js";
import { Trouble } from "./controls.js";

const SPARE = 8;

/* Height of a row by the style sheet, and room from here to the lower end of the window. */
function useRoom(box) {
    const [room, setRoom] = useState({ row: 28, height: 400, width: 1000 });
    useLayoutEffect(() => {
        const measure = () => {
            if (!box.current) {
                return;
            }
            const top = box.current.getBoundingClientRect().top + window.scrollY;
            const row = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 28;
            const next = { row, height: Math.max(260, window.innerHeight - top - 64), width: box.current.clientWidth };
            setRoom((before) => (before.row === next.row && before.height === next.height && before.width === next.width ? before : next));
        };
        measure();
        const watcher = new ResizeObserver(measure);
        watcher.observe(box.current);
        addEventListener("resize", measure);
        return () => {
            watcher.disconnect();
            removeEventListener("resize", measure);
        };
    }, []);
    return room;
}

/* Which rows are in sight, changed at most once a frame. */
function useWindow(box, room, total) {
    const [top, setTop] = useState(0);
    const frame = useRef(0);
    const onScroll = () => {
        cancelAnimationFrame(frame.current);
        frame.current = requestAnimationFrame(() => box.current && setTop(box.current.scrollTop));
    };
    const first = Math.max(0, Math.floor(top / room.row) - SPARE);
    const last = Math.min(total, first + Math.ceil(room.height / room.row) + 2 * SPARE);
    return { first, last, onScroll };
}

function Head({ column, sort, onSort }) {
    const side = column.right ? "right" : "";
    if (!column.sort) {
        return html`<th scope="col" class=${side} title=${column.title}>${column.name}</th>`;
    }
    const [down, by] = sort?.startsWith("-") ? [true, sort.slice(1)] : [false, sort];
    const mine = by === column.sort;
    return html`<th scope="col" class=${side} aria-sort=${mine ? (down ? "descending" : "ascending") : undefined} title=${column.title}>
        <button type="button" onClick=${() => onSort(mine && !down ? `-${column.sort}` : column.sort)}>${column.name}<span aria-hidden="true">${mine ? (down ? "↓" : "↑") : ""}</span></button>
    </th>`;
}

/* The next row for j and k: from the focused one, else from the current one, else the first. */
function useWalk(box, latest, room) {
    const step = (by) => {
        const { rows, keyOf, current } = latest.current;
        if (rows.length === 0) {
            return false;
        }
        const focused = document.activeElement?.closest?.("tr[data-key]")?.dataset.key ?? (current === undefined || current === null ? undefined : String(current));
        const at = rows.findIndex((row) => String(keyOf(row)) === focused);
        const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by));
        const y = next * room.row;
        const head = 28;
        if (y < box.current.scrollTop) {
            box.current.scrollTop = y;
        } else if (y + room.row * 2 + head > box.current.scrollTop + box.current.clientHeight) {
            box.current.scrollTop = y + room.row * 2 + head - box.current.clientHeight;
        }
        const key = String(keyOf(rows[next]));
        const focus = () => box.current?.querySelector(`tr[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
        requestAnimationFrame(() => requestAnimationFrame(focus));
        return true;
    };
    useKeys({ j: () => step(1), k: () => step(-1) });
}

/* columns: [{name, cell(row), width, right, sort, from, head}]: width in px or "1fr" parts as a number below 20; from: the
 * least width of the table at which the column is shown; head: the cell that names the row. onOpen(row) opens one. */
export function Sheet({ columns, rows, keyOf = (row) => row.id, current, onOpen, sort, onSort, label, rowClass, tall = true }) {
    const box = useRef(null);
    const room = useRoom(box);
    const { first, last, onScroll } = useWindow(box, room, rows.length);
    const latest = useLatest({ rows, keyOf, current });
    useWalk(box, latest, room);
    const shown = columns.filter((column) => !column.from || room.width >= column.from);
    const parts = shown.reduce((sum, column) => sum + (column.width < 20 ? column.width : 0), 0);
    const least = shown.reduce((sum, column) => sum + (column.width < 20 ? (column.least ?? 90) : column.width), 0);
    const open = (row, event) => {
        if (onOpen && !event.target.closest("a, button, input, select") && !String(getSelection())) {
            onOpen(row);
        }
    };
    const press = (row, event) => {
        if (event.key === "Enter" && event.target === event.currentTarget && onOpen) {
            event.preventDefault();
            onOpen(row);
        }
    };
    useEffect(() => {
        if (box.current) {
            box.current.style.setProperty("--least", `${least}px`);
        }
    }, [least]);
    const walkable = rows.some((row) => keyOf(row) === current) ? current : rows[first] && keyOf(rows[Math.min(rows.length - 1, Math.ceil((box.current?.scrollTop ?? 0) / room.row))]);
    return html`<div class="sheet" ref=${box} style=${tall ? { maxHeight: `${room.height}px` } : {}} onScroll=${onScroll}>
        <table aria-label=${label} aria-rowcount=${rows.length + 1}>
            <colgroup>${shown.map((column) => html`<col style=${{ width: column.width < 20 ? `${(column.width / parts) * 100}%` : `${column.width}px` }} />`)}</colgroup>
            <thead><tr aria-rowindex="1">${shown.map((column) => html`<${Head} column=${column} sort=${sort} onSort=${onSort} />`)}</tr></thead>
            <tbody>
                ${first > 0 && html`<tr class="spacer" aria-hidden="true" key="above"><td colSpan=${shown.length} style=${{ height: `${first * room.row}px` }}></td></tr>`}
                ${rows.slice(first, last).map((row, index) => {
                    const key = keyOf(row);
                    return html`<tr
                        key=${key}
                        data-key=${key}
                        aria-rowindex=${first + index + 2}
                        aria-current=${key === current ? "true" : undefined}
                        tabIndex=${key === walkable ? 0 : -1}
                        class=${`${onOpen ? "opens" : ""} ${rowClass?.(row) ?? ""}`}
                        onClick=${(event) => open(row, event)}
                        onKeyDown=${(event) => press(row, event)}
                    >${shown.map((column) =>
                        column.head
                            ? html`<th scope="row" class=${column.right ? "right" : ""}>${column.cell(row)}</th>`
                            : html`<td class=${column.right ? "right" : ""}>${column.cell(row)}</td>`,
                    )}</tr>`;
                })}
                ${last < rows.length && html`<tr class="spacer" aria-hidden="true" key="below"><td colSpan=${shown.length} style=${{ height: `${(rows.length - last) * room.row}px` }}></td></tr>`}
            </tbody>
        </table>
    </div>`;
}

/* Rows at their final size before there is anything to put into them. */
export function Waiting({ rows = 6 }) {
    return html`<div class="sheet" aria-busy="true"><table aria-hidden="true"><tbody>
        ${Array.from({ length: rows }, (_, index) => html`<tr><td><span class="skeleton" style=${{ width: `${72 - ((index * 17) % 40)}%` }}></span></td></tr>`)}
    </tbody></table><span class="hidden">Loading</span></div>`;
}

/* In the place of what is not there yet: why, or the rows to come. */
export const Pending = ({ problem, rows }) => (problem && problem.status !== 0 ? html`<${Trouble} problem=${problem} />` : html`<${Waiting} rows=${rows} />`);
