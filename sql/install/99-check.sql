-- The last look: nothing came into the schemas while the script ran, and nothing of the extension refers to what is not its own.
DO $$
DECLARE
  schemas pg_catalog.oid[] := ARRAY['segment'::regnamespace, 'segment_internal'::regnamespace];
  self pg_catalog.oid := (SELECT e.oid FROM pg_extension e WHERE e.extname = 'segment');
  strangers pg_catalog.text;
  used pg_catalog.text;
BEGIN
  SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, 0), ', ') INTO strangers
  FROM pg_depend d
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = ANY (schemas)
    AND d.classid NOT IN ('pg_extension'::regclass, 'pg_default_acl'::regclass, 'pg_publication_namespace'::regclass)
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid
                    AND e.refclassid = 'pg_extension'::regclass AND e.refobjid = self AND e.deptype = 'e');
  -- Members, and what they are made of: row types, columns' defaults, constraints, rules, triggers, policies.
  WITH RECURSIVE own AS (
    SELECT d.classid, d.objid FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = self AND d.deptype = 'e'
    UNION
    SELECT d.classid, d.objid FROM own o JOIN pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid AND d.deptype IN ('i', 'a')
  )
  SELECT string_agg(DISTINCT concat(pg_describe_object(d.classid, d.objid, 0), ' refers to ', pg_describe_object(d.refclassid, d.refobjid, 0)), ', ')
    INTO used
  FROM own o JOIN pg_depend d USING (classid, objid)
  WHERE NOT (d.refclassid = 'pg_extension'::regclass AND d.refobjid = self)
    AND NOT (d.refclassid = 'pg_namespace'::regclass AND d.refobjid = ANY (schemas))
    AND NOT (d.refclassid = 'pg_class'::regclass
             AND (SELECT c.relnamespace FROM pg_class c WHERE c.oid = d.refobjid) = 'pg_catalog'::regnamespace)
    AND NOT (d.refclassid = 'pg_language'::regclass AND d.refobjid = (SELECT l.oid FROM pg_language l WHERE l.lanname = 'plpgsql'))
    AND NOT EXISTS (SELECT FROM own o2 WHERE o2.classid = d.refclassid AND o2.objid = d.refobjid);
  IF strangers IS NOT NULL OR used IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'objects that do not belong to extension "segment" came into its schemas while it was installed',
      DETAIL  = concat_ws('; ', left(used, 500), left(strangers, 500)) || '.',
      HINT    = 'Find out what makes them (an event trigger, another session), then run CREATE EXTENSION again.';
  END IF;
END
$$;
