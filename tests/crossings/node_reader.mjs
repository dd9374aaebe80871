// Runs beside npm's readers: node_reader.mjs FOLDER READER FILE… prints a line of JSON for each message.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const [, , folder, reader, ...paths] = process.argv;
const require = createRequire(folder + '/');

function emailjs(raw) {
  const parse = require('emailjs-mime-parser').default;
  const mail = parse(new Uint8Array(raw)), texts = [], files = [];
  const walk = (node) => {
    if (node.childNodes.length) return node.childNodes.forEach(walk);
    const place = (node.headers['content-disposition'] || [{}])[0].params || {};
    const name = place.filename || (node.contentType.params || {}).name;
    const content = Buffer.from(node.content || []);
    if (name) files.push([name, content.toString('base64')]);
    else texts.push(content.toString());
  };
  walk(mail);
  return { subject: (mail.headers.subject || [{ value: '' }])[0].value, texts, files };
}

function letterparser(raw) {
  const mail = require('letterparser').extract(raw.toString());
  const files = (mail.attachments || []).map(({ filename, body }) => [filename || '', Buffer.from(body).toString('base64')]);
  return { subject: mail.subject || '', texts: [mail.text, mail.html].filter(Boolean), files };
}

for (const path of paths) {
  console.log(JSON.stringify({ 'emailjs-mime-parser': emailjs, letterparser }[reader](fs.readFileSync(path))));
}
