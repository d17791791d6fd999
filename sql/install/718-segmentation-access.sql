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

-- For functions that run as their caller, who sees what the policies let through.
CREATE FUNCTION segment_internal.check_seen(name text, as_of date, version integer DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  newest date;
BEGIN
  IF NOT EXISTS (SELECT FROM segment.segmentation s WHERE s.name = check_seen.name) THEN
    PERFORM segment_internal.refuse('42704', format('segmentation "%s" does not exist', name),
      format('There are: %s.', coalesce((SELECT string_agg(s.name, ', ' ORDER BY s.name) FROM segment.segmentation s), 'none that you may see')),
      'See the view segment.segmentation_status.') WHERE name IS NOT NULL;
    RETURN;
  END IF;
  PERFORM segment_internal.segmentation_version_of(name, version) WHERE version IS NOT NULL;
  SELECT max(t.as_of) INTO newest
  FROM segment.snapshot t JOIN segment.segmentation s ON s.name = t.segmentation
  WHERE s.name = check_seen.name AND CASE WHEN check_seen.version IS NULL THEN t.made_active OR t.version = s.active_version ELSE t.version = check_seen.version END
  HAVING NOT coalesce(bool_or(t.as_of = check_seen.as_of), check_seen.as_of IS NULL);
  IF FOUND THEN
    PERFORM segment_internal.refuse('42704', concat(format('segmentation "%s" has no snapshot of %s', name, as_of), ' by version ' || version),
      coalesce('The newest is of ' || newest || '.', 'You see none.'), 'Name a snapshot''s day, or make one: refresh(name, as_of, version).');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_seen(text, date, integer) IS
  '42704 unless the caller sees a segmentation of this name, with this version, and a snapshot of the day by it (NULL: one that is shown)';

CREATE FUNCTION segment_internal.segmentation_bins(v segment.segmentation_version) RETURNS integer
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT s.bins::integer FROM segment.scheme s WHERE s.name = (v.label).scheme ORDER BY s.shipped LIMIT 1;
END;
COMMENT ON FUNCTION segment_internal.segmentation_bins(segment.segmentation_version) IS 'number of scores a dimension: that of the version''s scheme';
