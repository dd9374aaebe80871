// npm's smtp-server, as its documentation sets it up; the settings come as JSON in the environment.
import { readFileSync, renameSync, writeFileSync, appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const settings = JSON.parse(process.env.SETTINGS);
const require = createRequire(settings.modules);
const { SMTPServer } = require('smtp-server');
let count = 0;

function note(text) {
    appendFileSync(settings.log, text + '\n');
}

function onAuth(auth, session, callback) {
    const secret = auth.method === 'XOAUTH2' ? auth.accessToken : auth.password;
    const expected = auth.method === 'XOAUTH2' ? settings.token : settings.password;
    const good = auth.username === settings.user && secret === expected;
    note(`${auth.method} ${good ? 'taken' : 'refused'}`);
    if (good) return callback(null, { user: auth.username });
    if (auth.method === 'XOAUTH2') return callback(null, { data: { status: '401', schemes: 'bearer', scope: 'mail' } });
    return callback(Object.assign(new Error('Authentication credentials invalid'), { responseCode: 535 }));
}

function onRcptTo(address, session, callback) {
    const local = address.address.split('@')[0];
    if (local === 'refused') return callback(Object.assign(new Error('nobody of that name'), { responseCode: 550 }));
    if (local === 'later') return callback(Object.assign(new Error('not now'), { responseCode: 450 }));
    return callback();
}

function onData(stream, session, callback) {
    const chunks = [];
    stream.on('data', chunk => chunks.push(chunk));
    stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const name = `${settings.mails}/${String(++count).padStart(6, '0')}`;
        writeFileSync(`${name}.envelope`, [mailFrom.address, ...rcptTo.map(one => one.address), ''].join('\n'));
        writeFileSync(`${name}.part`, Buffer.concat(chunks));
        renameSync(`${name}.part`, `${name}.eml`);
        callback(null, 'taken');
    });
}

function serve(port, secure, authMethods = ['PLAIN', 'LOGIN', 'XOAUTH2']) {
    const server = new SMTPServer({
        secure,
        cert: readFileSync(settings.chain),
        key: readFileSync(settings.key),
        size: settings.size,
        authMethods,
        authOptional: true,
        hideENHANCEDSTATUSCODES: false,
        disableReverseLookup: true,
        onAuth,
        onRcptTo,
        onData,
        onConnect(session, callback) {
            note('opened');
            callback();
        },
        onClose: () => note('closed'),
    });
    server.on('error', error => note(`error ${error.message}`));
    server.listen(port, '127.0.0.1');
}

// Each piece that the parser of commands is given: the verbs in it tell what came together.
const { SMTPStream } = require('smtp-server/lib/smtp-stream.js');
const write = SMTPStream.prototype._write;
SMTPStream.prototype._write = function (chunk, encoding, next) {
    if (!this._dataMode) {
        const verbs = chunk.toString('latin1').match(/^(EHLO|STARTTLS|AUTH|RSET|MAIL|RCPT|DATA|BDAT|QUIT)\b/gim);
        note(`together: ${(verbs || ['(no command)']).join(' ')}`);
    }
    return write.call(this, chunk, encoding, next);
};

serve(settings.port, false);
serve(settings.tls_port, true);
serve(settings.login_only_port, false, ['LOGIN']);
