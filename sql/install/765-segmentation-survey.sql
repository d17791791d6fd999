-- segmentation: what customers say, by segment and market

CREATE TABLE segment.survey_score (
  snapshot integer NOT NULL,
  survey text NOT NULL,
  dimension text NOT NULL,
  value_key text NOT NULL,
  answers bigint NOT NULL,
  total numeric NOT NULL,
  squares numeric NOT NULL,
  promoters bigint,
  detractors bigint,
  PRIMARY KEY (snapshot, survey, dimension, value_key)
);
INSERT INTO segment_internal.owned_table VALUES ('survey_score', 'snapshot', NULL, 'member', NULL);
COMMENT ON TABLE segment.survey_score IS 'answers of customers by segment and market, of each snapshot: survey_summary shows them. Unique key (snapshot, survey, dimension, value_key)';
COMMENT ON COLUMN segment.survey_score.snapshot IS 'the snapshot';
COMMENT ON COLUMN segment.survey_score.survey IS 'what was asked';
COMMENT ON COLUMN segment.survey_score.dimension IS 'all, segment or market';
COMMENT ON COLUMN segment.survey_score.value_key IS 'the segment or market; all for all customers';
COMMENT ON COLUMN segment.survey_score.answers IS 'customers who answered: the last answer of each up to the day counts';
COMMENT ON COLUMN segment.survey_score.total IS 'sum of their scores';
COMMENT ON COLUMN segment.survey_score.squares IS 'sum of the squares';
COMMENT ON COLUMN segment.survey_score.promoters IS 'answers of 9 or 10; NULL unless the survey is called like nps and all its scores are whole numbers from 0 to 10';
COMMENT ON COLUMN segment.survey_score.detractors IS 'answers of 0 to 6, likewise';

CREATE FUNCTION segment_internal.survey_answers(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  -- Of answers of one time the lower one; no number is no answer
  SELECT format('SELECT array_agg(a.customer), array_agg(a.survey), array_agg(a.score) FROM ('
    'SELECT DISTINCT ON (1, 2) %1$s AS customer, %2$s AS survey, o.%3$I::numeric AS score FROM %4$s AS o '
    'WHERE o.%5$I IS NOT NULL AND o.%3$I > -1e30 AND o.%3$I < 1e30 AND %2$s IS NOT NULL AND segment.on_or_before(o.%6$I, DATE %7$L, %8$L) '
    'ORDER BY 1, 2, o.%6$I DESC, o.%3$I) AS a',
    segment_internal.customer_text(v, format('o.%I', (v.measures).survey_customer)),
    CASE WHEN (v.measures).survey_name IS NULL THEN quote_literal((v.measures).survey_score) || '::text' ELSE format('nullif(o.%I::text, '''')', (v.measures).survey_name) END,
    (v.measures).survey_score, (v.measures).survey, (v.measures).survey_customer, (v.measures).survey_at, as_of, (v.days).zone);
END;
COMMENT ON FUNCTION segment_internal.survey_answers(segment.segmentation_version, date) IS
  'query that gives the last answer of each customer to each survey up to a day: customers, surveys and scores, as arrays';

CREATE FUNCTION segment_internal.write_survey(v segment.segmentation_version, t segment.snapshot) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  answers text[];
  key bytea := (SELECT k.key FROM segment.pseudonym_key k WHERE k.segmentation = v.segmentation);
BEGIN
  DELETE FROM segment.survey_score s WHERE s.snapshot = t.id;
  IF (v.measures).survey IS NULL THEN
    RETURN;
  END IF;
  PERFORM segment_internal.progress_next('survey');
  answers := segment_internal.read_as_owner(segment_internal.survey_answers(v, t.as_of));
  INSERT INTO segment.survey_score (snapshot, survey, dimension, value_key, answers, total, squares, promoters, detractors)
  WITH said AS MATERIALIZED (
    SELECT a.survey, a.score, c.segment, c.market,
           a.survey ~* 'nps|promoter' AND bool_and(a.score BETWEEN 0 AND 10 AND a.score = trunc(a.score)) OVER (PARTITION BY a.survey) AS is_nps
    FROM unnest(answers[1]::text[], answers[2]::text[], answers[3]::numeric[]) AS a (customer, survey, score)
    JOIN segment.state c ON c.version_id = v.id AND c.customer = CASE WHEN key IS NULL THEN a.customer ELSE segment.keyed_hash(a.customer, key) END
      AND c.from_day <= t.as_of AND c.until_day > t.as_of AND c.segment IS NOT NULL)
  SELECT t.id, s.survey, d.dimension, d.value_key, count(*), sum(s.score), sum(s.score * s.score),
         CASE WHEN bool_and(s.is_nps) THEN count(*) FILTER (WHERE s.score >= 9) END, CASE WHEN bool_and(s.is_nps) THEN count(*) FILTER (WHERE s.score <= 6) END
  FROM said s CROSS JOIN LATERAL (VALUES ('all', 'all'), ('segment', s.segment), ('market', CASE WHEN v.market IS NOT NULL THEN s.market END)) d (dimension, value_key)
  WHERE d.value_key IS NOT NULL
  GROUP BY s.survey, d.dimension, d.value_key;
END
$$;
COMMENT ON FUNCTION segment_internal.write_survey(segment.segmentation_version, segment.snapshot) IS 'writes the survey scores of a snapshot, if its version names a survey';

CREATE VIEW segment.survey_summary WITH (security_invoker = true) AS
SELECT t.segmentation, t.as_of, s.survey, s.dimension, s.value_key, s.answers, i.mean, i.low AS ci_low, i.high AS ci_high,
       s.promoters, s.answers - s.promoters - s.detractors AS passives, s.detractors, n.score AS nps, n.low AS nps_low, n.high AS nps_high, t.is_latest, t.definition_version
FROM segment.published_snapshot t
JOIN segment.survey_score s ON s.snapshot = t.snapshot
CROSS JOIN LATERAL segment.mean_interval(s.answers, s.total, s.squares) i
LEFT JOIN LATERAL segment.mean_interval(s.answers, s.promoters::numeric - s.detractors, s.promoters::numeric + s.detractors) n (score, low, high) ON s.promoters IS NOT NULL;
COMMENT ON VIEW segment.survey_summary IS
  'what customers said, of all, by segment and by market, one row a survey: unique key (segmentation, as_of, survey, dimension, value_key). The last answer of each customer up to as_of '
  'counts. Small groups are shown';
COMMENT ON COLUMN segment.survey_summary.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.survey_summary.as_of IS 'day of the snapshot';
COMMENT ON COLUMN segment.survey_summary.survey IS 'what was asked';
COMMENT ON COLUMN segment.survey_summary.dimension IS 'all, segment or market';
COMMENT ON COLUMN segment.survey_summary.value_key IS 'the segment or market; all for all customers';
COMMENT ON COLUMN segment.survey_summary.answers IS 'customers who answered';
COMMENT ON COLUMN segment.survey_summary.mean IS 'mean of their scores';
COMMENT ON COLUMN segment.survey_summary.ci_low IS 'lower end of its interval of 95 % (Student); NULL for one answer';
COMMENT ON COLUMN segment.survey_summary.ci_high IS 'upper end';
COMMENT ON COLUMN segment.survey_summary.promoters IS 'of a net promoter score: answers of 9 and 10; NULL for other surveys';
COMMENT ON COLUMN segment.survey_summary.passives IS 'answers of 7 and 8';
COMMENT ON COLUMN segment.survey_summary.detractors IS 'answers of 0 to 6';
COMMENT ON COLUMN segment.survey_summary.nps IS 'share of promoters less that of detractors, -1 to 1';
COMMENT ON COLUMN segment.survey_summary.nps_low IS 'lower end of its interval of 95 %';
COMMENT ON COLUMN segment.survey_summary.nps_high IS 'upper end';
COMMENT ON COLUMN segment.survey_summary.is_latest IS 'whether as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.survey_summary.definition_version IS 'the version that made the snapshot';
GRANT SELECT ON segment.survey_summary TO PUBLIC;
