/* Every page by its name in the address. */
import { html } from "../lib.js";
import { Empty } from "../parts/words.js";
import { Overview } from "./overview.js";
import { Sessions } from "./sessions.js";
import { Validators } from "./validators.js";
import { Queue } from "./queue.js";
import { Listeners } from "./listeners.js";
import { Limits } from "./limits.js";
import { Config } from "./config.js";
import { Audit } from "./audit.js";
import { System } from "./system.js";

const Unknown = () => html`<${Empty}><b>There is no such page.</b> The pages are in the rail; <kbd>?</kbd> lists the keys.<//>`;

export const pages = {
    overview: { name: "Overview", page: Overview },
    sessions: { name: "Sessions", page: Sessions },
    validators: { name: "Validators", page: Validators },
    queue: { name: "Queue", page: Queue },
    listeners: { name: "Listeners", page: Listeners },
    limits: { name: "Limits", page: Limits },
    config: { name: "Config", page: Config },
    audit: { name: "Audit", page: Audit },
    system: { name: "System", page: System },
    unknown: { name: "Unknown", page: Unknown },
};
