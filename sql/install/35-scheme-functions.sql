-- scheme: label and its companions, check_scheme, copy_scheme

CREATE FUNCTION segment.label(score segment.rfm_score, scheme text) RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label';
COMMENT ON FUNCTION segment.label(segment.rfm_score, text) IS
  'the name of the segment that a scheme gives a score, by scores alone: rules with bounds of orders or tenure do not '
  'match. Others where no rule matches, No orders for a customer with returns only (score none), Prospect for a NULL '
  'score; NULL for a NULL scheme. 42704 for an unknown scheme, 22023 if the score has other bins than the scheme';

CREATE FUNCTION segment.label(score segment.rfm_score, scheme text, rfm segment.rfm, as_of date, zone text DEFAULT 'UTC') RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label';
COMMENT ON FUNCTION segment.label(segment.rfm_score, text, segment.rfm, date, text) IS
  'the name of the segment that a scheme gives a score, with the number of orders and the days since the first one as '
  'of a date (in zone, for timestamptz). Prospect for a NULL rfm, No orders for returns only, Others where no rule '
  'matches; NULL for a NULL scheme, as_of or zone, or a NULL score beside orders. Errors as label(score, scheme), and '
  '22023 if the rfm holds orders after as_of';

CREATE FUNCTION segment.label_sort(score segment.rfm_score, scheme text) RETURNS smallint
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label_sort';
COMMENT ON FUNCTION segment.label_sort(segment.rfm_score, text) IS
  'the rank of the segment that label(score, scheme) names: 1 is best; Others 1000, No orders 1001, Prospect 1002. NULL '
  'and errors as label()';

CREATE FUNCTION segment.label_sort(score segment.rfm_score, scheme text, rfm segment.rfm, as_of date, zone text DEFAULT 'UTC') RETURNS smallint
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label_sort';
COMMENT ON FUNCTION segment.label_sort(segment.rfm_score, text, segment.rfm, date, text) IS
  'the rank of the segment that label() with the same arguments names: 1 is best; Others 1000, No orders 1001, Prospect '
  '1002. NULL and errors as label()';

CREATE FUNCTION segment.label_meaning(score segment.rfm_score, scheme text) RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label_meaning';
COMMENT ON FUNCTION segment.label_meaning(segment.rfm_score, text) IS
  'who is in the segment that label(score, scheme) names; NULL if the scheme does not say. NULL and errors as label()';

CREATE FUNCTION segment.label_meaning(score segment.rfm_score, scheme text, rfm segment.rfm, as_of date, zone text DEFAULT 'UTC') RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label_meaning';
COMMENT ON FUNCTION segment.label_meaning(segment.rfm_score, text, segment.rfm, date, text) IS
  'who is in the segment that label() with the same arguments names; NULL if the scheme does not say. NULL and errors '
  'as label()';

CREATE FUNCTION segment.label_action(score segment.rfm_score, scheme text) RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label_action';
COMMENT ON FUNCTION segment.label_action(segment.rfm_score, text) IS
  'what to do about the segment that label(score, scheme) names; NULL if the scheme does not say. NULL and errors as '
  'label()';

CREATE FUNCTION segment.label_action(score segment.rfm_score, scheme text, rfm segment.rfm, as_of date, zone text DEFAULT 'UTC') RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label_action';
COMMENT ON FUNCTION segment.label_action(segment.rfm_score, text, segment.rfm, date, text) IS
  'what to do about the segment that label() with the same arguments names; NULL if the scheme does not say. NULL and '
  'errors as label()';

CREATE FUNCTION segment.label_colour(score segment.rfm_score, scheme text) RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label_colour';
COMMENT ON FUNCTION segment.label_colour(segment.rfm_score, text) IS
  'colour in charts, as #RRGGBB, of the segment that label(score, scheme) names; NULL if the scheme does not say. NULL '
  'and errors as label()';

CREATE FUNCTION segment.label_colour(score segment.rfm_score, scheme text, rfm segment.rfm, as_of date, zone text DEFAULT 'UTC') RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_label_colour';
COMMENT ON FUNCTION segment.label_colour(segment.rfm_score, text, segment.rfm, date, text) IS
  'colour in charts, as #RRGGBB, of the segment that label() with the same arguments names; NULL if the scheme does not '
  'say. NULL and errors as label()';

CREATE FUNCTION segment.copy_scheme(source text, target text) RETURNS integer
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_copy_scheme';
COMMENT ON FUNCTION segment.copy_scheme(text, text) IS
  'makes a scheme of your own with the rules of another, to be changed as you like; returns the number of rules. 42704 '
  'if the first name does not exist, 42710 if the second does; NULL does nothing';

CREATE FUNCTION segment.check_scheme(name text, OUT kind text, OUT positions smallint[], OUT cells text[], OUT message text)
  RETURNS SETOF record
  LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME', 'segment_check_scheme';
COMMENT ON FUNCTION segment.check_scheme(text) IS
  'what is wrong with a scheme; no row if nothing is. kind gap: one row a cell (scores such as 2-1-5) that no rule '
  'covers; overlap: one row a cell where several rules match (positions; the first wins; a rule with bounds of orders or '
  'tenure before one without is its exception, a rule without any bound takes what is left, and neither is an overlap); dead rule: one row a rule that never fires; '
  'non-monotone: one row a pair of neighbouring cells where the better scores get the worse sort. 42704 for an unknown '
  'scheme, NULL gives no rows';

CREATE FUNCTION segment_internal.scheme_fixed_labels(OUT segment text, OUT sort smallint, OUT meaning text, OUT action text, OUT colour text)
  RETURNS SETOF record
  LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 3 AS 'MODULE_PATHNAME', 'segment_scheme_fixed_labels_rows';
COMMENT ON FUNCTION segment_internal.scheme_fixed_labels() IS
  'the labels that every scheme has without a rule: Others, No orders, Prospect';

CREATE VIEW segment.scheme_segments WITH (security_invoker = true) AS
SELECT s.name AS scheme, g.segment, g.sort, g.meaning, g.action, g.colour
FROM segment.scheme s
CROSS JOIN LATERAL (
  SELECT r.segment,
         coalesce((array_agg(r.sort ORDER BY r.position) FILTER (WHERE r.sort IS NOT NULL))[1], min(r.position)) AS sort,
         (array_agg(r.meaning ORDER BY r.position) FILTER (WHERE r.meaning IS NOT NULL))[1] AS meaning,
         (array_agg(r.action ORDER BY r.position) FILTER (WHERE r.action IS NOT NULL))[1] AS action,
         (array_agg(r.colour ORDER BY r.position) FILTER (WHERE r.colour IS NOT NULL))[1] AS colour
  FROM segment.scheme_rule r
  WHERE r.scheme = s.name AND r.shipped = s.shipped
  GROUP BY r.segment
  UNION ALL
  SELECT f.segment, f.sort, f.meaning, f.action, f.colour FROM segment_internal.scheme_fixed_labels() f
) g
WHERE NOT (s.shipped AND EXISTS (SELECT FROM segment.scheme mine WHERE mine.name = s.name AND NOT mine.shipped));
COMMENT ON VIEW segment.scheme_segments IS
  'every label that label() can give, one row a scheme and segment, to join to stored labels; a scheme of yours stands '
  'in for a shipped one of the same name';
COMMENT ON COLUMN segment.scheme_segments.scheme IS 'the scheme''s name; unique with segment';
COMMENT ON COLUMN segment.scheme_segments.segment IS 'the segment''s name, as label() gives it';
COMMENT ON COLUMN segment.scheme_segments.sort IS 'rank, 1 is best, as label_sort() gives it';
COMMENT ON COLUMN segment.scheme_segments.meaning IS 'who is in the segment';
COMMENT ON COLUMN segment.scheme_segments.action IS 'what to do about them';
COMMENT ON COLUMN segment.scheme_segments.colour IS 'colour in charts, as #RRGGBB';
GRANT SELECT ON segment.scheme_segments TO PUBLIC;
GRANT SELECT ON segment.scheme_segments TO @extowner@, pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION segment.explain_label(cut_points segment.rfm_cut_points, rfm segment.rfm, as_of date, scheme text, zone text DEFAULT 'UTC') RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_explain_label';
COMMENT ON FUNCTION segment.explain_label(segment.rfm_cut_points, segment.rfm, date, text, text) IS
  'why a customer carries the label that a scheme gives, in words: the segment, the values with their scores and cut '
  'points, the rule that fired, which further orders on the day as_of would lead to a better segment by the same cut '
  'points (each tried out), and from which day on a worse one would follow. A NULL rfm is a Prospect; NULL if another '
  'argument is NULL. 42704 for an unknown scheme, 22023 if the cut points have other bins than the scheme or the rfm '
  'holds orders after as_of';
