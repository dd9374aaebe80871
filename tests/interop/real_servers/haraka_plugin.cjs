// Haraka's plug-in for the tests: takes every recipient but two, and writes each mail and its envelope into a folder.
const { renameSync, writeFileSync } = require('node:fs');
const { Writable } = require('node:stream');

let count = 0;

exports.register = function () {
    this.settings = this.config.get('umail.json');
};

exports.hook_capabilities = function (next, connection) {
    if (connection.local.port === this.settings.login_only_port) {
        connection.capabilities = connection.capabilities.map(line => line.startsWith('AUTH ') ? 'AUTH LOGIN' : line);
        connection.notes.allowed_auth_methods = ['LOGIN'];
    }
    next();
};

exports.hook_rcpt = (next, connection, [recipient]) => {
    const local = recipient.user;
    if (local === 'refused') return next(DENY, 'nobody of that name');
    if (local === 'later') return next(DENYSOFT, 'not now');
    return next(OK);
};

// After a login the mail counts as one to be relayed, and would go out.
exports.hook_queue = exports.hook_queue_outbound = function (next, connection) {
    const transaction = connection.transaction;
    const chunks = [];
    const end = () => {
        const name = `${this.settings.mails}/${String(++count).padStart(6, '0')}`;
        const people = [transaction.mail_from, ...transaction.rcpt_to].map(one => one.address);
        writeFileSync(`${name}.envelope`, [...people, ''].join('\n'));
        writeFileSync(`${name}.part`, Buffer.concat(chunks));
        renameSync(`${name}.part`, `${name}.eml`);
        next(OK, 'taken');
    };
    transaction.message_stream.pipe(new Writable({
        write(chunk, encoding, done) { chunks.push(chunk); done(); },
        final(done) { end(); done(); },
    }), { line_endings: '\r\n' });
};
