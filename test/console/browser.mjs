/* Debian's Chromium, and what every test does with it. Nothing of it may speak to anybody but the server under test. */
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";

export async function launch(chromium) {
    return chromium.launch({
        executablePath: process.env.EDGE_CHROMIUM ?? "/usr/bin/chromium",
        args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
}

export function check(holds, text) {
    if (!holds) {
        throw new Error(text);
    }
}

export function same(got, wanted, what) {
    check(JSON.stringify(got) === JSON.stringify(wanted), `${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}

/* Asks until it holds; what holds late still holds, what never does fails. */
export async function until(question, what, seconds = 90) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const answer = await question();
        if (answer) {
            return answer;
        }
        if (Date.now() > end) {
            throw new Error(`never came: ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 60));
    }
}

/* A page that keeps everything a browser complains about. Failed answers of the API are part of some tests. */
export async function openPage(context, { url, path = "overview", role = "admin", token, quiet = [] } = {}) {
    const page = await context.newPage();
    page.complaints = [];
    page.foreign = [];
    page.on("pageerror", (error) => page.complaints.push(String(error.stack)));
    page.on("console", (message) => {
        const text = message.text();
        if (message.type() === "error" && !/Failed to load resource/.test(text) && !quiet.some((pattern) => pattern.test(text))) {
            page.complaints.push(text);
        }
    });
    page.on("request", (request) => {
        if (!request.url().startsWith(new URL("/", url).href) && !/^(data|blob):/.test(request.url())) {
            page.foreign.push(request.url());
        }
    });
    await page.addInitScript(() => {
        globalThis.violations = [];
        document.addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
    });
    await page.goto(`${url}#/${path}`);
    await page.getByLabel("Token").fill(token ?? `edge_${role}_abcdefghijklmnopqrstuvwxyz`);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("Token").waitFor({ state: "detached" });
    return page;
}

export async function clean(page) {
    same(page.complaints, [], "complaints of the browser");
    same(page.foreign, [], "requests that leave the origin");
    same(await page.evaluate(() => globalThis.violations), [], "violations of the policy");
}

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/* Findings of axe that are serious or worse. The policy forbids inline scripts, so it is put in by the debugger. */
export async function axe(page) {
    if (!(await page.evaluate(() => "axe" in globalThis))) {
        const session = await page.context().newCDPSession(page);
        await session.send("Runtime.evaluate", { expression: axeSource });
        await session.detach();
    }
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    return violations
        .filter((finding) => ["serious", "critical"].includes(finding.impact))
        .map((finding) => `${finding.id}: ${finding.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} (${node.any[0]?.message ?? node.failureSummary})`).join("; ")}`);
}

export const pageNames = ["overview", "sessions", "sessions?state=closed", "validators", "queue", "listeners", "limits", "limits?scope=mx", "config", "config?view=drift", "config?view=settings", "config?view=generations", "audit", "system"];

export const go = async (page, path) => {
    await page.evaluate((hash) => {
        location.hash = hash;
    }, `/${path}`);
};

/* The page is there: its heading, and nothing that is still being fetched. */
export const settled = (page) => until(() => page.evaluate(() => document.querySelector("h1") !== null && document.querySelector("[aria-busy], .skeleton") === null), `a whole page at ${page.url()}`);
