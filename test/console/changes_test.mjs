/* Everything that can be changed, and what happens when two do it at once. */
import { check, clean, go, openPage, same, settled, until } from "./browser.mjs";

const setting = (world, key) => world.settings.find((item) => item.key === key);
const submit = (page) => page.locator("dialog button[type=submit]").click();
const closed = (page) => page.locator("dialog").waitFor({ state: "detached" });

export const tests = {
    "limits: typed, checked, planned, given a reason and an end, changed, reverted": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "limits" });
        await page.getByLabel("MaxRecipients").fill("0");
        await page.getByText("Allowed: 1 to 100000.").waitFor();
        const save = page.getByRole("button", { name: "Review and save" });
        same(await save.getAttribute("aria-disabled"), "true", "saving what is not allowed");
        await page.getByLabel("MaxRecipients").fill("500");
        await page.getByLabel("MaxMessageSize", { exact: true }).fill("30");
        await page.getByText("2 changes").waitFor();
        await save.click();
        await page.locator("dialog ins").getByText("30M").waitFor();
        same(await page.locator("dialog del").allInnerTexts(), ["1000", "75M"], "what holds now");
        await page.getByLabel("Reason", { exact: false }).fill("INC-1");
        await page.getByRole("button", { name: "4 h" }).click();
        await page.getByRole("button", { name: "over restarts" }).click();
        await submit(page);
        await closed(page);
        const changed = setting(world, "max_message_size");
        same([changed.effective, changed.override.reason, changed.override.persistence], [30 * 1048576, "INC-1", "persistent"], "the setting");
        check(changed.override.expires_at !== null, "it ends");
        await page.getByRole("button", { name: "Revert MaxMessageSize to the file" }).click();
        await page.locator("dialog ins").getByText("75M").waitFor();
        await submit(page);
        await closed(page);
        same(setting(world, "max_message_size").effective, 78643200, "reverted");
        await until(async () => (await page.getByRole("button", { name: "Revert MaxMessageSize to the file" }).count()) === 0, "nothing to revert");
        await clean(page);
    },
    "two editors of one limit: the second sees both values and chooses": async (t) => {
        const { url, world } = await t.mock();
        const [anna, bert] = [await openPage(await t.context(), { url, path: "limits" }), await openPage(await t.context(), { url, path: "limits" })];
        await anna.getByLabel("MaxErrors").fill("11");
        await bert.getByLabel("MaxErrors").fill("22");
        await bert.getByLabel("MaxMessages", { exact: true }).fill("5");
        await anna.getByRole("button", { name: "Review and save" }).click();
        await anna.locator("dialog ins").waitFor();
        await submit(anna);
        await closed(anna);
        await bert.getByText("Somebody has changed these settings", { exact: false }).waitFor();
        await bert.getByRole("button", { name: "Review and save" }).click();
        await bert.getByText("Changed by somebody else meanwhile").waitFor();
        const row = bert.locator("dialog tbody tr", { hasText: "MaxErrors" });
        same(await row.locator("td").allInnerTexts().then((cells) => cells.map((cell) => cell.trim().split("\n")[0])), ["20", "11", "22"], "began, now, mine");
        await row.getByLabel("11").check();
        await bert.getByRole("button", { name: "Go on with these" }).click();
        await bert.locator("dialog ins").getByText("5").waitFor();
        await submit(bert);
        await closed(bert);
        same([setting(world, "max_errors").effective, setting(world, "max_messages").effective], [11, 5], "what both have made of it");
        await clean(bert);
    },
    "who is overtaken between looking at the plan and saving chooses too": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "limits" });
        await page.getByLabel("MaxErrors").fill("22");
        await page.getByRole("button", { name: "Review and save" }).click();
        await page.locator("dialog ins").getByText("22").waitFor();
        Object.assign(setting(world, "max_errors"), { effective: 33, text: "33", etag: "00000000000000ee" });
        await submit(page);
        await page.getByText("Changed by somebody else meanwhile").waitFor();
        await page.locator("dialog").getByLabel("33").check();
        await page.getByRole("button", { name: "Go on with these" }).click();
        await closed(page);
        await until(async () => (await page.getByLabel("MaxErrors").inputValue()) === "33", "their value in the field");
        same(await page.getByRole("button", { name: "Review and save" }).count(), 0, "what is left to save");
        await clean(page);
    },
    "any setting, found by its name, and changed by two at once": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "config?view=settings&find=submission.max_hops" });
        await page.getByText("No setting has that in its name.").waitFor();
        await page.getByLabel("find").fill("submission.max_recipients");
        await page.getByRole("link", { name: "listener.submission.max_recipients" }).click();
        await page.locator(".drawer").getByRole("textbox").fill("12");
        const there = setting(world, "listener.submission.max_recipients");
        Object.assign(there, { effective: 99, text: "99", etag: "00000000000000ff" });
        await page.getByRole("button", { name: "Review and save" }).click();
        await page.getByText("Changed by somebody else meanwhile").waitFor();
        await page.locator("dialog").getByLabel("12").check();
        await page.getByRole("button", { name: "Go on with these" }).click();
        await page.locator("dialog del").getByText("99").waitFor();
        await submit(page);
        await closed(page);
        same(there.effective, 12, "the setting");
        await clean(page);
    },
    "a refused value is told beside its field, with the id of the request": async (t) => {
        const { url, world } = await t.mock();
        setting(world, "max_messages").min = 50;
        const page = await openPage(await t.context(), { url, path: "limits" });
        await settled(page);
        setting(world, "max_messages").min = 60;
        await page.getByLabel("MaxMessages", { exact: true }).fill("55");
        await page.getByRole("button", { name: "Review and save" }).click();
        await page.locator("dialog .problem").getByText("01JD3V7K9").waitFor();
        await page.getByRole("button", { name: "Cancel" }).click();
        await page.locator("li[data-key=max_messages] .complaint").getByText("between 60").waitFor();
        await clean(page);
    },
    "the banner": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "limits" });
        await page.getByLabel("Banner").fill("mx1.example.net ESMTP here");
        await page.getByRole("button", { name: "Save" }).click();
        await page.locator("dialog ins").getByText("here").waitFor();
        await submit(page);
        await closed(page);
        same(setting(world, "banner").effective, "mx1.example.net ESMTP here", "the banner");
        await clean(page);
    },
    "a validator is switched, with what it would mean; enforce beyond the file needs admin": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "validators", role: "operate" });
        await page.getByRole("button", { name: /greylist at RCPT/ }).click();
        await page.getByText("What enforcing would change").waitFor();
        await page.locator(".matrix").getByText("p99 2.5").waitFor();
        await page.locator(".drawer").getByRole("row", { name: /^RCPT / }).waitFor();
        same(await page.locator(".drawer section", { hasText: "Time of its answers" }).locator("tbody tr").count(), 4, "times that were met");
        const enforce = page.locator(".drawer").getByRole("button", { name: "enforce" });
        same(await enforce.getAttribute("aria-disabled"), "true", "enforce");
        await page.locator(".drawer").getByRole("button", { name: "off", exact: true }).click();
        await page.getByLabel("Reason", { exact: false }).fill("too strict");
        await submit(page);
        await closed(page);
        await until(async () => (await page.locator(".cell[aria-current]").innerText()).startsWith("off"), "the mode in the matrix");
        same(world.audit[0].after, "off", "the trail");
        await clean(page);
    },
    "a listener is paused and resumed, the server drained and not": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "listeners", role: "operate" });
        await page.getByRole("button", { name: "Pause mx" }).click();
        await page.getByLabel("Reason", { exact: false }).fill("disk");
        await submit(page);
        await closed(page);
        same(world.listeners[0].state, "paused", "mx");
        await page.getByRole("button", { name: "Resume mx" }).click();
        await submit(page);
        await closed(page);
        same(world.listeners[0].state, "open", "mx");
        await page.getByRole("button", { name: "Drain the server" }).click();
        await page.getByLabel("Reason", { exact: false }).fill("new kernel");
        await submit(page);
        await closed(page);
        await page.locator(".strip").getByText("Draining.").waitFor();
        check((await page.title()).includes("draining"), await page.title());
        await page.getByRole("button", { name: "Stop draining" }).click();
        await submit(page);
        await closed(page);
        await page.locator(".strip").waitFor({ state: "detached" });
        await clean(page);
    },
    "messages are held, released and deleted; deleting needs admin": async (t) => {
        const { url, world } = await t.mock();
        const id = world.queue[2].id;
        Object.assign(world.queue[2], { state: "active", sender: "a@example.net" });
        const page = await openPage(await t.context(), { url, path: `queue?id=${id}` });
        const drawer = page.locator(".drawer");
        await drawer.getByRole("button", { name: "Hold", exact: true }).click();
        await page.getByLabel("Reason", { exact: false }).fill("asks the owner");
        await submit(page);
        await closed(page);
        await until(() => world.queue[2].state === "held", "held");
        await drawer.getByRole("button", { name: "Show its header fields" }).click();
        await drawer.getByText("Hello <b>there</b>\\x1b[31m", { exact: false }).waitFor();
        await until(async () => !(await drawer.getByRole("button", { name: "Release" }).getAttribute("aria-disabled")), "it can be released");
        await drawer.getByRole("button", { name: "Release" }).click();
        await submit(page);
        await closed(page);
        await drawer.getByRole("button", { name: "Delete" }).click();
        await until(() => page.evaluate(() => document.activeElement.textContent === "Cancel"), "the focus of a dangerous dialog on Cancel");
        await page.getByLabel("Reason", { exact: false }).fill("test mail");
        await page.getByLabel("Tell its sender by a notice").check();
        await page.getByText("Its sender is told that it was given up").waitFor();
        await submit(page);
        await drawer.waitFor({ state: "detached" });
        same(world.bounced, [id], "whose sender is told");
        check(!world.queue.some((item) => item.id === id), "it is gone");
        await clean(page);
    },
    "configuration: tested, refused while it is wrong, reloaded, and drift reverted": async (t) => {
        const { url, world } = await t.mock();
        world.broken = true;
        world.unloaded = true;
        const page = await openPage(await t.context(), { url, path: "config" });
        await page.getByText("ServerName mx1.example.net").waitFor();
        await page.getByRole("button", { name: "Test the files" }).click();
        await page.getByText("/etc/edged/edge.conf:41:5").waitFor();
        await page.getByRole("button", { name: "Reload", exact: true }).click();
        await page.locator("dialog").getByText("it cannot be loaded", { exact: false }).waitFor();
        same(await page.locator("dialog button[type=submit]").getAttribute("aria-disabled"), "true", "reloading what is broken");
        await page.getByRole("button", { name: "Cancel" }).click();
        world.broken = false;
        await page.getByRole("button", { name: "Reload", exact: true }).click();
        await page.locator("dialog").getByText("It can be loaded", { exact: false }).waitFor();
        await submit(page);
        await page.getByText("Generation 18 serves.").waitFor();
        await go(page, "config?view=drift");
        await page.getByRole("button", { name: "Revert listener.mx.max_message_size" }).click();
        await page.locator("dialog ins").getByText("75M").waitFor();
        await submit(page);
        await closed(page);
        await page.getByText("Everything is as the file says.").waitFor();
        await clean(page);
    },
    "what a server does not offer is not asked for, and said": async (t) => {
        const { url, world } = await t.mock();
        world.routes = [{ method: "GET", path: "/api/v1/config/settings" }];
        const page = await openPage(await t.context(), { url, path: "config" });
        await page.getByRole("link", { name: "listener.mx.max_message_size" }).waitFor();
        const reload = page.getByRole("button", { name: "Reload", exact: true });
        same(await reload.getAttribute("aria-disabled"), "true", "reload");
        await go(page, "config?view=drift");
        await page.getByRole("button", { name: "Revert listener.mx.max_message_size" }).waitFor();
        same(await page.locator(".tabs a").allInnerTexts().then((all) => all.map((text) => text.split(/\s/)[0])), ["Drift", "Settings"], "views");
        await clean(page);
    },
    "tokens are shown once; bans lifted; log levels set for a while": async (t) => {
        const { url, world } = await t.mock();
        world.bans = [{ address: "203.0.113.7", source: "auto", since: new Date().toISOString(), expires: null, hits: 4, reason: "guessing" }];
        const page = await openPage(await t.context(), { url, path: "system" });
        await page.getByRole("button", { name: "New token" }).click();
        await page.getByLabel("Name").fill("grafana");
        await submit(page);
        await page.getByText("edge_read_abcdefghijklmnopqrstuvwxyz").waitFor();
        await page.getByRole("button", { name: "I have it" }).click();
        same(await page.getByText("edge_read_abcdefghijklmnopqrstuvwxyz").count(), 0, "the token, later");
        await page.getByRole("button", { name: "Lift the ban of 203.0.113.7" }).click();
        await submit(page);
        await page.getByText("Nobody is banned.").waitFor();
        await page.getByLabel("Level of smtp").selectOption("debug");
        await page.getByRole("button", { name: "Log at debug" }).click();
        await closed(page);
        same(world.levels[1].level, "debug", "the level");
        await clean(page);
    },
    "an action is done once, however often its button is pressed": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "listeners" });
        await page.getByRole("button", { name: "Pause api" }).click();
        await page.getByLabel("Reason", { exact: false }).fill("twice");
        await page.locator("dialog button[type=submit]").dblclick();
        await closed(page);
        same(world.requests.filter((line) => line === "POST /api/v1/listeners/api/pause").length, 1, "requests");
    },
    "hand-off is stopped for a domain, seen to be, and goes on": async (t) => {
        const { url, world } = await t.mock();
        const page = await openPage(await t.context(), { url, path: "queue" });
        await page.getByRole("row", { name: /^world smtp down/ }).waitFor();
        await page.getByRole("button", { name: "Ask world" }).click();
        await page.locator("dialog").getByLabel("Recipient", { exact: false }).fill("a@b.example");
        await submit(page);
        await page.locator("dialog").getByText("Connection refused", { exact: false }).waitFor();
        await page.locator("dialog").getByText("deferred").waitFor();
        await page.getByRole("button", { name: "Close" }).click();
        await closed(page);
        await page.getByRole("button", { name: "Stop hand-off" }).click();
        await page.locator("dialog").getByLabel("What").selectOption("domain");
        await page.getByLabel("Domain of the recipients").fill("not a domain");
        await page.getByLabel("How long").selectOption("3600");
        await submit(page);
        await page.getByText("Say why:", { exact: false }).waitFor();
        await page.getByLabel("Reason", { exact: false }).fill("they ask for a pause");
        await submit(page);
        await page.locator("dialog").getByText("is no domain", { exact: false }).waitFor();
        await page.getByLabel("Domain of the recipients").fill("slow.example");
        await submit(page);
        await closed(page);
        await page.locator(".note").getByText("they ask for a pause").waitFor();
        same([world.holds[0].scope, world.holds[0].value, Boolean(world.holds[0].expires)], ["domain", "slow.example", true], "the hold");
        await page.getByRole("button", { name: /^Lift hold/ }).click();
        await submit(page);
        await closed(page);
        await page.locator(".note").waitFor({ state: "detached" });
        same(world.holds.length, 0, "holds");
        await clean(page);
    },
    "a generation of the server that is leaving has done nothing: asked again, the next one does it": async (t) => {
        const { url, world } = await t.mock();
        const { Refused } = await import("./mock_server.mjs");
        let refusals = 2;
        world.fail = (request) => request.method === "POST" && request.url.endsWith("/pause") && refusals-- > 0 && new Refused(503, "not-ready", "Ask again.");
        const page = await openPage(await t.context(), { url, path: "listeners" });
        await page.getByRole("button", { name: "Pause api" }).click();
        await page.getByLabel("Reason", { exact: false }).fill("between two");
        await submit(page);
        await closed(page);
        same(world.requests.filter((line) => line === "POST /api/v1/listeners/api/pause").length, 3, "requests");
    },
};
