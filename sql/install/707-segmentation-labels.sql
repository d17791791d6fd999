-- segmentation: what clusters are called, and how segments look

CREATE FUNCTION segment.cluster_labels(model segment.kmeans_model, features text[], names text[], OUT cluster integer, OUT segment text, OUT sort smallint)
  RETURNS SETOF record LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8
BEGIN ATOMIC
  SELECT t.cluster, coalesce(names[t.cluster], 'Cluster ' || t.cluster),
         row_number() OVER (ORDER BY t.centroid[array_position(features, 'revenue')] DESC NULLS LAST, t.cluster)::smallint
  FROM segment.cluster_table(model) AS t;
END;
COMMENT ON FUNCTION segment.cluster_labels(segment.kmeans_model, text[], text[]) IS
  'segments of a model''s clusters: named by names, or Cluster and the number; ranked by the typical revenue, highest first, '
  'if that is one of the features, else by number. No rows for a NULL model';

CREATE FUNCTION segment_internal.segment_colour(sort integer) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ('{#DDDDDD,#004949,#009292,#490092,#006DDB,#B66DFF,#6DB6FF,#B6DBFF,#DB6D00}'::text[])[1 + sort % 9];
COMMENT ON FUNCTION segment_internal.segment_colour(integer) IS
  'colour of a segment that no scheme gives one, by its rank: a palette that colour-blind readers can tell apart';
