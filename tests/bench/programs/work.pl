# SPDX-License-Identifier: GPL-2.0-or-later
# Work for the perl row: words counted, lines matched and rewritten. work.pl FILE
use strict;
use warnings;

my (%count, $long, $pairs, $length);
open my $in, '<', $ARGV[0] or die "$ARGV[0]: $!";
while (my $line = <$in>) {
    $count{lc $1}++ while $line =~ /([A-Za-z]+)/g;
    $long++ if $line =~ /\b\w{9,}\b/;
    $pairs += () = $line =~ /(\w)\1/g;
    (my $changed = $line) =~ s/([aeiou])([a-z])/$2$1/g;
    $length += length $changed;
}
my @top = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 4];
print join(' ', map { "$_=$count{$_}" } @top), " $long $pairs $length\n";
