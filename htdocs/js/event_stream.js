/* Server-sent events out of an answer to fetch(), which can carry what an EventSource cannot: the session's cookie under a strict
 * policy, a status to tell trouble by, and an end. */

const SILENT_AFTER = 35000;
const UNREAD_MOST = 1 << 20;

/* {type, id, data}; null for a comment, or for what is no JSON. */
function parse(block) {
    const event = { type: "message", id: 0, text: "" };
    for (const line of block.split("\n")) {
        const colon = line.indexOf(":");
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (name === "event") {
            event.type = value;
        } else if (name === "id") {
            event.id = Number(value) || 0;
        } else if (name === "data") {
            event.text += value;
        }
    }
    if (!event.text) {
        return null;
    }
    try {
        return { type: event.type, id: event.id, data: JSON.parse(event.text) };
    } catch {
        return null;
    }
}

/* Until the stream ends; one that is silent, without even a comment, is aborted. `alive` is called at each sign of life. */
export async function readEvents(response, { abort, take, alive = () => {} }) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let timer = 0;
    for (;;) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), SILENT_AFTER);
        const { done, value } = await reader.read().finally(() => clearTimeout(timer));
        if (done) {
            return;
        }
        alive();
        const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
        rest = blocks.pop().slice(-UNREAD_MOST);
        blocks.map(parse).filter(Boolean).forEach(take);
    }
}
