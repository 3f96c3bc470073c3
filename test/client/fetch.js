// A browser's fetch against the HTTP edge: fetch.js PORT FILE TOKEN. Debian's Chromium; its answers as one line of JSON.
'use strict';
const fs = require('fs');
const http = require('http');
const { chromium } = require('../console/node_modules/playwright-core');

const [port, file, token] = process.argv.slice(2);
const edge = `http://127.0.0.1:${port}`;
const message = fs.readFileSync(file).toString('base64');
const html = '<!doctype html><title>x</title>';

// Runs in the browser. `post` hands in the message; what the page may learn of the answer comes back.
const post = async ([url, base64, headers, mode]) => {
    const body = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    try {
        const answer = await fetch(url, { method: 'POST', body, headers, mode });
        return { type: answer.type, status: answer.status, reply: answer.headers.get('X-Smtp-Reply'), text: await answer.text() };
    } catch (error) {
        return { refused: error.name };
    }
};
const envelope = { 'Content-Type': 'message/rfc822', 'X-Ehlo': 'client.example', 'X-Sender': 'a@client.example', 'X-Recipient': 'b@server.example' };
const known = { ...envelope, Authorization: `Bearer ${token}` };

// The edge has no pages of its own, so the browser is given one under its name; what the page fetches goes to the edge itself.
const atHome = async (browser) => {
    const page = await (await browser.newContext()).newPage();
    await page.route(`${edge}/page`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(`${edge}/page`);
    await page.unroute(`${edge}/page`);
    return {
        posted: await page.evaluate(post, ['/email', message, known, 'cors']),
        stranger: await page.evaluate(post, ['/email', message, envelope, 'cors']),
        typed: await page.evaluate(post, ['/email', message, { ...known, 'Content-Type': 'text/plain' }, 'cors']),
    };
};

// A page of somebody else's: nothing it sends with an envelope may arrive, and nothing that arrives may be read.
const elsewhere = async (browser, origin) => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(origin);
    return {
        crossed: await page.evaluate(post, [`${edge}/email`, message, known, 'cors']),
        plain: await page.evaluate(post, [`${edge}/email`, message, { 'Content-Type': 'text/plain' }, 'cors']),
        blind: await page.evaluate(post, [`${edge}/email`, message, { 'Content-Type': 'text/plain' }, 'no-cors']),
    };
};

const run = async () => {
    const other = http.createServer((_, answer) => answer.writeHead(200, { 'Content-Type': 'text/html' }).end(html));
    await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
        executablePath: process.env.EDGE_CHROMIUM || '/usr/bin/chromium',
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    try {
        const said = { ...await atHome(browser), ...await elsewhere(browser, `http://127.0.0.1:${other.address().port}/`) };
        console.log(JSON.stringify(said));
    } finally {
        await browser.close();
        other.close();
    }
};
run().catch((error) => { console.error(error); process.exitCode = 1; });
