// What npm's mailparser or postal-mime finds in each message: node_reader.mjs PACKAGE.JSON READER FILE...
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, reader, ...paths] = process.argv.slice(2);
const require = createRequire(modules);

async function mailparser(octets) {
    const mail = await require('mailparser').simpleParser(octets, { skipHtmlToText: true, skipImageLinks: true });
    const files = mail.attachments.map(one => [one.filename, one.content.toString('base64')]);
    return { subject: mail.subject ?? '', texts: [mail.text, mail.html].filter(Boolean), files };
}

async function postal(octets) {
    const { default: PostalMime } = await import(pathToFileURL(require.resolve('postal-mime')));
    const mail = await new PostalMime().parse(octets);
    const files = mail.attachments.map(one => [one.filename, Buffer.from(one.content).toString('base64')]);
    return { subject: mail.subject ?? '', texts: [mail.text, mail.html].filter(Boolean), files };
}

for (const path of paths) {
    console.log(JSON.stringify(await { mailparser, 'postal-mime': postal }[reader](readFileSync(path))));
}
