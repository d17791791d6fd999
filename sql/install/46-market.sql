-- market: exchange rates as a value, and amounts converted by them

CREATE TYPE segment.rates;

CREATE FUNCTION segment_internal.rates_in(cstring) RETURNS segment.rates
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_in';
COMMENT ON FUNCTION segment_internal.rates_in(cstring) IS
  'reads rates such as EUR {USD {2019-11-08 1.1034}}';

CREATE FUNCTION segment_internal.rates_out(segment.rates) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_out';
COMMENT ON FUNCTION segment_internal.rates_out(segment.rates) IS
  'writes rates as text';

CREATE FUNCTION segment_internal.rates_recv(internal) RETURNS segment.rates
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_recv';
COMMENT ON FUNCTION segment_internal.rates_recv(internal) IS
  'reads the binary form of rates, checking it';

CREATE FUNCTION segment_internal.rates_send(segment.rates) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_send';
COMMENT ON FUNCTION segment_internal.rates_send(segment.rates) IS
  'writes the binary form of rates';

CREATE TYPE segment.rates (
  INPUT = segment_internal.rates_in, OUTPUT = segment_internal.rates_out, RECEIVE = segment_internal.rates_recv, SEND = segment_internal.rates_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.rates IS
  'dated exchange rates of many currencies per one base currency. As text the base, then each currency with its days: '
  'EUR {USD {2019-11-07 1.1077, 2019-11-08 1.1034}} says that on November 8 one euro bought 1.1034 dollars';

CREATE FUNCTION segment_internal.rates_agg_trans(internal, currency text, day date, rate numeric) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_agg_trans';
COMMENT ON FUNCTION segment_internal.rates_agg_trans(internal, text, date, numeric) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.rates_agg_trans(internal, currency text, day date, rate numeric, base text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_agg_trans';
COMMENT ON FUNCTION segment_internal.rates_agg_trans(internal, text, date, numeric, text) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.rates_rollup_trans(internal, rates segment.rates) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_rollup_trans';
COMMENT ON FUNCTION segment_internal.rates_rollup_trans(internal, segment.rates) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.rates_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_combine';
COMMENT ON FUNCTION segment_internal.rates_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.rates_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_serialize';
COMMENT ON FUNCTION segment_internal.rates_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.rates_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_deserialize';
COMMENT ON FUNCTION segment_internal.rates_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE FUNCTION segment_internal.rates_final(internal) RETURNS segment.rates
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_final';
COMMENT ON FUNCTION segment_internal.rates_final(internal) IS
  'Final function.';

CREATE AGGREGATE segment.rates_agg(currency text, day date, rate numeric) (
  SFUNC = segment_internal.rates_agg_trans,
  STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.rates_final,
  COMBINEFUNC = segment_internal.rates_combine, SERIALFUNC = segment_internal.rates_serialize, DESERIALFUNC = segment_internal.rates_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.rates_agg(text, date, numeric) IS
  'the rates as one value: how many units of the currency one euro buys on that day. Rates are kept with 18 digits. Rows with a NULL are skipped; NULL without rates. 22003 for a rate that is not positive, 22023 for a currency code that is none and for two rates of one currency and day';

CREATE AGGREGATE segment.rates_agg(currency text, day date, rate numeric, base text) (
  SFUNC = segment_internal.rates_agg_trans,
  STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.rates_final,
  COMBINEFUNC = segment_internal.rates_combine, SERIALFUNC = segment_internal.rates_serialize, DESERIALFUNC = segment_internal.rates_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.rates_agg(text, date, numeric, text) IS
  'the same for rates that are quoted per another currency than the euro: base is its code, the same in every row';

CREATE AGGREGATE segment.rates_rollup(rates segment.rates) (
  SFUNC = segment_internal.rates_rollup_trans,
  STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.rates_final,
  COMBINEFUNC = segment_internal.rates_combine, SERIALFUNC = segment_internal.rates_serialize, DESERIALFUNC = segment_internal.rates_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.rates_rollup(segment.rates) IS
  'the rates of all values together; NULL without any. 22023 for different bases, and for two rates of one currency and day';

CREATE FUNCTION segment_internal.rates_add(segment.rates, segment.rates) RETURNS segment.rates
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_add';
COMMENT ON FUNCTION segment_internal.rates_add(segment.rates, segment.rates) IS
  'behind +: the rates of both. 22023 for different bases, and for two rates of one currency and day';

CREATE OPERATOR segment.+ (LEFTARG = segment.rates, RIGHTARG = segment.rates, FUNCTION = segment_internal.rates_add, COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.rates, segment.rates) IS 'the rates of both';

CREATE FUNCTION segment.convert_currency(rates segment.rates, amount numeric, from_currency text, to_currency text, day date, max_age integer DEFAULT 7) RETURNS numeric
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_convert_currency';
COMMENT ON FUNCTION segment.convert_currency(segment.rates, numeric, text, text, date, integer) IS
  'the amount in another currency, by the last rates on or before the day that are at most max_age days old (0 to 36525): exact, rounded once to 10 decimals, half away from zero. The same currency returns the amount as it is. NULL where there is no such rate, and for NULL: count those rows before you believe a total. 22003 for an amount out of range';

CREATE FUNCTION segment.rates_base(rates segment.rates) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rates_base';
COMMENT ON FUNCTION segment.rates_base(segment.rates) IS
  'the code of the currency that the rates are quoted per; NULL for NULL';

CREATE FUNCTION segment.rates_table(rates segment.rates, OUT currency text, OUT day date, OUT rate numeric) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 AS 'MODULE_PATHNAME', 'segment_rates_table';
COMMENT ON FUNCTION segment.rates_table(segment.rates) IS
  'one row a rate, by currency and day; no row for NULL';

CREATE FUNCTION segment.rates_check(rates segment.rates)
RETURNS TABLE (currency text, day date, rate numeric, previous_day date, previous_rate numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
  SELECT c.currency, c.day, c.rate, c.previous_day, c.previous_rate
    FROM (SELECT t.currency, t.day, t.rate,
                 pg_catalog.lag(t.day) OVER w AS previous_day, pg_catalog.lag(t.rate) OVER w AS previous_rate
            FROM segment.rates_table(rates) AS t
          WINDOW w AS (PARTITION BY t.currency ORDER BY t.day)) AS c
   WHERE c.rate OPERATOR(pg_catalog.>) (2 OPERATOR(pg_catalog.*) c.previous_rate)
      OR (2 OPERATOR(pg_catalog.*) c.rate) OPERATOR(pg_catalog.<) c.previous_rate;
END;
COMMENT ON FUNCTION segment.rates_check(segment.rates) IS
  'the rates that are more than twice or less than half of the one before: usually a rate quoted the other way round. No row where none is';

CREATE FUNCTION segment_internal.rates_to_jsonb(segment.rates) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.jsonb_build_object('base', segment.rates_base($1), 'rates',
           (SELECT pg_catalog.jsonb_object_agg(c.currency, c.days)
              FROM (SELECT t.currency, pg_catalog.jsonb_object_agg(t.day, t.rate) AS days
                      FROM segment.rates_table($1) AS t GROUP BY t.currency) AS c));
END;
COMMENT ON FUNCTION segment_internal.rates_to_jsonb(segment.rates) IS 'behind the cast: the base, and an object a currency with the rate of each day';
CREATE CAST (segment.rates AS jsonb) WITH FUNCTION segment_internal.rates_to_jsonb(segment.rates);
COMMENT ON CAST (segment.rates AS jsonb) IS 'the base, and an object a currency with the rate of each day';

CREATE FUNCTION segment.penetration(customers bigint, addressable bigint) RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_penetration';
COMMENT ON FUNCTION segment.penetration(bigint, bigint) IS
  'the share of a market that are customers: customers / addressable. NULL for NULL: without the size of the market there is no penetration. 22003 for a size below 1 and for a negative number of customers';

CREATE FUNCTION segment.constant_currency(before numeric, after numeric, before_constant numeric, after_constant numeric)
RETURNS TABLE (change numeric, volume_part numeric, currency_part numeric, growth double precision, constant_growth double precision)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT after - before, after_constant - before_constant, (after - before) - (after_constant - before_constant),
         CASE WHEN before > 0 THEN ((after - before) / before)::double precision END,
         CASE WHEN before_constant > 0 THEN ((after_constant - before_constant) / before_constant)::double precision END;
END;
COMMENT ON FUNCTION segment.constant_currency(numeric, numeric, numeric, numeric) IS
  'a change without the currency: before and after are the amounts as reported, each order by the rates of its day; the constant ones are the same orders converted by the rates of one day, the same for both. volume_part is the change at constant rates, currency_part the rest; growth and constant_growth are relative to before, NULL unless that is above 0. No row for NULL: an amount that could not be converted is not known';
