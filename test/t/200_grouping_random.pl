# Generated queries through the nodes of groups and of scores and through core's plan, each with and without parallel
# workers: the same rows. The generator has a fixed seed; SEGMENT_GROUPING_QUERIES and SEGMENT_GROUPING_SEED choose others.
use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $queries = $ENV{SEGMENT_GROUPING_QUERIES} || 2000;
my $state = $ENV{SEGMENT_GROUPING_SEED} || 20111209;

# A generator of its own: perl's differs between builds.
sub below
{
	my ($n) = @_;
	$state = ($state * 1103515245 + 12345) % 2147483648;
	return int($state / 65536) % $n;
}
sub pick { return $_[ below(scalar @_) ]; }
sub chance { return below(100) < $_[0]; }

# [ expression to group by, how to show it so that equal keys look equal ]
my @keys = (
	[ 't.i2', 't.i2' ], [ 't.i4', 't.i4' ], [ 't.i4', 't.i4 + 1' ], [ 't.i8', 't.i8' ], [ 't.i4 % 7', 't.i4 % 7' ],
	[ 't.many', 't.many' ], [ 't.many', 't.many' ], [ 't.tx', 't.tx' ], [ 'upper(t.tx)', q{upper(t.tx) || '!'} ],
	[ 't.ci', 'upper(t.ci COLLATE "C")' ], [ 't.ch', 't.ch' ], [ 't.vc', 't.vc' ], [ 't.nu', 'trim_scale(t.nu)' ],
	[ 't.f8', 't.f8 + 0.0' ], [ 't.uu', 't.uu' ], [ 't.da', 't.da' ], [ 't.tz', 'extract(epoch FROM t.tz)' ],
	[ 't.bo', 't.bo' ], [ 't.by', 't.by' ], [ 't.iv', 'justify_interval(t.iv)' ], [ 't.ar', 't.ar' ], [ 't.js', 't.js' ],
	[ 't.ip', 't.ip' ], [ 't.na', 't.na' ], [ 't.big', 'md5(t.big)' ], [ 't.ra', 't.ra' ], [ 't.oi', 't.oi' ],
	[ 'coalesce(t.tx, t.vc)', 'coalesce(t.tx, t.vc)' ]);

my @times = qw(t.da t.ts t.tz);
my @amounts = ('t.nu2', 't.nu2', 't.nu2 * 2', 't.nu', 't.i2', 't.i4', 't.i8', 't.f8', 't.wide');
my @orders = qw(t.i8 t.tx t.uu t.ch t.many t.na t.nu t.f8 t.by t.iv t.big);
my @filters = ('t.i4 > 10', 't.bo', 't.tx IS NULL', 't.nu2 > 20 AND t.i2 < 9', 'false', 't.i8 % 3 = 1');
my @core = ('count(*)', 'count(t.tx)', 'sum(t.i4)', 'sum(t.nu2)', 'min(t.da)', 'max(t.tx COLLATE "C")', 'avg(t.i4)', 'bool_and(t.bo)',
	'variance(t.i4)', 'min(t.uu::text)', 'count(DISTINCT t.i2)', 'array_agg(t.i4 ORDER BY t.i4)',
	'string_agg(t.vc, \'-\' ORDER BY t.vc)', 'max(t.ip)', 'sum(t.iv)', 'bit_or(t.i8)',
	'percentile_disc(0.5) WITHIN GROUP (ORDER BY t.i4)');

# Aggregates that return a summary.
my $is_rfm = qr/^(segment\.rfm|twin|started)/;

# Aggregates that a user made of our support functions; the first is ours in all its parts but not in name.
my @theirs = ('twin(t.da, t.nu2)', 'twin(t.da, t.nu2)', 'started(t.da, t.nu2)', 'orders(t.da, t.nu2)', 'unfinished(t.da, t.nu2)');

sub filter { return chance(20) ? ' FILTER (WHERE ' . pick(@filters) . ')' : ''; }

sub ours
{
	my $arguments = pick(@times) . ', ' . pick(@amounts);
	$arguments .= ', ' . pick(@orders) if chance(25);
	return "segment.rfm_agg($arguments ORDER BY t.many)" . filter() if chance(2);
	return "segment.rfm_agg(DISTINCT $arguments)" if chance(2);
	return "segment.rfm_agg($arguments + 0 * random()::int)" if chance(1) && $arguments !~ /, .*, /;
	return "segment.rfm_agg($arguments)" . filter();
}

# Events of one person.
sub events
{
	my $time = pick(@times);
	return 'segment.' . pick("funnel_agg($time, '3 days', t.bo, t.i4 % 3 = 0)", "funnel_agg($time, '40 days', 'later', 'ordered', t.i2 > 4, t.bo, t.i2 > 4)",
		"funnel_agg($time, '9 days', 'any', 'any_order', t.bo, t.i4 % 3 = 0, t.i2 > 4)", "sequence_agg($time, t.bo, t.i4 % 3 = 0)") . filter();
}

sub ledger
{
	return events() if chance(25);
	my $arguments = pick(@times) . ', ' . pick(@amounts);
	if (chance(60))
	{
		$arguments .= ', ' . pick(@orders);
		$arguments .= ", '" . pick('UTC', 'Asia/Tokyo', 'America/New_York') . "'" if $arguments =~ /^t\.tz/ && chance(50);
	}
	return "segment.ledger_agg($arguments)" . filter();
}

# Conditions on t; PARAMETER is 3: a constant, or the parameter of a prepared statement.
my @conditions = (
	't.many < 700', 't.many BETWEEN PARAMETER AND 900', 't.i2 < PARAMETER', 't.i2 >= PARAMETER::int8', '7::int8 > t.i2',
	't.i4 <> PARAMETER * 5', '20 + PARAMETER > t.i4', 't.i8 = PARAMETER', 't.i8 > PARAMETER::smallint', 't.i2 <> 4', 't.i2 < NULL',
	"t.da < date '2020-01-01' + PARAMETER * 30", "t.da >= timestamp '2020-02-01 06:00'", "t.da <> '2020-03-03'", 't.da < current_date',
	"t.ts < date '2020-01-10' + PARAMETER", "t.ts <= timestamp '2020-01-15'", "t.ts > '-infinity'", "date '2020-01-05' <= t.tz",
	't.tz < now()', "t.tz <> timestamptz '2020-01-03 UTC'", "t.tz < date 'infinity'", "t.tz >= timestamp '2020-01-09'",
	't.bo', 'NOT t.bo', 't.bo IS NOT TRUE', 't.i4 IS NULL', 't.i4 IS NOT NULL', 't.tx IS NULL', 't.nu IS NOT NULL', 't.i2 IS NOT NULL',
	't.nu2 > 20', "t.tx > 'text 3'", 't.i2 IN (1, 3, 5, 7)', 't.i8 % 3 = 1', 'length(t.vc) < 2 + PARAMETER', 't.f8 <> 0', 't.i4 < t.i8',
	't.i4 < (SELECT max(id) FROM dim) - 5', 't.i4 IN (SELECT id FROM dim WHERE id % 2 = 0)', 't IS NOT NULL', 'PARAMETER = 3', 'false');

# Of a table alone, WHERE begins with TRUE, so that another condition can take its place.
sub source
{
	my $conditions = chance(35) ? join(chance(10) ? ' OR ' : ' AND ', map { pick(@conditions) } 1 .. pick(1, 1, 2, 3)) : '';
	my $where = $conditions ? " WHERE $conditions" : '';
	my $and = $conditions ? " WHERE TRUE AND ($conditions)" : ' WHERE TRUE';
	return pick(
		"t$and", "t$and", "w AS t$and", "p AS t$and", "pw AS t$and",
		"(SELECT * FROM t ORDER BY many DESC OFFSET 0) t$where",
		"(SELECT * FROM t WHERE many % 3 = 0 UNION ALL SELECT * FROM p) t$where",
		"(SELECT many, i2, i4, i8, tx, ci, ch, vc, nu, nu2, wide, f8, uu, da, ts, tz, bo, by, iv, ar, js, ip, na, big, ra, oi FROM w UNION ALL TABLE t) t$where",
		"t JOIN dim ON dim.id = t.i4$where", "dim LEFT JOIN t ON dim.id = t.i4 AND t.bo$where",
		"(SELECT t.* FROM dim, LATERAL (SELECT * FROM t WHERE t.i4 = dim.id ORDER BY t::text LIMIT 40) t) t$where",
		"(WITH m AS MATERIALIZED (SELECT * FROM t) TABLE m) t$where", "(SELECT * FROM t ORDER BY t::text LIMIT 50) t$where");
}

# Days after all orders: constants, and what is known when the query runs only.
my @days = (
	q{date '2035-01-01'}, q{date '2035-01-01'}, q{date '2035-01-01' + PARAMETER}, '(SELECT max(da) + 6000 FROM t)', '(SELECT day FROM days)',
	'(SELECT day FROM day_of_cte)', 'day_after(7)', q{greatest(current_date, '2035-01-01')});

# Options behind as_of; a fallback has the default's bins.
my @options = (
	'', '', '', ', 3', ', bins => 9', ", 4, 'natural'", ", 5, 'equal_width', 'average'", ', bins => PARAMETER', ", zone => 'Asia/Tokyo'",
	', min_partition => 9, fallback => (SELECT cuts FROM days)', ', min_partition => PARAMETER, fallback => (SELECT cuts FROM days)');

# A window over some of the keys, each [ expression, how to show it ].
sub window
{
	my @chosen = @_;
	return '()' if chance(40);
	my @by = map { my $key = pick(@chosen); pick($key->[0], $key->[0], $key->[1], "$key->[0] IS NULL") } 1 .. pick(1, 1, 2);
	my $order = chance(4) ? " ORDER BY $by[0]" : '';
	return '(PARTITION BY ' . join(', ', @by) . "$order)";
}

# A window function of core's that gives the same in whatever order equal rows come.
sub beside
{
	my @chosen = @_;
	my ($key, $other, $sorted) = map { pick(@chosen)->[0] } 1 .. 3;
	my $by = chance(60) ? "PARTITION BY $key" . (chance(30) ? ", $other" : '') . ' ' : '';
	return pick("count(*) OVER ($by)", "sum(count(*)) OVER ($by)") if chance(40);
	return pick(
		"rank() OVER ($by" . "ORDER BY $sorted)", "dense_rank() OVER ($by" . "ORDER BY $sorted DESC NULLS LAST)",
		"rank() OVER ($by" . "ORDER BY count(*), $sorted)", "percent_rank() OVER ($by" . "ORDER BY $sorted)",
		"max(count(*)) OVER ($by" . "ORDER BY $sorted)", "min(min(t.many)) OVER ($by" . "ORDER BY $sorted RANGE CURRENT ROW)",
		"count($other) OVER ($by" . "ORDER BY $sorted GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE GROUP)",
		"count(*) FILTER (WHERE $other IS NULL) OVER ($by" . "ORDER BY $sorted GROUPS PARAMETER PRECEDING)");
}

# Scores of an aggregate, by one or more windows; sometimes beside functions of core's.
sub scores
{
	my ($aggregate, @chosen) = @_;
	my @shown;
	for (1 .. pick(1, 1, 1, 2, 3))
	{
		my $window = window(@chosen);
		my $day = pick(@days);
		# one day in each partition
		$day .= " + ($1 IS NULL)::int" if $window =~ /^\(PARTITION BY (\S+)\)$/ && chance(15);
		push @shown, "segment.rfm_score($aggregate, $day" . pick(@options) . ") OVER $window";
		push @shown, 'segment.score_code(' . pop(@shown) . ')' if chance(20);
		push @shown, "count(*) OVER $window" if chance(10);
		splice @shown, below(1 + @shown), 0, beside(@chosen) if chance(25);
	}
	return @shown;
}

# A query, and whether all keys are plain, so that it can be sorted.
sub query
{
	my $query = whole_query();
	return $query if $query !~ /day_of_cte/;
	my $materialized = pick('', 'MATERIALIZED ', 'NOT MATERIALIZED ');
	return "SELECT * FROM (WITH day_of_cte AS $materialized(SELECT max(da)::date + 6000 AS day FROM p) $query) with_day";
}

sub whole_query
{
	my $query = one_query();
	# two nodes of a kind
	return "SELECT q::text FROM ($query) q UNION ALL SELECT q::text FROM (" . one_query() . ') q' if chance(5);
	return "SELECT q.*, (SELECT count(*) FROM (" . one_query() . ') q) FROM (' . "$query) q" if chance(5);
	return $query;
}

sub one_query
{
	my @chosen = map { pick(@keys) } 1 .. pick(1, 1, 1, 2, 2, 3);
	my @aggregates = map { chance(40) ? ours() : chance(33) ? ledger() : pick(@core) . '' } 1 .. pick(1, 1, 2, 3);
	my $only_ledger = chance(15);
	$aggregates[0] = $only_ledger ? ledger() : ours();
	$aggregates[0] = pick(@theirs) . filter() if !$only_ledger && chance(10);
	$aggregates[1] = $aggregates[0] if chance(10);
	my @shown;
	for my $aggregate (@aggregates)
	{
		push @shown,
		  $aggregate !~ /$is_rfm/ ? $aggregate
		  : pick($aggregate, $aggregate, $aggregate, "segment.rfm_frequency($aggregate)",
			"COALESCE(segment.rfm_monetary($aggregate), 0) + 1", "$aggregate IS NULL", "segment.rfm_last($aggregate)");
	}
	push @shown, scores($aggregates[0], @chosen) if $aggregates[0] =~ /$is_rfm/ && chance(50);
	my $first_places = "@shown" =~ /rfm_score/ && chance(12) ? pick(2, 5, 'PARAMETER * 4') : '';
	push @shown, pick('rank', 'dense_rank') . "() OVER (" . (chance(60) ? 'PARTITION BY ' . pick(@chosen)->[0] : '') . ' ORDER BY ' . pick(@chosen)->[0] . ') AS place' if $first_places;
	my $select = join(', ', (map { $_->[1] } @chosen), @shown);
	my $group = join(', ', map { $_->[0] } @chosen);
	$group = "ROLLUP ($group)" if chance(3);
	$group = "GROUPING SETS (($group), ())" if chance(2);
	my $first = $only_ledger ? "segment.ledger_first($aggregates[0]) > '2020-02-01'" : $aggregates[0] !~ /$is_rfm/ ? 'count(*) > 1' : "segment.rfm_frequency($aggregates[0]) > 1";
	my $having = chance(20)
	  ? ' HAVING ' . pick('count(*) > 2', $first, "max(t.i4) > 20 OR $aggregates[0] IS NULL")
	  : '';
	$having =~ s/segment.rfm_frequency\(segment.rfm_agg\(DISTINCT/segment.rfm_frequency(segment.rfm_agg(DISTINCT/;
	my $query = "SELECT $select FROM " . source() . " GROUP BY $group$having";
	$query = "SELECT * FROM ($query) q WHERE place <= $first_places" if $first_places;
	my $r = below(100);
	return "SELECT q.*, row_number() OVER (ORDER BY q::text) FROM ($query) q" if $r < 6;
	return "SELECT DISTINCT q::text FROM ($query) q" if $r < 12;
	return "SELECT count(*), max(q::text) FROM ($query) q" if $r < 18;
	return "SELECT d.id, q::text FROM dim d, LATERAL (" . ($query =~ s/ WHERE TRUE/ WHERE t.i4 > d.id * 7/r) . ") q WHERE d.id < 9"
	  if $r < 28 && $query =~ / WHERE TRUE/;
	return "SELECT d.id, (SELECT max(q::text) FROM (" . ($query =~ s/ WHERE TRUE/ WHERE t.i4 = d.id/r) . ") q) FROM dim d"
	  if $r < 34 && $query =~ / WHERE TRUE/;
	return "$query ORDER BY 1 LIMIT 1000000" if $r < 38;
	return $query;
}

my $node = PostgreSQL::Test::Cluster->new('grouping');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\nmax_parallel_workers = 16\nmax_worker_processes = 20");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE COLLATION case_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE t AS
SELECT many, (many * 7 % 13)::smallint AS i2, NULLIF(h % 60, 17)::int AS i4, (h % 90)::bigint - 20 AS i8,
  CASE WHEN h % 9 > 0 THEN 'text ' || h % 41 END AS tx,
  (CASE WHEN h % 2 = 0 THEN 'Name ' ELSE 'name ' END || h % 11) COLLATE case_blind AS ci,
  ('c' || h % 23)::char(8) AS ch, repeat('v', h % 5) || h % 31 AS vc,
  CASE h % 4 WHEN 0 THEN (h % 30)::numeric WHEN 1 THEN (h % 30) + 0.0 WHEN 2 THEN (h % 30) + 0.00 END AS nu,
  (h % 20000 - 1500) / 100.0 AS nu2,
  CASE WHEN h % 97 = 0 THEN 1e29 + h ELSE round(h / 1e9, 9) END AS wide,
  CASE WHEN h % 5 = 0 THEN '-0'::float8 ELSE h % 19 END AS f8,
  md5((h % 70)::text)::uuid AS uu, date '2020-01-01' + h % 200 AS da,
  timestamp '2020-01-01' + h % 500 * interval '1 hour' AS ts, timestamptz '2020-01-01 UTC' + h % 50 * interval '1 day' AS tz,
  h % 3 = 0 AS bo, decode(md5((h % 15)::text), 'hex') AS by, make_interval(days => h % 35) AS iv,
  ARRAY[h % 3, h % 4] AS ar, jsonb_build_object('a', h % 6) AS js, ('10.0.0.' || h % 40)::inet AS ip,
  ('n' || h % 8)::name AS na, repeat(md5((h % 12)::text), 100) AS big, int4range(h % 5, h % 5 + 3) AS ra, (h % 44)::oid AS oi
FROM (SELECT i % 1500 AS many, ('x0' || substr(md5(i::text), 1, 7))::bit(32)::int AS h FROM generate_series(1, 3000) i) s;
CREATE TABLE p (LIKE t) PARTITION BY HASH (many);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE p2 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO p TABLE t;

-- A table of the same rows and columns, stored otherwise: other places, a column that is gone, some that older rows lack.
CREATE FUNCTION make_other(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  early text;
BEGIN
  SELECT string_agg(attname, ', ' ORDER BY attnum DESC) INTO early
  FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND attname NOT IN ('i2', 'tx', 'nu2', 'da', 'bo', 'tz');
  EXECUTE format('CREATE TABLE %I AS SELECT ''gone''::text AS gone, %s, 1 AS gone_too FROM t WHERE i8 < 40', name, early);
  EXECUTE format('ALTER TABLE %I DROP COLUMN gone, DROP COLUMN gone_too', name);
  EXECUTE format('ALTER TABLE %I ADD i2 smallint DEFAULT 3, ADD tx text DEFAULT ''text 7'', ADD nu2 numeric DEFAULT 5.55', name);
  EXECUTE format('ALTER TABLE %I ADD da date DEFAULT ''2020-03-03'', ADD bo boolean DEFAULT true, ADD tz timestamptz', name);
  EXECUTE format('INSERT INTO %I (i2, tx, nu2, da, bo, tz, %s) SELECT i2, tx, nu2, da, NULLIF(bo, i4 %% 5 = 0), tz, %2$s FROM t WHERE i8 >= 40', name, early);
  EXECUTE format('DELETE FROM %I WHERE i8 = 7; UPDATE %1$I SET nu2 = nu2 + 1 WHERE i8 %% 10 = 1', name);
END
$$;
SELECT make_other('w'), make_other('pw_other');
CREATE TABLE pw (LIKE t) PARTITION BY RANGE (many);
CREATE TABLE pw_low PARTITION OF pw FOR VALUES FROM (MINVALUE) TO (400);
CREATE TABLE pw_rest PARTITION OF pw DEFAULT;
DELETE FROM pw_other WHERE many NOT BETWEEN 400 AND 999;
ALTER TABLE pw ATTACH PARTITION pw_other FOR VALUES FROM (400) TO (1000);
INSERT INTO pw TABLE t;
CREATE TABLE dim AS SELECT i AS id, 'dim ' || i AS name FROM generate_series(1, 40) i;
CREATE INDEX ON t (i4);
CREATE FUNCTION day_after(integer) RETURNS date STABLE PARALLEL SAFE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT day FROM days) + $1; END $$;
CREATE AGGREGATE twin(date, numeric) (sfunc = segment_internal.rfm_agg_trans, stype = segment.rfm, combinefunc = segment_internal.rfm_agg_combine, finalfunc = segment_internal.rfm_agg_final, parallel = safe);
DO $$
DECLARE
  start segment.rfm;
BEGIN
  SELECT segment.rfm_agg(date '2020-01-01', 5::numeric) INTO start;
  EXECUTE format('CREATE AGGREGATE started(date, numeric) (sfunc = segment_internal.rfm_agg_trans, stype = segment.rfm, finalfunc = segment_internal.rfm_agg_final, initcond = %L)', start);
END
$$;
CREATE AGGREGATE orders(date, numeric) (sfunc = segment_internal.rfm_agg_trans, stype = segment.rfm, combinefunc = segment_internal.rfm_agg_combine, finalfunc = segment.rfm_frequency, parallel = safe);
CREATE AGGREGATE unfinished(date, numeric) (sfunc = segment_internal.rfm_agg_trans, stype = segment.rfm, combinefunc = segment_internal.rfm_agg_combine, parallel = safe);
CREATE TABLE days AS SELECT date '2036-02-29' AS day, segment.rfm_cut_points_agg(r, date '2035-01-01', 5) AS cuts FROM (SELECT segment.rfm_agg(da, nu2) AS r FROM t GROUP BY many) q;
ANALYZE;
CREATE TABLE failures (number int, query text, detail text);
CREATE TABLE counts (through_node boolean, in_parallel boolean, scored boolean, beside boolean, scored_in_parallel boolean, problem text);

CREATE FUNCTION uses_node(query text, node text DEFAULT 'Custom Scan (SegmentGrouping)') RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || replace(query, 'PARAMETER', '3') LOOP
    IF strpos(line, node) > 0 THEN RETURN true; END IF;
  END LOOP;
  RETURN false;
END
$$;

-- Runs a query into a table: directly, as a prepared statement with a generic plan, or through a cursor in parts.
CREATE FUNCTION run(query text, into_table text, manner text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c refcursor := 'c';
  r text;
BEGIN
  query := replace(query, 'PARAMETER', CASE manner WHEN 'prepared' THEN '$1' ELSE '3' END);
  IF manner = 'prepared' THEN
    DEALLOCATE ALL;
    EXECUTE format('PREPARE statement(int) AS SELECT q::text AS row FROM (%s) q WHERE $1 = 3', query);
    EXECUTE format('CREATE TEMP TABLE %I AS EXECUTE statement(3)', into_table);
  ELSIF manner = 'cursor' THEN
    EXECUTE format('CREATE TEMP TABLE %I (row text)', into_table);
    OPEN c SCROLL FOR EXECUTE format('SELECT q::text FROM (%s) q', query);
    FETCH ABSOLUTE 5 FROM c INTO r;
    MOVE ABSOLUTE 0 FROM c;
    LOOP
      FETCH c INTO r;
      EXIT WHEN NOT FOUND;
      EXECUTE format('INSERT INTO %I VALUES ($1)', into_table) USING r;
    END LOOP;
    CLOSE c;
  ELSE
    EXECUTE format('CREATE TEMP TABLE %I AS SELECT q::text AS row FROM (%s) q', into_table, query);
  END IF;
END
$$;

CREATE FUNCTION compare(number int, query text, manner text, memory text, seed int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  problem text;
  different bigint;
  kind text;
BEGIN
  SET LOCAL plan_cache_mode = force_generic_plan;
  SET LOCAL segment.enable_fast_aggregate = off;
  SET LOCAL max_parallel_workers_per_gather = 0;
  SET LOCAL work_mem = '64MB';
  BEGIN
    PERFORM run(query, 'expected', 'plain');
  EXCEPTION WHEN OTHERS THEN
    problem := SQLSTATE || ' ' || SQLERRM;
    INSERT INTO counts (problem) VALUES (problem);
  END;
  PERFORM set_config('work_mem', memory, true), set_config('segment.grouping_seed', seed::text, true);
  -- core's own plan with workers is seen often enough
  FOREACH kind IN ARRAY CASE WHEN number % 3 = 0 THEN ARRAY['force 0', 'force 2', 'off 2'] ELSE ARRAY['force 0', 'force 2'] END LOOP
    PERFORM set_config('segment.enable_fast_aggregate', split_part(kind, ' ', 1), true);
    PERFORM set_config('max_parallel_workers_per_gather', split_part(kind, ' ', 2), true);
    BEGIN
      INSERT INTO counts (through_node, scored, beside) SELECT uses_node(query), uses_node(query, 'Custom Scan (SegmentScore)'), uses_node(query, 'Custom Scan (SegmentScore)') AND uses_node(query, 'WindowAgg')
      WHERE kind = 'force 0';
      INSERT INTO counts (in_parallel, scored_in_parallel) SELECT uses_node(query, 'Parallel Custom Scan (SegmentGrouping)'), uses_node(query, 'Parallel Custom Scan (SegmentScore)')
      WHERE kind = 'force 2';
      PERFORM run(query, 'got', manner);
      IF problem IS NOT NULL THEN
        INSERT INTO failures VALUES (number, query, kind || ': no error, expected ' || problem);
        DROP TABLE got;
        CONTINUE;
      END IF;
    EXCEPTION WHEN OTHERS THEN
      IF problem IS DISTINCT FROM SQLSTATE || ' ' || SQLERRM THEN
        INSERT INTO failures VALUES (number, query, kind || ': ' || SQLSTATE || ' ' || SQLERRM || ', expected ' || COALESCE(problem, 'none'));
      END IF;
      CONTINUE;
    END;
    SELECT count(*) INTO different
    FROM ((TABLE expected EXCEPT ALL TABLE got) UNION ALL (TABLE got EXCEPT ALL TABLE expected)) d;
    IF different > 0 THEN
      INSERT INTO failures VALUES (number, query, kind || ' ' || manner || ' ' || memory || ': ' || different || ' rows differ');
    END IF;
    DROP TABLE got;
  END LOOP;
  IF problem IS NULL THEN
    DROP TABLE expected;
  END IF;
END
$$;
SQL

my $settings = <<'SQL';
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0;
SET client_min_messages = error;
SQL
my ($status, $errors, $script) = (0, '', $settings);
for my $number (1 .. $queries)
{
	my $query = query();
	my $manner = pick('plain', 'plain', 'plain', 'prepared', 'cursor');
	my $memory = pick('64MB', '64kB');
	my $seed = below(3);
	my $partitionwise = pick('on', 'off');
	$script .= "SET enable_partitionwise_aggregate = $partitionwise; SELECT compare($number, \$q\$$query\$q\$, '$manner', '$memory', $seed);\n";
	next unless $number % 200 == 0 || $number == $queries;
	my ($failed, $output, $stderr) = $node->psql('postgres', $script, on_error_stop => 0, timeout => 1700);
	($status, $errors, $script) = ($status || $failed, $errors . $stderr, $settings);
	note("$number of $queries queries compared");
}
is($status, 0, 'psql ran');
is($errors, '', 'no error outside the compared queries');
is($node->safe_psql('postgres', "SELECT format(E'%s: %s\\n%s', number, detail, query) FROM failures ORDER BY number LIMIT 10"),
	'', "$queries generated queries give core's rows and errors");
my $through = $node->safe_psql('postgres', 'SELECT count(*) FILTER (WHERE through_node) FROM counts');
cmp_ok($through, '>', $queries * 0.7, "$through of them went through the node");
my $parallel = $node->safe_psql('postgres', 'SELECT count(*) FILTER (WHERE in_parallel) FROM counts');
cmp_ok($parallel, '>', $queries * 0.2, "$parallel of them in several processes");
my $scored = $node->safe_psql('postgres', 'SELECT count(*) FILTER (WHERE scored) FROM counts');
cmp_ok($scored, '>', $queries * 0.2, "$scored of them go through the node of scores");
my $beside = $node->safe_psql('postgres', 'SELECT count(*) FILTER (WHERE beside) FROM counts');
cmp_ok($beside, '>', $queries * 0.1, "$beside of them beside a WindowAgg of core's");
my $together = $node->safe_psql('postgres', 'SELECT count(*) FILTER (WHERE scored_in_parallel) FROM counts');
cmp_ok($together, '>', $queries * 0.05, "$together of them in several processes");
my $erring = $node->safe_psql('postgres', 'SELECT count(problem) FROM counts');
cmp_ok($erring, '<', $queries * 0.02, "only $erring of them end in an error") or diag $node->safe_psql('postgres', 'SELECT problem, count(*) FROM counts GROUP BY 1');
my $left = q{SELECT count(*) FROM pg_ls_dir('base/pgsql_tmp', true, false)};
is($node->safe_psql('postgres', $left), '0', 'no temporary file is left');

# A cancel while rows are spilled, alone and with parallel workers.
for my $workers (0, 2)
{
	my ($ret, $out, $err) = $node->psql('postgres', <<SQL);
SET segment.enable_fast_aggregate = force; SET work_mem = '64kB'; SET statement_timeout = '700ms';
SET max_parallel_workers_per_gather = $workers; SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(r) FROM (SELECT a.many * 1000 + b.i8, segment.rfm_agg(a.da, a.nu2) AS r FROM t a, t b GROUP BY 1) q;
SQL
	like($err, qr/canceling statement due to statement timeout/, "a statement is cancelled, $workers workers");
	is($node->safe_psql('postgres', $left), '0', "its files are gone, $workers workers");
}
$node->stop;
done_testing();
