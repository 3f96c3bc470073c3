// Reads an OpenAPI document by the rules that are recommended: lint.mjs FILE. Each finding is a line; exit 1 when there is one.
import { createConfig, lint } from "@redocly/openapi-core";

const config = await createConfig({ extends: ["recommended"] });
const findings = await lint({ ref: process.argv[2], config });
for (const { severity, ruleId, message, location } of findings) {
    console.log(`${severity} ${ruleId} ${location[0]?.pointer ?? ""}: ${message}`);
}
process.exitCode = findings.length > 0 ? 1 : 0;
