<?php
// What PHP's mailparse finds in each message: php_reader.php FILE...
foreach (array_slice($argv, 1) as $path) {
    $octets = file_get_contents($path);
    $mail = mailparse_msg_create();
    mailparse_msg_parse($mail, $octets);
    $texts = $files = [];
    $subject = "";
    foreach (mailparse_msg_get_structure($mail) as $id) {
        $part = mailparse_msg_get_part($mail, $id);
        $told = mailparse_msg_get_part_data($part);
        if ($id === "1") $subject = iconv_mime_decode($told["headers"]["subject"] ?? "", 0, "UTF-8");
        if (str_starts_with($told["content-type"], "multipart/")) continue;
        $body = substr($octets, $told["starting-pos-body"], $told["ending-pos-body"] - $told["starting-pos-body"]);
        $how = strtolower($told["transfer-encoding"]);
        if ($how === "base64") $body = base64_decode($body);
        if ($how === "quoted-printable") $body = quoted_printable_decode($body);
        $name = $told["disposition-filename"] ?? $told["content-name"] ?? null;
        if ($name === null) $texts[] = $body; else $files[] = [iconv_mime_decode($name, 0, "UTF-8"), base64_encode($body)];
    }
    echo json_encode(["subject" => $subject, "texts" => $texts, "files" => $files], JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
