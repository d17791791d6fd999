-- segmentation: who takes part in a pilot, and in which arm

CREATE FUNCTION segment_internal.pilot_own(name text, segmentation text) RETURNS segment.pilot
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(segmentation);
  p segment.pilot;
BEGIN
  SELECT * INTO p FROM segment.pilot t WHERE t.segmentation = own.name AND t.name = pilot_own.name;
  IF p.id IS NULL THEN
    PERFORM segment_internal.refuse('42704', format('segmentation "%s" has no pilot "%s"', segmentation, name),
      format('There are: %s.', coalesce((SELECT string_agg(t.name, ', ' ORDER BY t.name) FROM segment.pilot t WHERE t.segmentation = own.name), 'none')), 'Declare it with create_pilot.');
  END IF;
  RETURN p;
END
$$;
COMMENT ON FUNCTION segment_internal.pilot_own(text, text) IS 'a pilot of a segmentation, whose row it locks; queries of users run as its owner from here on. 42704, 42501';

CREATE FUNCTION segment_internal.pilot_snapshot(segmentation text, day date) RETURNS segment.snapshot
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t segment.snapshot;
BEGIN
  SELECT s.* INTO t FROM segment.published_snapshot p JOIN segment.snapshot s ON s.id = p.snapshot
  WHERE p.segmentation = pilot_snapshot.segmentation AND p.as_of < day ORDER BY p.as_of DESC LIMIT 1;
  IF t.id IS NULL THEN
    PERFORM segment_internal.refuse('55000', format('segmentation "%s" has no snapshot before %s', segmentation, day),
      'Who its customers are, and in which segments, is taken from the last snapshot before the first day that is watched.', format('SELECT segment.refresh(%L, %L) makes one.', segmentation, day - 1));
  END IF;
  RETURN t;
END
$$;
COMMENT ON FUNCTION segment_internal.pilot_snapshot(text, date) IS 'the last published snapshot before a day: 55000 if there is none';

-- As the segmentation's owner: what it reads of ours it reads under policies.
CREATE FUNCTION segment_internal.pilot_audience(v segment.segmentation_version, a segment.audience_rule, t segment.snapshot) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF a.kind = 'query' THEN
    RETURN format(E'SELECT DISTINCT %s COLLATE "C" AS customer FROM (\n%s\n) AS q (id) WHERE q.id IS NOT NULL',
      segment_internal.customer_text(v, format('q.id::%s', segment_internal.customer_type(v))), a.query);
  END IF;
  RETURN format('SELECT c.customer FROM segment.state AS c WHERE c.version_id = %s AND c.from_day <= DATE %L AND c.until_day > DATE %2$L AND c.rfm IS NOT NULL', t.version_id, t.as_of)
    || CASE a.kind WHEN 'segments' THEN format(' AND c.segment = ANY (%L::text[])', a.segments) ELSE '' END;
END
$$;
COMMENT ON FUNCTION segment_internal.pilot_audience(segment.segmentation_version, segment.audience_rule, segment.snapshot) IS 'query that gives the customers whom a pilot is for, as text';

CREATE FUNCTION segment_internal.pilot_opted_out(v segment.segmentation_version, customer text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN (v.privacy).opt_out IS NULL THEN 'false'
    ELSE format('EXISTS (SELECT FROM %s AS x WHERE %s = %s)', (v.privacy).opt_out, segment_internal.customer_text(v, format('x.%I', (v.privacy).opt_out_customer)), customer) END;
END;
COMMENT ON FUNCTION segment_internal.pilot_opted_out(segment.segmentation_version, text) IS 'condition that the customer given as SQL text is listed in a version''s opt-out relation';

CREATE FUNCTION segment_internal.pilot_neighbours(p segment.pilot, v segment.segmentation_version) RETURNS integer[]
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT coalesce(array_agg(n.id), '{}')
  FROM segment.pilot n
  JOIN segment.segmentation s ON s.name = n.segmentation
  JOIN segment.segmentation_version w ON w.segmentation = s.name AND w.version = s.active_version
  WHERE n.id <> p.id AND NOT p.keeps_out AND w.source = v.source AND w.customer = v.customer
    AND segment_internal.segmentation_owner(n.segmentation) = segment_internal.segmentation_owner(p.segmentation);
END;
COMMENT ON FUNCTION segment_internal.pilot_neighbours(segment.pilot, segment.segmentation_version) IS
  'the other pilots for the same customers: of segmentations of the same owner over the same source. None for a hold-out that stays out, which is one of everybody';

-- Within a stratum customers stand in the order of their hashes, at equal distances from a random start: each arm gets its share to within one customer, and each
-- customer, of the smallest stratum too, each arm with the chance that is planned.
CREATE FUNCTION segment_internal.assign_batch(p segment.pilot, v segment.segmentation_version, t segment.snapshot, day date,
  OUT assigned bigint, OUT forgotten bigint, OUT in_other_pilots bigint, OUT held_out bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  neighbours integer[] := segment_internal.pilot_neighbours(p, v);
  shares double precision[] := ARRAY(SELECT a.share FROM segment.pilot_arm a WHERE a.pilot = p.id ORDER BY a.arm);
BEGIN
  WITH other AS (
    SELECT a.customer, bool_or(NOT n.keeps_out) AS busy
    FROM segment.pilot n JOIN segment.pilot_assignment a ON a.pilot = n.id
    WHERE n.id = ANY (neighbours) AND a.assigned_on < day + p.watch_days AND a.assigned_on + n.watch_days > day
      AND (n.stopped_on IS NULL OR n.stopped_on > day) AND (NOT n.keeps_out OR a.arm = 1)
    GROUP BY a.customer
  ), judged AS MATERIALIZED (
    SELECT i.customer, coalesce(c.segment, 'Prospect') AS segment, c.sort, segment.assign_share(i.customer, p.salt) AS share,
           concat_ws('/', day, CASE WHEN 'segment' = ANY (p.strata) THEN coalesce(c.segment, 'Prospect') END, CASE WHEN 'market' = ANY (p.strata) THEN coalesce(c.market, 'unknown') END,
                     CASE WHEN 'channel' = ANY (p.strata) THEN coalesce(c.channel, 'unknown') END) AS stratum,
           CASE WHEN segment_internal.anybody_forgotten() AND segment.is_forgotten(i.customer) THEN 'forgotten' WHEN o.busy THEN 'busy' WHEN NOT o.busy THEN 'held' ELSE '' END AS because
    FROM segment_internal.incoming_ids() i
    LEFT JOIN segment.state c ON c.version_id = t.version_id AND c.customer = i.customer AND c.from_day <= t.as_of AND c.until_day > t.as_of AND c.rfm IS NOT NULL
    LEFT JOIN other o ON o.customer = i.customer
    WHERE NOT EXISTS (SELECT FROM segment.pilot_assignment a WHERE a.pilot = p.id AND a.customer = i.customer)
  ), placed AS (
    SELECT j.*, CASE WHEN p.strata IS NULL THEN j.share
      ELSE (row_number() OVER (PARTITION BY j.stratum ORDER BY j.share, j.customer) - 1 + segment.assign_share(j.stratum, p.salt)) / count(*) OVER (PARTITION BY j.stratum) END AS point
    FROM judged j WHERE j.because = ''
  ), added AS (
    INSERT INTO segment.pilot_assignment (pilot, customer, arm, assigned_on, segment, sort)
    SELECT p.id, x.customer, x.arm, day, x.segment, x.sort
    FROM (SELECT l.*, segment_internal.arm_at(l.point, shares) AS arm FROM placed l) x WHERE x.arm IS NOT NULL
    RETURNING arm
  ), counted AS (
    UPDATE segment.pilot_arm a SET assigned = a.assigned + n.n FROM (SELECT d.arm, count(*) AS n FROM added d GROUP BY d.arm) n WHERE a.pilot = p.id AND a.arm = n.arm
  )
  SELECT (SELECT count(*) FROM added), count(*) FILTER (WHERE j.because = 'forgotten'), count(*) FILTER (WHERE j.because = 'busy'), count(*) FILTER (WHERE j.because = 'held')
  INTO assigned, forgotten, in_other_pilots, held_out FROM judged j;
END
$$;
COMMENT ON FUNCTION segment_internal.assign_batch(segment.pilot, segment.segmentation_version, segment.snapshot, date) IS
  'assigns the customers of incoming_ids() who are in no arm yet, and may be, as of a day; how many, and how many were left out for what';

CREATE FUNCTION segment_internal.assign_pilot(name text, segmentation text, day date, OUT assigned bigint, OUT opted_out bigint, OUT forgotten bigint, OUT in_other_pilots bigint,
  OUT held_out bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p segment.pilot := segment_internal.pilot_own(name, segmentation);
  v segment.segmentation_version := segment_internal.segmentation_version_of(segmentation);
  t segment.snapshot;
  audience text;
  batch record;
BEGIN
  IF day IS NULL THEN
    day := greatest(p.starts, (SELECT max(x.as_of) + 1 FROM segment.published_snapshot x WHERE x.segmentation = p.segmentation));
  END IF;
  IF NOT isfinite(day) OR day < p.starts OR day >= p.stopped_on THEN
    PERFORM segment_internal.refuse('22023', format('nobody can join pilot "%s" on %s', name, day),
      format('It runs from %s%s.', p.starts, coalesce(' until ' || p.stopped_on, ' on')), 'Pass a day on which it runs.');
  END IF;
  PERFORM segment_internal.check_source(v);
  t := segment_internal.pilot_snapshot(segmentation, day);
  -- Two pilots must not take the same customers at the same time.
  LOCK TABLE segment.pilot_assignment IN SHARE ROW EXCLUSIVE MODE;
  audience := segment_internal.pilot_audience(v, p.audience, t);
  opted_out := 0;
  IF (v.privacy).opt_out IS NOT NULL THEN
    opted_out := (segment_internal.read_as_owner(format(E'SELECT count(*) FROM (\n%s\n) AS a WHERE %s', audience, segment_internal.pilot_opted_out(v, 'a.customer'))))[1];
  END IF;
  PERFORM segment_internal.collect_ids(format(E'SELECT a.customer FROM (\n%s\n) AS a WHERE NOT %s', audience, segment_internal.pilot_opted_out(v, 'a.customer')));
  batch := segment_internal.assign_batch(p, v, t, day);
  assigned := batch.assigned;
  forgotten := batch.forgotten;
  in_other_pilots := batch.in_other_pilots;
  held_out := batch.held_out;
  PERFORM segment_internal.segmentation_log('assign pilot', p.segmentation, v.version, day, NULL, NULL, assigned, NULL, NULL,
    jsonb_build_object('pilot', p.name, 'opted_out', opted_out, 'forgotten', forgotten, 'in_other_pilots', in_other_pilots, 'held_out', held_out));
END
$$;
COMMENT ON FUNCTION segment_internal.assign_pilot(text, text, date) IS 'assign_pilot as the tables'' owner';

CREATE FUNCTION segment.assign_pilot(name text, segmentation text, day date DEFAULT NULL, OUT assigned bigint, OUT opted_out bigint, OUT forgotten bigint, OUT in_other_pilots bigint,
  OUT held_out bigint) RETURNS record
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.assign_pilot(text, text, date) IS
  'assigns customers who have joined the audience of a pilot since: they are watched from the day on (by default the one after the newest snapshot), in the segments of the last '
  'snapshot before it. Who has an arm keeps it. Returns how many were assigned, and how many were left out because they have opted out, are erased, are being watched by another pilot, or '
  'are held out of all. Owner only: 42501; 42704 if there is no such pilot, 55000 without a snapshot before the day';
