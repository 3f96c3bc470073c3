/* Every page: drawn, quiet, accessible, in both themes and at every width; below a path, without anything from elsewhere. */
import { createServer, request as ask } from "node:http";
import { axe, check, clean, go, openPage, pageNames, same, settled, until } from "./browser.mjs";

async function everyPage(t, options, look) {
    const { url } = await t.mock({ hostile: false });
    const context = await t.context(options);
    const page = await openPage(context, { url });
    const found = [];
    for (const name of pageNames) {
        await go(page, name);
        await settled(page);
        const said = await look(page, name);
        if (said) {
            found.push(`${name}: ${said}`);
        }
    }
    await clean(page);
    return found;
}

const overflow = (page) => page.evaluate(() => (document.documentElement.scrollWidth > innerWidth ? `wider than the window by ${document.documentElement.scrollWidth - innerWidth}` : ""));

export const tests = {
    "every page is accessible in the light theme": async (t) => {
        same(await everyPage(t, { colorScheme: "light" }, async (page) => (await axe(page)).join("\n")), [], "findings of axe");
    },
    "every page is accessible in the dark theme and on a small screen": async (t) => {
        same(await everyPage(t, { colorScheme: "dark", viewport: { width: 390, height: 800 } }, async (page) => (await axe(page)).join("\n")), [], "findings of axe");
    },
    "no page is wider than a window of 320": async (t) => {
        same(await everyPage(t, { viewport: { width: 320, height: 700 } }, overflow), [], "pages");
    },
    "no page is wider than windows of 768 and 2560": async (t) => {
        same(await everyPage(t, { viewport: { width: 768, height: 900 } }, overflow), [], "pages");
        same(await everyPage(t, { viewport: { width: 2560, height: 1200 } }, overflow), [], "pages");
    },
    "pages have names in the title, which begins with the host": async (t) => {
        const { url } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "queue" });
        await until(async () => (await page.title()) === "mx1.example.net: Queue", "the title");
    },
    "drawers and dialogs are accessible": async (t) => {
        const { url, world } = await t.mock();
        for (const session of world.sessions.values()) {
            session.left = 1e9;
        }
        const page = await openPage(await t.context(), { url, path: "sessions" });
        const findings = [];
        await page.locator("tr[data-key]").first().click();
        await page.getByText("What was said").waitFor();
        findings.push(...(await axe(page)));
        await page.getByRole("button", { name: /^Disconnect/ }).click();
        await page.locator("dialog").waitFor();
        findings.push(...(await axe(page)));
        await page.keyboard.press("Escape");
        await page.keyboard.press("Escape");
        await go(page, "limits?scope=mx");
        await page.getByLabel("MaxRecipients").fill("900");
        await page.getByRole("button", { name: "Review and save" }).click();
        await page.getByText("takes effect", { exact: false }).first().waitFor();
        findings.push(...(await axe(page)));
        same(findings, [], "findings of axe");
        await clean(page);
    },
    "it works below another path, behind a proxy": async (t) => {
        const { port } = await t.mock();
        const proxy = createServer((incoming, outgoing) => {
            if (!incoming.url.startsWith("/mail/edge/")) {
                outgoing.writeHead(404).end();
                return;
            }
            const there = ask({ port, host: "127.0.0.1", path: incoming.url.slice(10), method: incoming.method, headers: incoming.headers }, (answer) => {
                outgoing.writeHead(answer.statusCode, answer.headers);
                answer.pipe(outgoing);
            });
            there.on("error", () => outgoing.destroy());
            incoming.pipe(there);
        });
        await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
        t.later(() => (proxy.closeAllConnections(), proxy.close()));
        const page = await openPage(await t.context(), { url: `http://127.0.0.1:${proxy.address().port}/mail/edge/` });
        await page.locator(".reading").first().waitFor();
        await page.locator("canvas").first().waitFor();
        await until(async () => (await page.locator(".living").textContent()).includes("live"), "the stream through the proxy");
        await go(page, "sessions");
        await page.locator("tr[data-key]").first().waitFor();
        await clean(page);
    },
    "the theme that was chosen is there from the first paint": async (t) => {
        const { url } = await t.mock();
        const context = await t.context({ colorScheme: "light" });
        const page = await openPage(context, { url });
        await page.getByRole("button", { name: /^Theme/ }).click();
        await page.getByRole("button", { name: /^Theme/ }).click();
        same(await page.evaluate(() => document.documentElement.dataset.theme), "dark", "theme");
        await page.addInitScript(() => {
            new PerformanceObserver((list) => {
                globalThis.paintTheme ??= list.getEntries().length && document.documentElement.dataset.theme;
            }).observe({ type: "paint", buffered: true });
        });
        await page.reload();
        await until(() => page.evaluate(() => globalThis.paintTheme), "a paint");
        same(await page.evaluate(() => globalThis.paintTheme), "dark", "theme at the first paint");
        const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        check(/rgb\((1\d|2\d), /.test(ground), `the ground is dark: ${ground}`);
    },
    "all that is sent for the console is below 150 KB": async (t) => {
        const { url } = await t.mock();
        const page = await openPage(await t.context(), { url });
        await page.locator(".chart svg").waitFor();
        for (const name of pageNames) {
            await go(page, name);
            await settled(page);
        }
        const sizes = await page.evaluate(() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].filter((entry) => !entry.name.includes("/api/")).map((entry) => [new URL(entry.name).pathname, entry.encodedBodySize]));
        const sum = sizes.reduce((total, [, size]) => total + size, 0);
        console.log(`       ${sizes.length} files, ${sum} octets compressed`);
        check(sizes.length > 20 && sum > 50000, "everything was counted");
        check(sum < 150000, `too much: ${sum}`);
    },
};
