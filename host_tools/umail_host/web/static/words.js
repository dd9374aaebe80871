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

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const number = new Intl.NumberFormat(language);

export const when = (seconds) => {
  const date = new Date(seconds * 1000);
  return Date.now() - date < 86400000 ? clock.format(date) : day.format(date);
};
export const whole = (seconds) => new Date(seconds * 1000).toLocaleString(language);
export const many = (count) => number.format(count);
