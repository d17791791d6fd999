-- segmentation: finding a version

CREATE FUNCTION segment_internal.segmentation_version_of(name text, version integer DEFAULT NULL) RETURNS segment.segmentation_version
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v segment.segmentation_version;
BEGIN
  SELECT sv.* INTO v
  FROM segment.segmentation s
  JOIN segment.segmentation_version sv ON sv.segmentation = s.name
  WHERE s.name = segmentation_version_of.name
    AND sv.version = coalesce(segmentation_version_of.version, s.active_version);
  IF NOT FOUND THEN
    PERFORM segment_internal.refuse_unknown(name) WHERE version IS NULL;
    PERFORM segment_internal.refuse('42704', format('segmentation "%s" has no version %s', name, version), format('There are: %s.', coalesce(
      (SELECT string_agg(sv.version::text, ', ' ORDER BY sv.version) FROM segment.segmentation_version sv WHERE sv.segmentation = segmentation_version_of.name), 'none')),
      'Make one with new_version.');
  END IF;
  RETURN v;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_version_of(text, integer) IS
  'the row of a version, the active one unless a number is given. 42704 if there is no such segmentation or version';

CREATE FUNCTION segment_internal.segmentation_bins(v segment.segmentation_version) RETURNS integer
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT s.bins::integer FROM segment.scheme s WHERE s.name = (v.label).scheme ORDER BY s.shipped LIMIT 1;
END;
COMMENT ON FUNCTION segment_internal.segmentation_bins(segment.segmentation_version) IS 'number of scores a dimension: that of the version''s scheme';
