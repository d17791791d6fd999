-- segmentation: taking a segmentation away

CREATE FUNCTION segment_internal.drop_segmentation(name text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.segmentation := segment_internal.segmentation_own(name);
  t segment_internal.owned_table;
BEGIN
  PERFORM segment_internal.unfollow_source(l.id) FROM segment.ledger_set l WHERE l.segmentation = s.name;
  -- What leads to the segmentation by a number goes before what has the number; the log stays.
  FOR t IN SELECT * FROM segment_internal.owned_table o WHERE o.key <> 'none' AND o.name <> 'segmentation_run'
           ORDER BY array_position('{snapshot,pilot,ledger_set,version_id,segmentation,name}', o.key), o.name LOOP
    EXECUTE format('DELETE FROM segment.%I WHERE ', t.name) || CASE t.key
      WHEN 'snapshot' THEN 'snapshot = ANY (ARRAY(SELECT p.id FROM segment.snapshot p WHERE p.segmentation = $1))'
      WHEN 'pilot' THEN 'pilot = ANY (ARRAY(SELECT p.id FROM segment.pilot p WHERE p.segmentation = $1))'
      WHEN 'ledger_set' THEN 'ledger_set = ANY (ARRAY(SELECT l.id FROM segment.ledger_set l WHERE l.segmentation = $1))'
      WHEN 'version_id' THEN 'version_id = ANY (ARRAY(SELECT v.id FROM segment.segmentation_version v WHERE v.segmentation = $1))'
      ELSE format('%I = $1', t.key) END USING s.name;
  END LOOP;
  PERFORM segment_internal.segmentation_log('drop', s.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
END
$$;
COMMENT ON FUNCTION segment_internal.drop_segmentation(text) IS 'drop_segmentation as the tables'' owner';
CREATE FUNCTION segment.drop_segmentation(name text) RETURNS void AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.drop_segmentation(text) IS
  'removes a segmentation with its versions, snapshots and triggers, on tables of other owners too; its lines in the log stay. 42704 if it does not exist, 42501 for '
  'others than its owner';
