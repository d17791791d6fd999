# Incremental refresh equals a full one, byte for byte: random batches of changes for each way to find them (inserts, late rows,
# updates, deletes, moves to another customer, truncation, opt-outs, erasure), as_of moving forwards and back, each refreshed by a
# segmentation that reads changes and by one that reads everything. REFRESH_BATCHES batches for each of the five pairs.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $batches = $ENV{REFRESH_BATCHES} // 110;
my $node = PostgreSQL::Test::Cluster->new('refresh_random');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE SCHEMA test;

-- Each pair has a source of its own. moment is the simulated clock that changed_at follows.
CREATE TABLE test.pair (name text PRIMARY KEY, kinds text[], options text, changes text);
INSERT INTO test.pair VALUES
('changed_at', '{insert,late,update,unknown}', NULL, $$segment.by_column('changed', '30 minutes')$$),
('tombstones', '{insert,late,update,unknown,delete,move,opt_out,forget}',
 $$order_id => 'order_id', market => 'market', channel => 'channel', scores => segment.rfm_scores(min_market => 5), days => segment.calendar(look_back_days => 60),
   privacy => segment.privacy('test.tombstones_out', 'who')$$,
 $$segment.by_tombstones('test.tombstones_gone', 'who', 'changed', 'changed', '30 minutes')$$),
('triggers', '{insert,late,update,unknown,delete,move,truncate,opt_out,forget}',
 $$order_id => 'order_id', market => 'market', filter => 'amount < 180', label => segment.by_scheme('classic'),
   scores => segment.rfm_scores('floating', min_market => 5), privacy => segment.privacy('test.triggers_out', 'who')$$, 'segment.by_triggers()'),
('clusters', '{insert,late,update,unknown,delete,move}',
 $$channel => 'channel', label => segment.by_clusters(3), days => segment.calendar('Australia/Lord_Howe')$$, 'segment.by_triggers()'),
('tiers', '{insert,late,update,delete,move}', $$label => segment.by_value_tiers(2), order_id => 'order_id'$$, 'segment.by_triggers()'),
('held', '{insert,late,update,unknown,delete,move}', $$label => segment.by_scheme('standard', hold_days => 9), order_id => 'order_id', market => 'market', scores => segment.rfm_scores(min_market => 5)$$, 'segment.by_triggers()');

CREATE PROCEDURE test.make(pair test.pair) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE test.%I (id serial PRIMARY KEY, customer %s, at %s, amount numeric, order_id integer, market text, channel text, changed timestamp)',
                 pair.name, CASE pair.name WHEN 'clusters' THEN 'uuid' WHEN 'tombstones' THEN 'char(8)' ELSE 'integer' END,
                 CASE pair.name WHEN 'clusters' THEN 'timestamptz' WHEN 'tiers' THEN 'date' ELSE 'timestamp' END);
  EXECUTE format('CREATE TABLE test.%I (who %s)', pair.name || '_out', CASE pair.name WHEN 'tombstones' THEN 'char(8)' ELSE 'integer' END);
  EXECUTE format('CREATE TABLE test.%I (who %s, changed timestamp)', pair.name || '_gone', CASE pair.name WHEN 'tombstones' THEN 'char(8)' ELSE 'integer' END);
  CALL test.add(pair, 400, 150, timestamp '2020-01-01');
  EXECUTE format('SELECT segment.create_segmentation(%L, %L, ''customer'', ''at'', ''amount''%s, changes => %s)', pair.name, 'test.' || pair.name, ', ' || pair.options, pair.changes);
  EXECUTE format('SELECT segment.create_segmentation(%L, %L, ''customer'', ''at'', ''amount''%s, changes => segment.by_reading_all(ledgers => true))',
    pair.name || ' full', 'test.' || pair.name, ', ' || pair.options);
END
$$;

CREATE FUNCTION test.customer(pair test.pair) RETURNS text LANGUAGE sql VOLATILE AS
$$SELECT CASE pair.name WHEN 'clusters' THEN md5((random() * 60)::integer::text)::uuid::text ELSE (random() * 60)::integer::text END$$;

-- New rows of the last days before a day of 2025; a row in eight is a return, one in twenty has no amount.
CREATE PROCEDURE test.add(pair test.pair, n integer, day integer, moment timestamp) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('INSERT INTO test.%I (customer, at, amount, order_id, market, channel, changed)
    SELECT test.customer($1)::%s, date ''2025-01-01'' + (random() * $3)::integer + time ''00:00'' + random() * interval ''23:59'',
           CASE WHEN random() > 0.05 THEN round((random() * 200 - 25)::numeric, (random() * 3)::integer) END, nullif((random() * 300)::integer, 0),
           (ARRAY[''north'', ''south'', ''west'', '''', NULL])[1 + floor(random() * 5)], (ARRAY[''web'', ''shop'', NULL])[1 + floor(random() * 3)],
           $4 + random() * interval ''20 minutes''
    FROM generate_series(1, $2)', pair.name, CASE pair.name WHEN 'clusters' THEN 'uuid' WHEN 'tombstones' THEN 'char(8)' ELSE 'integer' END)
  USING pair, n, day, moment;
END
$$;

CREATE PROCEDURE test.change(pair test.pair, kind text, day integer, moment timestamp) LANGUAGE plpgsql AS $$
DECLARE
  type text := CASE pair.name WHEN 'clusters' THEN 'uuid' WHEN 'tombstones' THEN 'char(8)' ELSE 'integer' END;
  victims text := format('SELECT id FROM test.%I ORDER BY md5(id || %L) LIMIT %s', pair.name, random(), 1 + (random() * 4)::integer);
BEGIN
  CASE kind
    WHEN 'insert' THEN CALL test.add(pair, 1 + (random() * 8)::integer, day, moment);
    WHEN 'late' THEN CALL test.add(pair, 1 + (random() * 3)::integer, day / 2, moment);
    WHEN 'update' THEN EXECUTE format('UPDATE test.%I SET amount = round((random() * 200 - 20)::numeric, 2), market = ''east'', channel = ''shop'',
                         at = at + ((random() * 4 - 2)::integer * interval ''1 day''), changed = %L WHERE id IN (%s)', pair.name, moment, victims);
    WHEN 'unknown' THEN EXECUTE format('INSERT INTO test.%I (customer, at, amount, changed) VALUES (NULL, date ''2025-01-01'' + (random() * %s)::integer, %s, %L)',
                         pair.name, day, (random() * 100)::integer, moment);
    WHEN 'delete' THEN EXECUTE format('WITH d AS (DELETE FROM test.%I WHERE id IN (%s) RETURNING customer) INSERT INTO test.%I SELECT %s, %L FROM d',
                         pair.name, victims, pair.name || '_gone', CASE WHEN pair.name = 'clusters' THEN 'NULL' ELSE 'customer' END, moment);
    WHEN 'move' THEN EXECUTE format('WITH b AS (SELECT * FROM test.%I WHERE id IN (%s)),
                         u AS (UPDATE test.%1$I t SET customer = test.customer($1)::%3$s, changed = %4$L FROM b WHERE t.id = b.id)
                         INSERT INTO test.%5$I SELECT %6$s, %4$L FROM b', pair.name, victims, type, moment, pair.name || '_gone',
                         CASE WHEN pair.name = 'clusters' THEN 'NULL' ELSE 'customer' END) USING pair;
    WHEN 'truncate' THEN
      IF random() < 0.2 THEN
        EXECUTE format('TRUNCATE test.%I', pair.name);
        CALL test.add(pair, 200, day, moment);
      END IF;
    WHEN 'opt_out' THEN EXECUTE format('DELETE FROM test.%I WHERE random() < 0.5', pair.name || '_out');
                        EXECUTE format('INSERT INTO test.%I SELECT test.customer($1)::%s', pair.name || '_out', type) USING pair;
    WHEN 'forget' THEN
      IF random() < 0.1 THEN
        PERFORM segment.forget(test.customer(pair));
      END IF;
  END CASE;
END
$$;

-- Rows as they are stored, but for due (a day too early is right, if useless) and for those who wait for an order that lies ahead.
CREATE VIEW test.row AS
SELECT v.segmentation, c.from_day, c.until_day, c.customer, c.market, segment_internal.rfm_send(c.rfm) AS rfm, c.score::text AS score, c.segment, c.sort,
       c.previous_segment, c.previous_sort, c.since, c.moved_by, segment_internal.repeat_summary_send(c.repeat) AS repeat, c.channel
FROM segment.state c JOIN segment.segmentation_version v ON v.id = c.version_id
WHERE c.segment IS NOT NULL OR EXISTS (SELECT FROM segment.state b WHERE b.version_id = c.version_id AND b.customer = c.customer AND b.from_day < c.from_day AND b.segment IS NOT NULL);

-- Rows that the two do not share, over all days; likewise snapshots and totals.
CREATE FUNCTION test.differences(name text) RETURNS bigint LANGUAGE sql STABLE SET enable_nestloop = off AS $$
  WITH x AS (SELECT to_jsonb(r) - 'segmentation' FROM test.row r WHERE segmentation = name),
       y AS (SELECT to_jsonb(r) - 'segmentation' FROM test.row r WHERE segmentation = name || ' full'),
       p AS (SELECT as_of, customers, unknown_rows, unknown_amount, moved, fingerprint FROM segment.snapshot WHERE segmentation = name),
       q AS (SELECT as_of, customers, unknown_rows, unknown_amount, moved, fingerprint FROM segment.snapshot WHERE segmentation = name || ' full')
  SELECT (SELECT count(*) FROM (TABLE x EXCEPT ALL TABLE y) d) + (SELECT count(*) FROM (TABLE y EXCEPT ALL TABLE x) d)
       + (SELECT count(*) FROM (TABLE p EXCEPT ALL TABLE q) d) + (SELECT count(*) FROM (TABLE q EXCEPT ALL TABLE p) d)
$$;

-- What makes a refresh incremental is taken away: all orders are read into new ledgers, everybody is scored.
CREATE FUNCTION test.full_refresh(name text, as_of date, OUT refreshed date, OUT customers bigint, OUT moved bigint) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM segment.customer_ledger l USING segment.ledger_set s WHERE s.id = l.ledger_set AND s.segmentation = name;
  UPDATE segment.snapshot s SET basis = NULL, carry = false WHERE s.segmentation = name;
  SELECT * INTO refreshed, customers, moved FROM segment.refresh(name, as_of);
END
$$;

-- Whatever the order in which days were computed, added and taken away: all of them refreshed once more, in any order, from the orders as they are
-- now, give the history of a segmentation with the same cut points and models that sees the days in their order for the first time.
CREATE FUNCTION test.again(pair test.pair) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  day date;
  first_day date := (SELECT min(s.as_of) FROM segment.snapshot s WHERE s.segmentation = pair.name);
  differences bigint;
BEGIN
  EXECUTE format('SELECT segment.create_segmentation(%L, %L, ''customer'', ''at'', ''amount''%s, changes => segment.by_reading_all(ledgers => true))',
    pair.name || ' again', 'test.' || pair.name, ', ' || pair.options);
  INSERT INTO segment.segmentation_cut_points
  SELECT (jsonb_populate_record(c, jsonb_build_object('segmentation', pair.name || ' again'))).* FROM segment.segmentation_cut_points c WHERE c.segmentation = pair.name;
  INSERT INTO segment.segmentation_model
  SELECT (jsonb_populate_record(m, jsonb_build_object('segmentation', pair.name || ' again'))).* FROM segment.segmentation_model m WHERE m.segmentation = pair.name;
  FOR day IN SELECT s.as_of FROM segment.snapshot s WHERE s.segmentation = pair.name ORDER BY random() LOOP
    PERFORM segment.refresh(pair.name, day);
  END LOOP;
  FOR day IN SELECT s.as_of FROM segment.snapshot s WHERE s.segmentation = pair.name ORDER BY s.as_of LOOP
    PERFORM segment.refresh(pair.name || ' again', day);
  END LOOP;
  -- What purge took away is known to since and to rows that began before the first day that is left.
  WITH x AS (SELECT to_jsonb(r) - 'segmentation' - 'since' || jsonb_build_object('since', greatest(r.since, first_day)) FROM test.row r WHERE segmentation = pair.name AND r.from_day > first_day),
       y AS (SELECT to_jsonb(r) - 'segmentation' FROM test.row r WHERE segmentation = pair.name || ' again' AND r.from_day > first_day)
  SELECT (SELECT count(*) FROM (TABLE x EXCEPT ALL TABLE y) d) + (SELECT count(*) FROM (TABLE y EXCEPT ALL TABLE x) d) INTO differences;
  RETURN differences;
END
$$;

CREATE TABLE test.result (pair text, batch integer, kinds text[], as_of date, changed_rows text, differences bigint);
CREATE PROCEDURE test.run(name text, batches integer) LANGUAGE plpgsql AS $$
DECLARE
  pair test.pair := (SELECT p FROM test.pair p WHERE p.name = run.name);
  day integer := 150;
  kinds text[];
  kind text;
  done record;
  whole record;
  removed date;
BEGIN
  CALL test.make(pair);
  COMMIT;
  FOR i IN 1 .. batches LOOP
    kinds := ARRAY(SELECT k FROM unnest(pair.kinds) k WHERE random() < 0.3);
    FOREACH kind IN ARRAY kinds LOOP
      CALL test.change(pair, kind, day, timestamp '2020-01-01' + i * interval '1 hour');
    END LOOP;
    COMMIT;
    -- Mostly the same day again, now and then one or more days later, and back.
    day := CASE WHEN random() < 0.55 THEN day WHEN random() < 0.75 THEN day + 1 + (random() * 3)::integer ELSE greatest(100, day - 1 - (random() * 25)::integer) END;
    done := segment.refresh(name, date '2025-01-01' + day);
    whole := test.full_refresh(name || ' full', date '2025-01-01' + day);
    INSERT INTO test.result VALUES (name, i, kinds, date '2025-01-01' + day, concat(done, whole), test.differences(name) + (done IS DISTINCT FROM whole)::integer);
    COMMIT;
    -- Now and then a snapshot is taken away again, or the old ones.
    IF random() < 0.1 THEN
      SELECT x.as_of INTO removed FROM segment.snapshot x WHERE x.segmentation = name ORDER BY random() LIMIT 1;
      PERFORM segment.remove_snapshot(n, removed) FROM unnest(ARRAY[name, name || ' full']) n;
      INSERT INTO test.result VALUES (name, i, '{remove}', removed, NULL, test.differences(name));
    ELSIF random() < 0.03 THEN
      PERFORM segment.purge_snapshots(n, 20) FROM unnest(ARRAY[name, name || ' full']) n;
      INSERT INTO test.result VALUES (name, i, '{purge}', NULL, NULL, test.differences(name));
    END IF;
    COMMIT;
  END LOOP;
  INSERT INTO test.result VALUES (name, batches, '{again}', NULL, NULL, test.again(pair));
  COMMIT;
END
$$;
SQL

my $total = 0;
for my $pair (split /\n/, $node->safe_psql('postgres', 'SELECT name FROM test.pair ORDER BY name'))
{
	$node->safe_psql('postgres', "SELECT setseed(0.4); CALL test.run('$pair', $batches)");
	my $wrong = $node->safe_psql('postgres', "SELECT r FROM test.result r WHERE pair = '$pair' AND differences > 0 ORDER BY batch LIMIT 5");
	is($wrong, '', "$pair: $batches batches, each like a full computation");
	is($node->safe_psql('postgres', "SELECT count(*) > 1 FROM segment.published_snapshot WHERE segmentation = '$pair'"), 't', '  with snapshots to compare');
	# That nothing was tested because everything is read, or nothing changes, would be no test.
	is($node->safe_psql('postgres', <<"SQL"), "t|t|t", '  few orders were read, few customers scored, and some moved');
SELECT count(*) FILTER (WHERE (details->>'read_all')::boolean) < 0.2 * count(*),
       $batches < 20 OR segmentation = 'triggers' OR count(*) FILTER (WHERE NOT (details->>'scored_all')::boolean) > 0.2 * count(*),
       sum((details->>'moved')::bigint) > 0
FROM segment.segmentation_run WHERE action = 'refresh' AND segmentation = '$pair' GROUP BY segmentation
SQL
	$total += $batches;
}
cmp_ok($total, '>=', 500, 'at least 500 batches') unless $ENV{REFRESH_BATCHES};
$node->stop;
done_testing();
