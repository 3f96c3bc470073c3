/* What happens between browser and server: one stream, a server that goes away, a session that ends, roles. */
import { check, clean, go, openPage, same, settled, until } from "./browser.mjs";

const living = (page) => page.locator(".living").getAttribute("data-state");

export const tests = {
    "six pages of one browser read one stream": async (t) => {
        const { url, world } = await t.mock();
        const context = await t.context();
        const first = await openPage(context, { url });
        const pages = [first];
        for (let index = 1; index < 6; index++) {
            const page = await context.newPage();
            await page.goto(`${url}#/sessions`);
            pages.push(page);
        }
        for (const page of pages) {
            await until(async () => (await living(page)) === "live", "every page is live");
        }
        same(world.streams.size, 1, "streams");
        await first.close();
        await until(async () => world.streams.size === 1 && (await living(pages[3])) === "live", "another page reads on");
    },
    "the server goes away and comes back: said, kept on the page, caught up, no row twice": async (t) => {
        const mock = await t.mock({ sessions: 15 });
        const page = await openPage(await t.context(), { url: mock.url, path: "sessions" });
        await page.locator("tr[data-key]").first().waitFor();
        await page.mouse.move(5, 5);
        await until(async () => (await living(page)) === "live", "live");
        await mock.stop();
        await until(async () => (await living(page)) === "offline", "offline", 40);
        check((await page.locator("tr[data-key]").count()) > 3, "the last that was known stays");
        await page.getByText("The server does not answer", { exact: false }).waitFor();
        const again = await t.mock({ sessions: 18, port: mock.port, logins: mock.world.logins, began: Date.now() });
        await until(async () => (await living(page)) === "live", "live again", 40);
        await until(async () => (await page.locator("tr[data-key]").count()) === again.world.sessions.size, "the new rows");
        const keys = await page.locator("tr[data-key]").evaluateAll((rows) => rows.map((row) => row.dataset.key));
        same(new Set(keys).size, keys.length, "rows, each once");
        await clean(page);
    },
    "without a free stream it polls, and says so": async (t) => {
        const { url, world } = await t.mock();
        const { Refused } = await import("./mock_server.mjs");
        world.fail = (request, path) => path === "events" && new Refused(503, "streams-exhausted", "All streams are taken.");
        const page = await openPage(await t.context(), { url });
        await until(async () => (await living(page)) === "polling", "polling");
        const before = world.requests.filter((line) => line === "GET /api/v1/overview").length;
        await until(() => world.requests.filter((line) => line === "GET /api/v1/overview").length > before + 1, "asked again");
        await clean(page);
    },
    "a session that ends while something is typed: the login is a dialog, and the change goes on after it": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "limits" });
        await page.getByLabel("MaxRecipients").fill("777");
        /* That it has ended is found out by the change itself, not by a poll before it. */
        const { Refused } = await import("./mock_server.mjs");
        world.fail = (request) => request.method === "PATCH" && new Refused(401, "unauthenticated", "The session has ended.");
        await page.getByRole("button", { name: "Review and save" }).click();
        await page.getByLabel("Token").waitFor();
        world.fail = null;
        world.logins.clear();
        await page.getByLabel("Token").waitFor();
        await page.getByLabel("Token").fill("edge_read_wrong".replace("read", "nobody"));
        await page.getByRole("button", { name: "Log in" }).click();
        await page.getByText("This token is not known here.").waitFor();
        await page.getByLabel("Token").fill("edge_admin_right");
        await page.getByRole("button", { name: "Log in" }).click();
        await page.getByLabel("Token").waitFor({ state: "detached" });
        await page.locator("dialog ins").getByText("777").waitFor();
        await page.getByLabel("Reason", { exact: false }).fill("after the login");
        await page.locator("dialog button[type=submit]").click();
        await until(() => world.settings.find((item) => item.key === "max_recipients").effective === 777, "the change");
        await clean(page);
    },
    "a login link logs in once and leaves the address bar": async (t) => {
        const { url } = await t.mock();
        const page = await (await t.context()).newPage();
        await page.goto(`${url}#ticket=ticket-1`);
        await page.locator(".reading").first().waitFor();
        check(!page.url().includes("ticket"), page.url());
        const other = await (await t.context()).newPage();
        await other.goto(`${url}#ticket=ticket-1`);
        await other.getByText("This token is not known here.").waitFor();
    },
    "who may only read sees every control, and why it does nothing": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, role: "read" });
        const lacks = async (name, role) => {
            const button = page.getByRole("button", { name, exact: true }).first();
            await button.waitFor();
            same(await button.getAttribute("aria-disabled"), "true", name);
            const why = await button.evaluate((element) => document.getElementById(element.getAttribute("aria-describedby"))?.textContent);
            same(why, `Needs role ${role}; you are read.`, `why ${name} is disabled`);
            await button.click({ force: true });
        };
        await go(page, "listeners");
        await settled(page);
        await lacks("Drain the server", "operate");
        await lacks("Pause mx", "operate");
        await lacks("Reload certificates", "operate");
        await go(page, "config");
        await lacks("Reload", "operate");
        await lacks("Test the files", "operate");
        await go(page, "limits?scope=mx");
        await settled(page);
        await lacks("Revert MaxMessageSize to the file", "admin");
        same(await page.getByLabel("MaxRecipients").getAttribute("readonly"), "", "a field");
        await go(page, "system");
        await settled(page);
        await lacks("New token", "admin");
        await go(page, "sessions");
        await page.locator("tr[data-key]").first().click();
        await page.getByText("A transcript may name people", { exact: false }).waitFor();
        same(await page.locator("dialog[open]").count(), 0, "dialogs");
        const unsafe = world.requests.filter((line) => !line.startsWith("GET") && !line.includes("auth/session"));
        same(unsafe, [], "requests that would change something");
        await clean(page);
    },
};
