/* The browser tests of the console. The last line is "console: N passed, N failed".
 *   node console.mjs --build BUILD_DIR [WORD...]      only tests whose name has one of the words */
import { existsSync } from "node:fs";
import { join } from "node:path";

const here = new URL(".", import.meta.url).pathname;
const [, , ...given] = process.argv;
const build = given[0] === "--build" ? given.splice(0, 2)[1] : (process.env.EDGE_BUILD ?? "");
const htdocs = join(build, "htdocs");

/* A missing tool is a reason not to run, unless everything was to be installed. */
function lacking() {
    if (!existsSync(join(here, "node_modules/playwright-core"))) {
        return "npm ci was not run in test/console";
    }
    if (!existsSync(process.env.EDGE_CHROMIUM ?? "/usr/bin/chromium")) {
        return "chromium is not installed";
    }
    return existsSync(join(htdocs, "js/app.js")) ? "" : `the console is not built in ${htdocs}`;
}

const lack = lacking();
if (lack) {
    const must = Boolean(process.env.EDGE_TEST_ALL);
    console.log(`${must ? "FAILED" : "skipped"} ${lack}`);
    console.log(`console: 0 passed, ${must ? 1 : 0} failed`);
    process.exit(must ? 1 : 0);
}

const { chromium } = await import("playwright-core");
const { launch } = await import("./browser.mjs");
const { serve } = await import("./mock_server.mjs");
const files = ["pages_test", "sessions_test", "live_test", "changes_test", "real_test"].filter((name) => existsSync(join(here, `${name}.mjs`)));
const browser = await launch(chromium);
let passed = 0;
let failed = 0;

/* What a test may ask for; all of it ends with the test. */
function toolbox() {
    const ends = [];
    return {
        htdocs,
        build,
        later: (end) => ends.push(end),
        mock: async (options = {}) => {
            const mock = await serve({ htdocs, ...options });
            ends.push(() => mock.stop().catch(() => {}));
            return mock;
        },
        context: async (options = {}) => {
            const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
            context.setDefaultTimeout(90000);
            ends.push(() => context.close());
            return context;
        },
        end: async () => {
            for (const end of ends.reverse()) {
                await end();
            }
        },
    };
}

async function run(name, test) {
    const t = toolbox();
    const began = Date.now();
    let timer;
    const tooLong = new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(new Error("it takes longer than 300 s")), 300000);
    });
    try {
        await Promise.race([test(t), tooLong]);
        passed++;
        console.log(`ok     ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
        failed++;
        console.log(`FAILED ${name}\n    ${String(error.stack ?? error).replaceAll("\n", "\n    ")}`);
    } finally {
        clearTimeout(timer);
        await t.end().catch((error) => console.log(`    while ending: ${error}`));
    }
}

const waiting = [];
const lastly = [];
for (const file of files) {
    const { tests, end } = await import(`./${file}.mjs`);
    lastly.push(...(end ? [end] : []));
    waiting.push(...Object.entries(tests).filter(([name]) => given.length === 0 || given.some((word) => name.includes(word))));
}
/* They wait more than they work, so a few run side by side. */
const hand = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
        await run(...next);
    }
};
await Promise.all(Array.from({ length: Number(process.env.EDGE_TEST_SIDE_BY_SIDE ?? 3) }, hand));
for (const end of lastly) {
    await end().catch((error) => {
        failed++;
        console.log(`FAILED the end\n    ${error}`);
    });
}
await browser.close();
console.log(`console: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
