-- segmentation: exact sums over states, and rankings of revenues: what totals are made of
--
-- None of the aggregates is computed in parts: they group or sort within their state.

CREATE TYPE segment_internal.state_sum AS (
  market text, segment text, sort smallint, r smallint, f smallint, m smallint, customers bigint, customers_with_orders bigint,
  orders numeric, orders_squared numeric, revenue numeric, revenue_squared numeric, average numeric, average_squared numeric,
  last_day numeric, last_day_squared numeric, hashes numeric
);
COMMENT ON TYPE segment_internal.state_sum IS 'sums over states of one market, segment and score: as in segment_total; hashes is the sum of the states'' hashes, their fingerprint';

CREATE FUNCTION segment_internal.state_sums_trans(internal, customer text, market text, rfm segment.rfm, score segment.rfm_score, segment text, sort smallint, channel text, zone text)
  RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_state_sums_trans';
COMMENT ON FUNCTION segment_internal.state_sums_trans(internal, text, text, segment.rfm, segment.rfm_score, text, smallint, text, text) IS 'behind state_sums_agg';
CREATE FUNCTION segment_internal.state_sums_final(internal) RETURNS segment_internal.state_sum[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_state_sums_final';
COMMENT ON FUNCTION segment_internal.state_sums_final(internal) IS 'behind state_sums_agg';
CREATE AGGREGATE segment_internal.state_sums_agg(customer text, market text, rfm segment.rfm, score segment.rfm_score, segment text, sort smallint, channel text, zone text) (
  SFUNC = segment_internal.state_sums_trans, STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.state_sums_final, PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE segment_internal.state_sums_agg(text, text, segment.rfm, segment.rfm_score, text, smallint, text, text) IS
  'sums over states by market, segment and score, an element each, sorted. A state without a summary adds nothing; NULL without any';

CREATE FUNCTION segment_internal.revenue_curve_trans(internal, rfm segment.rfm) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_revenue_curve_trans';
COMMENT ON FUNCTION segment_internal.revenue_curve_trans(internal, segment.rfm) IS 'behind revenue_curve_agg and ranking_agg';
CREATE FUNCTION segment_internal.revenue_curve_final(internal) RETURNS numeric[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_revenue_curve_final';
COMMENT ON FUNCTION segment_internal.revenue_curve_final(internal) IS 'behind revenue_curve_agg';
CREATE FUNCTION segment_internal.ranking_final(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_ranking_final';
COMMENT ON FUNCTION segment_internal.ranking_final(internal) IS 'behind ranking_agg';
CREATE AGGREGATE segment_internal.revenue_curve_agg(rfm segment.rfm) (
  SFUNC = segment_internal.revenue_curve_trans, STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.revenue_curve_final,
  FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE segment_internal.revenue_curve_agg(segment.rfm) IS
  'what the best 0, 1, ... 100 per cent of the customers brought, 101 exact sums; a part of a customer counts as a whole one. A NULL summary adds nothing; NULL without any';

CREATE AGGREGATE segment_internal.ranking_agg(rfm segment.rfm) (
  SFUNC = segment_internal.revenue_curve_trans, STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.ranking_final,
  FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE segment_internal.ranking_agg(segment.rfm) IS
  'revenues, largest first, as value_ranking keeps them; no bytes if one has more than 6 decimals or leaves 64 bits. A NULL summary adds nothing; NULL without any';

CREATE FUNCTION segment_internal.ranking_curve(ranking bytea, began bytea[], ended bytea[]) RETURNS numeric[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_ranking_curve';
COMMENT ON FUNCTION segment_internal.ranking_curve(bytea, bytea[], bytea[]) IS
  'what revenue_curve_agg gives, from a ranking and the revenues that joined and left it since. NULL without a customer, if one left that was not there, and for rankings without bytes; 22P03 for damaged ones';
CREATE FUNCTION segment_internal.ranking_merge(ranking bytea, began bytea[], ended bytea[]) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_ranking_merge';
COMMENT ON FUNCTION segment_internal.ranking_merge(bytea, bytea[], bytea[]) IS 'a ranking with the revenues that joined it and without those that left it; NULL as ranking_curve';
