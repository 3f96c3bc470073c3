/* The console against a real server under load: what it shows is there, and what it changes is changed. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { createConnection } from "node:net";
import { readFile, writeFile } from "node:fs/promises";
import { axe, check, clean, go, openPage, pageNames, same, settled, until } from "./browser.mjs";

/* One server for all these tests, and its end with the last of them. */
let starting = null;

function start(build) {
    const process = spawn("python3", [new URL("real_server.py", import.meta.url).pathname, "--build", build], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    const next = async () => {
        const { value, done } = await lines.next();
        check(!done, "the server has ended; what it said is above");
        return JSON.parse(value);
    };
    return next().then((facts) => ({ ...facts, process, say: (line) => (process.stdin.write(`${line}\n`), next()) }));
}

const real = (t) => (starting ??= start(t.build));

export async function end() {
    if (starting) {
        const { process } = await starting;
        const ended = new Promise((resolve) => process.on("exit", resolve));
        process.stdin.end();
        check((await ended) === 0, "the server ended well");
    }
}

const open = async (t, server, options = {}) => openPage(await t.context(), { url: server.url, token: server.tokens[options.role ?? "admin"], ...options });

/* Other tests reload this server meanwhile: what a generation that is leaving refuses with 5xx, the next one answers. */
async function ask(server, path) {
    let refused = "";
    return until(
        async () => {
            const response = await fetch(`${server.url}api/v1/${path}`, { headers: { Authorization: `Bearer ${server.tokens.admin}` } });
            refused = response.ok ? "" : `${response.status} ${await response.text()}`;
            check(response.ok || response.status >= 500, `GET ${path}: ${refused}`);
            return response.ok && response.json();
        },
        `an answer to GET ${path}; ${refused}`,
    );
}

/* What a new client hears first. */
const greeting = (server) =>
    new Promise((resolve, reject) => {
        const socket = createConnection(server.smtp, "127.0.0.1");
        socket.once("data", (data) => (socket.end(), resolve(String(data))));
        socket.once("error", reject);
    });

const submit = (page) => page.locator("dialog button[type=submit]").click();
const closed = (page) =>
    page.locator("dialog").waitFor({ state: "detached" }).catch(async (error) => {
        throw new Error(`${error.message}\nthe dialog says: ${await page.locator("dialog").innerText()}`);
    });

/* Answers of the API that are refusals, while pages are only looked at. */
function watchRefusals(page) {
    const refusals = [];
    page.on("response", (response) => {
        if (response.url().includes("/api/v1/") && response.status() >= 400) {
            refusals.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`);
        }
    });
    return refusals;
}

export const tests = {
    "real: every page is drawn, accessible and quiet, with mail coming in": async (t) => {
        const server = await real(t);
        const page = await open(t, server);
        const refusals = watchRefusals(page);
        const found = [];
        for (const name of pageNames) {
            await go(page, name);
            await settled(page);
            found.push(...(await axe(page)).map((finding) => `${name}: ${finding}`));
        }
        same(found, [], "findings of axe");
        same(refusals, [], "answers of the API");
        await clean(page);
    },
    "real: a link of edgectl logs in once": async (t) => {
        const server = await real(t);
        const { link } = await server.say("link");
        const page = await (await t.context()).newPage();
        await page.goto(link);
        await page.locator(".reading").first().waitFor();
        check(!page.url().includes("ticket"), page.url());
        const other = await (await t.context()).newPage();
        await other.goto(link);
        await other.getByText("This token is not known", { exact: false }).waitFor();
    },
    "real: figures move by the stream": async (t) => {
        const server = await real(t);
        const page = await open(t, server);
        await until(async () => (await page.locator(".living").getAttribute("data-state")) === "live", "live");
        const accepted = async () => Number((await page.locator(".reading", { hasText: "Queue" }).locator(".figure span").innerText()).replace(/\D/g, ""));
        const before = await until(accepted, "a queue that is not empty");
        await until(async () => (await accepted()) > before, "more messages in the queue");
        await clean(page);
    },
    "real: hostile names of clients are inert in the list, the drawer and the transcript": async (t) => {
        const server = await real(t);
        const page = await open(t, server, { path: "sessions" });
        const hostile = async () => {
            const { items } = await ask(server, "sessions?limit=1000&sort=-age");
            const transcripts = await Promise.all(items.filter((item) => item.errors > 0).map((item) => ask(server, `sessions/${item.id}/transcript`)));
            const found = transcripts.filter(({ lines }) => lines.some((line) => line.text.includes("globalThis.hurt")));
            return found.length >= 2 && found;
        };
        const found = await until(hostile, "two sessions whose clients said hostile names");
        for (const item of found) {
            await go(page, `sessions?id=${item.id}`);
            await page.locator(".wire li").first().waitFor();
            await page.locator(".wire").getByText("globalThis.hurt", { exact: false }).first().waitFor();
            same(await page.evaluate(() => [globalThis.hurt, document.querySelectorAll("main img, main script").length]), [null, 0], "what a name has done");
        }
        await go(page, "overview");
        await settled(page);
        same(await page.evaluate(() => [globalThis.hurt, document.querySelectorAll("main img, main script").length]), [null, 0], "what a name has done");
        await clean(page);
    },
    "real: a session is disconnected": async (t) => {
        const server = await real(t);
        const socket = createConnection(server.smtp, "127.0.0.1");
        let heard = "";
        let gone = false;
        socket.on("data", (data) => (heard += data));
        socket.on("close", () => (gone = true));
        await until(() => heard.startsWith("220"), "the banner");
        socket.write("EHLO to-be-disconnected.example\r\n");
        await until(() => /250 /.test(heard), "the hello");
        const items = await until(async () => {
            const found = (await ask(server, "sessions?ehlo=to-be-disconnected.example")).items;
            return found.length > 0 && found;
        }, "the session in the list");
        const page = await open(t, server, { path: `sessions?id=${items[0].id}`, role: "operate" });
        await page.getByText("EHLO to-be-disconnected.example").waitFor();
        await page.getByText("New lines appear as they are said.").waitFor();
        await page.locator(".drawer").getByRole("button", { name: /^Disconnect/ }).click();
        await page.locator("dialog").getByRole("button", { name: "now", exact: true }).click();
        await page.getByLabel("Reason", { exact: false }).fill("in the way");
        await submit(page);
        await closed(page);
        await until(() => gone, "the end of the connection");
        const trail = await ask(server, "audit?limit=50");
        check(trail.items.some((item) => item.reason === "in the way" && item.who === "console:operate-1"), "who, and why, in the trail");
        await clean(page);
    },
    "real: a limit and the banner are changed, hold for the next session, and are reverted": async (t) => {
        const server = await real(t);
        const page = await open(t, server, { path: "limits?scope=mx" });
        await page.locator("li[data-key='listener.mx.max_message_size'] input").fill("3");
        await page.getByRole("button", { name: "Review and save" }).click();
        await page.locator("dialog ins").first().waitFor();
        await page.getByLabel("Reason", { exact: false }).fill("disk");
        await page.getByRole("button", { name: "1 h" }).click();
        await submit(page);
        await closed(page);
        const changed = await ask(server, "config/settings/listener.mx.max_message_size");
        same([changed.effective, changed.override.reason], [3 * 1048576, "disk"], "the setting");
        await page.getByLabel("Banner").fill("mx.example.net ESMTP changed in a browser");
        await page.getByRole("button", { name: "Save" }).click();
        await page.locator("dialog ins").first().waitFor();
        await submit(page);
        await closed(page);
        await until(async () => (await greeting(server)).includes("changed in a browser"), "the new banner");
        await go(page, "config?view=drift");
        await page.locator(".edits .added").getByText("MaxMessageSize 3M").waitFor();
        await page.locator(".edits .added").getByText("changed in a browser", { exact: false }).waitFor();
        for (const key of ["listener.mx.banner", "listener.mx.max_message_size"]) {
            await page.getByRole("button", { name: `Revert ${key}` }).click();
            await page.locator("dialog ins").first().waitFor();
            await submit(page);
            await closed(page);
        }
        await until(async () => (await page.getByRole("button", { name: /^Revert listener\.mx\./ }).count()) === 0, "no change of mx is left");
        await until(async () => !(await greeting(server)).includes("changed in a browser"), "the old banner");
        await clean(page);
    },
    "real: two editors; the second chooses": async (t) => {
        const server = await real(t);
        const path = "limits?scope=encrypted";
        const [anna, bert] = [await open(t, server, { path }), await open(t, server, { path })];
        const field = (page) => page.locator("li[data-key='listener.encrypted.max_recipients'] input");
        await field(anna).fill("11");
        await field(bert).fill("22");
        await anna.getByRole("button", { name: "Review and save" }).click();
        await anna.locator("dialog ins").getByText("11").waitFor();
        await submit(anna);
        await closed(anna);
        await bert.getByRole("button", { name: "Review and save" }).click();
        await bert.getByText("Changed by somebody else meanwhile").waitFor();
        await bert.getByRole("button", { name: "Go on with these" }).click();
        await bert.locator("dialog del").getByText("11").waitFor();
        await submit(bert);
        await closed(bert);
        same((await ask(server, "config/settings/listener.encrypted.max_recipients")).effective, 22, "the setting");
        await clean(bert);
    },
    "real: a validator's mode, a listener's pause, a message's hold": async (t) => {
        const server = await real(t);
        const page = await open(t, server, { path: "validators" });
        await page.getByRole("button", { name: /local at RCPT/ }).click();
        await page.locator(".drawer").getByText("Time of its answers").waitFor();
        await page.locator(".drawer").getByRole("button", { name: "shadow" }).click();
        await page.getByLabel("Reason", { exact: false }).fill("looking");
        await submit(page);
        await closed(page);
        await until(async () => (await page.locator(".cell[aria-current]").innerText()).startsWith("shadow"), "shadow in the matrix");
        await page.getByRole("button", { name: "back to enforce, as written" }).click();
        await submit(page);
        await closed(page);
        await go(page, "listeners");
        await page.getByRole("button", { name: "Pause api" }).click();
        await page.getByLabel("Reason", { exact: false }).fill("a moment");
        await submit(page);
        await closed(page);
        await page.getByRole("button", { name: "Resume api" }).click();
        await submit(page);
        await closed(page);
        const { items } = await ask(server, "queue?limit=1");
        await go(page, `queue?id=${items[0].id}`);
        await page.locator(".drawer").getByRole("button", { name: "Hold", exact: true }).click();
        await page.getByLabel("Reason", { exact: false }).fill("whose is it");
        await submit(page);
        await closed(page);
        await until(async () => (await ask(server, `queue/${items[0].id}`)).state === "held", "held");
        await page.locator(".drawer").getByRole("button", { name: "Show its header fields" }).click();
        await page.locator(".quoted").getByText("Subject: one").waitFor();
        await page.locator(".drawer").getByRole("button", { name: "Delete" }).click();
        await page.getByLabel("Reason", { exact: false }).fill("a test");
        await submit(page);
        await page.locator(".drawer").waitFor({ state: "detached" });
        await clean(page);
    },
    "real: lists are saved whole, for a spreadsheet and for programs": async (t) => {
        const server = await real(t);
        const page = await open(t, server, { path: "sessions?state=closed&listener=mx", role: "read" });
        const saved = async (name) => {
            const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
            return { name: file.suggestedFilename(), lines: (await readFile(await file.path(), "utf8")).trimEnd().split(/\r?\n/) };
        };
        const sessions = await saved("Save the sessions as CSV");
        same(sessions.name, "sessions.csv", "its name");
        check(sessions.lines[0].startsWith("id,listener,protocol,state,"), `its columns: ${sessions.lines[0]}`);
        check(sessions.lines.length > 1 && sessions.lines.slice(1).every((line) => /^"[0-9A-Z]+","mx",/.test(line)), `those of the filter: ${sessions.lines[1]}`);
        await go(page, "audit");
        const trail = await saved("Save the audit trail as JSON lines");
        same(trail.name, "audit.ndjson", "its name");
        check(trail.lines.every((line) => JSON.parse(line).action), "lines of JSON");
        await clean(page);
    },
    "real: the file is edited, found wrong, put right, and reloaded while mail comes in": async (t) => {
        const server = await real(t);
        const before = await readFile(server.conf, "utf8");
        const page = await open(t, server, { path: "config", role: "operate" });
        await page.locator(".conf li").first().waitFor();
        await writeFile(server.conf, before.replace("Workers 2", "Workers 2\nMaxMesageSize 5M"));
        await page.getByRole("button", { name: "Test the files" }).click();
        await page.locator(".diagnostics").getByText("MaxMesageSize", { exact: false }).first().waitFor();
        await go(page, "config?view=drift");
        await page.locator(".note p").getByText(/^Edited .* ago\. The test says 1 error\.$/).waitFor();
        await page.getByRole("button", { name: "Reload", exact: true }).click();
        await page.locator("dialog").getByText("it cannot be loaded", { exact: false }).waitFor();
        await page.getByRole("button", { name: "Cancel" }).click();
        await writeFile(server.conf, `# edited\n${before}`);
        await page.getByRole("button", { name: "Reload", exact: true }).click();
        await page.locator("dialog").getByText("It can be loaded", { exact: false }).waitFor();
        await page.getByLabel("Reason", { exact: false }).fill("edited");
        await submit(page);
        await page.getByText(/(Generation \d+|The new configuration) serves/).waitFor();
        await page.getByText("The files are those that are loaded.").waitFor();
        await until(async () => (await page.locator(".living").getAttribute("data-state")) === "live", "live again");
        const generation = async () => Number((await page.locator(".host small").innerText()).slice(1));
        const last = await generation();
        await server.say("reload");
        await until(async () => (await generation()) > last, "the generation that edgectl has asked for, in the bar", 60);
        same(await page.getByLabel("Token").count(), 0, "logins that were asked for");
        await clean(page);
    },
};
