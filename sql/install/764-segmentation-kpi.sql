-- segmentation: KPIs over time: what they are, what they should be, and where they are kept

CREATE VIEW segment.kpi_catalog WITH (security_invoker = true) AS
SELECT (row_number() OVER ())::integer AS position, k.kpi, k.formula, k.unit, k.direction, k.grain, k.function, k.is_stored
FROM (VALUES
  ('customers', 'customers with an order in the period', 'customers', 'up', 'period', 'lifecycle_table', true),
  ('new customers', 'customers whose first order ever lies in the period', 'customers', 'up', 'period', 'lifecycle_table', true),
  ('retention rate', 'customers active in the period and the one before / customers active in the one before', 'share of customers', 'up', 'period', 'retention_rate', true),
  ('churn rate', 'customers active in the period before and not in this one / customers active in the one before', 'share of customers', 'down', 'period', 'churn_rate', true),
  ('reactivation rate', 'customers active in the period who were customers before, but not active in the one before / all who were so', 'share of customers', 'up', 'period', 'reactivation_rate', true),
  ('repeat rate', 'customers with two orders or more up to the day / customers', 'share of customers', 'up', 'day', 'repeat_rate', true),
  ('mature repeat rate', 'the same of those whose first order is 90 days old or more', 'share of customers', 'up', 'day', 'repeat_rate', true),
  ('orders', 'orders of the period; returns are none', 'orders', 'up', 'period', 'lifecycle_table', true),
  ('revenue', 'amounts of the period, net of returns', 'money', 'up', 'period', 'lifecycle_table', true),
  ('orders per customer', 'orders / customers with an order in the period', 'orders', 'up', 'period', 'lifecycle_table', true),
  ('average order value', 'revenue / orders of the period', 'money', 'up', 'period', 'lifecycle_table', true),
  ('revenue per customer', 'revenue / customers with an order in the period', 'money', 'up', 'period', 'lifecycle_table', true),
  ('margin', 'revenue whose costs are known, less these costs', 'money', 'up', 'period', 'lifecycle_table', true),
  ('margin rate', 'margin / revenue whose costs are known', 'share', 'up', 'period', 'lifecycle_table', true),
  ('margin per customer', 'margin / customers with an order in the period', 'money', 'up', 'period', 'lifecycle_table', true),
  ('penetration', 'customers up to the day / those who could be: market_size', 'share of customers', 'up', 'day', 'penetration', true),
  ('market share', 'revenue of the complete periods of one year / what the whole market spends in a year: market_size', 'share', 'up', 'day', 'set_market_size', true),
  ('cohort retention', 'customers of a cohort active in a period / its size', 'share of customers', 'up', 'cohort and period', 'cohort_table', false),
  ('active customers', 'customers with an order within a window that ends on the day', 'customers', 'up', 'day', 'active_table', false),
  ('periods active', 'customers by how many periods they were active in', 'customers', NULL, 'periods', 'stickiness_table', false),
  ('change by figure', 'a figure of one period less that of another', 'any', NULL, 'two periods', 'compare_periods', false),
  ('drivers of a change', 'what customers, frequency and order value contributed to a change of revenue (Shapley)', 'money', NULL, 'two periods', 'decompose_periods', false),
  ('Gini coefficient', '0 if all customers bring the same, near 1 if one brings all', 'share', NULL, 'day', 'gini', false),
  ('top share', 'part of the revenue that the best customers bring', 'share', NULL, 'day', 'top_share', false),
  ('Lorenz curve', 'part of the revenue that the lowest customers bring together', 'share', NULL, 'day', 'lorenz_table', false),
  ('heavy, medium, light', 'best 20 %, next 30 % and the rest of the customers', 'customers', NULL, 'day', 'heavy_medium_light', false),
  ('constant currency', 'a change of revenue without that of exchange rates', 'money', NULL, 'two periods', 'constant_currency', false)
) AS k (kpi, formula, unit, direction, grain, function, is_stored);
GRANT SELECT ON segment.kpi_catalog TO PUBLIC;
COMMENT ON VIEW segment.kpi_catalog IS 'what each KPI is: one row a KPI, unique key kpi. docs/kpi.md says how it differs from the same-named figure elsewhere';
COMMENT ON COLUMN segment.kpi_catalog.position IS 'order of the list';
COMMENT ON COLUMN segment.kpi_catalog.kpi IS 'its name';
COMMENT ON COLUMN segment.kpi_catalog.formula IS 'its formula, in words';
COMMENT ON COLUMN segment.kpi_catalog.unit IS 'customers, orders, money, share of customers (0 to 1, of whole customers), or share (0 to 1)';
COMMENT ON COLUMN segment.kpi_catalog.direction IS 'up: more is better, down: less is; NULL: neither';
COMMENT ON COLUMN segment.kpi_catalog.grain IS 'what one value is of: a period, all up to a day, ...';
COMMENT ON COLUMN segment.kpi_catalog.function IS 'function of schema segment that computes it, or takes what it needs';
COMMENT ON COLUMN segment.kpi_catalog.is_stored IS 'whether refresh keeps it in kpi_series, and kpi_target takes it';

CREATE TABLE segment.kpi_target (
  segmentation text NOT NULL,
  kpi text NOT NULL,
  dimension text NOT NULL CHECK (dimension IN ('all', 'segment', 'market')),
  value_key text NOT NULL,
  valid_from date NOT NULL,
  target numeric NOT NULL,
  tolerance numeric NOT NULL CHECK (tolerance >= 0),
  direction text NOT NULL CHECK (direction IN ('up', 'down')),
  PRIMARY KEY (segmentation, kpi, dimension, value_key, valid_from)
);
INSERT INTO segment_internal.owned_table VALUES ('kpi_target', 'segmentation', NULL, 'member', NULL);
COMMENT ON TABLE segment.kpi_target IS 'what KPIs should be, from a day on: written by set_kpi_target; unique key (segmentation, kpi, dimension, value_key, valid_from)';
COMMENT ON COLUMN segment.kpi_target.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.kpi_target.kpi IS 'the KPI, as in kpi_catalog';
COMMENT ON COLUMN segment.kpi_target.dimension IS 'all, segment or market';
COMMENT ON COLUMN segment.kpi_target.value_key IS 'the segment or market; all for all customers';
COMMENT ON COLUMN segment.kpi_target.valid_from IS 'it holds for periods that begin on this day or later, until the next one';
COMMENT ON COLUMN segment.kpi_target.target IS 'the target, in the KPI''s unit';
COMMENT ON COLUMN segment.kpi_target.tolerance IS 'how far beside the target, in the same unit, is still to be watched, and not off';
COMMENT ON COLUMN segment.kpi_target.direction IS 'up: the target or more is on track; down: the target or less';

CREATE TABLE segment.market_size (
  segmentation text NOT NULL,
  market text NOT NULL,
  valid_from date NOT NULL,
  addressable bigint CHECK (addressable > 0),
  yearly_revenue numeric CHECK (yearly_revenue > 0),
  PRIMARY KEY (segmentation, market, valid_from)
);
INSERT INTO segment_internal.owned_table VALUES ('market_size', 'segmentation', NULL, 'member', NULL);
COMMENT ON TABLE segment.market_size IS 'how large markets are, from a day on: written by set_market_size; unique key (segmentation, market, valid_from)';
COMMENT ON COLUMN segment.market_size.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.market_size.market IS 'the market; all: all of them together';
COMMENT ON COLUMN segment.market_size.valid_from IS 'it holds from this day on, until the next one';
COMMENT ON COLUMN segment.market_size.addressable IS 'how many could be customers; NULL: not known';
COMMENT ON COLUMN segment.market_size.yearly_revenue IS 'what the whole market spends in a year, with all sellers, in the segmentation''s currency; NULL: not known';

CREATE TABLE segment.kpi_point (
  segmentation text NOT NULL,
  version integer NOT NULL,
  kpi text NOT NULL,
  dimension text NOT NULL,
  value_key text NOT NULL,
  period_start date NOT NULL,
  period_end date NOT NULL,
  value double precision,
  numerator numeric,
  denominator numeric,
  low double precision,
  high double precision,
  is_complete boolean NOT NULL,
  reason text,
  as_of date NOT NULL,
  previous_value double precision,
  previous_as_of date,
  center double precision,
  lower double precision,
  upper double precision,
  is_signal boolean,
  PRIMARY KEY (segmentation, version, kpi, dimension, value_key, period_start)
);
INSERT INTO segment_internal.owned_table VALUES ('kpi_point', 'segmentation', NULL, 'member', NULL);
COMMENT ON TABLE segment.kpi_point IS 'values of KPIs by period, written by refresh; kpi_series shows them with their targets. Unique key (segmentation, version, kpi, dimension, value_key, period_start)';
COMMENT ON COLUMN segment.kpi_point.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.kpi_point.version IS 'the version that was refreshed';
COMMENT ON COLUMN segment.kpi_point.kpi IS 'the KPI, as in kpi_catalog';
COMMENT ON COLUMN segment.kpi_point.dimension IS 'all, segment or market';
COMMENT ON COLUMN segment.kpi_point.value_key IS 'the segment or market; all for all customers';
COMMENT ON COLUMN segment.kpi_point.period_start IS 'first day of the period';
COMMENT ON COLUMN segment.kpi_point.period_end IS 'the day after its last';
COMMENT ON COLUMN segment.kpi_point.value IS 'the value; NULL: there is none, see reason';
COMMENT ON COLUMN segment.kpi_point.numerator IS 'of a ratio what is divided, exact; else the exact value';
COMMENT ON COLUMN segment.kpi_point.denominator IS 'of a ratio what it is divided by; NULL for counts and sums';
COMMENT ON COLUMN segment.kpi_point.low IS 'of a share of customers the lower end of Wilson''s interval of 95 %';
COMMENT ON COLUMN segment.kpi_point.high IS 'its upper end';
COMMENT ON COLUMN segment.kpi_point.is_complete IS 'whether the period was over by the evening of as_of';
COMMENT ON COLUMN segment.kpi_point.reason IS 'why there is no value; NULL where there is one';
COMMENT ON COLUMN segment.kpi_point.as_of IS 'day of the refresh that last changed the row';
COMMENT ON COLUMN segment.kpi_point.previous_value IS 'the value before that refresh; NULL without one';
COMMENT ON COLUMN segment.kpi_point.previous_as_of IS 'day of the refresh that had found it';
COMMENT ON COLUMN segment.kpi_point.center IS 'of complete periods: mean of the first 12 of the series (NULL for fewer than 6 in all)';
COMMENT ON COLUMN segment.kpi_point.lower IS 'lower control limit by the same 12: XmR, or of shares of customers Laney''s p chart';
COMMENT ON COLUMN segment.kpi_point.upper IS 'upper control limit';
COMMENT ON COLUMN segment.kpi_point.is_signal IS 'whether the value lies beyond the limits, which noise alone rarely does';

CREATE FUNCTION segment_internal.check_kpi(kpi text, dimension text, value_key text) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF kpi IS NULL OR NOT EXISTS (SELECT FROM segment.kpi_catalog c WHERE c.kpi = check_kpi.kpi AND c.is_stored) THEN
    PERFORM segment_internal.refuse(CASE WHEN kpi IS NULL THEN '22004' ELSE '42704' END, CASE WHEN kpi IS NULL THEN 'kpi must not be NULL' ELSE format('KPI "%s" does not exist', left(kpi, 70)) END,
      format('There are: %s.', (SELECT string_agg(c.kpi, ', ' ORDER BY c.position) FROM segment.kpi_catalog c WHERE c.is_stored)), 'Name one of these; segment.kpi_catalog says what each is.');
  ELSIF dimension IS NULL OR dimension NOT IN ('all', 'segment', 'market') OR value_key IS NULL OR dimension = 'all' AND value_key <> 'all' THEN
    PERFORM segment_internal.refuse('22023', 'no such dimension of a KPI', format('dimension is %s, value_key %s; accepted are all (with all), segment and market, with the name of one.',
      coalesce(dimension, 'NULL'), coalesce(left(value_key, 70), 'NULL')), 'Leave both out for all customers, or say dimension => ''market'', value_key => the market.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_kpi(text, text, text) IS 'stops unless refresh keeps such a KPI: 42704, 22004, 22023';

CREATE FUNCTION segment_internal.set_kpi_target(name text, kpi text, target numeric, tolerance numeric, direction text, valid_from date, dimension text, value_key text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
BEGIN
  PERFORM segment_internal.check_kpi(kpi, dimension, value_key);
  IF target IN ('NaN', 'Infinity', '-Infinity') OR tolerance IS NULL OR NOT tolerance BETWEEN 0 AND 1e30 OR valid_from IS NULL OR coalesce(direction, 'up') NOT IN ('up', 'down') THEN
    PERFORM segment_internal.refuse('22023', 'a target cannot be that', format('target is %s, tolerance %s, direction %s, valid_from %s; a tolerance is 0 or more, a direction up or down.',
      coalesce(target::text, 'NULL'), coalesce(tolerance::text, 'NULL'), coalesce(left(direction, 70), 'by the KPI'), coalesce(valid_from::text, 'NULL')),
      'Give target and tolerance in the KPI''s unit: 0.3 is 30 %. NULL for target takes it away.');
  END IF;
  DELETE FROM segment.kpi_target t WHERE t.segmentation = own.name AND t.kpi = set_kpi_target.kpi AND t.dimension = set_kpi_target.dimension
    AND t.value_key = set_kpi_target.value_key AND t.valid_from = set_kpi_target.valid_from;
  INSERT INTO segment.kpi_target (segmentation, kpi, dimension, value_key, valid_from, target, tolerance, direction)
  SELECT own.name, set_kpi_target.kpi, set_kpi_target.dimension, set_kpi_target.value_key, set_kpi_target.valid_from, set_kpi_target.target, set_kpi_target.tolerance,
         coalesce(set_kpi_target.direction, (SELECT c.direction FROM segment.kpi_catalog c WHERE c.kpi = set_kpi_target.kpi))
  WHERE set_kpi_target.target IS NOT NULL;
  PERFORM segment_internal.segmentation_log('target', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_strip_nulls(jsonb_build_object('kpi', kpi, 'target', target,
    'tolerance', tolerance, 'direction', direction, 'valid_from', valid_from, 'dimension', dimension, 'value_key', value_key)));
END
$$;
COMMENT ON FUNCTION segment_internal.set_kpi_target(text, text, numeric, numeric, text, date, text, text) IS 'set_kpi_target as the tables'' owner';
CREATE FUNCTION segment.set_kpi_target(name text, kpi text, target numeric, tolerance numeric DEFAULT 0, direction text DEFAULT NULL, valid_from date DEFAULT '-infinity',
  dimension text DEFAULT 'all', value_key text DEFAULT 'all') RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.set_kpi_target(text, text, numeric, numeric, text, date, text, text) IS
  'says what a KPI of a segmentation should be, from a day on; NULL for target takes that away. tolerance: how far beside it is to be watched, and not off, in the KPI''s unit; '
  'direction: up or down, by default the KPI''s; dimension, value_key: of one segment or market. 42704 for an unknown KPI or segmentation, 22023 for what cannot be, 42501 for others than the owner';

CREATE FUNCTION segment_internal.set_market_size(name text, market text, addressable bigint, yearly_revenue numeric, valid_from date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
BEGIN
  IF market IS NULL OR valid_from IS NULL OR addressable < 1 OR yearly_revenue <= 0 OR yearly_revenue >= 1e30 THEN
    PERFORM segment_internal.refuse('22023', 'a market cannot have that size', format('market is %s, addressable %s, yearly_revenue %s, valid_from %s; sizes are above 0.',
      coalesce(left(market, 70), 'NULL'), coalesce(addressable::text, 'NULL'), coalesce(yearly_revenue::text, 'NULL'), coalesce(valid_from::text, 'NULL')),
      'Leave out what you do not know: the figure that needs it is NULL then. Without both the size is taken away.');
  END IF;
  DELETE FROM segment.market_size m WHERE m.segmentation = own.name AND m.market = set_market_size.market AND m.valid_from = set_market_size.valid_from;
  INSERT INTO segment.market_size (segmentation, market, valid_from, addressable, yearly_revenue)
  SELECT own.name, set_market_size.market, set_market_size.valid_from, set_market_size.addressable, set_market_size.yearly_revenue
  WHERE num_nonnulls(set_market_size.addressable, set_market_size.yearly_revenue) > 0;
  PERFORM segment_internal.segmentation_log('market size', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_strip_nulls(jsonb_build_object('market', market,
    'addressable', addressable, 'yearly_revenue', yearly_revenue, 'valid_from', valid_from)));
END
$$;
COMMENT ON FUNCTION segment_internal.set_market_size(text, text, bigint, numeric, date) IS 'set_market_size as the tables'' owner';
CREATE FUNCTION segment.set_market_size(name text, market text, addressable bigint DEFAULT NULL, yearly_revenue numeric DEFAULT NULL, valid_from date DEFAULT '-infinity') RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.set_market_size(text, text, bigint, numeric, date) IS
  'says how large a market is, from a day on, for penetration and market share of kpi_series, which the next refresh writes: how many could be customers, and what they spend in a '
  'year with all sellers. market: as in the segmentation, or all (else the sum, where every market has a size). Neither size takes it away. 22023 for sizes that are not above 0, '
  '42704 for an unknown segmentation, 42501 for others than the owner';
