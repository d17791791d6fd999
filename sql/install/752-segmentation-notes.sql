-- segmentation: what readers should know of a segment, and who looks after it

CREATE TABLE segment.segment_note (
  segmentation text NOT NULL,
  segment_name text NOT NULL,
  owner text,
  note text,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (segmentation, segment_name)
);
INSERT INTO segment_internal.owned_table VALUES ('segment_note', 'segmentation', NULL, 'summary', NULL);
COMMENT ON TABLE segment.segment_note IS 'who looks after a segment, and what its readers should know: written by set_segment_note, seen by all readers; unique key (segmentation, segment_name)';
COMMENT ON COLUMN segment.segment_note.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segment_note.segment_name IS 'the segment';
COMMENT ON COLUMN segment.segment_note.owner IS 'who looks after it: a person or team, in your words';
COMMENT ON COLUMN segment.segment_note.note IS 'what readers should know, such as what customers and staff say';
COMMENT ON COLUMN segment.segment_note.changed_at IS 'when it was written';

CREATE FUNCTION segment_internal.set_segment_note(name text, segment_name text, note text, owner text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
BEGIN
  IF segment_name IS NULL OR char_length(note) > 10000 OR char_length(owner) > 1000 THEN
    PERFORM segment_internal.refuse('22023', 'a segment cannot have that note', format('segment_name is %s, note has %s characters and owner %s; accepted are up to 10000 and 1000.',
      coalesce(left(segment_name, 70), 'NULL'), coalesce(char_length(note), 0), coalesce(char_length(owner), 0)), 'Name the segment, and put the rest of a long text where a link leads.');
  END IF;
  DELETE FROM segment.segment_note n WHERE n.segmentation = own.name AND n.segment_name = set_segment_note.segment_name;
  INSERT INTO segment.segment_note (segmentation, segment_name, owner, note, changed_at)
  SELECT own.name, set_segment_note.segment_name, set_segment_note.owner, set_segment_note.note, now() WHERE num_nonnulls(set_segment_note.note, set_segment_note.owner) > 0;
  PERFORM segment_internal.segmentation_log('note', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('segment', segment_name));
END
$$;
COMMENT ON FUNCTION segment_internal.set_segment_note(text, text, text, text) IS 'set_segment_note as the tables'' owner';
CREATE FUNCTION segment.set_segment_note(name text, segment_name text, note text DEFAULT NULL, owner text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.set_segment_note(text, text, text, text) IS
  'writes what all readers of a segmentation see beside a segment, in place of what stood there: a note, and who looks after it. Neither takes both away. '
  '22023 for a text that is too long, 42704 for an unknown segmentation, 42501 for others than the owner';
