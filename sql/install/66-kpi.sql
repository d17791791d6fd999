-- kpi: rates with intervals, decomposition of a change, concentration, control limits

CREATE FUNCTION segment.rate_interval(numerator bigint, denominator bigint, confidence double precision DEFAULT 0.95,
  OUT rate double precision, OUT low double precision, OUT high double precision)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rate_interval';
COMMENT ON FUNCTION segment.rate_interval(bigint, bigint, double precision) IS
  'a rate with its interval (Wilson 1927), which never leaves 0 to 1. NULLs for a denominator of 0; NULL for NULL; 22023 unless the numerator is 0 to the denominator';

CREATE FUNCTION segment.decompose(before double precision[], after double precision[]) RETURNS double precision[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_decompose';
COMMENT ON FUNCTION segment.decompose(double precision[], double precision[]) IS
  'what each factor contributed to the change of their product (Shapley 1953): revenue = customers * orders per customer * value per order. The parts add up to the change, and a factor that did not change contributed 0. NULL if a factor is NULL, as where one of the periods was empty; up to 16 factors';

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

CREATE FUNCTION segment.left_out(quantiles segment.quantiles) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_left_out';
COMMENT ON FUNCTION segment.left_out(segment.quantiles) IS
  'how many values are below 0, which gini, top_share and lorenz_table leave out; NULL for NULL';

CREATE FUNCTION segment.lorenz_table(quantiles segment.quantiles, steps integer DEFAULT 10,
  OUT customers_share double precision, OUT total_share double precision) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 11 AS 'MODULE_PATHNAME', 'segment_lorenz_table';
COMMENT ON FUNCTION segment.lorenz_table(segment.quantiles, integer) IS
  'the Lorenz curve at steps + 1 points: the part of the total that the lowest customers_share of the values have. Values below 0 are left out. No row for NULL, and if all values are 0; steps is 1 to 1000';
