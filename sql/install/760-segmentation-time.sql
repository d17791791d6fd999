-- segmentation: what changed between snapshots
--
-- Lists of customers are the states that began on the day: their number is what they cost. Totals stand by snapshot.

CREATE VIEW segment.segment_changes WITH (security_invoker = true) AS
SELECT t.segmentation, t.previous_as_of AS from_as_of, t.as_of, c.customer AS customer_id, c.market, c.previous_segment AS left_segment_name,
       c.previous_sort AS left_segment_sort, c.segment AS entered_segment_name, c.sort AS entered_segment_sort,
       CASE WHEN c.previous_sort IS NULL THEN 'new' WHEN c.sort < c.previous_sort THEN 'up' WHEN c.sort > c.previous_sort THEN 'down'
            ELSE 'same' END AS direction,
       c.moved_by, segment_internal.money(segment.rfm_monetary(c.rfm)) AS revenue, t.is_latest, t.definition_version
FROM segment.published_snapshot t
JOIN segment.state c ON c.version_id = t.version_id AND c.from_day = t.as_of
WHERE t.previous_snapshot IS NOT NULL AND c.moved_by IS NOT NULL AND c.moved_by <> 'gone'
UNION ALL
SELECT t.segmentation, t.previous_as_of, t.as_of, c.customer, c.market, c.previous_segment, c.previous_sort, NULL, NULL, 'gone', c.moved_by,
       segment_internal.money(segment.rfm_monetary(b.rfm)), t.is_latest, t.definition_version
FROM segment.published_snapshot t
JOIN segment.snapshot p ON p.id = t.previous_snapshot
JOIN segment.state c ON c.version_id = t.version_id AND c.from_day = t.as_of
LEFT JOIN LATERAL (
  SELECT x.rfm FROM segment.state x
  WHERE x.version_id = p.version_id AND x.customer = c.customer AND x.from_day <= p.as_of AND x.until_day > p.as_of
  ORDER BY x.from_day DESC LIMIT 1) b ON true
WHERE c.moved_by = 'gone';
COMMENT ON VIEW segment.segment_changes IS
  'who left and who entered a segment since the snapshot before: one row a customer who did, unique key (segmentation, '
  'as_of, customer_id). Applied to the list of the day before it gives the list of the day. Personal data';
COMMENT ON COLUMN segment.segment_changes.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segment_changes.from_as_of IS 'day of the snapshot before';
COMMENT ON COLUMN segment.segment_changes.as_of IS 'day of the snapshot';
COMMENT ON COLUMN segment.segment_changes.customer_id IS 'the customer id, as text';
COMMENT ON COLUMN segment.segment_changes.market IS 'the customer''s market, or all';
COMMENT ON COLUMN segment.segment_changes.left_segment_name IS 'segment in the snapshot before; NULL: not a customer then';
COMMENT ON COLUMN segment.segment_changes.left_segment_sort IS 'its rank';
COMMENT ON COLUMN segment.segment_changes.entered_segment_name IS 'segment now; NULL: no customer any more (opted out, erased, or outside the look-back window)';
COMMENT ON COLUMN segment.segment_changes.entered_segment_sort IS 'its rank';
COMMENT ON COLUMN segment.segment_changes.direction IS 'up (to a better rank), down, same (another segment of the same rank), new, gone';
COMMENT ON COLUMN segment.segment_changes.moved_by IS 'new, order, time, recalibration, gone';
COMMENT ON COLUMN segment.segment_changes.revenue IS 'net amount of the customer''s orders, now or, if gone, before';
COMMENT ON COLUMN segment.segment_changes.is_latest IS 'whether as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.segment_changes.definition_version IS 'the version that made the snapshot';

CREATE VIEW segment.segment_migration WITH (security_invoker = true) AS
SELECT t.segmentation, t.previous_as_of AS from_as_of, t.as_of AS to_as_of, m.from_segment, m.from_sort, m.to_segment, m.to_sort,
       CASE WHEN m.from_sort IS NULL THEN 'new' WHEN m.to_sort IS NULL THEN 'gone' WHEN m.to_sort < m.from_sort THEN 'up'
            WHEN m.to_sort > m.from_sort THEN 'down' ELSE 'same' END AS direction,
       m.customers, m.total_customers::bigint AS total_customers, m.customers / m.total_customers AS share_of_from,
       segment_internal.money(m.revenue) AS revenue, m.by_order AS moved_by_order, m.by_time AS moved_by_time, m.by_recalibration AS moved_by_recalibration,
       t.is_latest, t.definition_version
FROM segment.published_snapshot t
CROSS JOIN LATERAL (
  SELECT x.*, sum(x.customers) OVER (PARTITION BY x.from_segment) AS total_customers
  FROM segment.move_total x
  WHERE x.snapshot = t.snapshot) m
WHERE t.previous_snapshot IS NOT NULL;
COMMENT ON VIEW segment.segment_migration IS
  'the migration matrix between each snapshot and the one before, those who stayed included: unique key (segmentation, '
  'to_as_of, from_segment, to_segment). Rows add up to the segments before, columns to those after; source, target and '
  'value of a Sankey diagram';
COMMENT ON COLUMN segment.segment_migration.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segment_migration.from_as_of IS 'day of the snapshot before';
COMMENT ON COLUMN segment.segment_migration.to_as_of IS 'day of the snapshot';
COMMENT ON COLUMN segment.segment_migration.from_segment IS 'segment before, or Not a customer';
COMMENT ON COLUMN segment.segment_migration.from_sort IS 'its rank; NULL for Not a customer';
COMMENT ON COLUMN segment.segment_migration.to_segment IS 'segment after, or No customer any more';
COMMENT ON COLUMN segment.segment_migration.to_sort IS 'its rank; NULL for No customer any more';
COMMENT ON COLUMN segment.segment_migration.direction IS 'up (to a better rank), down, same, new, gone';
COMMENT ON COLUMN segment.segment_migration.customers IS 'number of customers';
COMMENT ON COLUMN segment.segment_migration.total_customers IS 'customers of the segment before: the denominator of share_of_from';
COMMENT ON COLUMN segment.segment_migration.share_of_from IS 'customers / total_customers, 0 to 1';
COMMENT ON COLUMN segment.segment_migration.revenue IS 'net amount of their orders, after or, if gone, before';
COMMENT ON COLUMN segment.segment_migration.moved_by_order IS 'how many moved by their own orders';
COMMENT ON COLUMN segment.segment_migration.moved_by_time IS 'how many moved as time passed, without an order';
COMMENT ON COLUMN segment.segment_migration.moved_by_recalibration IS 'how many moved by other cut points or rules only';
COMMENT ON COLUMN segment.segment_migration.is_latest IS 'whether to_as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.segment_migration.definition_version IS 'the version that made the later snapshot';

CREATE FUNCTION segment.psi(expected double precision[], actual double precision[]) RETURNS double precision
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  -- numeric: an order-free, machine-independent sum
  SELECT CASE WHEN cardinality(expected) = cardinality(actual) AND every(e IS NOT NULL AND a IS NOT NULL) THEN
           sum(((greatest(a, 0.0001) - greatest(e, 0.0001)) * ln(greatest(a, 0.0001) / greatest(e, 0.0001)))::numeric)::double precision END
  FROM (
    SELECT e.x / nullif(sum(e.x) OVER (), 0) AS e, a.x / nullif(sum(a.x) OVER (), 0) AS a
    FROM unnest(expected) WITH ORDINALITY AS e (x, i)
    JOIN unnest(actual) WITH ORDINALITY AS a (x, i) USING (i)
  ) s;
END;
COMMENT ON FUNCTION segment.psi(double precision[], double precision[]) IS
  'population stability index of two distributions over the same bins, counts or shares: sum of (a - e) ln(a / e) over '
  'their shares (Lewis, An Introduction to Credit Scoring, 1994). A share below 0.0001, zero too, counts as 0.0001. By '
  'custom below 0.1 is stable, above 0.25 a major change. NULL for NULL, arrays of different length, or totals of 0';

CREATE FUNCTION segment.adjusted_rand(agreement bigint[], rows bigint[], columns bigint[]) RETURNS double precision
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN greatest_index = expected THEN 1 ELSE ((in_both - expected) / (greatest_index - expected))::double precision END
  FROM (
    SELECT in_both, in_rows * in_columns / nullif(pairs, 0) AS expected, (in_rows + in_columns) / 2 AS greatest_index
    FROM (SELECT (SELECT sum(n::numeric * (n - 1) / 2) FROM unnest(agreement) n) AS in_both,
                 (SELECT sum(n::numeric * (n - 1) / 2) FROM unnest(rows) n) AS in_rows,
                 (SELECT sum(n::numeric * (n - 1) / 2) FROM unnest(columns) n) AS in_columns,
                 (SELECT sum(n) * (sum(n) - 1) / 2 FROM unnest(rows) n) AS pairs) s
  ) t;
END;
COMMENT ON FUNCTION segment.adjusted_rand(bigint[], bigint[], bigint[]) IS
  'adjusted Rand index of two partitions from their cross table: cells, row totals, column totals; 1 for the same '
  'partition, about 0 for unrelated ones (Hubert and Arabie 1985). NULL for NULL or fewer than two members';

CREATE VIEW segment.drift WITH (security_invoker = true) AS
SELECT t.segmentation, t.as_of, d.feature, b.as_of AS baseline_as_of, d.psi,
       CASE WHEN d.psi < 0.1 THEN 'stable' WHEN d.psi <= 0.25 THEN 'moderate' ELSE 'major' END AS level,
       d.baseline_customers, d.customers, t.is_latest, t.definition_version
FROM segment.published_snapshot t
JOIN (
  SELECT v.segmentation, v.id AS version_id, s.id AS snapshot, s.as_of
  FROM segment.segmentation_version v
  CROSS JOIN LATERAL (
    SELECT min(c.as_of) AS calibrated FROM segment.segmentation_cut_points c WHERE c.segmentation = v.segmentation AND c.version = v.version) m
  CROSS JOIN LATERAL (
    SELECT s.id, s.as_of FROM segment.snapshot s WHERE s.version_id = v.id ORDER BY s.as_of <> m.calibrated, s.as_of LIMIT 1) s
) b ON b.segmentation = t.segmentation AND b.version_id = t.version_id
CROSS JOIN LATERAL (
  SELECT x.feature,
         segment.psi(array_agg(x.expected::double precision ORDER BY x.bin), array_agg(x.actual::double precision ORDER BY x.bin)) AS psi,
         sum(x.expected)::bigint AS baseline_customers, sum(x.actual)::bigint AS customers
  FROM (
    SELECT y.feature, y.bin, sum(y.expected) AS expected, sum(y.actual) AS actual
    FROM (SELECT e.feature, e.bin, e.customers AS expected, 0 AS actual FROM segment.drift_total e WHERE e.snapshot = b.snapshot
          UNION ALL
          SELECT a.feature, a.bin, 0, a.customers FROM segment.drift_total a WHERE a.snapshot = t.snapshot) y
    GROUP BY y.feature, y.bin) x
  GROUP BY x.feature) d;
COMMENT ON VIEW segment.drift IS
  'how far each snapshot has drifted from its version''s baseline, the day of the first cut points: unique key '
  '(segmentation, as_of, feature). Bins are the baseline''s, also where cut points float';
COMMENT ON COLUMN segment.drift.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.drift.as_of IS 'day of the snapshot';
COMMENT ON COLUMN segment.drift.feature IS 'recency, frequency, monetary (in the baseline''s bins), or segment (shares of the segments)';
COMMENT ON COLUMN segment.drift.baseline_as_of IS 'day of the baseline: that of the first cut points, or the oldest snapshot kept';
COMMENT ON COLUMN segment.drift.psi IS 'population stability index, see psi()';
COMMENT ON COLUMN segment.drift.level IS 'stable below 0.1, moderate up to 0.25, major above: custom, not a test';
COMMENT ON COLUMN segment.drift.baseline_customers IS 'customers counted at the baseline';
COMMENT ON COLUMN segment.drift.customers IS 'customers counted in the snapshot';
COMMENT ON COLUMN segment.drift.is_latest IS 'whether as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.drift.definition_version IS 'the version that made the snapshot';

CREATE VIEW segment.segment_evidence WITH (security_invoker = true) AS
SELECT t.segmentation, b.as_of, t.as_of AS to_as_of, t.as_of - b.as_of AS days, e.segment AS segment_name, e.sort AS segment_sort, e.customers, e.buyers,
       e.buyers::numeric / e.customers AS share_buyers, e.all_buyers / e.all_customers AS share_buyers_all, e.orders_since::bigint AS orders_since,
       segment_internal.money(e.revenue_since) AS revenue_since, e.revenue_since / e.customers AS revenue_since_per_customer, t.is_latest,
       segment_internal.evidence_verdict(t.snapshot, e.segment) AS contradiction
FROM segment.published_snapshot t
CROSS JOIN LATERAL (
  SELECT x.*, sum(x.buyers) OVER () AS all_buyers, sum(x.customers) OVER () AS all_customers
  FROM segment.evidence_total x
  WHERE x.snapshot = t.snapshot) e
JOIN segment.snapshot b ON b.id = e.base;
COMMENT ON VIEW segment.segment_evidence IS
  'what each segment''s name was worth: of those who carried it in the newest snapshot at least 90 days before another, how '
  'many have bought since, and for how much. Unique key (segmentation, to_as_of, segment_name). Customers who are gone by '
  'then, and segmentations with a look-back window, are left out';
COMMENT ON COLUMN segment.segment_evidence.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segment_evidence.as_of IS 'the day on which they carried the segment';
COMMENT ON COLUMN segment.segment_evidence.to_as_of IS 'the day up to which their orders since are counted';
COMMENT ON COLUMN segment.segment_evidence.days IS 'days between, 90 or more';
COMMENT ON COLUMN segment.segment_evidence.segment_name IS 'the segment';
COMMENT ON COLUMN segment.segment_evidence.segment_sort IS 'rank of the segment, 1 is best';
COMMENT ON COLUMN segment.segment_evidence.customers IS 'number of customers who carried it';
COMMENT ON COLUMN segment.segment_evidence.buyers IS 'how many of them have ordered since';
COMMENT ON COLUMN segment.segment_evidence.share_buyers IS 'buyers / customers, 0 to 1';
COMMENT ON COLUMN segment.segment_evidence.share_buyers_all IS 'the same of all customers of that day';
COMMENT ON COLUMN segment.segment_evidence.orders_since IS 'number of their orders since';
COMMENT ON COLUMN segment.segment_evidence.revenue_since IS 'net amount since';
COMMENT ON COLUMN segment.segment_evidence.revenue_since_per_customer IS 'revenue_since / customers';
COMMENT ON COLUMN segment.segment_evidence.is_latest IS 'whether to_as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.segment_evidence.contradiction IS 'what that says against the name, and what would be true, where of a segment among the best or the worst surely fewer or more bought than of all; NULL: nothing';

CREATE VIEW segment.segmentation_status WITH (security_invoker = true) AS
SELECT s.name AS segmentation, pg_get_userbyid(o.role) AS owner, s.description, s.active_version, t.as_of AS latest_as_of, t.computed_at, t.customers,
       c.calibrated_as_of, t.as_of - c.calibrated_as_of AS days_since_calibration, d.psi AS max_psi, d.level,
       m.moved_by_time, m.moved_by_time::numeric / nullif(t.customers, 0) AS share_moved_without_order,
       (v.label).kind AS label, (v.scores).cut_points AS cut_points, (v.changes).kind AS changes, s.verified_at, s.verified_differences,
       (SELECT string_agg(e.segment, ', ' ORDER BY e.sort) FROM segment.evidence_total e
        WHERE e.snapshot = t.snapshot AND segment_internal.evidence_verdict(t.snapshot, e.segment) IS NOT NULL) AS contradicted
FROM segment.segmentation s
LEFT JOIN segment.segmentation_member o ON o.segmentation = s.name AND o.owns
LEFT JOIN segment.segmentation_version v ON v.segmentation = s.name AND v.version = s.active_version
LEFT JOIN segment.published_snapshot t ON t.segmentation = s.name AND t.is_latest
LEFT JOIN LATERAL (
  SELECT max(p.as_of) AS calibrated_as_of FROM segment.segmentation_cut_points p
  WHERE p.segmentation = s.name AND p.version = t.definition_version AND p.as_of <= t.as_of) c ON true
LEFT JOIN LATERAL (
  SELECT x.psi, x.level FROM segment.drift x WHERE x.segmentation = s.name AND x.as_of = t.as_of AND x.is_latest ORDER BY x.psi DESC NULLS LAST LIMIT 1) d ON true
LEFT JOIN LATERAL (
  SELECT coalesce(sum(q.by_time), 0)::bigint AS moved_by_time FROM segment.move_total q WHERE q.snapshot = t.snapshot) m ON true;
COMMENT ON VIEW segment.segmentation_status IS 'one row a segmentation: how fresh it is, and whether it should be calibrated anew; unique key segmentation';
COMMENT ON COLUMN segment.segmentation_status.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segmentation_status.owner IS 'the role that refreshes it';
COMMENT ON COLUMN segment.segmentation_status.description IS 'what it is for';
COMMENT ON COLUMN segment.segmentation_status.active_version IS 'the version that refresh runs';
COMMENT ON COLUMN segment.segmentation_status.latest_as_of IS 'newest day; NULL: not refreshed yet';
COMMENT ON COLUMN segment.segmentation_status.computed_at IS 'when it was computed';
COMMENT ON COLUMN segment.segmentation_status.customers IS 'number of customers then';
COMMENT ON COLUMN segment.segmentation_status.calibrated_as_of IS 'day of which the cut points are';
COMMENT ON COLUMN segment.segmentation_status.days_since_calibration IS 'days from that day to the newest';
COMMENT ON COLUMN segment.segmentation_status.max_psi IS 'the greatest drift of a feature';
COMMENT ON COLUMN segment.segmentation_status.level IS 'its level: stable, moderate, or major (make a new version)';
COMMENT ON COLUMN segment.segmentation_status.moved_by_time IS 'customers whose segment changed at the newest day without an order of theirs';
COMMENT ON COLUMN segment.segmentation_status.share_moved_without_order IS 'moved_by_time / customers, 0 to 1';
COMMENT ON COLUMN segment.segmentation_status.label IS 'what names the segments: scheme, clusters or value_tiers';
COMMENT ON COLUMN segment.segmentation_status.cut_points IS 'frozen or floating';
COMMENT ON COLUMN segment.segmentation_status.changes IS 'how refresh finds the customers whose orders changed: reading_all, rebuild, column, tombstones or triggers';
COMMENT ON COLUMN segment.segmentation_status.verified_at IS 'when verify() last compared all orders with what is stored; NULL: never';
COMMENT ON COLUMN segment.segmentation_status.verified_differences IS 'how many customers it found to differ';
COMMENT ON COLUMN segment.segmentation_status.contradicted IS 'segments whose names segment_evidence contradicts; segment_summary says how';

CREATE FUNCTION segment.compare_versions(name text, first integer, second integer, as_of date, OUT first_segment text, OUT first_sort smallint,
  OUT second_segment text, OUT second_sort smallint, OUT customers bigint, OUT adjusted_rand double precision) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 SET enable_nestloop = off SET enable_sort = off
BEGIN ATOMIC
  SELECT segment_internal.check_seen(name, as_of, v) FROM unnest(ARRAY[first, second]) v;
  WITH cell AS (
    SELECT a.segment AS first_segment, a.sort AS first_sort, b.segment AS second_segment, b.sort AS second_sort, count(*) AS customers
    FROM segment.snapshot s
    JOIN segment.snapshot t ON t.segmentation = s.segmentation AND t.as_of = s.as_of
    JOIN segment.state a ON a.version_id = s.version_id AND a.from_day <= s.as_of AND a.until_day > s.as_of AND a.segment IS NOT NULL
    JOIN segment.state b ON b.version_id = t.version_id AND b.from_day <= t.as_of AND b.until_day > t.as_of AND b.segment IS NOT NULL
      AND b.customer = a.customer
    WHERE s.segmentation = compare_versions.name AND s.as_of = compare_versions.as_of
      AND s.version = compare_versions.first AND t.version = compare_versions.second
    GROUP BY a.segment, a.sort, b.segment, b.sort
  )
  SELECT c.first_segment, c.first_sort, c.second_segment, c.second_sort, c.customers,
         (SELECT segment.adjusted_rand((SELECT array_agg(x.customers) FROM cell x),
                               (SELECT array_agg(x.n) FROM (SELECT sum(y.customers)::bigint AS n FROM cell y GROUP BY y.first_segment) x),
                               (SELECT array_agg(x.n) FROM (SELECT sum(y.customers)::bigint AS n FROM cell y GROUP BY y.second_segment) x)))
  FROM cell c
  ORDER BY c.first_sort, c.second_sort;
END;
COMMENT ON FUNCTION segment.compare_versions(text, integer, integer, date) IS
  'cross table of two versions'' segments on the same day, for customers in both, with their adjusted Rand index (1: the '
  'same partition) on each row. 42704 unless both have a snapshot of the day';

GRANT SELECT ON segment.segment_changes, segment.segment_migration, segment.drift, segment.segment_evidence, segment.segmentation_status TO PUBLIC;
GRANT SELECT ON segment.segment_changes, segment.segment_migration, segment.drift, segment.segment_evidence, segment.segmentation_status
  TO @extowner@, pg_database_owner WITH GRANT OPTION;
