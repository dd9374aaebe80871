# What ruby's mail finds in each message: ruby_reader.rb FILE...
require "base64"
require "json"
require "mail"

ARGV.each do |path|
  mail = Mail.read_from_string(File.binread(path))
  leaves = mail.multipart? ? mail.all_parts.reject(&:multipart?) : [mail]
  files, texts = leaves.partition { |part| part.filename }
  puts JSON.generate(
    subject: mail.subject.to_s,
    texts: texts.map { |part| part.decoded.dup.force_encoding("UTF-8").scrub },
    files: files.map { |part| [part.filename, Base64.strict_encode64(part.body.decoded)] }
  )
end
