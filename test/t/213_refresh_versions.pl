# Versions side by side, activated, refreshed on days in any order, snapshots removed, orders changed: after each step the stored rows keep what they
# promise, and in the end they are those of snapshots made one by one in the order of days. VERSION_STEPS steps from each of three seeds.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $steps = $ENV{VERSION_STEPS} // 130;
my $node = PostgreSQL::Test::Cluster->new('refresh_versions');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE bad (seed float8, step integer, what text, rows bigint);
-- What was said of each customer when a snapshot was last refreshed
CREATE TABLE said (snapshot integer, customer text, value text, PRIMARY KEY (snapshot, customer));
CREATE VIEW says AS
SELECT t.id AS snapshot, s.customer, ROW(s.market, segment_internal.rfm_send(s.rfm), s.score, s.segment, s.sort, s.channel, s.repeat)::text AS value
FROM segment.snapshot t JOIN segment.state s ON s.version_id = t.version_id AND s.from_day <= t.as_of AND s.until_day > t.as_of AND s.segment IS NOT NULL;

CREATE FUNCTION invariants(seed float8, step integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Nothing that is done to one snapshot changes what another says.
  DELETE FROM said x WHERE NOT EXISTS (SELECT FROM segment.snapshot t WHERE t.id = x.snapshot);
  INSERT INTO bad SELECT seed, step, 'values', count(*) FROM (SELECT * FROM says) n FULL JOIN said x USING (snapshot, customer) WHERE n.value IS DISTINCT FROM x.value HAVING count(*) > 0;
  -- links of snapshots
  INSERT INTO bad SELECT seed, step, 'previous', count(*) FROM segment.snapshot t WHERE t.previous IS DISTINCT FROM (segment_internal.snapshot_before(t.segmentation, t.version, t.as_of)).id HAVING count(*) > 0;
  INSERT INTO bad SELECT seed, step, 'restart', count(*) FROM segment.snapshot t LEFT JOIN segment.snapshot p ON p.id = t.previous WHERE t.restart <> coalesce(p.version_id <> t.version_id, false) HAVING count(*) > 0;
  -- gapless, no overlap
  INSERT INTO bad SELECT seed, step, 'gaps', count(*) FROM (SELECT until_day, lead(from_day) OVER (PARTITION BY version_id, customer ORDER BY from_day) AS f FROM segment.state) x WHERE x.until_day <> coalesce(f, 'infinity') HAVING count(*) > 0;
  -- rows begin on snapshot days; at restarts all begin
  INSERT INTO bad SELECT seed, step, 'from', count(*) FROM segment.state s WHERE NOT EXISTS (SELECT FROM segment.snapshot t WHERE t.version_id = s.version_id AND t.as_of = s.from_day) HAVING count(*) > 0;
  INSERT INTO bad SELECT seed, step, 'crossing', count(*) FROM segment.state s JOIN segment.snapshot t ON t.version_id = s.version_id AND t.restart AND s.from_day < t.as_of AND s.until_day > t.as_of HAVING count(*) > 0;
  INSERT INTO bad SELECT seed, step, 'maximal', count(*) FROM segment.state s JOIN segment.state b ON b.version_id = s.version_id AND b.customer = s.customer AND b.until_day = s.from_day
    WHERE NOT EXISTS (SELECT FROM segment.snapshot t WHERE t.version_id = s.version_id AND t.restart AND t.as_of = s.from_day)
    AND (b.market, segment_internal.rfm_send(b.rfm), b.score::text, b.segment, b.sort, b.channel) IS NOT DISTINCT FROM (s.market, segment_internal.rfm_send(s.rfm), s.score::text, s.segment, s.sort, s.channel) HAVING count(*) > 0;
  -- previous of rows
  INSERT INTO bad SELECT seed, step, 'links', count(*) FROM segment.state s JOIN segment.snapshot t ON t.version_id = s.version_id AND t.as_of = s.from_day LEFT JOIN segment.snapshot p ON p.id = t.previous
    LEFT JOIN segment.state b ON b.version_id = p.version_id AND b.customer = s.customer AND b.from_day <= p.as_of AND b.until_day > p.as_of
    WHERE (s.previous_segment, s.previous_sort, s.since) IS DISTINCT FROM (b.segment, b.sort, CASE WHEN b.segment = s.segment THEN b.since ELSE s.from_day END)
       OR (s.moved_by IS NULL) <> (s.segment IS NOT DISTINCT FROM b.segment) OR (s.moved_by = 'new') <> (b.segment IS NULL AND s.segment IS NOT NULL) OR (s.moved_by = 'gone') <> (s.segment IS NULL AND b.segment IS NOT NULL) HAVING count(*) > 0;
  -- restarts name who has gone
  INSERT INTO bad SELECT seed, step, 'gone', count(*) FROM segment.snapshot t JOIN segment.snapshot p ON p.id = t.previous JOIN segment.state b ON b.version_id = p.version_id AND b.from_day <= p.as_of AND b.until_day > p.as_of AND b.segment IS NOT NULL
    WHERE NOT EXISTS (SELECT FROM segment.state s WHERE s.version_id = t.version_id AND s.customer = b.customer AND s.from_day <= t.as_of AND s.until_day > t.as_of) HAVING count(*) > 0;
  -- leading nobody
  INSERT INTO bad SELECT seed, step, 'leading', count(*) FROM segment.state s WHERE s.segment IS NULL AND s.moved_by IS NULL AND (s.due IS NULL OR isfinite(s.until_day)) AND NOT EXISTS (SELECT FROM segment.state b WHERE b.version_id = s.version_id AND b.customer = s.customer AND b.from_day < s.from_day) HAVING count(*) > 0;
  -- counts and totals
  INSERT INTO bad SELECT seed, step, 'counts', count(*) FROM segment.snapshot t WHERE (t.customers, t.moved) IS DISTINCT FROM (SELECT (count(*) FILTER (WHERE s.segment IS NOT NULL), count(*) FILTER (WHERE s.from_day = t.as_of AND s.moved_by <> 'gone')) FROM segment.state s WHERE s.version_id = t.version_id AND s.from_day <= t.as_of AND s.until_day > t.as_of) HAVING count(*) > 0;
  INSERT INTO bad SELECT seed, step, 'totals', count(*) FROM segment.snapshot t WHERE t.customers <> coalesce((SELECT sum(x.customers) FROM segment.segment_total x WHERE x.snapshot = t.id), 0)
    OR t.fingerprint <> coalesce((SELECT sum(u.hashes) FROM unnest(segment_internal.sums_of_day(t.version_id, t.as_of, 'UTC')) u), 0) HAVING count(*) > 0;
END
$$;

CREATE FUNCTION refresh_and_note(name text, day date, of_version integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t integer;
BEGIN
  PERFORM segment.refresh(name, day, of_version);
  SELECT id INTO STRICT t FROM segment.snapshot WHERE segmentation = name AND as_of = day AND version = of_version;
  DELETE FROM said WHERE snapshot = t;
  INSERT INTO said SELECT * FROM says WHERE snapshot = t;
END
$$;

CREATE FUNCTION declare(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM segment.create_segmentation(name, 'o', 'c', 'd', 'a', changes => segment.by_triggers());
  PERFORM segment.new_version(name, label => segment.by_scheme('classic'));
  PERFORM segment.new_version(name, filter => 'a > 30', scores => segment.rfm_scores('floating'));
END
$$;

-- Rows as they are stored, but for those who wait for an order that lies ahead
CREATE VIEW stored AS
SELECT v.segmentation, v.version, s.customer, s.from_day, s.until_day, ROW(s.market, segment_internal.rfm_send(s.rfm), s.score, s.segment, s.sort, s.channel, s.repeat)::text AS value,
       s.previous_segment, s.previous_sort, s.since, s.moved_by
FROM segment.state s JOIN segment.segmentation_version v ON v.id = s.version_id
WHERE s.segment IS NOT NULL OR s.moved_by IS NOT NULL OR EXISTS (SELECT FROM segment.state b WHERE b.version_id = s.version_id AND b.customer = s.customer AND b.from_day < s.from_day);

-- All snapshots from the orders as they are, and once more one by one in the order of days, in a segmentation of their own
CREATE PROCEDURE one_by_one(seed float8) LANGUAGE plpgsql AS $$
DECLARE
  t segment.snapshot;
BEGIN
  FOR t IN SELECT * FROM segment.snapshot WHERE segmentation = 's' ORDER BY random() LOOP
    PERFORM refresh_and_note('s', t.as_of, t.version);
  END LOOP;
  PERFORM invariants(seed, -1);
  PERFORM declare('one by one');
  INSERT INTO segment.segmentation_cut_points SELECT 'one by one', version, as_of, market, customers, cut_points FROM segment.segmentation_cut_points WHERE segmentation = 's' AND version <> 3;
  FOR t IN SELECT * FROM segment.snapshot WHERE segmentation = 's' ORDER BY as_of, version LOOP
    PERFORM segment.activate_version('one by one', CASE WHEN t.made_active THEN t.version ELSE t.version % 3 + 1 END);
    PERFORM segment.refresh('one by one', t.as_of, t.version);
  END LOOP;
  INSERT INTO bad SELECT seed, -1, 'one by one', count(*)
  FROM (SELECT to_jsonb(x) - 'segmentation' AS r FROM stored x WHERE segmentation = 's') a FULL JOIN (SELECT to_jsonb(x) - 'segmentation' AS r FROM stored x WHERE segmentation = 'one by one') b USING (r)
  WHERE a IS NULL OR b IS NULL HAVING count(*) > 0;
  PERFORM segment.drop_segmentation('one by one');
END
$$;

CREATE PROCEDURE play(seed float8, steps integer) LANGUAGE plpgsql AS $$
DECLARE
  day date;
  r float8;
  x segment.snapshot;
  version integer;
BEGIN
  PERFORM setseed(seed);
  DROP TABLE IF EXISTS o;
  CREATE TABLE o AS SELECT (random() * 60)::integer AS c, date '2025-01-01' + (random() * 200)::integer AS d, (random() * 100)::integer AS a FROM generate_series(1, 900) g;
  PERFORM declare('s');
  FOR i IN 1 .. steps LOOP
    r := random();
    version := 1 + floor(random() * 3);
    day := date '2025-03-01' + (random() * 25)::integer * 3;
    IF r < 0.12 THEN
      PERFORM segment.activate_version('s', version);
    ELSIF r < 0.22 THEN
      SELECT * INTO x FROM segment.snapshot ORDER BY random() LIMIT 1;
      IF FOUND THEN
        PERFORM segment.remove_snapshot('s', x.as_of, x.version);
      END IF;
    ELSIF r < 0.4 THEN
      UPDATE o SET a = (random() * 100)::integer, d = d + (random() * 4 - 2)::integer WHERE c = (random() * 60)::integer;
      DELETE FROM o WHERE c = (random() * 60)::integer AND random() < 0.5;
      INSERT INTO o VALUES ((random() * 60)::integer, day, 50);
    ELSE
      PERFORM refresh_and_note('s', day, version);
    END IF;
    IF i % 10 = 0 THEN
      ANALYZE segment.state, segment.snapshot, said; -- or plans are those of empty tables
    END IF;
    PERFORM invariants(seed, i);
    COMMIT;
    EXIT WHEN EXISTS (SELECT FROM bad);
  END LOOP;
END
$$;
SQL

for my $seed (0.54, 0.55, 0.83)
{
	$node->safe_psql('postgres', "CALL play($seed, $steps)");
	is($node->safe_psql('postgres', 'SELECT * FROM bad LIMIT 5'), '', "seed $seed: $steps steps, and every row keeps what it promises");
	# That there was nothing to keep would be no test.
	is($node->safe_psql('postgres', 'SELECT count(*) > 20 AND count(*) FILTER (WHERE restart) > 2 FROM segment.snapshot'), 't', '  of many snapshots, at some of which a version begins anew')
	  unless $ENV{VERSION_STEPS};
	is($node->safe_psql('postgres', q{SELECT count(*) > 1000 AND bool_or(moved_by = 'gone') AND bool_or(moved_by = 'recalibration') FROM segment.state}), 't', '  and many rows of every kind')
	  unless $ENV{VERSION_STEPS};
	$node->safe_psql('postgres', "CALL one_by_one($seed)");
	is($node->safe_psql('postgres', 'SELECT * FROM bad LIMIT 5'), '', '  and all are those of snapshots made one by one');
	$node->safe_psql('postgres', q{SELECT segment.drop_segmentation('s')});
}
$node->stop;
done_testing();
