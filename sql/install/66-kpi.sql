-- kpi: rates with intervals, decomposition of a change, concentration, control limits

CREATE FUNCTION segment.rate_interval(numerator bigint, denominator bigint, confidence double precision DEFAULT 0.95,
  OUT rate double precision, OUT low double precision, OUT high double precision)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rate_interval';
COMMENT ON FUNCTION segment.rate_interval(bigint, bigint, double precision) IS
  'a rate with its interval (Wilson 1927), which never leaves 0 to 1. NULLs for a denominator of 0; NULL for NULL; 22023 unless the numerator is 0 to the denominator';

CREATE FUNCTION segment_internal.mean_interval(n bigint, mean double precision, variance double precision, confidence double precision, OUT mean_out double precision,
  OUT low double precision, OUT high double precision)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_mean_interval';
COMMENT ON FUNCTION segment_internal.mean_interval(bigint, double precision, double precision, double precision) IS
  'behind mean_interval: from the mean and the variance of the values';

CREATE FUNCTION segment.mean_interval(n bigint, total numeric, squares numeric, confidence double precision DEFAULT 0.95,
  OUT mean double precision, OUT low double precision, OUT high double precision)
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT i.mean_out, i.low, i.high
    FROM segment_internal.mean_interval(n, (total / nullif(n, 0))::double precision, CASE WHEN n > 1 THEN ((squares - total * total / n) / (n - 1))::double precision ELSE 0 END, confidence) AS i;
END;
COMMENT ON FUNCTION segment.mean_interval(bigint, numeric, numeric, double precision) IS
  'a mean with its interval (Student): of n values with this sum and sum of squares, both exact. low and high are NULL for one value, all are for none; NULL for NULL; 22023 for what no values have';

CREATE FUNCTION segment.decompose(before double precision[], after double precision[]) RETURNS double precision[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_decompose';
COMMENT ON FUNCTION segment.decompose(double precision[], double precision[]) IS
  'what each factor contributed to the change of their product (Shapley 1953): revenue = customers * orders per customer * value per order. The parts add up to the change, and a factor that did not change contributed 0. NULL if a factor is NULL, as where one of the periods was empty; up to 16 factors';

CREATE FUNCTION segment.decompose_revenue(customers_before bigint, orders_before bigint, revenue_before numeric,
  customers_after bigint, orders_after bigint, revenue_after numeric, units_before numeric DEFAULT NULL, units_after numeric DEFAULT NULL)
RETURNS TABLE (factor text, before double precision, after double precision, part double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
BEGIN ATOMIC
  SELECT d.factor, d.before, d.after, d.part
    FROM (SELECT customers_before > 0 AND orders_before > 0 AS was, customers_after > 0 AND orders_after > 0 AS is_now,
                 units_before > 0 AND units_after > 0 AS has_units) AS l,
         LATERAL (SELECT ARRAY[customers_before, orders_before / nullif(customers_before, 0)::double precision] AS b,
                         ARRAY[customers_after, orders_after / nullif(customers_after, 0)::double precision] AS a) AS f,
         LATERAL (SELECT f.b || CASE WHEN l.has_units THEN ARRAY[units_before::double precision / nullif(orders_before, 0), (revenue_before / nullif(units_before, 0))::double precision]
                                     ELSE ARRAY[revenue_before::double precision / nullif(orders_before, 0)] END AS b,
                         f.a || CASE WHEN l.has_units THEN ARRAY[units_after::double precision / nullif(orders_after, 0), (revenue_after / nullif(units_after, 0))::double precision]
                                     ELSE ARRAY[revenue_after::double precision / nullif(orders_after, 0)] END AS a) AS r,
         LATERAL ROWS FROM (pg_catalog.unnest(ARRAY['customers', 'orders per customer'] || CASE WHEN l.has_units THEN ARRAY['units per order', 'price per unit'] ELSE ARRAY['average order value'] END),
                            pg_catalog.unnest(r.b), pg_catalog.unnest(r.a), pg_catalog.unnest(segment.decompose(r.b, r.a))) AS d(factor, before, after, part)
   WHERE l.was AND l.is_now
  UNION ALL
  SELECT CASE WHEN l.was THEN 'lost line' WHEN l.is_now THEN 'new line' ELSE 'returns only' END, l.before::double precision, l.after::double precision,
         (l.after - l.before)::double precision
    FROM (SELECT coalesce(customers_before > 0 AND orders_before > 0, false) AS was, coalesce(customers_after > 0 AND orders_after > 0, false) AS is_now,
                 CASE WHEN customers_before > 0 THEN revenue_before ELSE coalesce(revenue_before, 0) END AS before,
                 CASE WHEN customers_after > 0 THEN revenue_after ELSE coalesce(revenue_after, 0) END AS after) AS l
   WHERE NOT (l.was AND l.is_now) AND (l.was OR l.is_now OR l.before <> l.after);
END;
COMMENT ON FUNCTION segment.decompose_revenue(bigint, bigint, numeric, bigint, bigint, numeric, numeric, numeric) IS
  'why the revenue of a line of business changed: customers, orders per customer and average order value, or with the units of both periods customers, orders per customer, units per order and price per unit; before, after and what it contributed (decompose). The parts add up to the change. A line that had no customers in one period has no ratios there: one row, new line or lost line; returns only where it had none in both. NULL customers are none; a NULL revenue of some makes the parts NULL';

CREATE FUNCTION segment.control_limits(points double precision[], baseline integer DEFAULT NULL,
  OUT "position" integer, OUT value double precision, OUT center double precision, OUT lower double precision,
  OUT upper double precision, OUT is_signal boolean) RETURNS SETOF record
  LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 36 AS 'MODULE_PATHNAME', 'segment_control_limits';
COMMENT ON FUNCTION segment.control_limits(double precision[], integer) IS
  'XmR limits of a series: mean and mean moving range of the first baseline points, or of all if that is NULL; a point beyond them is a signal, within them it is noise. No row for fewer than two points';

CREATE FUNCTION segment.control_limits_rate(numerators bigint[], denominators bigint[], method text DEFAULT 'laney',
  baseline integer DEFAULT NULL, OUT "position" integer, OUT value double precision, OUT center double precision,
  OUT lower double precision, OUT upper double precision, OUT is_signal boolean) RETURNS SETOF record
  LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 36 AS 'MODULE_PATHNAME', 'segment_control_limits_rate';
COMMENT ON FUNCTION segment.control_limits_rate(bigint[], bigint[], text, integer) IS
  'limits of a series of rates whose denominators differ: laney (default) allows for the variation that the points really have (Laney 2002), binomial for that of chance alone, which calls nearly everything a signal where there are thousands of customers. No row for fewer than two points';

CREATE FUNCTION segment.gini(quantiles segment.quantiles, corrected boolean DEFAULT false) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_gini';
COMMENT ON FUNCTION segment.gini(segment.quantiles, boolean) IS
  'Gini coefficient of the values: 0 if all are equal, near 1 if one has everything. Values below 0 are left out (left_out counts them). corrected: times n / (n - 1), for samples. NULL for NULL, and if all values are 0';

CREATE FUNCTION segment.top_share(quantiles segment.quantiles, share double precision) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_top_share';
COMMENT ON FUNCTION segment.top_share(segment.quantiles, double precision) IS
  'the part of the total that the highest values have: share 0.2 is the top 20 %, rounded up to whole values. Values below 0 are left out. NULL for NULL, and if all values are 0; 22023 unless share is 0 to 1';

CREATE FUNCTION segment.heavy_medium_light(quantiles segment.quantiles, heavy double precision DEFAULT 0.2, medium double precision DEFAULT 0.3,
  OUT tier_sort integer, OUT tier text, OUT customers bigint, OUT customers_share double precision, OUT total double precision,
  OUT total_share double precision, OUT lowest double precision, OUT highest double precision) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 3 AS 'MODULE_PATHNAME', 'segment_heavy_medium_light';
COMMENT ON FUNCTION segment.heavy_medium_light(segment.quantiles, double precision, double precision) IS
  'heavy, medium and light customers: the highest 20 % of the values, the next 30 %, the rest, unless other shares are given; with what they bring, and the lowest and highest value of each. Equal values are in one tier, so a tier may be larger than its share: who has lowest or more belongs to it. Values below 0 are left out, zeros are light. total_share is NULL where all is 0; no row for NULL; 22023 unless the shares are 0 to 1, together too';

CREATE FUNCTION segment.left_out(quantiles segment.quantiles) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_left_out';
COMMENT ON FUNCTION segment.left_out(segment.quantiles) IS
  'how many values are below 0, which gini, top_share and lorenz_table leave out; NULL for NULL';

CREATE FUNCTION segment.lorenz_table(quantiles segment.quantiles, steps integer DEFAULT 10,
  OUT customers_share double precision, OUT total_share double precision) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 11 AS 'MODULE_PATHNAME', 'segment_lorenz_table';
COMMENT ON FUNCTION segment.lorenz_table(segment.quantiles, integer) IS
  'the Lorenz curve at steps + 1 points: the part of the total that the lowest customers_share of the values have. Values below 0 are left out. No row for NULL, and if all values are 0; steps is 1 to 1000';
