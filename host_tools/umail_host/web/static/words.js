// The page's words, in English and German; the browser's language decides.

export const language = navigator.language.toLowerCase().startsWith("de") ? "de" : "en";
document.documentElement.lang = language;

const german = {
  "Mails": "Mails", "Sessions": "Sitzungen", "Boards": "Boards", "Server": "Server",
  "Search mails": "Mails durchsuchen", "No mail yet": "Noch keine Mail", "Nothing found": "Nichts gefunden",
  "Send one to {}, and it appears here at once.": "Schicken Sie eine an {}; sie erscheint hier sofort.",
  "Choose a mail to read it.": "Wählen Sie eine Mail.", "mails": "Mails", "mail": "Mail",
  "Back": "Zurück", "Delete": "Löschen", "Save .eml": ".eml sichern", "Dialogue": "Dialog",
  "HTML": "HTML", "Text": "Text", "Headers": "Kopfzeilen", "Parts": "Teile", "Source": "Quelltext", "Envelope": "Umschlag",
  "From": "Von", "To": "An", "Mail from": "Absender (MAIL FROM)", "Recipients": "Empfänger (RCPT TO)",
  "Header From": "Kopfzeile From", "Header To": "Kopfzeile To", "Login": "Anmeldung", "Arrived": "Angekommen",
  "Size": "Größe", "bytes": "Bytes", "Save": "Sichern", "Type": "Typ", "Name": "Name", "Encoding": "Kodierung",
  "decoded": "dekodiert", "raw": "roh", "Show raw": "Roh zeigen", "Show decoded": "Dekodiert zeigen",
  "No text in this mail.": "Diese Mail hat keinen Text.", "More was left out.": "Mehr wurde weggelassen.",
  "What a provider might object to": "Was ein Anbieter beanstanden könnte", "Thread": "Verlauf",
  "Attachments": "Anhänge", "the mail as HTML": "die Mail als HTML",
  "Session": "Sitzung", "round trips": "Umläufe", "round trip": "Umlauf", "none": "keine", "faults": "Störungen",
  "Client": "Client", "No session yet": "Noch keine Sitzung", "Compare with": "Vergleichen mit", "Close": "Schließen",
  "Send by {}": "Mit {} senden", "Compare umail and smtplib": "umail und smtplib vergleichen", "more lines": "weitere Zeilen",
  "in clear": "unverschlüsselt", "Certificate": "Zertifikat", "for": "für", "until": "bis", "Choose a session to see its dialogue.":
  "Wählen Sie eine Sitzung, um ihren Dialog zu sehen.", "Mails that came of it": "Mails daraus", "took": "dauerte",
  "More flights were left out.": "Weitere Blöcke wurden weggelassen.",
  "No board here": "Kein Board", "Power": "Strom", "Network": "Netz", "Clock": "Uhr", "Sensor": "Sensor", "Flash": "Flash",
  "on": "an", "off": "aus", "Reset": "Reset", "Cut the power": "Strom trennen", "Power on": "Strom an",
  "Wi-Fi on": "WLAN an", "Drop the Wi-Fi": "WLAN weg", "Refuse the Wi-Fi": "WLAN verweigern", "Slow network": "Langsames Netz",
  "Fast network": "Schnelles Netz", "NTP on": "NTP an", "NTP off": "NTP aus", "+1 hour": "+1 Stunde", "−1 hour": "−1 Stunde",
  "Warmer": "Wärmer", "Cooler": "Kälter", "Unplug": "Abziehen", "Plug in": "Anstecken", "Fill the flash": "Flash füllen",
  "Free the flash": "Flash leeren", "Readings": "Messwerte", "Console": "Konsole", "Outbox": "Postausgang", "Look": "Nachsehen",
  "limit": "Grenze", "normal again": "wieder normal", "The outbox is empty.": "Der Postausgang ist leer.",
  "Subject": "Betreff", "State": "Zustand", "Due in": "Fällig in", "Attempts": "Versuche", "Why": "Grund", "no readings yet": "noch keine Messwerte",
  "last reset": "letzter Reset", "Make the server refuse": "Den Server ablehnen lassen", "Plan of faults": "Störungsplan",
  "Apply": "Anwenden", "No faults": "Keine Störungen", "Add a fault": "Störung hinzufügen", "Limits of a user": "Grenzen je Benutzer",
  "Messages a minute (late beyond)": "Nachrichten je Minute (darüber verspätet)", "Messages an hour (refused beyond)": "Nachrichten je Stunde (darüber abgelehnt)",
  "Recipients a day": "Empfänger je Tag", "Sessions at once": "Sitzungen zugleich", "0 is no limit.": "0 heißt keine Grenze.",
  "Mails of this server": "Mails dieses Servers", "Save all as mbox": "Alle als mbox sichern", "Delete all": "Alle löschen",
  "kept in": "aufbewahrt in", "Delete all mails?": "Alle Mails löschen?", "Profile": "Profil", "Address": "Adresse", "done": "erledigt",
  "API description": "Beschreibung der API", "Keys": "Tasten", "next mail": "nächste Mail", "previous mail": "vorige Mail",
  "search": "suchen", "this list": "diese Liste", "back to the list": "zurück zur Liste", "live": "live", "not connected": "nicht verbunden",
  "{} points": "{} Punkte", "spam from {} on": "Spam ab {}",
  "alert": "Alarm", "recovery": "Entwarnung", "gone": "weg", "refusing": "verweigert", "connected": "verbunden", "waiting": "wartet",
  "unplugged": "abgezogen", "latency": "Verzögerung", "given up": "aufgegeben", "ready": "bereit", "strikes": "schlägt zu",
};

export function t(text, value = undefined) {
  const found = language === "de" ? german[text] ?? text : text;
  return value === undefined ? found : found.replace("{}", value);
}

// What the server says: {} stands for what differs, in the same order in both, and may be such a sentence itself.
const sentences = {
  "There is no {} header.": "Die Kopfzeile {} fehlt.",
  "There are {} {} headers; one is allowed (RFC 5322, 3.6).": "{} Kopfzeilen {}; erlaubt ist eine (RFC 5322, 3.6).",
  "A header holds raw 8-bit bytes; without SMTPUTF8 they must be encoded (RFC 2047).": "Eine Kopfzeile enthält rohe 8-Bit-Bytes; ohne SMTPUTF8 müssen sie kodiert sein (RFC 2047).",
  "A line is longer than 998 bytes (RFC 5321, 4.5.3.1.6).": "Eine Zeile ist länger als 998 Bytes (RFC 5321, 4.5.3.1.6).",
  "From is {}, the login {}: Microsoft 365 refuses that without Send As.": "From ist {}, die Anmeldung {}: Microsoft 365 lehnt das ohne „Senden als“ ab.",
  "From and envelope have different domains: DMARC can't pass by SPF.": "From und Umschlag haben verschiedene Domains: DMARC kann nicht durch SPF bestehen.",
  "Date is more than a day away from when the mail came.": "Date liegt mehr als einen Tag neben der Ankunft der Mail.",
  "There is HTML, but no plain text.": "Es gibt HTML, aber keinen reinen Text.",
  "The HTML refers to other hosts; nothing is loaded from there.": "Das HTML verweist auf andere Rechner; von dort wird nichts geladen.",
  "The DNS server knows no domain {}: providers refuse mail from a domain that does not exist.": "Der DNS-Server kennt keine Domain {}: Anbieter lehnen Mails einer Domain ab, die es nicht gibt.",
  "{}: SPF and DMARC were not checked to the end.": "{}: SPF und DMARC wurden nicht zu Ende geprüft.",
  "The SPF record of {} can't be evaluated: {}.": "Der SPF-Eintrag von {} kann nicht ausgewertet werden: {}.",
  "{} has no SPF record: many providers count that against a mail.": "{} hat keinen SPF-Eintrag: Viele Anbieter werten das gegen eine Mail.",
  "SPF of {} says {} for {}.": "SPF von {} sagt {} für {}.",
  "The SPF record of {} lets anybody send for it.": "Der SPF-Eintrag von {} lässt jeden für sie senden.",
  "{} has no DMARC policy: large providers ask for one.": "{} hat keine DMARC-Richtlinie: Große Anbieter verlangen eine.",
  "_dmarc.{} has {} records, so none counts.": "_dmarc.{} hat {} Einträge, also zählt keiner.",
  "DMARC of {} says {}, and neither the envelope nor a DKIM signature is of that domain.": "DMARC von {} sagt {}, und weder der Umschlag noch eine DKIM-Signatur ist von dieser Domain.",
  "the DNS takes more than {} s": "Das DNS braucht mehr als {} s",
  "no DNS server answers in time about {}": "Kein DNS-Server antwortet rechtzeitig zu {}",
  "no DNS server has an answer about {}": "Kein DNS-Server hat eine Antwort zu {}",
  "{} has {} SPF records, and one is allowed": "{} hat {} SPF-Einträge, und einer ist erlaubt",
  "it redirects to {}, which has no SPF record": "er verweist auf {}, das keinen SPF-Eintrag hat",
  "it includes {}, which has no SPF record": "er schließt {} ein, das keinen SPF-Eintrag hat",
  "it takes more than {} DNS look-ups: remove includes that are not needed": "er braucht mehr als {} DNS-Anfragen: Entfernen Sie unnötige include",
  "it holds {}, which SPF does not know": "er enthält {}, das SPF nicht kennt",
  "{} in it is not an address": "{} darin ist keine Adresse",
  "{} in it is a macro, which is not evaluated here": "{} darin ist ein Makro, das hier nicht ausgewertet wird",
  "SpamAssassin is busy with other mails: ask again": "SpamAssassin ist mit anderen Mails beschäftigt: noch einmal fragen",
  "SpamAssassin took more than {} s": "SpamAssassin brauchte mehr als {} s",
  "SpamAssassin can't be run: {}": "SpamAssassin läuft nicht: {}",
  "SpamAssassin said nothing": "SpamAssassin hat nichts gesagt",
  "this board reads a recording, so its sensor can't be changed": "Dieses Board liest eine Aufzeichnung, sein Sensor lässt sich also nicht ändern",
  "the sensor, a DS18B20, measures from {} to {} °C, not {}": "Der Sensor, ein DS18B20, misst von {} bis {} °C, nicht {}",
  "this board's network can't be made slow": "Das Netz dieses Boards lässt sich nicht verlangsamen",
  "the board is off: switch it on first": "Das Board ist aus: Schalten Sie es erst ein",
  "the board is busy with what it was asked before: wait for that": "Das Board ist noch mit dem Vorigen beschäftigt: Warten Sie darauf",
};
let patterns;

// A sentence of the server in the browser's language; one that is not known stays as it is.
export function said(text) {
  if (language !== "de") return text;
  const pattern = (sentence) => new RegExp(`^${sentence.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll("{}", "(.+?)")}$`, "s");
  patterns ??= Object.entries(sentences).map(([english, words]) => [pattern(english), words]);
  for (const [english, words] of patterns) {
    const found = english.exec(text);
    let index = 1;
    if (found) return words.replaceAll("{}", () => said(found[index++]));
  }
  return text;
}

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const number = new Intl.NumberFormat(language);

export const when = (seconds) => {
  const date = new Date(seconds * 1000);
  return Date.now() - date < 86400000 ? clock.format(date) : day.format(date);
};
export const whole = (seconds) => new Date(seconds * 1000).toLocaleString(language);
export const many = (count) => number.format(count);
