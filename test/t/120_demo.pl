# 120_demo.pl: dev/demo prints the picture of README.md; reads files as users have them; says what is wrong with a question.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::Bin/../..";
my $folder = PostgreSQL::Test::Utils::tempdir();
sub demo { my ($out, $err) = run_command([ "$top/dev/demo", '--installed', '--no-report', @_ ]); return "$out\n$err" }
sub file { my ($name, $text) = @_; append_to_file("$folder/$name", $text); return "$folder/$name" }

# --- without an argument ---------------------------------------------------------------------------------------------

my ($picture) = slurp_file("$top/README.md") =~ /^\$ dev\/demo\n(.*?)^```/ms;
my $printed = demo();
(my $trimmed = $printed) =~ s/[ \t]+$//mg;
ok(index($trimmed, $picture) >= 0, 'README.md shows what dev/demo prints') or diag $printed;
like($printed, qr/The SELECT that made it .*\n\nCREATE TABLE customer_segments AS\nSELECT customer_id/, 'the SELECT is printed');

# --- files -----------------------------------------------------------------------------------------------------------

my $german = file('german.csv', "\xef\xbb\xbf\"Kunden Nr\";Datum;Betrag;Beleg\r\n007;31/12/2024;10.50;A1\r\n007;31/12/2024;-1;A1\r\n"
	. "008;1/2/2025;4;B1\r\n;2/2/2025;9;C1\r\n009;3/2/2025;-5;D1\r\n");
$printed = demo($german, qw(--customer kunden_nr --at datum --amount betrag --order beleg));
like($printed, qr/^5 rows, 3 customers, as of 2025-02-04, scheme standard; 1 rows without/m, 'semicolons, a byte order mark, days first');
like($printed, qr/^ No orders +1 /m, 'a customer with a return only has no order');
like($printed, qr/^ Total +3 +100.0 % +2 +8.50 /m, 'an order of two lines is one; leading zeros are kept apart');

my $first = file('first.csv', "id,day,cents\nx,2025-01-01,100\n");
my $second = file('second.csv', "id,day,cents\ny,2025-01-02,250\n");
system('gzip', '-f', $second);
like(demo($first, "$second.gz", qw(--customer id --at day --amount cents/100.0 --where cents>0 --as-of 2025-01-31)),
	qr/^ Total +2 +100.0 % +2 +3.50 /m, 'several files, one compressed; expressions');

# --- questions that can't be answered --------------------------------------------------------------------------------

for my $case (
	[ 'an unknown column', qr/--amount euros: column "euros" does not exist\nthe columns are: id text, day timestamp/, qw(--customer id --at day --amount euros) ],
	[ 'a time that is none', qr/--at id is text; a date or time is needed/, qw(--customer id --at id --amount cents) ],
	[ 'an amount that is none', qr/--amount id is text; a number is needed/, qw(--customer id --at day --amount id) ],
	[ 'an unknown scheme', qr/no scheme is named clasic; there are: .*classic/, qw(--customer id --at day --amount cents --scheme clasic) ],
	[ 'a condition that is none', qr/--where cents is not a condition/, qw(--customer id --at day --amount cents --where cents) ],
	[ 'no row left', qr/no order is left/, qw(--customer id --at day --amount cents --where cents<0) ],
	[ 'no question', qr/say with --customer, --at and --amount .* the columns are: id day cents/ ],
	[ 'an unknown option', qr/unknown option --colour/, '--colour' ])
{
	my ($name, $message, @arguments) = @$case;
	like(demo($first, @arguments), $message, $name);
}
like(demo("$folder/nowhere.csv"), qr/cannot read .*nowhere\.csv/, 'no file');
like(demo(file('broken.csv', "id,day\n1,2025-01-01,3\n"), qw(--customer id --at day --amount 1)), qr/broken.csv could not be read as CSV/, 'a broken file');

# --- Online Retail as it is ------------------------------------------------------------------------------------------

SKIP:
{
	my @files = glob(($ENV{SEGMENT_DATA} || '/nonexistent') . '/online_retail_*.csv.gz');
	skip 'no data folder: set SEGMENT_DATA', 3 unless @files == 3 && -r $files[0];
	my @question = (@files, qw(--customer customer_id --at invoice_date --order invoice_no --amount), 'quantity * unit_price');
	$printed = demo(@question, '--scheme', 'classic', '--where', "invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0");
	my %customers = $printed =~ /^ (\w[\w ]*?) {2,}([\d,]+) /mg;
	is(join(', ', map { "$_ $customers{$_}" } sort grep { $_ ne 'Total' } keys %customers),
		'About To Sleep 229, At Risk 348, Cannot Lose 123, Champions 798, Hibernating 659, Lost 567, Loyal 403, '
		  . 'Need Attention 254, New 407, Potential Loyalist 307, Promising 243', 'the published figures of classic');
	like($printed, qr/^ Total +4,338 +100.0 % +18,532 +8,911,407.90 /m, 'customers, orders and revenue of the valid sales');
	like(demo(@question), qr/^ No orders +33 .*^ Total +4,372 +100.0 % +18,536 +8,300,065.81 /ms, 'all lines');
}

done_testing();
