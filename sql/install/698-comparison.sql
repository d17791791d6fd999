-- Comparison of the types whose equal values have equal bytes: by those bytes, so the order has no meaning of its own. It serves
-- indexes, DISTINCT and the detection of changes.
DO $$
DECLARE
  type_name text;
  suffix text;
  symbol text;
BEGIN
  FOREACH type_name IN ARRAY ARRAY['periods', 'rates', 'coreset', 'kmeans_model', 'gmm_model', 'btyd', 'spend_summary', 'holdout',
                              'btyd_model', 'spend_model', 'renewal_model', 'retention', 'actives', 'outcome', 'items', 'affinity',
                              'funnel', 'funnels', 'survival', 'identity', 'timeline'] LOOP
    FOR suffix, symbol IN VALUES ('eq', '='), ('ne', '<>'), ('lt', '<'), ('le', '<='), ('gt', '>'), ('ge', '>=') LOOP
      EXECUTE format($f$
        CREATE FUNCTION segment_internal.%1$s_%2$s(segment.%1$s, segment.%1$s) RETURNS boolean
          AS 'MODULE_PATHNAME', 'segment_bytes_%2$s' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
        COMMENT ON FUNCTION segment_internal.%1$s_%2$s(segment.%1$s, segment.%1$s) IS 'Behind %3$s, by bytes';
      $f$, type_name, suffix, symbol);
    END LOOP;
    EXECUTE format($f$
      CREATE OPERATOR segment.= (LEFTARG = segment.%1$s, RIGHTARG = segment.%1$s, FUNCTION = segment_internal.%1$s_eq,
        COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
      CREATE OPERATOR segment.<> (LEFTARG = segment.%1$s, RIGHTARG = segment.%1$s, FUNCTION = segment_internal.%1$s_ne,
        COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
      CREATE OPERATOR segment.< (LEFTARG = segment.%1$s, RIGHTARG = segment.%1$s, FUNCTION = segment_internal.%1$s_lt,
        COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
      CREATE OPERATOR segment.<= (LEFTARG = segment.%1$s, RIGHTARG = segment.%1$s, FUNCTION = segment_internal.%1$s_le,
        COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
      CREATE OPERATOR segment.> (LEFTARG = segment.%1$s, RIGHTARG = segment.%1$s, FUNCTION = segment_internal.%1$s_gt,
        COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
      CREATE OPERATOR segment.>= (LEFTARG = segment.%1$s, RIGHTARG = segment.%1$s, FUNCTION = segment_internal.%1$s_ge,
        COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
      COMMENT ON OPERATOR segment.= (segment.%1$s, segment.%1$s) IS 'Equality, by bytes';
      COMMENT ON OPERATOR segment.<> (segment.%1$s, segment.%1$s) IS 'Inequality, by bytes';
      COMMENT ON OPERATOR segment.< (segment.%1$s, segment.%1$s) IS 'Order by bytes, without a meaning';
      COMMENT ON OPERATOR segment.<= (segment.%1$s, segment.%1$s) IS 'Order by bytes, without a meaning';
      COMMENT ON OPERATOR segment.> (segment.%1$s, segment.%1$s) IS 'Order by bytes, without a meaning';
      COMMENT ON OPERATOR segment.>= (segment.%1$s, segment.%1$s) IS 'Order by bytes, without a meaning';

      CREATE FUNCTION segment_internal.%1$s_cmp(segment.%1$s, segment.%1$s) RETURNS int
        AS 'MODULE_PATHNAME', 'segment_bytes_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
      COMMENT ON FUNCTION segment_internal.%1$s_cmp(segment.%1$s, segment.%1$s) IS 'Three-way comparison by bytes, for btree: -1, 0 or 1';
      CREATE OPERATOR CLASS segment.%1$s_ops DEFAULT FOR TYPE segment.%1$s USING btree AS
        OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>,
        FUNCTION 1 segment_internal.%1$s_cmp(segment.%1$s, segment.%1$s);
      COMMENT ON OPERATOR CLASS segment.%1$s_ops USING btree IS 'Sorting and uniqueness of %1$s values, by bytes';

      CREATE FUNCTION segment_internal.%1$s_hash(segment.%1$s) RETURNS int
        AS 'MODULE_PATHNAME', 'segment_bytes_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
      CREATE FUNCTION segment_internal.%1$s_hash_extended(segment.%1$s, bigint) RETURNS bigint
        AS 'MODULE_PATHNAME', 'segment_bytes_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
      COMMENT ON FUNCTION segment_internal.%1$s_hash(segment.%1$s) IS 'Hash of the bytes';
      COMMENT ON FUNCTION segment_internal.%1$s_hash_extended(segment.%1$s, bigint) IS 'Hash of the bytes, with a seed';
      CREATE OPERATOR CLASS segment.%1$s_hash_ops DEFAULT FOR TYPE segment.%1$s USING hash AS
        OPERATOR 1 segment.=, FUNCTION 1 segment_internal.%1$s_hash(segment.%1$s),
        FUNCTION 2 segment_internal.%1$s_hash_extended(segment.%1$s, bigint);
      COMMENT ON OPERATOR CLASS segment.%1$s_hash_ops USING hash IS 'Grouping and hash joins of %1$s values';
    $f$, type_name);
  END LOOP;
END
$$;
