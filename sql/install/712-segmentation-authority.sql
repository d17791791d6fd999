-- segmentation: what each function that writes begins and ends with

CREATE FUNCTION segment_internal.segmentation_log(action text, segmentation text, version integer, as_of date, source text, source_rows bigint,
  customers bigint, fingerprint text, seconds double precision, details jsonb) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO segment.segmentation_run (action, segmentation, version, as_of, run_by, source, source_rows, customers, fingerprint, seconds, details)
  SELECT segmentation_log.action, segmentation_log.segmentation, segmentation_log.version, segmentation_log.as_of, pg_get_userbyid(segment_internal.caller()),
         segmentation_log.source, segmentation_log.source_rows, segmentation_log.customers, segmentation_log.fingerprint, segmentation_log.seconds, segmentation_log.details;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_log(text, text, integer, date, text, bigint, bigint, text, double precision, jsonb) IS
  'adds a line to segmentation_run, for the caller';

CREATE FUNCTION segment_internal.segmentation_owner(name text) RETURNS regrole
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT m.role FROM segment.segmentation_member m WHERE m.segmentation = name AND m.owns);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_owner(text) IS 'the role that owns a segmentation; NULL if there is none';

CREATE FUNCTION segment_internal.refuse_unknown(name text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller regrole := segment_internal.caller();
BEGIN
  PERFORM segment_internal.refuse(CASE WHEN name IS NULL THEN '22004' ELSE '42704' END,
    CASE WHEN name IS NULL THEN 'name must not be NULL' ELSE format('segmentation "%s" does not exist', name) END,
    format('There are: %s.', coalesce((SELECT string_agg(s.name, ', ' ORDER BY s.name) FROM segment.segmentation s WHERE pg_has_role(caller, 'pg_database_owner', 'USAGE')
      OR EXISTS (SELECT FROM segment.segmentation_member m WHERE m.segmentation = s.name AND pg_has_role(caller, m.role, 'USAGE'))), 'none that you may see')),
    'See the view segment.segmentation_status, or declare it with create_segmentation.');
END
$$;
COMMENT ON FUNCTION segment_internal.refuse_unknown(text) IS '42704 (22004 for NULL): there is no such segmentation, or none that the caller may see; names those that it may';

CREATE FUNCTION segment_internal.check_member(name text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller regrole := segment_internal.caller();
BEGIN
  IF NOT EXISTS (SELECT FROM segment.segmentation s WHERE s.name = check_member.name AND (pg_has_role(caller, 'pg_database_owner', 'USAGE')
       OR EXISTS (SELECT FROM segment.segmentation_member m WHERE m.segmentation = s.name AND pg_has_role(caller, m.role, 'USAGE')))) THEN
    PERFORM segment_internal.refuse_unknown(name);
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_member(text) IS '42704 unless there is such a segmentation, and the caller may see it';

-- A number is taken for a role by its type, whether or not there is one.
CREATE FUNCTION segment_internal.check_role(role regrole) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = role) THEN
    PERFORM segment_internal.refuse('42704', format('role %s does not exist', role), 'It is the number of no role; one that was dropped leaves its number.',
      'Name a role that exists: see the view pg_roles.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_role(regrole) IS '42704 unless there is such a role';

-- The row is locked, so that changes and refreshes of one segmentation follow one another; readers don't wait.
CREATE FUNCTION segment_internal.segmentation_own(name text) RETURNS segment.segmentation
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller regrole := segment_internal.caller();
  owner regrole := segment_internal.segmentation_owner(name);
  s segment.segmentation;
BEGIN
  PERFORM segment_internal.check_member(name);
  SELECT * INTO s FROM segment.segmentation t WHERE t.name = segmentation_own.name FOR NO KEY UPDATE;
  IF s.name IS NULL THEN
    PERFORM segment_internal.refuse_unknown(name);
  END IF;
  IF owner IS NULL OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = owner) THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('the role that owned segmentation "%s" does not exist any more', name),
      DETAIL = 'A segmentation runs with its owner''s rights.',
      HINT = format('The owner of the database gives it to another role with segment.hand_over(%L, role).', name);
  END IF;
  IF NOT pg_has_role(caller, owner, 'USAGE') THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('must be owner of segmentation "%s"', name),
      DETAIL = format('It belongs to role "%s" and runs with that role''s rights only; the current role is "%s".', pg_get_userbyid(owner), pg_get_userbyid(caller)),
      HINT = format('SET ROLE %I first, or schedule the job as that role.', pg_get_userbyid(owner));
  END IF;
  PERFORM segment_internal.act_for(owner);
  RETURN s;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_own(text) IS
  'the segmentation, whose row it locks; queries of users run as its owner from here on. 42704 if there is none that the caller sees, or its owner is '
  'gone; 42501 unless the caller has its owner''s privileges';

CREATE FUNCTION segment_internal.check_declarer() RETURNS regrole
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller regrole := segment_internal.caller();
BEGIN
  IF NOT pg_has_role(caller, 'pg_database_owner', 'USAGE')
     AND NOT EXISTS (SELECT FROM segment.segmentation_declarer d WHERE pg_has_role(caller, d.role, 'USAGE')) THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('role "%s" may not declare segmentations', pg_get_userbyid(caller)),
      DETAIL = 'The owner of the database says who may.',
      HINT = format('Ask the owner of the database for: SELECT segment.grant_segmentation(%L).', pg_get_userbyid(caller));
  END IF;
  PERFORM segment_internal.act_for(caller);
  RETURN caller;
END
$$;
COMMENT ON FUNCTION segment_internal.check_declarer() IS
  'the caller, as whom queries of users run from here on; 42501 unless it may declare segmentations: by grant_segmentation, or as owner of the database';

CREATE FUNCTION segment_internal.check_database_owner(action text) RETURNS regrole
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT pg_has_role(segment_internal.caller(), 'pg_database_owner', 'USAGE') THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('must be owner of the database to %s', action),
      DETAIL = format('The current role is "%s".', pg_get_userbyid(segment_internal.caller())), HINT = 'Ask the owner of the database, or a superuser.';
  END IF;
  RETURN segment_internal.caller();
END
$$;
COMMENT ON FUNCTION segment_internal.check_database_owner(text) IS 'the caller; 42501 unless it has the privileges of the owner of the database';
