# What perl's Email::MIME or MIME::tools finds in each message: perl_reader.pl READER FILE...
use strict;
use warnings;

use Encode qw(decode);
use JSON::PP;
use MIME::Base64 qw(encode_base64);

my ($reader, @paths) = @ARGV;

sub found_by_email_mime {
    my ($octets) = @_;
    require Email::MIME;
    my $mail = Email::MIME->new($octets);
    my (@texts, @files);
    $mail->walk_parts(
        sub {
            my ($part) = @_;
            return if $part->subparts;
            if (defined(my $name = $part->filename)) { push @files, [$name, encode_base64($part->body, '')] }
            else                                     { push @texts, decode('UTF-8', $part->body) }
        }
    );
    return $mail->header_str('Subject'), \@texts, \@files;
}

sub found_by_mime_tools {
    my ($octets) = @_;
    require MIME::Parser;
    require MIME::WordDecoder;
    my $parser = MIME::Parser->new;
    $parser->output_to_core(1);
    $parser->tmp_to_core(1);
    my $mail = $parser->parse_data($octets);
    my (@texts, @files);
    for my $part (grep { !$_->parts } $mail->parts_DFS) {
        my $name = $part->head->recommended_filename;
        my $body = $part->bodyhandle->as_string;
        if (defined $name) { push @files, [$name, encode_base64($body, '')] }
        else               { push @texts, decode('UTF-8', $body) }
    }
    my $subject = $mail->head->get('Subject', 0) // '';
    $subject =~ s/\r?\n(?=[ \t])//g;
    $subject =~ s/\r?\n\z//;
    return MIME::WordDecoder::mime_to_perl_string($subject), \@texts, \@files;
}

for my $path (@paths) {
    open my $file, '<:raw', $path or die "$path: $!";
    my ($subject, $texts, $files) = do { local $/; my $octets = <$file>; $reader eq 'Email::MIME' ? found_by_email_mime($octets) : found_by_mime_tools($octets) };
    print JSON::PP->new->ascii->encode({ subject => $subject, texts => $texts, files => $files }), "\n";
}
