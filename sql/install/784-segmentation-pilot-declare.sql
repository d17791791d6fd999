-- segmentation: declaring, stopping and removing pilots

CREATE FUNCTION segment_internal.check_arms(arms text[], shares double precision[]) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_option('create_pilot', 'arms', arms::text), segment_internal.check_option('create_pilot', 'shares', shares::text);
  IF array_ndims(arms) IS DISTINCT FROM 1 OR cardinality(arms) NOT BETWEEN 2 AND 100 OR array_position(arms, NULL) IS NOT NULL OR '' = ANY (arms)
     OR cardinality(arms) <> (SELECT count(DISTINCT a) FROM unnest(arms) a) THEN
    PERFORM segment_internal.refuse('22023', 'arms do not fit', format('They are %s; accepted are %s.', arms::text, segment_internal.option_accepts(segment_internal.option_of('create_pilot', 'arms'))),
      'The first is the control arm: arms => ARRAY[''hold-out'', ''mail''].');
  ELSIF array_ndims(shares) IS DISTINCT FROM 1 OR cardinality(arms) <> cardinality(shares) OR array_position(shares, NULL) IS NOT NULL
     OR NOT (SELECT bool_and(x > 0 AND x <= 1) AND sum(x) <= 1 + 1e-9 FROM unnest(shares) x) THEN
    PERFORM segment_internal.refuse('22023', 'shares do not fit the arms',
      format('They are %s for the arms %s; accepted is %s.', shares::text, arms::text, segment_internal.option_accepts(segment_internal.option_of('create_pilot', 'shares'))),
      'Such as shares => ARRAY[0.1, 0.9] for two arms.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_arms(text[], double precision[]) IS 'stops unless arms have names and shares: 22004, 22023';

CREATE FUNCTION segment_internal.check_pilot(p segment.pilot) RETURNS segment.pilot
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_option('create_pilot', o.name, o.value)
  FROM (VALUES ('name', p.name), ('segmentation', p.segmentation), ('starts', p.starts::text), ('watch_days', p.watch_days::text), ('salt', p.salt), ('strata', p.strata::text), ('metrics', p.metrics::text),
               ('margin_rate', p.margin_rate::text), ('cost', p.cost::text), ('keeps_out', p.keeps_out::text), ('confidence', p.confidence::text), ('always_valid', p.always_valid::text)) o (name, value);
  p.audience := segment_internal.check_audience(p.audience);
  IF cardinality(p.metrics) NOT BETWEEN 1 AND 100 THEN
    PERFORM segment_internal.refuse('22023', 'metrics are out of range', format('There are %s; accepted are 1 to 100, made by pilot_metric.', cardinality(p.metrics)), 'The first metric is the one that decides.');
  END IF;
  p.metrics := ARRAY(SELECT segment_internal.check_metric(ROW(m.name, m.method, m.value, m.per, m.worth)::segment.metric_rule) FROM unnest(p.metrics) WITH ORDINALITY AS m (name, method, value, per, worth, i) ORDER BY m.i);
  IF cardinality(p.metrics) <> (SELECT count(DISTINCT m.name) FROM unnest(p.metrics) m) THEN
    PERFORM segment_internal.refuse('22023', 'two metrics have one name', format('They are %s, made by pilot_metric.', (SELECT string_agg(m.name, ', ') FROM unnest(p.metrics) m)), 'Give each a name of its own.');
  END IF;
  RETURN p;
END
$$;
COMMENT ON FUNCTION segment_internal.check_pilot(segment.pilot) IS 'a declaration with what follows from its options, if they fit: 22004, 22023';

CREATE FUNCTION segment_internal.check_pilot_free(p segment.pilot, pseudonymous boolean) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF pseudonymous THEN
    PERFORM segment_internal.refuse('0A000', 'a pseudonymous segmentation cannot have pilots', 'A campaign needs customer ids, which are not stored.', 'Declare another segmentation over the same source.');
  ELSIF EXISTS (SELECT FROM segment.pilot t WHERE t.segmentation = p.segmentation AND t.name = p.name) THEN
    PERFORM segment_internal.refuse('42710', format('pilot "%s" exists already', p.name), 'Its split and its metrics stay as they were declared.', 'Take another name, or drop_pilot first.');
  ELSIF EXISTS (SELECT FROM segment.pilot t WHERE t.segmentation = p.segmentation AND t.salt = p.salt) THEN
    PERFORM segment_internal.refuse('22023', format('another pilot has the salt "%s"', p.salt), 'With the same salt the same customers would be held out again.', 'Leave it out, or take a salt of its own.');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_pilot_free(segment.pilot, boolean) IS 'stops if a segmentation cannot have that pilot beside its others: 0A000, 42710, 22023';

CREATE FUNCTION segment_internal.create_pilot(name text, segmentation text, starts date, watch_days integer, salt text, arms text[], shares double precision[], audience segment.audience_rule,
  strata text[], metrics segment.metric_rule[], margin_rate double precision, cost double precision, keeps_out boolean, confidence double precision, always_valid bigint,
  OUT assigned bigint, OUT opted_out bigint, OUT forgotten bigint, OUT in_other_pilots bigint, OUT held_out bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation;
  v segment.segmentation_version;
  p segment.pilot;
BEGIN
  p.segmentation := segmentation;
  p.name := name;
  p.starts := starts;
  p.watch_days := watch_days;
  p.salt := coalesce(salt, segmentation || '/' || name);
  p.audience := audience;
  p.strata := strata;
  p.metrics := metrics;
  p.margin_rate := margin_rate;
  p.cost := cost;
  p.keeps_out := keeps_out;
  p.confidence := confidence;
  p.always_valid := always_valid;
  p.created_by := pg_get_userbyid(segment_internal.caller());
  p.created_at := now();
  p := segment_internal.check_pilot(p);
  PERFORM segment_internal.check_arms(arms, shares);
  own := segment_internal.segmentation_own(segmentation);
  v := segment_internal.segmentation_version_of(segmentation);
  p.id := nextval('segment.pilot_id');
  PERFORM segment_internal.check_pilot_free(p, own.pseudonymous), segment_internal.check_source(v), segment_internal.check_readable_pilot(p, v);
  INSERT INTO segment.pilot SELECT p.*;
  INSERT INTO segment.pilot_arm (pilot, arm, name, share) SELECT p.id, a.arm, a.name, a.share FROM unnest(arms, shares) WITH ORDINALITY AS a (name, share, arm);
  PERFORM segment_internal.segmentation_log('create pilot', own.name, v.version, starts, NULL, NULL, NULL, NULL, NULL, jsonb_strip_nulls(to_jsonb(p)));
  SELECT a.* INTO assigned, opted_out, forgotten, in_other_pilots, held_out FROM segment_internal.assign_pilot(name, segmentation, starts) a;
END
$$;
COMMENT ON FUNCTION segment_internal.create_pilot(text, text, date, integer, text, text[], double precision[], segment.audience_rule, text[], segment.metric_rule[], double precision,
  double precision, boolean, double precision, bigint) IS 'create_pilot as the tables'' owner';

CREATE FUNCTION segment.create_pilot(name text, segmentation text, starts date, watch_days integer DEFAULT 30, salt text DEFAULT NULL, arms text[] DEFAULT '{hold-out,treated}',
  shares double precision[] DEFAULT '{0.1,0.9}', audience segment.audience_rule DEFAULT segment.everybody(), strata text[] DEFAULT '{segment}',
  metrics segment.metric_rule[] DEFAULT ARRAY[segment.pilot_metric('revenue'), segment.pilot_metric('ordered')], margin_rate double precision DEFAULT NULL, cost double precision DEFAULT NULL,
  keeps_out boolean DEFAULT false, confidence double precision DEFAULT 0.95, always_valid bigint DEFAULT NULL,
  OUT assigned bigint, OUT opted_out bigint, OUT forgotten bigint, OUT in_other_pilots bigint, OUT held_out bigint) RETURNS record
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.create_pilot(text, text, date, integer, text, text[], double precision[], segment.audience_rule, text[], segment.metric_rule[], double precision,
  double precision, boolean, double precision, bigint) IS
  'declares a pilot over customers of a segmentation and assigns them to its arms, at random: pilot_assignment has who is where. The first arm gets nothing. starts: the first day that is watched; watch_days: how many are, '
  'of each customer; audience: everybody, in_segments or by_query; strata: within what the shares are kept; metrics: pilot_metric; margin_rate, cost of treating one customer: for ROI; keeps_out: a hold-out that stays out of other pilots; '
  'always_valid: you may look as often as you like. Left out are who has opted out, who is erased, and who is being watched by another pilot of the same owner over the same source; returned is how many. measure_pilot reads what they did. '
  'Owner of the segmentation only: 42501; 42710 if it exists, 55000 without a snapshot before starts; 22004, 22023 and the errors of queries for what cannot be';

CREATE FUNCTION segment_internal.stop_pilot(name text, segmentation text, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p segment.pilot := segment_internal.pilot_own(name, segmentation);
BEGIN
  IF day IS NULL OR NOT isfinite(day) OR day <= p.starts THEN
    PERFORM segment_internal.refuse(CASE WHEN day IS NULL THEN '22004' ELSE '22023' END, format('pilot "%s" cannot be stopped on %s', name, coalesce(day::text, 'NULL')), format('It starts on %s.', p.starts),
      'Pass the first day on which nobody is treated any more; drop_pilot takes it away as if it had never been.');
  END IF;
  UPDATE segment.pilot t SET stopped_on = day WHERE t.id = p.id;
  PERFORM segment_internal.segmentation_log('stop pilot', p.segmentation, NULL, day, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('pilot', p.name));
END
$$;
COMMENT ON FUNCTION segment_internal.stop_pilot(text, text, date) IS 'stop_pilot as the tables'' owner';
CREATE FUNCTION segment.stop_pilot(name text, segmentation text, day date) RETURNS void AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.stop_pilot(text, text, date) IS
  'from the day on nobody joins the pilot, and its customers are free for others. Whoever was assigned stays so, and is measured. Owner only: 42501; 42704 if there is no such pilot; 22004, 22023 for a day before its second';

CREATE FUNCTION segment_internal.drop_pilot(name text, segmentation text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p segment.pilot := segment_internal.pilot_own(name, segmentation);
  t name;
BEGIN
  FOR t IN SELECT o.name FROM segment_internal.owned_table o WHERE o.key = 'pilot' LOOP
    EXECUTE format('DELETE FROM segment.%I WHERE pilot = $1', t) USING p.id;
  END LOOP;
  DELETE FROM segment.pilot x WHERE x.id = p.id;
  PERFORM segment_internal.segmentation_log('drop pilot', p.segmentation, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('pilot', p.name));
END
$$;
COMMENT ON FUNCTION segment_internal.drop_pilot(text, text) IS 'drop_pilot as the tables'' owner';
CREATE FUNCTION segment.drop_pilot(name text, segmentation text) RETURNS void AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.drop_pilot(text, text) IS 'removes a pilot with its split and outcomes; its lines in the log stay. Owner only: 42501; 42704 if there is none';
