// Sends mails with nodemailer as its documents show it, as the JSON in the first argument says.
const fs = require("fs");
const nodemailer = require("nodemailer");

const job = JSON.parse(process.argv[2]);
const options = {
  host: "localhost",
  port: job.port,
  secure: false,
  pool: job.count > 1,
  maxConnections: 1,
  disableFileAccess: false,
};
if (job.security === "plain") options.ignoreTLS = true;
else {
  options.requireTLS = true;
  options.tls = { ca: fs.readFileSync(job.trust) };
}
if (job.mechanism === "XOAUTH2") options.auth = { type: "OAuth2", user: job.user, accessToken: job.secret };
else if (job.mechanism) {
  options.auth = { user: job.user, pass: job.secret };
  options.authMethod = job.mechanism;
}

async function main() {
  const transport = nodemailer.createTransport(options);
  const mail = { from: job.user, to: job.to, subject: "Freezer 3 is warm", text: "-11.5 C, limit -15 C" };
  if (job.attachment) mail.attachments = [{ filename: "data.bin", path: job.attachment }];
  for (let i = 0; i < job.count; i++) await transport.sendMail(mail);
  transport.close();
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
