# ShadowInstallation.pm: a PostgreSQL installation beside the real one, for tests of ALTER EXTENSION UPDATE.
package ShadowInstallation;

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);

our @EXPORT = qw(shadow_installation);

sub configured
{
	my ($what) = @_;
	chomp(my $value = `@{[$ENV{PG_CONFIG} || 'pg_config']} --$what`);
	return $value;
}

# A second installation in the folder $to, of links, whose extension folder can be written, for versions that exist in a test
# only: its install path and that folder. The server finds its folders relative to its executable, so executables are copied.
sub shadow_installation
{
	my ($to) = @_;
	my ($bin, $share, $lib) = (configured('bindir'), configured('sharedir'), configured('pkglibdir'));
	my @parts = split m{/}, $bin;
	pop @parts while $share !~ m{^\Q@{[join '/', @parts]}\E/};
	my $prefix = join '/', @parts;
	my %place = map { $_ => $to . substr($_, length $prefix) } ($bin, $share, $lib);
	make_path(values %place, "$place{$share}/extension");
	system('cp', '-RL', "$bin/.", $place{$bin}) == 0 or die 'could not copy executables';
	for my $pair ([ $lib, $place{$lib} ], [ $share, $place{$share} ], [ "$share/extension", "$place{$share}/extension" ])
	{
		for my $file (glob("$pair->[0]/*"))
		{
			my $link = "$pair->[1]/" . basename($file);
			symlink($file, $link) unless -e $link;
		}
	}
	return (dirname($place{$bin}), "$place{$share}/extension");
}

1;
