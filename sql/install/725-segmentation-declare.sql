-- segmentation: declaring one, its versions, and the plain SQL that a version stands for

CREATE FUNCTION segment_internal.check_fit(v segment.segmentation_version, pseudonymous boolean) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (v.label).kind = 'value_tiers' AND (v.days).look_back_days IS NOT NULL THEN
    PERFORM segment_internal.refuse('22023', 'by_value_tiers and look_back_days exclude each other',
      format('look_back_days is %s; models of future orders need the whole history of a customer.', (v.days).look_back_days), 'Leave look_back_days out, or label by a scheme or by clusters.');
  ELSIF (v.changes).live AND (v.scores).cut_points <> 'frozen' THEN
    PERFORM segment_internal.refuse('22023', 'live and floating cut points exclude each other',
      'by_triggers(live => true) scores single customers, and rfm_scores(cut_points => ''floating'') makes cut points of all of them.', 'Leave one of the two out.');
  ELSIF (v.scores).min_market IS NOT NULL AND v.market IS NULL THEN
    PERFORM segment_internal.refuse('22023', 'min_market needs market', format('min_market is %s, and customers of all markets are scored together.', (v.scores).min_market),
      'Name the column market, or leave min_market out of rfm_scores.');
  ELSIF pseudonymous AND (v.changes).ledgers THEN
    PERFORM segment_internal.refuse('0A000', 'a pseudonymous segmentation cannot store ledgers',
      'Changed orders are found by the customer ids, which are not stored.', 'Leave changes at by_reading_all(), or pseudonymous out of privacy.');
  ELSIF (v.changes).kind = 'triggers' AND (SELECT c.relkind NOT IN ('r', 'p') FROM pg_class c WHERE c.oid = segment_internal.relation_named(v.source)) THEN
    PERFORM segment_internal.refuse('42809', format('%s cannot be followed by triggers', v.source), 'by_triggers needs a table or partitioned table as source.',
      'Find changes by_column or by_tombstones, or name the table behind it.');
  ELSIF (v.changes).kind = 'triggers' AND EXISTS (SELECT FROM segment_internal.followed_tables(segment_internal.relation_named(v.source)) f WHERE f.kind = 'f') THEN
    PERFORM segment_internal.refuse('42809', format('%s cannot be followed by triggers', v.source), 'Some of its partitions are on another server, where triggers here do not see what is written.',
      'Find changes by_column or by_tombstones.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_fit(segment.segmentation_version, boolean) IS 'stops if two options of a version exclude each other: 22023, 0A000, 42809';

CREATE FUNCTION segment_internal.check_value(option text, value text, kind text, kinds text[]) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_option('create_segmentation', option, CASE WHEN kind IS NOT NULL THEN value END);
  IF kind <> ALL (kinds) THEN
    PERFORM segment_internal.refuse('22023', format('unknown kind of %s: "%s"', option, kind),
      format('Values of %s are made by %s.', option, segment_internal.option_accepts(segment_internal.option_of('create_segmentation', option))), 'Call one of these functions.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_value(text, text, text, text[]) IS 'stops unless a value of a declaration is one of those that its functions make: 22004, 22023';

CREATE FUNCTION segment_internal.check_version(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_option('create_segmentation', o.name, o.value)
  FROM (VALUES ('name', v.segmentation), ('source', v.source), ('customer', v.customer), ('at', v.at), ('amount', v.amount)) o (name, value);
  PERFORM segment_internal.check_value('label', v.label::text, (v.label).kind, '{scheme,clusters,value_tiers}'),
    segment_internal.check_value('scores', v.scores::text, (v.scores).cut_points, NULL),
    segment_internal.check_value('days', v.days::text, (v.days).zone, NULL),
    segment_internal.check_value('changes', v.changes::text, (v.changes).kind, '{reading_all,column,tombstones,triggers}'),
    segment_internal.check_value('privacy', v.privacy::text, (v.privacy).pseudonymous::text, NULL),
    segment_internal.check_value('measures', v.measures::text, (v.measures).to_currency, NULL);
  PERFORM segment_internal.check_label(v.label), segment_internal.check_scores(v.scores), segment_internal.check_days(v.days),
    segment_internal.check_changes(v.changes), segment_internal.check_privacy(v.privacy), segment_internal.check_measures(v.measures),
    segment_internal.check_fit(v, (v.privacy).pseudonymous);
  PERFORM segment_internal.check_source(v), segment_internal.check_readable(v), segment_internal.check_order_id(v), segment_internal.check_margin(v);
END
$$;
COMMENT ON FUNCTION segment_internal.check_version(segment.segmentation_version) IS
  'stops if a version cannot be refreshed as it is written, after act_for: options and what excludes each other, relations, columns, filter, privileges';

CREATE FUNCTION segment_internal.completed(v segment.segmentation_version) RETURNS segment.segmentation_version
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (v.privacy).opt_out IS NOT NULL AND (v.privacy).opt_out_customer IS NULL THEN
    v.privacy.opt_out_customer := v.customer;
  END IF;
  IF (v.measures).survey IS NOT NULL AND (v.measures).survey_customer IS NULL THEN
    v.measures.survey_customer := v.customer;
  END IF;
  -- A value made by hand: all but plain reading keeps ledgers.
  v.changes.ledgers := (v.changes).kind <> 'reading_all' OR (v.changes).ledgers;
  v.changes.live := coalesce((v.changes).live, false);
  v.created_by := pg_get_userbyid(segment_internal.caller());
  v.created_at := now();
  RETURN v;
END
$$;
COMMENT ON FUNCTION segment_internal.completed(segment.segmentation_version) IS 'a version with what follows from its options';

CREATE FUNCTION segment_internal.check_name_free(name text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM segment.segmentation_member m WHERE m.segmentation = name AND pg_has_role(segment_internal.caller(), m.role, 'USAGE')) THEN
    PERFORM segment_internal.refuse('42710', format('segmentation "%s" exists already', name), 'A segmentation changes by versions, so that its history keeps its meaning.',
      'Use new_version, or drop_segmentation first.');
  ELSIF EXISTS (SELECT FROM segment.segmentation s WHERE s.name = check_name_free.name) THEN
    PERFORM segment_internal.refuse('42710', format('the name "%s" is taken', name), 'It is that of another role''s segmentation.', 'Choose another name.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_name_free(text) IS '42710 if there is a segmentation of that name';

CREATE FUNCTION segment_internal.create_segmentation(name text, source regclass, customer name, at name, amount name, order_id name, market name, channel name, filter text,
  label segment.label_rule, scores segment.score_rule, days segment.day_rule, changes segment.change_rule, privacy segment.privacy_rule, measures segment.measure_rule) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v segment.segmentation_version;
BEGIN
  PERFORM segment_internal.check_declarer(), segment_internal.check_option('create_segmentation', 'name', name),
    segment_internal.check_name_free(name);
  v.segmentation := name;
  v.version := 1;
  v.state := 'active';
  v.source := segment_internal.qualified_name(source);
  v.source_seen := source;
  v.customer := customer;
  v.at := at;
  v.amount := amount;
  v.order_id := order_id;
  v.market := market;
  v.channel := channel;
  v.filter := filter;
  v.label := label;
  v.scores := scores;
  v.days := days;
  v.changes := changes;
  v.privacy := privacy;
  v.measures := measures;
  v := segment_internal.completed(v);
  v.activated_at := now();
  PERFORM segment_internal.check_version(v);
  INSERT INTO segment.segmentation (name, description, active_version, created_at, pseudonymous, keep_days, max_unknown_share)
  VALUES (name, (privacy).purpose, 1, now(), (privacy).pseudonymous, (privacy).keep_days, (privacy).max_unknown_share)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN -- another session was faster
    PERFORM segment_internal.check_name_free(name);
  END IF;
  INSERT INTO segment.segmentation_member (segmentation, role, owns) VALUES (name, segment_internal.caller(), true);
  PERFORM segment_internal.add_version(v, 'create', NULL);
  RETURN name;
END
$$;
COMMENT ON FUNCTION segment_internal.create_segmentation(text, regclass, name, name, name, name, name, name, text, segment.label_rule, segment.score_rule,
  segment.day_rule, segment.change_rule, segment.privacy_rule, segment.measure_rule) IS 'create_segmentation, as the tables'' owner';

CREATE FUNCTION segment_internal.add_version(v segment.segmentation_version, action text, details jsonb) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  v.id := nextval('segment.segmentation_version_id');
  v.ledger_set := segment_internal.segmentation_ledger_set(v);
  INSERT INTO segment.segmentation_version SELECT v.*;
  PERFORM segment_internal.segmentation_log(action, v.segmentation, v.version, NULL, v.source, NULL, NULL, NULL, NULL, coalesce(details, jsonb_strip_nulls(to_jsonb(v))));
END
$$;
COMMENT ON FUNCTION segment_internal.add_version(segment.segmentation_version, text, jsonb) IS 'writes a version that was checked, with its ledgers if it keeps any, and a line of the log';

CREATE FUNCTION segment.create_segmentation(name text, source regclass, customer name, at name, amount name, order_id name DEFAULT NULL, market name DEFAULT NULL,
  channel name DEFAULT NULL, filter text DEFAULT NULL, label segment.label_rule DEFAULT segment.by_scheme(), scores segment.score_rule DEFAULT segment.rfm_scores(),
  days segment.day_rule DEFAULT segment.calendar(), changes segment.change_rule DEFAULT segment.by_reading_all(), privacy segment.privacy_rule DEFAULT segment.privacy(),
  measures segment.measure_rule DEFAULT segment.measures()) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.create_segmentation(text, regclass, name, name, name, name, name, name, text, segment.label_rule, segment.score_rule,
  segment.day_rule, segment.change_rule, segment.privacy_rule, segment.measure_rule) IS
  'declares a segmentation of the customers of a table, view or foreign table, without touching it, for the current role; refresh computes it. source, '
  'customer, at, amount: the relation (kept by its name) and its columns; order_id, market, channel: further columns; filter: condition on rows. label: '
  'by_scheme, by_clusters, by_cluster_model or by_value_tiers; scores: rfm_scores; days: calendar; changes: by_reading_all, by_column, by_tombstones or '
  'by_triggers; privacy: privacy; measures: measures. Returns the name. 42710 if it exists, 42501 for roles that may not; 22004, '
  '22023, 42703, 42804 and others for what cannot be, with the option''s name, what it accepts, and the way out';

CREATE FUNCTION segment_internal.replaced(old text, new text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN new IS NULL THEN old ELSE nullif(new, '') END;
END;
COMMENT ON FUNCTION segment_internal.replaced(text, text) IS 'an option of the next version: as before for NULL, none for an empty text';

CREATE FUNCTION segment_internal.new_version(name text, order_id name, market name, channel name, filter text, label segment.label_rule, scores segment.score_rule,
  days segment.day_rule, changes segment.change_rule, source regclass, customer name, at name, amount name, privacy segment.privacy_rule, measures segment.measure_rule) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.segmentation := segment_internal.segmentation_own(name);
  v segment.segmentation_version := segment_internal.segmentation_version_of(name);
  old segment.segmentation_version := v;
BEGIN
  v.source := coalesce(segment_internal.qualified_name(source), v.source);
  v.source_seen := segment_internal.source_oid(v);
  v.customer := coalesce(customer, v.customer);
  v.at := coalesce(at, v.at);
  v.amount := coalesce(amount, v.amount);
  v.order_id := segment_internal.replaced(v.order_id, order_id);
  v.market := segment_internal.replaced(v.market, market);
  v.channel := segment_internal.replaced(v.channel, channel);
  v.filter := segment_internal.replaced(v.filter, filter);
  v.label := CASE WHEN (label).kind IS NULL THEN v.label ELSE label END;
  v.scores := CASE WHEN (scores).cut_points IS NULL THEN v.scores ELSE scores END;
  v.days := CASE WHEN (days).zone IS NULL THEN v.days ELSE days END;
  v.changes := CASE WHEN (changes).kind IS NULL THEN v.changes ELSE changes END;
  v.privacy := CASE WHEN (privacy).pseudonymous IS NULL THEN v.privacy ELSE privacy END;
  v.measures := CASE WHEN (measures).to_currency IS NULL THEN v.measures ELSE measures END;
  v.version := (SELECT max(t.version) + 1 FROM segment.segmentation_version t WHERE t.segmentation = s.name);
  v.state := 'draft';
  v := segment_internal.completed(v);
  v.activated_at := NULL;
  IF (v.privacy).pseudonymous <> s.pseudonymous THEN
    PERFORM segment_internal.refuse('0A000', 'a version cannot change whether its segmentation is pseudonymous',
      format('pseudonymous of segmentation "%s" is %s; its history would mix ids and hashes.', name, s.pseudonymous), 'Declare another segmentation.');
  END IF;
  PERFORM segment_internal.check_version(v);
  PERFORM segment_internal.add_version(v, 'new version', (SELECT coalesce(jsonb_object_agg(n.key, n.value), '{}')
    FROM jsonb_each(to_jsonb(v)) n JOIN jsonb_each(to_jsonb(old)) o USING (key)
    WHERE n.value <> o.value AND n.key NOT IN ('version', 'id', 'state', 'ledger_set', 'created_by', 'created_at', 'activated_at', 'source_seen')));
  RETURN v.version;
END
$$;
COMMENT ON FUNCTION segment_internal.new_version(text, name, name, name, text, segment.label_rule, segment.score_rule, segment.day_rule, segment.change_rule, regclass,
  name, name, name, segment.privacy_rule, segment.measure_rule) IS 'new_version, as the tables'' owner';

CREATE FUNCTION segment.new_version(name text, order_id name DEFAULT NULL, market name DEFAULT NULL, channel name DEFAULT NULL, filter text DEFAULT NULL,
  label segment.label_rule DEFAULT NULL, scores segment.score_rule DEFAULT NULL, days segment.day_rule DEFAULT NULL, changes segment.change_rule DEFAULT NULL,
  source regclass DEFAULT NULL, customer name DEFAULT NULL, at name DEFAULT NULL, amount name DEFAULT NULL, privacy segment.privacy_rule DEFAULT NULL,
  measures segment.measure_rule DEFAULT NULL) RETURNS integer
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.new_version(text, name, name, name, text, segment.label_rule, segment.score_rule, segment.day_rule, segment.change_rule, regclass,
  name, name, name, segment.privacy_rule, segment.measure_rule) IS
  'adds a draft version: the active one with the options given, NULL as before, an empty text for none; without any it makes frozen cut points anew '
  '(recalibration). Returns its number. Refresh it beside the active one, compare_versions, then activate_version. keep_days, purpose and '
  'max_unknown_share hold once it is active. Errors as create_segmentation; 42704 if it does not exist, 42501 for others than its owner';

CREATE FUNCTION segment_internal.activate_version(name text, version integer) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.segmentation := segment_internal.segmentation_own(name);
  v segment.segmentation_version;
BEGIN
  IF version IS NULL THEN
    PERFORM segment_internal.refuse('22004', 'version must not be NULL', 'Accepted are numbers that new_version returned.', 'Pass the version to activate.');
  END IF;
  v := segment_internal.segmentation_version_of(name, version);
  UPDATE segment.segmentation_version t SET state = 'retired'
  WHERE t.segmentation = s.name AND t.state = 'active' AND t.version <> v.version;
  UPDATE segment.segmentation_version t SET state = 'active', activated_at = now()
  WHERE t.segmentation = s.name AND t.version = v.version;
  UPDATE segment.segmentation t SET active_version = v.version, keep_days = (v.privacy).keep_days, description = (v.privacy).purpose, max_unknown_share = (v.privacy).max_unknown_share WHERE t.name = s.name;
  PERFORM segment_internal.segmentation_log('activate', name, v.version, NULL, v.source, NULL, NULL, NULL, NULL, jsonb_build_object('before', s.active_version));
END
$$;
COMMENT ON FUNCTION segment_internal.activate_version(text, integer) IS 'activate_version, as the tables'' owner';

CREATE FUNCTION segment.activate_version(name text, version integer) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.activate_version(text, integer) IS
  'makes a version the one that refresh runs and the views show. Its snapshots stand in for those of other versions of the '
  'same day; activating the former version again brings the views back as they were. 42704 for an unknown version, 42501 for others than the owner';

CREATE FUNCTION segment_internal.definition_text(v segment.segmentation_version, day date) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
  SET DateStyle = 'ISO, YMD' SET IntervalStyle = postgres SET extra_float_digits = 1 AS $$
DECLARE
  zone text := (v.days).zone;
BEGIN
  RETURN concat(
    format(E'-- segmentation %s, version %s, as of %s\n', regexp_replace(v.segmentation, '[[:cntrl:]]', ' ', 'g'), v.version, day),
    format(E'-- changes %s\n', regexp_replace(segment_internal.changes_guarantee(v), '[[:cntrl:]]', ' ', 'g')),
    'WITH ', segment_internal.segmentation_scored(CASE WHEN segment_internal.was_unfit(v) THEN segment_internal.only_fit(v) ELSE v END, day, literal => true),
    format(E'SELECT customer_id, DATE %L AS as_of, market,\n', day),
    format(E'       segment.rfm_recency(rfm, DATE %L, %L) AS recency_days,\n', day, zone),
    E'       segment.rfm_frequency(rfm) AS orders,\n       segment.rfm_monetary(rfm) AS revenue,\n',
    format(E'       segment.rfm_first(rfm, %L) AS first_order_on,\n       segment.rfm_last(rfm, %1$L) AS last_order_on,\n', zone),
    E'       segment.score_r(score) AS r_score, segment.score_f(score) AS f_score, segment.score_m(score) AS m_score,\n',
    E'       segment.score_code(score) AS rfm_code,\n',
    E'       segment_name, segment_sort',
    CASE WHEN v.channel IS NOT NULL THEN ', channel' END,
    CASE WHEN (v.label).kind = 'value_tiers' THEN ', expected_spend, p_order, expected_value' END,
    E'\nFROM labelled');
END
$$;
COMMENT ON FUNCTION segment_internal.definition_text(segment.segmentation_version, date) IS 'the plain SQL of a version at the end of a day';

CREATE FUNCTION segment_internal.definition(name text, as_of date, version integer) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owns boolean := segment_internal.act_for_reader(name);
  v segment.segmentation_version := segment_internal.segmentation_version_of(name, version);
BEGIN
  -- Nothing of the owner's runs for a mere reader.
  IF owns THEN
    PERFORM segment_internal.check_source(v);
  ELSE
    PERFORM segment_internal.check_columns(v, segment_internal.source_oid(v));
  END IF;
  RETURN segment_internal.definition_text(v, coalesce(as_of, (SELECT max(t.as_of) FROM segment.snapshot t WHERE t.version_id = v.id),
                                                      segment.day_of(now(), (v.days).zone)));
END
$$;
COMMENT ON FUNCTION segment_internal.definition(text, date, integer) IS 'definition, as the tables'' owner';

CREATE FUNCTION segment.definition(name text, as_of date DEFAULT NULL, version integer DEFAULT NULL) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.definition(text, date, integer) IS
  'the plain SQL that refresh runs: pasted into psql or dbt it gives the rows of customer_profile, with the customer id in '
  'its own type. as_of: by default the newest snapshot''s, or today without one; version: by default the active one. '
  'Frozen cut points and models stand in it as literals once they are made. For the owner and readers: 42501 for others; 42704 for an unknown segmentation or version';
