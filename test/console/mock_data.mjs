/* A server that does not exist, in the shapes of the admin API: sessions that come, speak and go, and settings that can be changed.
 * Seeded, so that two runs see the same. */

export function dice(seed) {
    let state = seed >>> 0 || 1;
    const next = () => {
        state ^= state << 13;
        state >>>= 0;
        state ^= state >>> 17;
        state ^= state << 5;
        state >>>= 0;
        return state / 0x100000000;
    };
    const pick = (list) => list[Math.floor(next() * list.length)];
    return { next, pick, upTo: (most) => Math.floor(next() * most) };
}

const domains = ["example.net", "example.org", "mail.example", "corp.example", "post.example.com", "relay.example.net", "lists.example"];
const hosts = ["mx1", "mail", "out-3", "smtp", "relay7", "mta-2", "news"];
const users = ["anna", "b.keller", "build", "scanner", "c.ito", "newsletter"];

/* Names that clients have chosen to hurt whoever looks at them. */
export const hostile = [
    "<img src=x onerror=globalThis.hurt=1>",
    '"><script>globalThis.hurt=1</script>',
    "nul\u0000inside\u001b[31mred\u001b[0m",
    "\u202egnp.exe\u202c abc",
    "a".repeat(500),
    "🙂 émoji.example",
    "bad\ufffdutf8\r\nSet-Cookie: x=1",
    "javascript:alert(1)",
];

let sessionNumber = 0;
const identity = (random) => {
    const hex = (digits) => Array.from({ length: digits }, () => "0123456789abcdef"[random.upTo(16)]).join("");
    sessionNumber++;
    return `0193${hex(4)}-${hex(4)}-7${hex(3)}-${random.pick(["8", "9", "a", "b"])}${hex(3)}-${hex(8)}${sessionNumber.toString(16).padStart(4, "0")}`;
};
const stamp = (ms) => new Date(ms).toISOString();

export const listenerNames = ["mx", "submission", "submissions", "api"];

export function newSession(random, at, options = {}) {
    const listener = options.listener ?? (random.next() < 0.7 ? "mx" : random.pick(listenerNames));
    const domain = random.pick(domains);
    const v6 = random.next() < 0.2;
    const ip = options.ip ?? (v6 ? `2001:db8:${random.upTo(65536).toString(16)}::${random.upTo(65536).toString(16)}` : `${random.pick(["192.0.2", "198.51.100", "203.0.113"])}.${random.upTo(254) + 1}`);
    const name = random.next() < 0.7 ? `${random.pick(hosts)}.${domain}` : null;
    const secure = listener === "submissions" || random.next() < 0.75;
    const mine = listener === "submission" || listener === "submissions";
    return {
        id: options.id ?? identity(random),
        listener,
        protocol: listener === "api" ? "http" : `esmtp${secure ? "s" : ""}${mine ? "a" : ""}`,
        state: listener === "api" ? "request" : "greeting",
        since: stamp(at),
        age: 0,
        idle: 0,
        client: { ip, port: 20000 + random.upTo(40000), name },
        server: { ip: "198.51.100.25", port: 25 },
        awaits: "client",
        awaited: null,
        ehlo: options.ehlo ?? (listener === "api" ? null : (name ?? `[${ip}]`)),
        tls: secure ? { version: random.next() < 0.85 ? "TLSv1.3" : "TLSv1.2", cipher: "TLS_AES_256_GCM_SHA384", sni: "mx1.example.net" } : null,
        auth: mine ? { mechanism: random.pick(["SCRAM-SHA-256", "PLAIN"]), user: `${random.pick(users)}@example.net` } : null,
        bytes_in: 120,
        bytes_out: 210,
        commands: { ehlo: { ok: 1, bad: 0 }, mail: { ok: 0, bad: 0 }, rcpt: { ok: 0, bad: 0 }, data: { ok: 0, bad: 0 } },
        errors: 0,
        messages: { accepted: 0, rejected: 0, current: null },
        recipients: { accepted: 0, refused: 0 },
        waited: { client: 0, validators: 0, queue: 0, credentials: 0 },
        generation: 17,
        worker: random.upTo(4) + 1,
        validators: [],
        last_reply: null,
        lines: [],
        left: options.left ?? 6 + random.upTo(40),
    };
}

const refusals = [
    { source: "validator:relay", code: "550 5.7.1", text: "Relaying denied", reply: "550 5.7.1 <someone@elsewhere.example> relaying denied", command: "RCPT", weight: 41 },
    { source: "validator:rbl", code: "554 5.7.1", text: "Listed at dnsbl.example.net", reply: "554 5.7.1 Service unavailable; client is listed at dnsbl.example.net", command: "RCPT", weight: 23 },
    { source: "validator:greylist", code: "451 4.7.1", text: "Greylisted, try again later", reply: "451 4.7.1 Greylisted, please try again in 5 minutes", command: "RCPT", weight: 17 },
    { source: "core", code: "503 5.5.1", text: "Bad sequence of commands", reply: "503 5.5.1 Bad sequence of commands", command: "MAIL", weight: 9 },
    { source: "limit", code: "552 5.3.4", text: "Message size exceeds limit", reply: "552 5.3.4 Message size exceeds 78643200 limit", command: "MAIL", weight: 4 },
    { source: "queue", code: "452 4.3.1", text: "Insufficient system storage", reply: "452 4.3.1 Insufficient system storage", command: "DATA", weight: 1 },
];

const say = (session, at, from, text) => {
    session.lines.push({ at: stamp(at), from, text });
    if (from === "S") {
        session.last_reply = text;
    }
};

/* One second of one session's life. What happened is told to `world`. */
export function live(session, random, at, world) {
    const seconds = 1;
    session.left -= seconds;
    session.idle = random.next() * 3;
    const wait = random.next();
    session.waited.client += 0.86 + 0.1 * wait;
    session.waited.validators += 0.05 * random.next();
    session.waited.queue += 0.02 * random.next();
    session.bytes_in += random.upTo(9000);
    session.bytes_out += random.upTo(220);
    const roll = random.next();
    if (session.state === "greeting") {
        say(session, at - 400, "S", "220 mx1.example.net ESMTP Mail Gateway");
        say(session, at - 200, "C", `EHLO ${session.ehlo}`);
        say(session, at - 180, "S", `250 Hello ${session.ehlo}`);
        if (session.auth) {
            say(session, at - 120, "C", `AUTH ${session.auth.mechanism} [redacted]`);
            say(session, at - 60, "S", "235 2.7.0 Authentication successful");
        }
        session.state = "command";
    } else if (session.state === "command" && roll < 0.6) {
        const from = `${random.pick(users)}@${random.pick(domains)}`;
        session.commands.mail.ok++;
        say(session, at - 300, "C", `MAIL FROM:<${from}> SIZE=${4000 + random.upTo(90000)}`);
        say(session, at - 290, "S", `250 2.1.0 <${from}> Ok`);
        session.messages.current = { from, recipients: 0, bytes: 0 };
        session.validators.push({ name: "spf", command: "MAIL", mode: "enforce", result: "pass", duration: 0.001 + random.next() * 0.02 });
        session.state = "rcpt";
    } else if (session.state === "rcpt" && roll < 0.25) {
        const total = refusals.reduce((sum, item) => sum + item.weight, 0);
        let draw = random.next() * total;
        const refusal = refusals.find((item) => (draw -= item.weight) < 0) ?? refusals[0];
        session.commands.rcpt.bad++;
        session.recipients.refused++;
        session.errors++;
        say(session, at - 200, "C", "RCPT TO:<someone@elsewhere.example>");
        say(session, at - 180, "S", refusal.reply);
        session.validators.push({ name: refusal.source.replace("validator:", ""), command: refusal.command, mode: "enforce", result: refusal.code[0] === "4" ? "tempfail" : "reject", duration: 0.0004 + random.next() * 0.03 });
        world.refused(session, refusal, at);
        session.state = session.errors > 8 ? "closing" : "command";
    } else if (session.state === "rcpt") {
        const to = `${random.pick(users)}@example.net`;
        session.commands.rcpt.ok++;
        session.recipients.accepted++;
        session.messages.current.recipients++;
        say(session, at - 150, "C", `RCPT TO:<${to}>`);
        say(session, at - 140, "S", `250 2.1.5 <${to}> Ok`);
        if (roll > 0.45) {
            session.commands.data.ok++;
            say(session, at - 100, "C", "DATA");
            say(session, at - 90, "S", "354 Start mail input; end with <CRLF>.<CRLF>");
            session.state = "data";
        }
    } else if (session.state === "data") {
        session.messages.current.bytes += 2000 + random.upTo(40000);
        if (roll > 0.5) {
            session.state = "storing";
        }
    } else if (session.state === "storing") {
        session.messages.accepted++;
        world.stored(session, at);
        session.messages.current = null;
        say(session, at, "S", `250 2.6.0 Message queued as ${identity(random)}`);
        session.state = "command";
    } else if (session.state === "request" && roll > 0.6) {
        session.messages.accepted++;
        world.stored(session, at);
    }
    session.lines.splice(0, Math.max(0, session.lines.length - 60));
    session.validators.splice(0, Math.max(0, session.validators.length - 12));
}

export const ends = ["quit", "quit", "quit", "quit", "peer_closed", "timeout_command", "reset", "too_many_errors", "drain"];

const setting = (key, directive, type, effective, text, more = {}) => ({
    key,
    directive,
    type,
    unit: { bytes: "byte", seconds: "second" }[type] ?? null,
    effective,
    text,
    origin: more.file ? "file" : "default",
    default: more.default ?? effective,
    file: null,
    override: null,
    min: null,
    max: null,
    words: null,
    applies: "next_session",
    runtime_mutable: true,
    help: "",
    ...more,
});

const line = (value, text, number, file = "/etc/edged/edge.conf") => ({ value, text, source: { file, line: number } });

/* The limits of one scope. */
function limitsOf(prefix, base) {
    const key = (name) => `${prefix}${name}`;
    return [
        setting(key("max_message_size"), "MaxMessageSize", "bytes", 78643200, "75M", { default: 26214400, file: line(78643200, "75M", base + 1), min: 1024, max: 2147483647, help: "Largest message accepted, announced in EHLO as SIZE." }),
        setting(key("max_recipients"), "MaxRecipients", "number", 1000, "1000", { default: 1000, min: 1, max: 100000, applies: "next_command", help: "Recipients of one message." }),
        setting(key("max_messages"), "MaxMessages", "number", 100, "100", { default: 100, min: 0, max: 100000, help: "Messages of one session; 0 has no limit." }),
        setting(key("max_connections"), "MaxConnections", "number", 2000, "2000", { default: 1000, file: line(2000, "2000", base + 2), min: 1, max: 1000000, applies: "immediately", help: "Connections open at the same time." }),
        setting(key("max_connections_per_ip"), "MaxConnectionsPerIP", "number", 20, "20", { default: 20, min: 1, max: 1000000, applies: "immediately", help: "Connections open from one address." }),
        setting(key("max_errors"), "MaxErrors", "number", 20, "20", { default: 20, min: 1, max: 10000, help: "Refused commands after which a session is closed with 421." }),
        setting(key("bare_newline"), "BareNewline", "word", "reject", "reject", { words: ["reject", "normalize"], help: "What a lone CR or LF inside a message leads to." }),
        setting(key("timeout.command"), "Timeout command=", "seconds", 300, "300s", { default: 300, file: line(300, "300s", base + 3), min: 1, max: 86400, help: "Until a whole command line is there." }),
        setting(key("timeout.data"), "Timeout data=", "seconds", 180, "180s", { default: 180, min: 1, max: 86400, help: "Without progress of the message." }),
        setting(key("timeout.session"), "Timeout session=", "seconds", 3600, "1h", { default: 3600, min: 1, max: 604800, help: "The longest a session may last." }),
        setting(key("tls_required"), "RequireTLS", "switch", false, "off", { default: false, help: "Whether MAIL needs encryption." }),
    ];
}

export function settings() {
    const all = [
        setting("banner", "Banner", "text", "mx1.example.net ESMTP Mail Gateway", "mx1.example.net ESMTP Mail Gateway", { default: "%s ESMTP Mail Gateway", file: line("mx1.example.net ESMTP Mail Gateway", "\"mx1.example.net ESMTP Mail Gateway\"", 14), help: "What a client hears first." }),
        ...limitsOf("", 20),
        setting("workers", "Workers", "number", 4, "4", { file: line(4, "4", 9), min: 1, max: 64, applies: "restart", runtime_mutable: false, help: "Threads that serve connections." }),
        setting("server_name", "ServerName", "text", "mx1.example.net", "mx1.example.net", { file: line("mx1.example.net", "mx1.example.net", 3), applies: "reload", runtime_mutable: false, help: "The name this server greets with." }),
    ];
    listenerNames.forEach((name, index) => {
        all.push(setting(`listener.${name}.banner`, "Banner", "text", "mx1.example.net ESMTP", "mx1.example.net ESMTP", { help: "What a client of this listener hears first." }));
        all.push(...limitsOf(`listener.${name}.`, 60 + index * 20));
    });
    const size = all.find((item) => item.key === "listener.mx.max_message_size");
    size.override = { value: 52428800, text: "50M", by: "token:ops-1", at: stamp(Date.now() - 3e6), reason: "INC-2217 disk pressure", expires_at: stamp(Date.now() + 9e6), persistence: "reload", file_value_then: 78643200 };
    Object.assign(size, { effective: 52428800, text: "50M", origin: "override" });
    for (const item of all) {
        item.etag = "0000000000000001";
    }
    return all;
}

export const validatorNames = [
    ["pregreet", "val_pregreet_module", ["BANNER"]],
    ["rbl", "val_dnsbl_module", ["BANNER", "RCPT"]],
    ["helo", "val_helo_module", ["EHLO"]],
    ["spf", "val_spf_module", ["MAIL"]],
    ["relay", "val_relay_module", ["RCPT"]],
    ["greylist", "val_greylist_module", ["RCPT"]],
    ["headers", "val_headers_module", ["HAVE_DATA"]],
];

export function validators(random) {
    return validatorNames.map(([name, module, commands], index) => ({
        name,
        module,
        file: "/etc/edged/edge.conf",
        line: 40 + index * 5,
        on_error: index % 3 ? "pass" : "tempfail",
        timeout: 4,
        p50: index === 0 ? null : 0.0005,
        p99: index === 0 ? null : 0.0025 * index,
        bindings: ["mx", ...(index > 3 ? ["submission"] : [])].flatMap((listener) =>
            commands.map((command) => {
                const shadow = name === "greylist" || (name === "rbl" && command === "BANNER");
                const pass = 9000 + random.upTo(90000);
                const reject = random.upTo(900);
                const results = { pass, reject, tempfail: random.upTo(60), error: random.upTo(3), timeout: random.upTo(5) };
                const none = { pass: 0, reject: 0, tempfail: 0, error: 0, timeout: 0 };
                return {
                    listener,
                    command,
                    order: index + 1,
                    mode: shadow ? "shadow" : "enforce",
                    written: shadow ? "shadow" : "enforce",
                    check: name,
                    file: "/etc/edged/edge.conf",
                    line: 90 + index,
                    results: { enforce: shadow ? none : results, shadow: shadow ? results : none },
                    skipped: 0,
                    differences: shadow ? reject : 0,
                };
            }),
        ),
    }));
}

export function queueItems(random, many) {
    const now = Date.now();
    return Array.from({ length: many }, (_, index) => {
        const domain = random.pick(domains);
        const held = index % 17 === 3;
        const deferred = !held && index % 5 === 1;
        return {
            queue: "main",
            state: held ? "held" : deferred ? "deferred" : "active",
            id: identity(random),
            received: stamp(now - (many - index) * 47000),
            size: 900 + random.upTo(4000000),
            protocol: "ESMTPS",
            sender: index % 11 === 5 ? "" : `${random.pick(users)}@${domain}`,
            recipients: Array.from({ length: 1 + random.upTo(3) }, () => `${random.pick(users)}@${random.pick(domains)}`),
            client: {
                protocol: "ESMTPS",
                ehlo: `mail.${domain}`,
                ip: `192.0.2.${random.upTo(250) + 1}`,
                port: 40000 + random.upTo(9000),
                security: "TLS",
                tls: { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" },
                receiver: "mx1.example.net",
                auth: null,
                listener: "mx",
                session: identity(random),
            },
        };
    });
}
