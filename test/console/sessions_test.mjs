/* Sessions: many rows, hostile names, rows that stay in place, drawers, keys. */
import { check, clean, go, openPage, same, settled, until } from "./browser.mjs";
import { hostile } from "./mock_data.mjs";
import { Refused } from "./mock_server.mjs";

const rowCount = (page) => page.locator("tr[data-key]").count();

/* Nobody leaves, so nobody comes: a row stays where it is and what it is, however long a busy machine takes to click on it. */
function still(world) {
    for (const session of world.sessions.values()) {
        session.left = 1e9;
    }
}

/* A machine that is busy strikes the second key too late for a sequence, so it is struck again. */
async function goByKeys(page, letter, name) {
    await until(async () => {
        await page.keyboard.press("g");
        await page.keyboard.press(letter);
        return page.waitForURL((url) => url.hash === `#/${name}`, { timeout: 3000 }).then(() => true, () => false);
    }, name);
}

export const tests = {
    "5,000 sessions: all are counted, few are drawn, and the last can be reached": async (t) => {
        const { url } = await t.mock({ sessions: 5000 });
        const page = await openPage(await t.context(), { url, path: "sessions" });
        await page.getByText(/5\u202f000 sessions/).waitFor();
        check((await rowCount(page)) < 80, `rows in the document: ${await rowCount(page)}`);
        same(await page.locator("table[aria-label='Live sessions']").getAttribute("aria-rowcount"), "5001", "rows told to a reader");
        await page.locator(".sheet").evaluate((box) => box.scrollTo(0, box.scrollHeight));
        await until(async () => Number(await page.locator("tr[data-key]").last().getAttribute("aria-rowindex")) === 5001, "the last row");
        await page.getByRole("button", { name: "Client" }).click();
        await until(async () => (await page.locator("th[aria-sort]").getAttribute("aria-sort")) === "ascending", "the order by client");
        await clean(page);
    },
    "0 and 1 sessions": async (t) => {
        const { url, world } = await t.mock({ sessions: 0, queue: 0 });
        const page = await openPage(await t.context(), { url, path: "sessions" });
        await page.getByText("Nobody is connected.").waitFor();
        const one = world.open(Date.now(), { left: 1e9 });
        world.wanted = 1;
        world.event("session", { what: "open", id: one.id });
        await until(async () => (await rowCount(page)) === 1, "the one row");
        await go(page, "queue");
        await page.getByText("The queue is empty.").waitFor();
        await clean(page);
    },
    "hostile names are shown as text, everywhere": async (t) => {
        const { url, world } = await t.mock({ sessions: 20, hostile: true });
        for (const session of world.sessions.values()) {
            if (session.id.startsWith("hostile")) {
                world.refused(session, { source: "core", code: "501", text: session.ehlo, reply: `501 5.5.4 ${session.ehlo}`, command: session.ehlo }, Date.now());
                world.note(session.ehlo, session.ehlo, session.ehlo, session.ehlo, session.ehlo, session.ehlo);
                session.lines.push({ at: new Date().toISOString(), from: "C", text: `EHLO ${session.ehlo}` });
            }
        }
        world.host = hostile[0];
        world.trouble = [{ severity: "error", text: hostile[1], page: "system", key: "", check: "clock" }];
        world.queue[0].sender = hostile[3];
        const page = await openPage(await t.context(), { url });
        const inert = async () => {
            same(await page.evaluate(() => [globalThis.hurt, document.querySelectorAll("main img, main script, dialog img").length]), [null, 0], "what a name has done");
            const shown = await page.evaluate(() => document.body.innerText + document.title);
            check(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(shown), `a control character is drawn raw on ${page.url()}`);
        };
        for (const name of ["overview", "sessions", "audit", "queue", "system"]) {
            await go(page, name);
            await settled(page);
            await inert();
        }
        await go(page, "sessions?id=hostile2");
        await page.locator(".wire li").first().waitFor();
        await inert();
        check((await page.locator(".drawer").innerText()).includes("nul\\x00inside\\x1b[31mred"), "control characters are drawn");
        await go(page, "sessions?id=hostile3");
        await until(async () => (await page.locator(".drawer").innerText()).includes("\\u202egnp.exe"), "an override of direction, drawn");
        await go(page, "sessions?id=hostile4");
        await until(async () => (await page.locator(".drawer").innerText()).includes("a".repeat(500)), "a long name");
        check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "a long name does not widen the page");
        await clean(page);
    },
    "rows stay in place while somebody looks, and changes are applied on demand": async (t) => {
        const { url, world } = await t.mock({ sessions: 30 });
        still(world);
        const page = await openPage(await t.context(), { url, path: "sessions" });
        await page.locator("tr[data-key]").nth(4).hover();
        const before = await page.locator("tr[data-key]").evaluateAll((rows) => rows.map((row) => row.dataset.key));
        for (const id of before.slice(0, 3)) {
            world.close(world.sessions.get(id), Date.now(), "quit");
        }
        await page.getByRole("button", { name: /changes?, apply/ }).waitFor();
        same((await page.locator("tr[data-key]").evaluateAll((rows) => rows.map((row) => row.dataset.key))).slice(0, 10), before.slice(0, 10), "rows under the pointer");
        await until(async () => (await page.locator("tr.gone").count()) >= 3, "rows of ended sessions, greyed");
        await page.getByRole("button", { name: /changes?, apply/ }).click();
        await until(async () => !(await page.locator(`tr[data-key="${before[0]}"]`).count()), "the ended session, gone");
        await clean(page);
    },
    "a session in the drawer: facts, verdicts, transcript; back closes it and keeps the filter": async (t) => {
        const { url, world } = await t.mock({ sessions: 40 });
        still(world);
        const page = await openPage(await t.context(), { url, path: "sessions?listener=mx" });
        await page.locator("tr[data-key]").nth(2).click();
        await page.locator(".wire li").first().waitFor();
        for (const text of ["Where the time went", "What it did", "Validators", "What was said", "EHLO"]) {
            check((await page.locator(".drawer").innerText()).includes(text), text);
        }
        await page.goBack();
        await page.locator(".drawer").waitFor({ state: "detached" });
        check(page.url().includes("listener=mx"), "the filter is still in the address");
        same([...new Set(await page.locator("tr[data-key] td:nth-child(5)").allInnerTexts())], ["mx"], "listeners of the rows");
        await clean(page);
    },
    "a session's lines appear as they are said, and its last words stay": async (t) => {
        const { url, world } = await t.mock({ sessions: 10 });
        still(world);
        const page = await openPage(await t.context(), { url, path: "sessions", role: "operate" });
        const row = page.locator("tr[data-key]").nth(1);
        const session = world.sessions.get(await row.getAttribute("data-key"));
        await row.click();
        await page.getByText("New lines appear as they are said.").waitFor();
        const say = (text) => (session.lines.push({ at: new Date().toISOString(), from: "C", text, more: false }), world.tellFollowers());
        say("X-TEST <b>one</b>");
        await page.locator(".wire").getByText("X-TEST <b>one</b>").waitFor();
        same(await page.locator(".wire b").count(), 0, "elements made of what a client said");
        for (const follower of world.followers) {
            follower.response.write(`id: ${(follower.number += 7)}\nevent: gap\ndata: {"dropped":7}\n\n`);
        }
        await page.locator(".wire").getByText("7 lines missing here").waitFor();
        say("X-TEST last words");
        world.close(session, Date.now(), "kicked");
        world.tellFollowers();
        await page.getByText("New lines appear as they are said.").waitFor({ state: "detached" });
        await page.locator(".wire").getByText("X-TEST last words").waitFor();
        same(world.followers.size, 0, "streams that are left");
        await clean(page);
    },
    "without a free stream a session's lines are asked for": async (t) => {
        const { url, world } = await t.mock({ sessions: 10 });
        still(world);
        world.fail = (request) => (request.query.get("follow") ? new Refused(503, "streams-exhausted", "All 4 streams are taken.") : null);
        const page = await openPage(await t.context(), { url, path: "sessions", role: "operate" });
        const row = page.locator("tr[data-key]").nth(1);
        const session = world.sessions.get(await row.getAttribute("data-key"));
        await row.click();
        await page.locator(".wire li").first().waitFor();
        session.lines.push({ at: new Date().toISOString(), from: "C", text: "X-TEST two", more: false });
        await page.locator(".wire").getByText("X-TEST two").waitFor();
        same(await page.getByText("New lines appear as they are said.").count(), 0, "promises");
    },
    "leaving a session's drawer ends its stream": async (t) => {
        const { url, world } = await t.mock({ sessions: 10 });
        still(world);
        const page = await openPage(await t.context(), { url, path: "sessions", role: "operate" });
        const row = page.locator("tr[data-key]").nth(1);
        await row.click();
        await page.getByText("New lines appear as they are said.").waitFor();
        await page.goBack();
        await until(() => world.followers.size === 0, "no stream");
        await clean(page);
    },
    "the queue's page says who waits, by domain and age": async (t) => {
        const { url, world } = await t.mock({ sessions: 5 });
        world.queue.forEach((item) => (item.recipients = ["a@many.example"]));
        Object.assign(world.queue[0], { recipients: [`x@${"<b>few</b>"}`], received: new Date(Date.now() - 700e3).toISOString() });
        const page = await openPage(await t.context(), { url, path: "queue" });
        const rows = page.locator("table.heat tbody tr");
        await rows.first().waitFor();
        same(await rows.locator("th").allInnerTexts(), ["many.example", "<b>few</b>"], "domains");
        same(await page.locator("table.heat b").count(), 0, "elements made of a domain");
        same((await rows.nth(1).locator("td").allInnerTexts()).slice(0, 5), ["1", "0", "0", "1", "0"], "who waits, and how long");
        await clean(page);
    },
    "a session is disconnected, with a reason": async (t) => {
        const { url, world } = await t.mock({ sessions: 10 });
        still(world);
        const page = await openPage(await t.context(), { url, path: "sessions", role: "operate" });
        const row = page.locator("tr[data-key]").nth(1);
        const id = await row.getAttribute("data-key");
        await row.click();
        await page.getByRole("button", { name: /^Disconnect/ }).click();
        await page.locator("dialog button[type=submit]").click();
        await page.getByText("Say why", { exact: false }).waitFor();
        await page.getByLabel("Reason", { exact: false }).fill("floods");
        await page.locator("dialog button[type=submit]").click();
        await page.locator("dialog").waitFor({ state: "detached" });
        same(world.closed.find((session) => session.id === id)?.end, "kicked", "the closed session");
        same(world.audit[0].reason, "floods", "the reason in the trail");
        await until(async () => (await page.locator(".drawer header").innerText()).includes("kicked"), "how it ended, in the drawer");
        await clean(page);
    },
    "by keyboard alone: to a session, into its drawer, back, to every page": async (t) => {
        const { url, world } = await t.mock({ sessions: 25 });
        still(world);
        const page = await openPage(await t.context(), { url });
        await page.locator(".reading").first().waitFor();
        await goByKeys(page, "s", "sessions");
        await page.locator("tr[data-key]").first().waitFor();
        await page.keyboard.press("j");
        await page.keyboard.press("j");
        const key = await until(() => page.evaluate(() => document.activeElement?.dataset.key), "a focused row");
        await page.keyboard.press("Enter");
        await page.locator(".drawer").waitFor();
        check(page.url().includes(key), "the row that had the focus is open");
        await until(() => page.evaluate(() => document.querySelector(".drawer").contains(document.activeElement)), "the focus in the drawer");
        await page.keyboard.press("Escape");
        await page.locator(".drawer").waitFor({ state: "detached" });
        await until(() => page.evaluate((row) => document.activeElement?.dataset.key === row, key), "the focus where it was");
        await page.keyboard.press("/");
        await page.keyboard.type("192.0.2.9");
        await page.keyboard.press("Enter");
        await until(() => page.url().includes("ip=192.0.2.9"), "the search");
        for (const [letter, name] of [["v", "validators"], ["q", "queue"], ["l", "listeners"], ["m", "limits"], ["c", "config"], ["a", "audit"], ["y", "system"], ["o", "overview"]]) {
            await goByKeys(page, letter, name);
        }
        await page.keyboard.press("?");
        await page.getByRole("dialog", { name: "Keys" }).waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "detached" });
        const shown = await page.evaluate(() => getComputedStyle(document.querySelector(":focus-visible") ?? document.body).outlineStyle);
        check(shown !== undefined, "focus");
        await clean(page);
    },
};
