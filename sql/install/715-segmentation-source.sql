-- segmentation: the source that a version names, and whether it can be read

CREATE FUNCTION segment_internal.relation_named(name text) RETURNS regclass
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT c.oid::pg_catalog.regclass
  FROM (SELECT pg_catalog.parse_ident(relation_named.name) AS part) i
  JOIN pg_catalog.pg_namespace n ON n.nspname = i.part[1]
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = i.part[2];
END;
COMMENT ON FUNCTION segment_internal.relation_named(text) IS 'the relation of a qualified, quoted name, whatever the rights of the current role; NULL if there is none now';

CREATE FUNCTION segment_internal.segmentation_column_type(source regclass, "column" name) RETURNS regtype
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT a.atttypid::pg_catalog.regtype
  FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = source AND a.attname = "column" AND a.attnum > 0 AND NOT a.attisdropped;
END;
COMMENT ON FUNCTION segment_internal.segmentation_column_type(regclass, name) IS 'type of a column; NULL if there is none of that name';

CREATE FUNCTION segment_internal.customer_text(v segment.segmentation_version, expression text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT expression || '::text';
END;
COMMENT ON FUNCTION segment_internal.customer_text(segment.segmentation_version, text) IS
  'SQL of the text by which a customer is known, from SQL that gives the id: ids that are equal by their type have one, see check_identity';

CREATE FUNCTION segment_internal.check_relation(segmentation text, role text, name text) RETURNS regclass
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass := segment_internal.relation_named(name);
  kind "char" := (SELECT c.relkind FROM pg_class c WHERE c.oid = relation);
BEGIN
  IF relation IS NULL THEN
    PERFORM segment_internal.refuse('42P01', format('%s of segmentation "%s" does not exist: %s', role, segmentation, name),
      'It was dropped or renamed; the name decides which relation is read.',
      CASE role WHEN 'source' THEN format('Make a relation of this name, or name another: new_version(%L, source => ...), then activate_version.', segmentation)
        WHEN 'opt_out' THEN format('Make a relation of this name, or name another: new_version(%L, privacy => segment.privacy(opt_out => ...)), then activate_version.', segmentation)
        ELSE format('Make a relation of this name, or name another: new_version(%L, changes => ...), then activate_version.', segmentation) END);
  ELSIF kind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
    PERFORM segment_internal.refuse('42809', format('%s holds no rows', name), format('It is named as %s; accepted are tables, partitioned tables, views, materialized views and foreign tables.', role),
      'Name one of these.');
  ELSIF (SELECT c.relpersistence = 't' FROM pg_class c WHERE c.oid = relation) THEN
    PERFORM segment_internal.refuse('0A000', format('%s is temporary', name), format('It is named as %s, and gone when its session ends.', role),
      'Name a relation that stays.');
  END IF;
  RETURN relation;
END
$$;
COMMENT ON FUNCTION segment_internal.check_relation(text, text, text) IS
  'the relation that a segmentation names, as it is now: 42P01 if it is gone, 42809 if it holds no rows, 0A000 if it is temporary';

CREATE FUNCTION segment_internal.source_oid(v segment.segmentation_version) RETURNS regclass
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_relation(v.segmentation, 'source', v.source);
END;
COMMENT ON FUNCTION segment_internal.source_oid(segment.segmentation_version) IS 'the relation that a version''s source names now: 42P01 if there is none';

CREATE FUNCTION segment_internal.is_fit(type regtype, "column" name) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN type IN ('date'::pg_catalog.regtype, 'timestamp'::pg_catalog.regtype, 'timestamptz'::pg_catalog.regtype) THEN format('isfinite(o.%I)', "column")
    WHEN type = 'numeric'::pg_catalog.regtype THEN format('(o.%1$I > -1e30 AND o.%1$I < 1e30 AND scale(o.%1$I) <= 20)', "column")
    WHEN type = 'float8'::pg_catalog.regtype THEN format('(o.%1$I > -1e30 AND o.%1$I < 1e30)', "column") END;
END;
COMMENT ON FUNCTION segment_internal.is_fit(regtype, name) IS
  'SQL of whether a time or amount of a row o is one that aggregates take: finite, within +/-10^30, of at most 20 decimals; NULL where every value is';

CREATE FUNCTION segment_internal.fit_rows(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT string_agg(segment_internal.is_fit(segment_internal.segmentation_column_type(segment_internal.source_oid(v), c.name), c.name) || ' IS NOT FALSE', ' AND ' ORDER BY c.n)
  FROM (VALUES (1, v.at), (2, v.amount)) c (n, name);
END;
COMMENT ON FUNCTION segment_internal.fit_rows(segment.segmentation_version) IS 'SQL of whether a row o of a version''s source can be aggregated: those without time or amount can, and are skipped';

CREATE FUNCTION segment_internal.only_fit(v segment.segmentation_version) RETURNS segment.segmentation_version
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  v.filter := concat_ws(E'\n) AND (', v.filter, segment_internal.fit_rows(v));
  RETURN v;
END
$$;
COMMENT ON FUNCTION segment_internal.only_fit(segment.segmentation_version) IS
  'the version with a filter that leaves out rows whose time or amount no aggregate takes (infinite, NaN, too large, too many decimals). It costs each row something: for sources that have some';

CREATE FUNCTION segment_internal.check_column(segmentation text, relation regclass, role text, "column" name, types regtype[] DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  type regtype := segment_internal.segmentation_column_type(relation, "column");
  known boolean := EXISTS (SELECT FROM segment.segmentation s WHERE s.name = segmentation);
BEGIN
  IF type IS NULL THEN
    PERFORM segment_internal.refuse('42703', format('column "%s" of %s does not exist', "column", segment_internal.qualified_name(relation)),
      format('It is named as %s. There are: %s.', role, coalesce(
        (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped), 'none')),
      CASE WHEN known AND role IN ('customer', 'at', 'amount', 'order_id', 'market', 'channel')
        THEN format('Give the column its name back, or name another: new_version(%L, %I => ...), then activate_version.', segmentation, role)
        WHEN known THEN format('Give the column its name back, or name another by new_version(%L, ...), then activate_version.', segmentation)
        ELSE 'Names are taken as they are, without folding to lower case.' END);
  ELSIF type <> ALL (types) THEN
    PERFORM segment_internal.refuse('42804', format('column "%s" of %s is of type %s', "column", segment_internal.qualified_name(relation), type),
      format('It is named as %s; accepted are %s.', role, array_to_string(types, ', ')), 'Name a view that casts the column.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_column(text, regclass, text, name, regtype[]) IS
  'stops unless a relation has the column, of one of the types (NULL: of any): 42703, 42804';

CREATE FUNCTION segment_internal.identity_gap(type oid, typmod integer, collation_ oid) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH RECURSIVE t AS (
    SELECT x.oid, x.typname, x.typtype, x.typbasetype, x.typnamespace, typmod AS modifier FROM pg_catalog.pg_type x WHERE x.oid = type
    UNION ALL
    SELECT x.oid, x.typname, x.typtype, x.typbasetype, x.typnamespace, CASE WHEN t.modifier = -1 THEN d.typtypmod ELSE t.modifier END
    FROM t JOIN pg_catalog.pg_type d ON d.oid = t.oid JOIN pg_catalog.pg_type x ON x.oid = d.typbasetype WHERE t.typtype = 'd'
  )
  SELECT CASE
    WHEN t.oid = 'pg_catalog.numeric'::pg_catalog.regtype AND t.modifier = -1 THEN 'numeric without a scale prints equal numbers differently (7 and 7.0)'
    WHEN t.oid IN ('pg_catalog.float4'::pg_catalog.regtype, 'pg_catalog.float8'::pg_catalog.regtype) THEN 'floating point prints equal numbers differently (0 and -0)'
    WHEN EXISTS (SELECT FROM pg_catalog.pg_collation c WHERE c.oid = collation_ AND NOT c.collisdeterministic) THEN 'texts that its collation takes as equal print differently'
    WHEN t.typtype = 'e' OR t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace AND t.typname IN ('bool', 'char', 'name', 'int2', 'int4', 'int8', 'oid', 'numeric', 'text',
      'varchar', 'bpchar', 'uuid', 'bytea', 'date', 'timestamp', 'timestamptz', 'time', 'timetz', 'inet', 'cidr', 'macaddr', 'macaddr8', 'bit', 'varbit') THEN NULL
    WHEN t.typname = 'citext' THEN 'citext prints equal texts differently (upper and lower case)'
    WHEN t.typname = 'interval' THEN 'interval prints equal times differently (1 day and 24 hours)'
    ELSE 'equal values of this type may print differently' END
  FROM t WHERE t.typtype <> 'd' LIMIT 1;
END;
COMMENT ON FUNCTION segment_internal.identity_gap(oid, integer, oid) IS
  'why values of a type, with its modifier and collation, that are equal may have different texts; NULL where they cannot';

CREATE FUNCTION segment_internal.check_identity(relation regclass, role text, "column" name) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gap text;
  type text;
BEGIN
  SELECT segment_internal.identity_gap(a.atttypid, a.atttypmod, a.attcollation), format_type(a.atttypid, a.atttypmod) INTO gap, type
  FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = "column" AND a.attnum > 0 AND NOT a.attisdropped;
  IF gap IS NOT NULL THEN
    PERFORM segment_internal.refuse('42804', format('column "%s" of %s cannot identify customers', "column", segment_internal.qualified_name(relation)),
      format('It is named as %s and of type %s: %s, so one customer would be counted as several.', role, type, gap),
      format('Name a view with one spelling of each id, such as %s.', CASE
        WHEN type LIKE 'numeric%' OR type IN ('real', 'double precision') THEN format('%I::bigint AS %1$I', "column")
        WHEN gap LIKE '%texts%' THEN format('lower(%I::text) COLLATE "C" AS %1$I', "column") ELSE format('%I::text AS %1$I', "column") END));
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_identity(regclass, text, name) IS
  'stops unless equal ids of a column have equal texts, by which customers are stored, compared and erased: 42804';

CREATE FUNCTION segment_internal.check_same_ids(v segment.segmentation_version, source regclass, relation regclass, role text, "column" name) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kinds regtype[];
BEGIN
  PERFORM segment_internal.check_column(v.segmentation, relation, role, "column"), segment_internal.check_identity(relation, role, "column");
  SELECT array_agg(coalesce(nullif(t.typbasetype, 0), t.oid)::regtype) INTO kinds
  FROM pg_type t WHERE t.oid IN (segment_internal.segmentation_column_type(source, v.customer), segment_internal.segmentation_column_type(relation, "column"));
  -- Within one family equality and text are the same.
  IF NOT (cardinality(kinds) = 1 OR kinds[1] = kinds[2] OR kinds <@ '{smallint,integer,bigint}'::regtype[] OR kinds <@ '{text,varchar,bpchar}'::regtype[]) THEN
    PERFORM segment_internal.refuse('42804', format('column "%s" of %s holds other ids than the source', "column", segment_internal.qualified_name(relation)),
      format('It is named as %s and of type %s; column "%s" of %s is of type %s.', role, segment_internal.segmentation_column_type(relation, "column"), v.customer, v.source,
        segment_internal.segmentation_column_type(source, v.customer)), 'Name a view that casts the column.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_same_ids(segment.segmentation_version, regclass, regclass, text, name) IS
  'stops unless a column of a second relation can be compared with a version''s customer ids: 42703, 42804';

CREATE FUNCTION segment_internal.check_columns(v segment.segmentation_version, source regclass) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  times regtype[] := '{date,timestamp,timestamptz}';
  listed regclass;
BEGIN
  PERFORM segment_internal.check_column(v.segmentation, source, 'customer', v.customer), segment_internal.check_identity(source, 'customer', v.customer),
    segment_internal.check_column(v.segmentation, source, 'at', v.at, times),
    segment_internal.check_column(v.segmentation, source, 'amount', v.amount, '{numeric,smallint,integer,bigint,double precision}');
  PERFORM segment_internal.check_column(v.segmentation, source, c.role, c.name, c.types)
  FROM (VALUES ('order_id', v.order_id, NULL), ('market', v.market, NULL), ('channel', v.channel, NULL), ('changed_at', (v.changes).changed_at, times),
               ('currency', (v.measures).currency, '{text,varchar,bpchar}')) c (role, name, types)
  WHERE c.name IS NOT NULL;
  IF (v.changes).tombstones IS NOT NULL THEN
    listed := segment_internal.check_relation(v.segmentation, 'tombstones', (v.changes).tombstones);
    PERFORM segment_internal.check_same_ids(v, source, listed, 'customer of by_tombstones', (v.changes).tombstone_customer),
      segment_internal.check_column(v.segmentation, listed, 'at of by_tombstones', (v.changes).tombstone_at, times);
  END IF;
  IF (v.measures).rates IS NOT NULL THEN
    listed := segment_internal.check_relation(v.segmentation, 'rates', (v.measures).rates);
    PERFORM segment_internal.check_column(v.segmentation, listed, 'currency of rates', 'currency', '{text,varchar,bpchar}'),
      segment_internal.check_column(v.segmentation, listed, 'day of rates', 'day', '{date}'),
      segment_internal.check_column(v.segmentation, listed, 'rate of rates', 'rate', '{numeric,smallint,integer,bigint,double precision}');
  END IF;
  IF (v.measures).survey IS NOT NULL THEN
    listed := segment_internal.check_relation(v.segmentation, 'survey', (v.measures).survey);
    PERFORM segment_internal.check_same_ids(v, source, listed, 'survey_customer', (v.measures).survey_customer),
      segment_internal.check_column(v.segmentation, listed, 'survey_at', (v.measures).survey_at, times),
      segment_internal.check_column(v.segmentation, listed, 'survey_score', (v.measures).survey_score, '{numeric,smallint,integer,bigint,double precision}');
    PERFORM segment_internal.check_column(v.segmentation, listed, 'survey_name', (v.measures).survey_name, '{text,varchar,bpchar}') WHERE (v.measures).survey_name IS NOT NULL;
  END IF;
  IF (v.privacy).opt_out IS NOT NULL THEN
    listed := segment_internal.check_relation(v.segmentation, 'opt_out', (v.privacy).opt_out);
    PERFORM segment_internal.check_same_ids(v, source, listed, 'opt_out_customer', (v.privacy).opt_out_customer);
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_columns(segment.segmentation_version, regclass) IS
  'stops unless a version''s relations have the columns that it names, of fit types: 42P01, 42703, 42804';

CREATE FUNCTION segment_internal.check_rights(v segment.segmentation_version, source regclass) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reader regrole := coalesce(segment_internal.segmentation_owner(v.segmentation), segment_internal.caller());
  missing text;
BEGIN
  SELECT format('USAGE ON SCHEMA %I', n.nspname) INTO missing
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source AND NOT has_schema_privilege(reader, n.oid, 'USAGE');
  SELECT coalesce(missing, format('SELECT (%s) ON %s', string_agg(format('%I', c.name), ', '), v.source)) INTO missing
  FROM unnest(ARRAY[v.customer, v.at, v.amount, v.order_id, v.market, v.channel, (v.changes).changed_at, (v.measures).currency]) AS c (name)
  WHERE c.name IS NOT NULL AND NOT has_column_privilege(reader, source, c.name, 'SELECT') HAVING count(*) > 0 OR missing IS NOT NULL;
  IF missing IS NOT NULL THEN
    PERFORM segment_internal.refuse('42501', format('role "%s" may not read %s', pg_get_userbyid(reader), v.source), 'A segmentation reads with the rights of the role that owns it, and no other.',
      format('Ask the owner of the relation for: GRANT %s TO %s.', missing, reader));
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_rights(segment.segmentation_version, regclass) IS '42501 unless the segmentation''s owner may read the columns that a version names of its source';

CREATE FUNCTION segment_internal.columns_read(query text) RETURNS text[]
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_columns_read';
COMMENT ON FUNCTION segment_internal.columns_read(text) IS
  'names of the columns that a query reads, in any spelling, by any alias, or as part of a whole row; it is analysed as the current role, and not run. NULL for NULL';

CREATE FUNCTION segment_internal.refuse_blocked(used text[]) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  b segment.blocked_column;
BEGIN
  SELECT c.* INTO b FROM segment.blocked_column c WHERE lower(c.name) IN (SELECT lower(u) FROM unnest(used) u) ORDER BY c.name LIMIT 1;
  IF FOUND THEN
    PERFORM segment_internal.refuse('42501', format('column "%s" may not be used', b.name), coalesce(b.reason, 'It is listed in segment.blocked_column.'),
      'Declare it without the column; no filter, metric or audience may read it either, nor whole rows with it.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.refuse_blocked(text[]) IS '42501 if one of these columns is in blocked_column';

CREATE FUNCTION segment_internal.check_blocked(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM segment.blocked_column) THEN
    PERFORM segment_internal.refuse_blocked(
      (segment_internal.read_as_owner(format('SELECT segment_internal.columns_read(%L)', format(E'SELECT (%s\n) FROM %s AS o WHERE (%s\n)', coalesce((v.measures).margin, 'NULL'), v.source, coalesce(v.filter, 'true')))))[1]::text[]
      || ARRAY[v.customer, v.at, v.amount, v.order_id, v.market, v.channel, (v.changes).changed_at, (v.changes).tombstone_customer, (v.changes).tombstone_at,
               (v.privacy).opt_out_customer, (v.measures).currency, (v.measures).survey_customer]::text[]);
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_blocked(segment.segmentation_version) IS
  '42501 if a version, or its filter, reads a column of blocked_column. What a view makes of its columns is not seen';

CREATE FUNCTION segment_internal.check_filter(filter text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_check_filter';
COMMENT ON FUNCTION segment_internal.check_filter(text) IS
  'true if the text is one SQL expression and nothing more, so that it can stand between parentheses in any query; 42601 '
  'otherwise. Names are not looked up. NULL for NULL';

CREATE FUNCTION segment_internal.check_order_id(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF v.order_id IS NOT NULL THEN
    -- looks for the hash function of a type, in an array without elements
    PERFORM segment_internal.read_as_owner(format('SELECT hash_array(ARRAY(SELECT o.%I FROM %s AS o LIMIT 0))', v.order_id, v.source));
  END IF;
EXCEPTION WHEN undefined_function THEN
  PERFORM segment_internal.refuse('42883', format('order ids of type %s cannot be compared', segment_internal.segmentation_column_type(segment_internal.source_oid(v), v.order_id)),
    format('Column "%s" is named as order_id; an order id needs a type with equality and a hash function.', v.order_id), 'Name a view that casts the column to text.');
END
$$;
COMMENT ON FUNCTION segment_internal.check_order_id(segment.segmentation_version) IS '42883 unless orders can be told apart by a version''s order id';

CREATE FUNCTION segment_internal.check_readable(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  state text;
  message text;
  detail text;
  hint text;
BEGIN
  IF v.filter IS NOT NULL THEN
    PERFORM segment_internal.check_filter(v.filter);
  END IF;
  PERFORM segment_internal.read_as_owner(segment_internal.segmentation_customers(v, DATE '2000-01-01') || E'\n  LIMIT 0');
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_schema_name THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  PERFORM segment_internal.refuse(state, message,
    CASE WHEN state = '42501' THEN format('The segmentation reads as the role that owns it. %s', detail) WHEN detail <> '' OR v.filter IS NULL THEN nullif(detail, '')
         ELSE format('The filter is: %s', v.filter) END,
    CASE WHEN state = '42501' THEN 'Grant that role SELECT on the source and its columns, the opt-out relation and the tombstones.' WHEN hint <> '' THEN hint
         ELSE 'Write a condition on the columns of the source, as after WHERE; functions outside pg_catalog carry their schema.' END);
END
$$;
COMMENT ON FUNCTION segment_internal.check_readable(segment.segmentation_version) IS
  'stops unless the owner can read the source through the version''s filter: the errors of the query itself, with the filter beside them';

CREATE FUNCTION segment_internal.check_source(v segment.segmentation_version) RETURNS regclass
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  source regclass := segment_internal.source_oid(v);
BEGIN
  PERFORM segment_internal.check_columns(v, source), segment_internal.check_rights(v, source), segment_internal.check_zone((v.days).zone), segment_internal.check_blocked(v);
  RETURN source;
END
$$;
COMMENT ON FUNCTION segment_internal.check_source(segment.segmentation_version) IS
  'the relation that a version reads, as it is now, after act_for: stops if it or a column is gone (42P01, 42703), unfit (42804), not to be read or blocked (42501), in every mode';
