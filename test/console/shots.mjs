/* Pictures of every page in both themes at three widths, to be looked at.
 *   node shots.mjs URL TOKEN TARGET_DIRECTORY [PAGE...] */
import { chromium } from "playwright-core";
import { launch } from "./browser.mjs";

const [url, token, target, ...wanted] = process.argv.slice(2);
const pages = {
    overview: "overview",
    sessions: "sessions",
    closed: "sessions?state=closed",
    session: "sessions?first",
    validators: "validators",
    binding: "validators?open",
    queue: "queue",
    message: "queue?first",
    listeners: "listeners",
    limits: "limits",
    listener_limits: "limits?scope=mx",
    config: "config",
    drift: "config?view=drift",
    settings: "config?view=settings",
    generations: "config?view=generations",
    audit: "audit",
    system: "system",
};
const browser = await launch(chromium);
const widths = (process.env.WIDTHS ?? "390,1024,1440").split(",").map(Number);
const themes = (process.env.THEMES ?? "light,dark").split(",");
for (const theme of themes) {
    for (const width of widths) {
        const context = await browser.newContext({ viewport: { width, height: width < 700 ? 844 : 900 }, colorScheme: theme });
        const page = await context.newPage();
        page.on("console", (message) => ["error", "warning"].includes(message.type()) && console.log(theme, width, message.text()));
        page.on("pageerror", (error) => console.log(theme, width, error.stack));
        await page.goto(`${url}#/overview`);
        await page.getByLabel("Token").fill(token);
        await page.getByRole("button", { name: "Log in" }).click();
        await page.waitForTimeout(Number(process.env.WARM ?? 2500));
        for (const [name, path] of Object.entries(pages)) {
            if (wanted.length && !wanted.includes(name)) {
                continue;
            }
            await page.goto(`${url}#/${path.replace("?first", "").replace("?open", "")}`);
            await page.waitForTimeout(900);
            if (path.includes("?first")) {
                await page.locator(".sheet tbody tr[data-key]").nth(3).click();
                await page.waitForTimeout(900);
            }
            if (path.includes("?open")) {
                await page.locator(".cell").nth(2).click();
                await page.waitForTimeout(500);
            }
            await page.screenshot({ path: `${target}/${name}-${width}-${theme}.png` });
        }
        await context.close();
    }
}
await browser.close();
