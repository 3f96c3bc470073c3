// Sends one message by nodemailer: send.js PORT FROM TO,TO FILE [clear|starttls|tls [MECHANISM USER PASSWORD]].
// The dialogue goes to standard output.
'use strict';
const fs = require('fs');
const nodemailer = require('nodemailer');

const [port, from, to, file, security = 'clear', mechanism, user, password] = process.argv.slice(2);
const line = (label) => (entry, text, ...rest) => console.log(label, require('util').format(text, ...rest));
const logger = {};
for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) logger[level] = line(level);
logger.level = () => {};

const credentials = () => mechanism === 'XOAUTH2' ? { type: 'OAuth2', user, accessToken: password } : { user, pass: password };
const transport = nodemailer.createTransport({
    host: security === 'clear' ? '127.0.0.1' : 'localhost', port: Number(port), secure: security === 'tls', ignoreTLS: security === 'clear',
    requireTLS: security === 'starttls', name: 'client.example', logger, debug: true,
    ...(mechanism ? { auth: credentials(), authMethod: mechanism } : {}),
});
transport.sendMail({ envelope: { from, to: to.split(',') }, raw: fs.readFileSync(file) }).then(
    (info) => { console.log(info.response); transport.close(); },
    (error) => { console.error(error); process.exitCode = 1; transport.close(); },
);
