# 240_pg_upgrade.pl: pg_upgrade with the extension installed: rows in every table of ours, and a user's tables, indexes, views,
# materialized views and functions over every type. It restores the members of the extension one by one, in pg_dump's order.
# Within one version always; from PostgreSQL 15 too where $SEGMENT_OLD_PG_CONFIG is that of one: dev/test --version 18 sets it.
use strict;
use warnings;

use FilledTables;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ShadowInstallation;
use Test::More;

chomp(my $new_bindir = `@{[$ENV{PG_CONFIG} || 'pg_config']} --bindir`);
my $postgres = getpwuid($<);

sub run_sql
{
	my ($node, $database, $sql) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql($database, $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', 'keeper' ], on_error_stop => 1);
	$err =~ s/^.*(WARNING|DETAIL|HINT|NOTICE):.*\n?//mg;
	return $code == 0 ? $out : $err;
}

# The types of the extension, with the values that the fuzzer starts from.
my %values;
for my $file (glob "$ENV{TESTDIR}/test/fuzz/seeds/*.txt")
{
	my ($type) = $file =~ m{([a-z_]+)\.txt$};
	$values{$type} = [ grep { /\S/ && /^[[:ascii:]]*$/ } split /\n/, slurp_file($file) ];
}

# Of each type a table with a default, a domain, an array and a composite, indexes, a view, a materialized view, functions.
sub objects_of
{
	my ($type) = @_;
	my $rows = join ', ', map { my $text = s/'/''/gr; "('$text'::segment.$type)" } @{ $values{$type} };
	return <<"SQL";
CREATE DOMAIN d_$type AS segment.$type;
CREATE TYPE c_$type AS (n integer, v segment.$type);
CREATE TABLE t_$type (n integer GENERATED ALWAYS AS IDENTITY, v segment.$type DEFAULT '@{[$values{$type}[0] =~ s/'/''/gr]}', d d_$type, a segment.${type}[], c c_$type);
INSERT INTO t_$type (v, d, a, c) SELECT x, x, ARRAY[x, NULL], ROW(1, x)::c_$type FROM (VALUES $rows) s (x);
INSERT INTO t_$type DEFAULT VALUES;
CREATE VIEW v_$type AS SELECT v, count(*) FROM t_$type GROUP BY v ORDER BY v;
CREATE MATERIALIZED VIEW m_$type AS SELECT DISTINCT v FROM t_$type;
CREATE FUNCTION f_$type(segment.$type) RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM t_$type WHERE v = \$1; END;
CREATE FUNCTION s_$type() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(DISTINCT v) FROM public.t_$type';
SQL
}

sub indexes_of
{
	my ($type) = @_;
	return "CREATE INDEX ON t_$type (v); CREATE INDEX ON t_$type USING hash (v); CREATE INDEX ON m_$type (v);\n";
}

sub make_old
{
	my ($node) = @_;
	$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN; CREATE ROLE analyst LOGIN; CREATE DATABASE shop OWNER keeper');
	is(run_sql($node, 'shop', fill_every_table() . <<'SQL'), '', 'a database owner installs the extension and fills every table');
CREATE MATERIALIZED VIEW profile AS SELECT customer_id, segment_name FROM segment.customer_profile WHERE segmentation = 'schemes';
SQL
	my @types = split /\n/, run_sql($node, 'shop', q{SELECT t.typname FROM pg_type t JOIN pg_depend d ON d.objid = t.oid AND d.classid = 'pg_type'::regclass
		AND d.deptype = 'e' WHERE t.typnamespace = 'segment'::regnamespace AND t.typtype = 'b' AND t.typelem = 0 ORDER BY 1});
	is_deeply([ grep { !$values{$_} } @types ], [], 'there are values of every type');
	my %sorted = map { $_ => 1 } split /\n/, run_sql($node, 'shop', q{SELECT t.typname FROM pg_type t JOIN pg_opclass o ON o.opcintype = t.oid
		JOIN pg_am a ON a.oid = o.opcmethod WHERE a.amname = 'btree' AND t.typnamespace = 'segment'::regnamespace});
	my @sorted = grep { $sorted{$_} } @types;
	is(run_sql($node, 'shop', join '', 'SET search_path = public, segment;', map { objects_of($_) . indexes_of($_) } @sorted), '', 'and a user\'s objects of every type that sorts: ' . @sorted);
	return;
}

# Everything of the user's and ours, as text, and what the functions answer.
sub contents
{
	my ($node) = @_;
	my %is;
	for my $table (split /\n/, run_sql($node, 'shop', q{SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace IN ('segment'::regnamespace, 'public'::regnamespace)}))
	{
		$is{$table} = run_sql($node, 'shop', "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM $table t");
	}
	$is{members} = run_sql($node, 'shop', q{SELECT count(*) || ' ' || md5(string_agg(line, '|' ORDER BY line)) FROM (SELECT pg_describe_object(classid, objid, 0) AS line
		FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'segment') AND deptype = 'e'
		AND (classid <> 'pg_type'::regclass OR objid IN (SELECT oid FROM pg_type WHERE typtype = 'b' AND typelem = 0))) m}); # newer versions count arrays too
	$is{bodies} = run_sql($node, 'shop', q{SELECT md5(string_agg(pg_get_functiondef(oid), '|' ORDER BY oid::regprocedure::text))
		FROM pg_proc WHERE pronamespace IN ('segment'::regnamespace, 'segment_internal'::regnamespace, 'public'::regnamespace) AND prokind = 'f' AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')});
	$is{comments} = run_sql($node, 'shop', q{SELECT count(*) FROM pg_description d JOIN pg_depend e ON e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e'
		WHERE e.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'segment')});
	$is{configuration} = run_sql($node, 'shop', q{SELECT string_agg(t::regclass::text || coalesce(c, ''), ',' ORDER BY t::regclass::text) FROM pg_extension, unnest(extconfig, extcondition) u (t, c) WHERE extname = 'segment'});
	$is{definition} = run_sql($node, 'shop', q{SELECT md5(string_agg(segment.definition(name, '2025-05-31'), '' ORDER BY name)) FROM segment.segmentation});
	$is{views} = run_sql($node, 'shop', q{SELECT (SELECT md5(string_agg(d::text, '|' ORDER BY d::text)) FROM segment.drift d), (SELECT md5(string_agg(d::text, '|' ORDER BY d::text)) FROM segment.segment_migration d)});
	for my $type (sort keys %values)
	{
		next unless exists $is{"t_$type"};
		$is{"index on $type"} = run_sql($node, 'shop', "SET search_path = public, segment; SET enable_seqscan = off; SELECT count(*), sum(f_$type(v)), s_$type() FROM t_$type a JOIN m_$type USING (v)");
		$is{"view of $type"} = run_sql($node, 'shop', "SELECT md5(string_agg(v::text, '|')) FROM v_$type v");
	}
	return \%is;
}

sub upgrade
{
	my ($name, $old_bindir) = @_;
	my $old = PostgreSQL::Test::Cluster->new("old_$name", $old_bindir ? (install_path => $old_bindir =~ s{/bin$}{}r) : ());
	$old->init;
	$old->append_conf('postgresql.conf', 'fsync = off');
	$old->start;
	make_old($old);
	my $before = contents($old);
	is_deeply([ grep { /^segment\./ && $before->{$_} =~ /^0 / } sort keys %$before ], [], 'no table of the extension is empty');
	$old->stop;

	my $new = PostgreSQL::Test::Cluster->new("new_$name");
	my ($major) = `$new_bindir/initdb --version` =~ / (\d+)/;
	$new->init($old_bindir && $major >= 18 ? (extra => ['--no-data-checksums']) : ());
	$new->append_conf('postgresql.conf', 'fsync = off');
	my $folder = PostgreSQL::Test::Utils::tempdir;
	my $status = system("cd '$folder' && '$new_bindir/pg_upgrade' --no-sync -U '$postgres' -b '" . ($old_bindir || $new_bindir) . "' -B '$new_bindir'"
		  . " -d '@{[$old->data_dir]}' -D '@{[$new->data_dir]}' -s '@{[$new->host]}' -p @{[$old->port]} -P @{[$new->port]} >pg_upgrade.out 2>&1");
	if (!is($status, 0, "pg_upgrade: $name"))
	{
		diag(slurp_file("$folder/pg_upgrade.out"));
		diag(`find '$folder' '@{[$new->data_dir]}/pg_upgrade_output.d' -name 'pg_upgrade_dump_*.log' | xargs grep -h -B 2 -A 12 'ERROR:\\|error:' | head -60`);
		return;
	}
	$new->start;
	is_deeply(contents($new), $before, 'every table, index, view, function, member and comment is as it was');
	is(run_sql($new, 'shop', q{SELECT string_agg(r::text, ' ' ORDER BY s.name) FROM segment.segmentation s, segment.refresh(s.name, '2025-05-31') r}) =~ s/,\d+\)/)/gr,
		'(2025-05-31,299) (2025-05-31,299) (2025-05-31,298) (2025-05-31,299)', 'refreshes go on');
	is(run_sql($new, 'shop', q{UPDATE orders SET amount = amount + 1 WHERE customer = 9; SELECT string_agg(DISTINCT customer, ',') FROM segment.change_queue}), '9', 'and triggers follow');
	# The extension itself belongs to whoever restored it, as with pg_restore.
	$new->safe_psql('shop', 'SET client_min_messages = error; DROP EXTENSION segment CASCADE');
	is(run_sql($new, 'shop', 'CREATE EXTENSION segment; SELECT count(*) FROM orders'), '3000', 'the extension can be dropped, and made anew');
	$new->stop;
	return;
}

upgrade('same_version', undef);
SKIP:
{
	my $pg_config = $ENV{SEGMENT_OLD_PG_CONFIG};
	skip 'no PostgreSQL 15 beside a newer one: dev/test --version 18 has both', 1 unless $pg_config;
	# The extension, compiled for the older server in a copy of the tree, and installed beside it. Its headers are C11 at most.
	my $folder = PostgreSQL::Test::Utils::tempdir;
	local $ENV{PG_CONFIG} = $pg_config;
	my ($install) = shadow_installation("$folder/old");
	my $made = `mkdir '$folder/tree' && cd '$ENV{TESTDIR}' && cp -r Makefile segment.control src sql '$folder/tree' && cd '$folder/tree' &&
		find . -name '*.[od]' -delete && make -s -j2 with_llvm=no COPT=-std=gnu11 PG_CONFIG='$pg_config' 2>&1 &&
		make -s install with_llvm=no PG_CONFIG='$install/bin/pg_config' 2>&1`;
	is($?, 0, 'the extension is installed on the older server') or diag($made);
	upgrade('older_version', "$install/bin");
}
done_testing();
