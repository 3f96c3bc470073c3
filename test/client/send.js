// Sends one message by nodemailer: send.js PORT FROM TO,TO FILE. The dialogue goes to standard output.
'use strict';
const fs = require('fs');
const nodemailer = require('nodemailer');

const [port, from, to, file] = process.argv.slice(2);
const line = (label) => (entry, text, ...rest) => console.log(label, require('util').format(text, ...rest));
const logger = {};
for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) logger[level] = line(level);
logger.level = () => {};

const transport = nodemailer.createTransport({
    host: '127.0.0.1', port: Number(port), secure: false, ignoreTLS: true, name: 'client.example', logger, debug: true,
});
transport.sendMail({ envelope: { from, to: to.split(',') }, raw: fs.readFileSync(file) }).then(
    (info) => { console.log(info.response); transport.close(); },
    (error) => { console.error(error); process.exitCode = 1; },
);
