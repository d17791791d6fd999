-- segmentation: KPIs over time, written by refresh

-- How many periods are looked back on, and how many make a year: with one more before them, whose customers are those of the period before.
CREATE FUNCTION segment_internal.kpi_grid(d segment.day_rule, as_of date) RETURNS segment.periods
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN d.boundaries IS NULL THEN segment.periods(d.period,
      (as_of - CASE d.period WHEN 'week' THEN interval '53 weeks' WHEN 'month' THEN interval '25 months' WHEN 'quarter' THEN interval '27 months' ELSE interval '6 years' END)::date, as_of + 1)
    ELSE (SELECT segment.periods(array_agg(b.day ORDER BY b.day))
          FROM (SELECT u.day FROM unnest(d.boundaries) AS u (day)
                WHERE u.day <= (SELECT coalesce(min(n.day), as_of) FROM unnest(d.boundaries) AS n (day) WHERE n.day > as_of) ORDER BY u.day DESC LIMIT 27) b
          HAVING count(*) >= 2) END;
END;
COMMENT ON FUNCTION segment_internal.kpi_grid(segment.day_rule, date) IS
  'the periods whose KPIs a refresh of a day writes, and one before them: 25 months, 53 weeks, 9 quarters, 6 years, or the last 25 of given boundaries; NULL where these give none';

CREATE FUNCTION segment_internal.kpi_year(d segment.day_rule) RETURNS integer
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN d.boundaries IS NULL THEN CASE d.period WHEN 'week' THEN 52 WHEN 'month' THEN 12 WHEN 'quarter' THEN 4 ELSE 1 END END;
END;
COMMENT ON FUNCTION segment_internal.kpi_year(segment.day_rule) IS 'how many periods make a year; NULL for given boundaries';

CREATE FUNCTION segment_internal.kpi_retention(v segment.segmentation_version, as_of date, OUT dimension text, OUT value_key text, OUT retention segment.retention) RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20 SET search_path = pg_catalog, pg_temp
  -- There are few groups, of which the planner expects as many as customers: they need not be sorted.
  SET enable_sort = off AS $$
DECLARE
  grid segment.periods := segment_internal.kpi_grid(v.days, as_of);
BEGIN
  -- Who has left the window of the segmentation was active before all the same: of no segment
  RETURN QUERY EXECUTE format($query$
  WITH part AS MATERIALIZED (
    SELECT (%s) COLLATE "C" AS market, s.segment COLLATE "C" AS segment, segment.retention_agg(l.ledger, $1, $2 %s) AS r
    FROM segment.customer_ledger l
    LEFT JOIN segment.state s ON s.version_id = %s AND s.customer = l.customer AND s.from_day <= $2 AND s.until_day > $2
    WHERE l.ledger_set = %s AND l.ledger IS NOT NULL
    GROUP BY 1, 2)
  SELECT 'all', 'all', segment.retention_rollup(p.r) FROM part p HAVING count(*) > 0
  UNION ALL
  SELECT 'segment', p.segment, segment.retention_rollup(p.r) FROM part p WHERE p.segment IS NOT NULL GROUP BY p.segment
  UNION ALL
  SELECT 'market', p.market, segment.retention_rollup(p.r) FROM part p WHERE $3 GROUP BY p.market$query$,
    CASE WHEN v.market IS NULL THEN '''all''' ELSE 'coalesce(l.markets[width_bucket($2, l.market_days)], ''unknown'')' END,
    CASE WHEN (v.measures).margin IS NOT NULL THEN ', l.costs' END, v.id, v.ledger_set) USING grid, as_of, v.market IS NOT NULL;
END
$$;
COMMENT ON FUNCTION segment_internal.kpi_retention(segment.segmentation_version, date) IS
  'retention over a version''s stored ledgers, read once: of all, by segment and by market of the day';

CREATE FUNCTION segment_internal.kpi_size(v segment.segmentation_version, dimension text, value_key text, as_of date, OUT addressable bigint, OUT yearly_revenue numeric) RETURNS record
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH size AS (
    SELECT DISTINCT ON (m.market) m.market, m.addressable, m.yearly_revenue FROM segment.market_size m
    WHERE m.segmentation = v.segmentation AND m.valid_from <= kpi_size.as_of ORDER BY m.market, m.valid_from DESC)
  SELECT s.addressable, s.yearly_revenue FROM size s WHERE kpi_size.dimension IN ('all', 'market') AND s.market = kpi_size.value_key
  UNION ALL
  SELECT CASE WHEN count(s.addressable) = count(*) THEN sum(s.addressable) END::bigint, CASE WHEN count(s.yearly_revenue) = count(*) THEN sum(s.yearly_revenue) END
  FROM (SELECT DISTINCT x.market FROM segment.segment_total x JOIN segment.snapshot t ON t.id = x.snapshot WHERE t.version_id = v.id AND t.as_of = kpi_size.as_of) m
  LEFT JOIN size s ON s.market = m.market
  WHERE kpi_size.dimension = 'all' AND NOT EXISTS (SELECT FROM size a WHERE a.market = 'all') HAVING count(*) > 0;
END;
COMMENT ON FUNCTION segment_internal.kpi_size(segment.segmentation_version, text, text, date) IS
  'the size of a market, or of all: as it was set, else the sum, if every market with customers has one. NULL: not known';

CREATE TYPE segment_internal.kpi_figure AS (kpi text, period_start date, period_end date, is_complete boolean, value double precision, numerator numeric, denominator numeric, reason text);
COMMENT ON TYPE segment_internal.kpi_figure IS 'one value of one KPI';

CREATE FUNCTION segment_internal.kpi_of_periods(retention segment.retention) RETURNS SETOF segment_internal.kpi_figure
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 300
BEGIN ATOMIC
  SELECT k.kpi, l.period_start, l.period_end, l.is_complete,
         CASE WHEN k.kpi = 'margin rate' THEN l.margin_rate WHEN NOT k.is_ratio THEN k.numerator::double precision
              WHEN k.denominator > 0 THEN (k.numerator / k.denominator)::double precision END,
         k.numerator, k.denominator,
         CASE WHEN k.kpi LIKE 'margin%' AND l.margin IS NULL THEN 'no costs are known' WHEN k.kpi = 'margin rate' AND l.margin_rate IS NULL THEN 'no revenue whose costs are known'
              WHEN k.kpi = 'margin rate' OR NOT k.is_ratio THEN NULL WHEN k.denominator IS NULL THEN 'what came before is not known' WHEN k.denominator = 0 THEN k.reason END
  FROM (SELECT t.*, lag(t.active) OVER (ORDER BY t.period_no) AS before FROM segment.lifecycle_table(retention) AS t) AS l
  CROSS JOIN LATERAL (VALUES
    ('customers', false, l.active::numeric, NULL::numeric, NULL),
    ('new customers', false, l.new, NULL, NULL),
    ('retention rate', true, l.retained, l.before, 'nobody was active in the period before'),
    ('churn rate', true, l.dormant, l.before, 'nobody was active in the period before'),
    ('reactivation rate', true, l.resurrected, l.asleep, 'every customer was active in the period before'),
    ('orders', false, l.orders, NULL, NULL),
    ('revenue', false, l.revenue, NULL, NULL),
    ('orders per customer', true, l.orders, l.active, 'nobody was active'),
    ('average order value', true, l.revenue, l.orders, 'no order'),
    ('revenue per customer', true, l.revenue, l.active, 'nobody was active'),
    ('margin', false, l.margin, NULL, NULL),
    ('margin rate', true, l.margin, NULL, NULL),
    ('margin per customer', true, l.margin, l.active, 'nobody was active')) AS k (kpi, is_ratio, numerator, denominator, reason)
  -- Before anybody was a customer there is nothing to say.
  WHERE l.period_no > 1 AND (l.active > 0 OR l.asleep > 0 OR l.dormant > 0 OR l.revenue <> 0);
END;
COMMENT ON FUNCTION segment_internal.kpi_of_periods(segment.retention) IS 'the KPIs of each period of a retention but its first, from the first period on that somebody was a customer in';

CREATE FUNCTION segment_internal.kpi_of_day(v segment.segmentation_version, dimension text, value_key text, retention segment.retention, as_of date) RETURNS SETOF segment_internal.kpi_figure
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 4
BEGIN ATOMIC
  WITH period AS MATERIALIZED (
    SELECT l.*, row_number() OVER (ORDER BY l.is_complete DESC, l.period_no DESC) AS complete_no, count(*) FILTER (WHERE l.is_complete) OVER () AS complete,
           row_number() OVER (ORDER BY l.period_no DESC) AS last_no FROM segment.lifecycle_table(retention) AS l),
  year AS (
    SELECT sum(p.revenue) AS revenue FROM period AS p WHERE p.is_complete AND p.complete_no <= segment_internal.kpi_year(v.days) AND p.complete > segment_internal.kpi_year(v.days))
  SELECT k.kpi, p.period_start, p.period_end, p.is_complete, CASE WHEN k.denominator > 0 THEN (k.numerator / k.denominator)::double precision END, k.numerator, k.denominator,
         CASE WHEN k.denominator IS NULL THEN 'no market size' WHEN k.denominator = 0 THEN 'no customer' WHEN k.numerator IS NULL THEN 'no year of complete periods' END
  FROM period AS p CROSS JOIN segment.repeat_rate(retention, 90) AS r CROSS JOIN year AS y CROSS JOIN segment_internal.kpi_size(v, dimension, value_key, as_of) AS s
  CROSS JOIN LATERAL (VALUES
    ('repeat rate', r.repeaters::numeric, r.customers::numeric),
    ('mature repeat rate', r.mature_repeaters, r.mature_customers),
    ('penetration', r.customers, s.addressable),
    ('market share', y.revenue, s.yearly_revenue)) AS k (kpi, numerator, denominator)
  WHERE p.last_no = 1 AND (dimension <> 'segment' OR k.kpi NOT IN ('penetration', 'market share'));
END;
COMMENT ON FUNCTION segment_internal.kpi_of_day(segment.segmentation_version, text, text, segment.retention, date) IS 'the KPIs of all up to a day, as values of the period that it lies in';

CREATE FUNCTION segment_internal.kpi_points(v segment.segmentation_version, as_of date, segments_since date) RETURNS SETOF segment.kpi_point
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
BEGIN ATOMIC
  SELECT v.segmentation, v.version, f.kpi, r.dimension, r.value_key, f.period_start, f.period_end, f.value, f.numerator, f.denominator, i.low, i.high, f.is_complete, f.reason,
         kpi_points.as_of, NULL::double precision, NULL::date, NULL::double precision, NULL::double precision, NULL::double precision, NULL::boolean
  FROM segment_internal.kpi_retention(v, kpi_points.as_of) AS r
  CROSS JOIN LATERAL (SELECT p.* FROM segment_internal.kpi_of_periods(r.retention) AS p
                      UNION ALL SELECT d.* FROM segment_internal.kpi_of_day(v, r.dimension, r.value_key, r.retention, kpi_points.as_of) AS d) AS f
  JOIN segment.kpi_catalog AS c ON c.kpi = f.kpi
  -- More customers than could be: the size is wrong, and there is no interval.
  CROSS JOIN LATERAL segment.rate_interval(CASE WHEN c.unit = 'share of customers' AND f.numerator <= f.denominator THEN f.numerator::bigint END, f.denominator::bigint) AS i
  WHERE r.dimension <> 'segment' OR f.period_end > segments_since + 1;
END;
COMMENT ON FUNCTION segment_internal.kpi_points(segment.segmentation_version, date, date) IS
  'the values of all KPIs at the end of a day; of segments those of periods that were not over on the day segments_since';

CREATE FUNCTION segment_internal.put_kpis(v segment.segmentation_version, as_of date, segments_since date) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first_day date := segment.period_start(segment_internal.kpi_grid(v.days, as_of), 2);
  limits_change boolean;
BEGIN
  WITH found AS MATERIALIZED (SELECT * FROM segment_internal.kpi_points(v, put_kpis.as_of, segments_since)),
  gone AS (
    DELETE FROM segment.kpi_point p
    WHERE p.segmentation = v.segmentation AND p.version = v.version AND p.period_start >= first_day AND (p.dimension <> 'segment' OR p.period_end > segments_since + 1)
      AND (p.kpi, p.dimension, p.value_key, p.period_start) NOT IN (SELECT f.kpi, f.dimension, f.value_key, f.period_start FROM found f)
    RETURNING p.is_complete),
  written AS (
    INSERT INTO segment.kpi_point AS p SELECT f.* FROM found f
    ON CONFLICT ON CONSTRAINT kpi_point_pkey DO UPDATE
      SET period_end = excluded.period_end, value = excluded.value, numerator = excluded.numerator, denominator = excluded.denominator, low = excluded.low, high = excluded.high,
          is_complete = excluded.is_complete, reason = excluded.reason, as_of = excluded.as_of,
          previous_value = CASE WHEN p.as_of < excluded.as_of THEN p.value ELSE p.previous_value END,
          previous_as_of = CASE WHEN p.as_of < excluded.as_of THEN p.as_of ELSE p.previous_as_of END
      WHERE (p.period_end, p.value, p.numerator, p.denominator, p.low, p.high, p.is_complete, p.reason)
        IS DISTINCT FROM (excluded.period_end, excluded.value, excluded.numerator, excluded.denominator, excluded.low, excluded.high, excluded.is_complete, excluded.reason)
    RETURNING p.is_complete)
  SELECT bool_or(w.is_complete) INTO limits_change FROM (TABLE gone UNION ALL TABLE written) w;
  RETURN coalesce(limits_change, false);
END
$$;
COMMENT ON FUNCTION segment_internal.put_kpis(segment.segmentation_version, date, date) IS 'writes kpi_points() where they differ from what is there; whether values of complete periods do';

-- Limits by a stated baseline: the first twelve complete periods. Of fewer than six points they say nothing.
CREATE FUNCTION segment_internal.put_kpi_limits(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  WITH series AS MATERIALIZED (
    SELECT p.kpi, p.dimension, p.value_key, c.unit, array_agg(p.period_start ORDER BY p.period_start) AS days, array_agg(p.value ORDER BY p.period_start) AS points,
           array_agg(p.numerator ORDER BY p.period_start) AS numerators, array_agg(p.denominator ORDER BY p.period_start) AS denominators, least(count(*), 12)::integer AS baseline
    FROM segment.kpi_point p JOIN segment.kpi_catalog c USING (kpi)
    WHERE p.segmentation = v.segmentation AND p.version = v.version AND p.is_complete AND p.value IS NOT NULL
    GROUP BY p.kpi, p.dimension, p.value_key, c.unit HAVING count(*) >= 6),
  limits AS (
    SELECT s.kpi, s.dimension, s.value_key, s.days[l."position"] AS period_start, l.center, l.lower, l.upper, l.is_signal
    FROM series s CROSS JOIN LATERAL segment.control_limits(s.points, s.baseline) l WHERE s.unit <> 'share of customers'
    UNION ALL
    SELECT s.kpi, s.dimension, s.value_key, s.days[l."position"], l.center, l.lower, l.upper, l.is_signal
    FROM series s CROSS JOIN LATERAL segment.control_limits_rate(s.numerators::bigint[], s.denominators::bigint[], 'laney', s.baseline) l WHERE s.unit = 'share of customers')
  UPDATE segment.kpi_point p SET center = l.center, lower = l.lower, upper = l.upper, is_signal = l.is_signal
  FROM limits l
  WHERE p.segmentation = v.segmentation AND p.version = v.version AND (l.kpi, l.dimension, l.value_key, l.period_start) = (p.kpi, p.dimension, p.value_key, p.period_start)
    AND (p.center, p.lower, p.upper, p.is_signal) IS DISTINCT FROM (l.center, l.lower, l.upper, l.is_signal);
END
$$;
COMMENT ON FUNCTION segment_internal.put_kpi_limits(segment.segmentation_version) IS 'writes the control limits of a version''s series where they differ from what is there';

-- All ledgers are read for them: many, of whom few changed, are not each day, but once a week, and when a period has ended.
CREATE FUNCTION segment_internal.kpis_wait(v segment.segmentation_version, t segment.snapshot) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT t.customers > 50000 AND coalesce(bool_and(p.as_of > t.as_of - 7 AND (p.is_complete OR p.period_end > t.as_of + 1)), false)
  FROM segment.kpi_point p
  WHERE p.segmentation = v.segmentation AND p.version = v.version AND p.dimension = 'all' AND p.kpi IN ('orders', 'revenue')
    AND p.period_start = (SELECT max(l.period_start) FROM segment.kpi_point l WHERE l.segmentation = v.segmentation AND l.version = v.version AND l.dimension = 'all');
END;
COMMENT ON FUNCTION segment_internal.kpis_wait(segment.segmentation_version, segment.snapshot) IS
  'whether a refresh that looked at few of many customers leaves KPIs as they are: those of the period were written less than a week before, and it is not over';

CREATE FUNCTION segment_internal.write_kpis(v segment.segmentation_version, t segment.snapshot, everybody boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  since date;
BEGIN
  -- The newest day alone: what was refreshed later of an earlier day, or of one that is yet to come, says nothing of today.
  IF v.ledger_set IS NULL OR t.as_of > segment.day_of(now(), (v.days).zone) OR segment_internal.kpi_grid(v.days, t.as_of) IS NULL
     OR EXISTS (SELECT FROM segment.snapshot s WHERE s.version_id = v.id AND s.as_of > t.as_of AND s.as_of <= segment.day_of(now(), (v.days).zone))
     OR NOT everybody AND segment_internal.kpis_wait(v, t) THEN
    RETURN;
  END IF;
  PERFORM segment_internal.progress_next('KPIs');
  -- A segment's value of a period is that of who was in it when the period ended: later segments don't change it.
  IF EXISTS (SELECT FROM segment.kpi_point p WHERE p.segmentation = v.segmentation AND p.version = v.version AND p.dimension = 'segment') THEN
    SELECT max(s.as_of) INTO since FROM segment.snapshot s WHERE s.version_id = v.id AND s.as_of < t.as_of;
  END IF;
  PERFORM segment_internal.put_kpi_limits(v) WHERE segment_internal.put_kpis(v, t.as_of, coalesce(since, '-infinity'));
END
$$;
COMMENT ON FUNCTION segment_internal.write_kpis(segment.segmentation_version, segment.snapshot, boolean) IS
  'KPIs of a snapshot, if it is the newest of its version that is not in the future, and ledgers are stored';

CREATE FUNCTION segment_internal.renew_kpis(name text, removed date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v segment.segmentation_version;
  t segment.snapshot;
BEGIN
  FOR v IN SELECT x.* FROM segment.segmentation_version x WHERE x.segmentation = name AND x.ledger_set IS NOT NULL
             AND EXISTS (SELECT FROM segment.kpi_point p WHERE p.segmentation = name AND p.version = x.version AND p.as_of = removed)
             AND NOT EXISTS (SELECT FROM segment.snapshot s WHERE s.version_id = x.id AND s.as_of >= removed AND s.as_of <= segment.day_of(now(), (x.days).zone)) LOOP
    DELETE FROM segment.kpi_point p WHERE p.segmentation = name AND p.version = v.version AND p.as_of = removed;
    SELECT s.* INTO t FROM segment.snapshot s WHERE s.version_id = v.id ORDER BY s.as_of DESC LIMIT 1;
    PERFORM segment_internal.write_kpis(v, t, true) WHERE t.id IS NOT NULL;
  END LOOP;
END
$$;
COMMENT ON FUNCTION segment_internal.renew_kpis(text, date) IS 'after the newest snapshot, of that day, was removed: KPIs as of the one before it';

CREATE FUNCTION segment_internal.refresh_kpis(name text) RETURNS date
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  v segment.segmentation_version := segment_internal.segmentation_version_of(name);
  t segment.snapshot;
BEGIN
  SELECT s.* INTO t FROM segment.snapshot s WHERE s.version_id = v.id AND s.as_of <= segment.day_of(now(), (v.days).zone) ORDER BY s.as_of DESC LIMIT 1;
  IF t.id IS NULL OR v.ledger_set IS NULL THEN
    PERFORM segment_internal.refuse('55000', format('segmentation "%s" has nothing to make KPIs of', name),
      CASE WHEN v.ledger_set IS NULL THEN 'It stores no ledgers.' ELSE 'It has no snapshot yet.' END,
      CASE WHEN v.ledger_set IS NULL THEN 'Store ledgers, in a new version: new_version(name, changes => segment.by_reading_all(ledgers => true)).' ELSE 'Refresh it first.' END);
  END IF;
  PERFORM segment_internal.progress_begin('KPIs of ' || name);
  PERFORM segment_internal.write_kpis(v, t, true);
  PERFORM segment_internal.progress_end();
  RETURN t.as_of;
END
$$;
COMMENT ON FUNCTION segment_internal.refresh_kpis(text) IS 'refresh_kpis as the tables'' owner';
CREATE FUNCTION segment.refresh_kpis(name text) RETURNS date AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.refresh_kpis(text) IS
  'brings kpi_series up to the newest snapshot of a segmentation, whose day it returns. Refresh does so itself, but for more than 50,000 customers of whom few changed only once a week and '
  'when a period has ended, as all ledgers are read for it. 55000 without stored ledgers or a snapshot, 42501 for others than the owner, 42704 for an unknown segmentation';
